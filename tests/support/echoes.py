"""What a server may make of a key that it repeats, and all places in which a session keeps what it was told."""

import json
from collections.abc import Iterator
from typing import Any

from engine.bench import Bench

KEY = 'sk-cana"ry/7f3a\\19c2+d4e8=b605'
"""A key with all that JSON may write in two ways."""

EMOJI_KEY = "tok/é🦜-7f3a19c2🔑d4e8"
"""One that no header could carry, but an object can."""


def _units(text: str) -> list[str]:
    """The UTF-16 code units of a text, as four hex digits each."""
    raw = text.encode("utf-16-be")
    return [raw[at : at + 2].hex() for at in range(0, len(raw), 2)]


def _all_escaped(text: str) -> str:
    return "".join(f"\\u{unit}" for unit in _units(text))


def _some_escaped(text: str) -> str:
    return "".join(_all_escaped(c) if at % 2 else json.dumps(c, ensure_ascii=False)[1:-1] for at, c in enumerate(text))


def _mixed_case(text: str) -> str:
    return "".join(f"\\u{unit.upper() if at % 2 else unit}" for at, unit in enumerate(_units(text)))


ESCAPES = {
    "as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "as ASCII": lambda text: json.dumps(text)[1:-1],
    "with an escaped slash": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "with the first letter escaped": lambda text: _all_escaped(text[0]) + json.dumps(text[1:])[1:-1],
    "with the last letter escaped": lambda text: json.dumps(text[:-1])[1:-1] + _all_escaped(text[-1]),
    "with every other letter escaped": _some_escaped,
    "all escaped": _all_escaped,
    "all escaped, upper case": lambda text: "".join(f"\\u{unit.upper()}" for unit in _units(text)),
    "all escaped, either case": _mixed_case,
}
"""The ways in which JSON may write a text, without the quotes."""


def readings(text: str) -> Iterator[str]:
    """A text, and what a reader of JSON finds in it, however deep."""
    yield text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    for leaf in _leaves(value):
        if leaf != text:
            yield from readings(leaf)


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, inner in value.items():
                yield name
                yield from _leaves(inner)
        case list():
            for inner in value:
                yield from _leaves(inner)


def kept(bench: Bench) -> list[str]:
    """All texts that a session keeps: what is on the screen, can be opened, or copied."""
    store = bench.store
    log = store.events
    texts = [text for row in range(len(log)) for text in log.texts(row)]
    texts += [log.row(row).name for row in range(len(log))]
    texts += [text for entry in store.transcript.entries for text in (entry.text, entry.note)]
    texts += [text for notice in bench.notices for text in (notice.text, notice.remedy)]
    for record in store.calls.records:
        call = record.call
        texts += [
            call.name,
            call.arguments,
            call.output,
            call.note,
            call.preview,
            *(t for d in call.details for t in d),
        ]
    session = store.session
    texts += [session.reason, session.remedy, session.session_id, repr(store.edits)]
    texts += [text for told in (session.server, session.at_start, session.in_force) for text in _leaves(told)]
    return texts


def leaks(texts: list[str], key: str = KEY) -> list[str]:
    """The texts in which a key can be read, in whatever way it is written."""
    forms = {key, json.dumps(key)[1:-1], repr(key)[1:-1]}
    return [text for text in texts if any(form in reading for reading in readings(text) for form in forms)]


def streamed(bench: Bench, item_id: str) -> str:
    """The deltas of an item as the event log has them, put together."""
    log = bench.store.events
    events = [json.loads(text) for row in range(len(log)) for text in log.texts(row) if item_id in text]
    return "".join(event.get("delta", "") for event in events if event.get("item_id") == item_id)
