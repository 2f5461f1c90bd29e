"""Lays out a call for pane 4: arguments and results as a tree or as JSON, or the events sent over the wire."""

import json
import re
from enum import StrEnum
from typing import Any

from rich.cells import cell_len

from rtvoice_tui.session.facts import CallMoment, CallState
from rtvoice_tui.store.calls import CallRecord, waits
from rtvoice_tui.store.plain import one_line, visible
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.wrapping import GrowingLines

MAX_TEXT = 20_000
"""Maximum number of characters shown of one text; `y` copies all of it."""

MAX_STREAMING = 2_000
"""Maximum number of characters shown of a text that is still streaming: its end."""

MAX_TREE = 400
"""Maximum number of lines of one tree."""

MAX_PARSED = 4_000_000
"""Maximum number of characters that are read as JSON."""

MAX_LINE, MAX_LINES = 60_000, 20_000
"""Maximum number of characters of a line, and of lines, that a dialog shows."""

FOLDED, SHORT = 10, 800
"""A text is folded after so many lines, unless it has no more than so many characters."""

Lines = list[list[Piece]]

_HALVES = re.compile("[\ud800-\udfff]")
"""Lone surrogates, which cannot be encoded as UTF-8; JSON escapes replace them."""


class View(StrEnum):
    """How a call is shown."""

    TREE = "tree"
    JSON = "JSON"
    WIRE = "wire"


def tool_lines(description: str, parameters: dict[str, Any], view: View, width: int) -> Lines:
    """All lines about a tool: what the model is told of it.

    Args:
        description: its description.
        parameters: the JSON Schema of its arguments.
        view: how the schema is shown.
        width: maximum width of a line in cells.
    """
    lines = _block("what the model is told", description or "(no description)", width, "plain")
    text = json.dumps(parameters, ensure_ascii=False)
    return [*lines, *_titled("arguments", []), *_value(text, View.TREE if view is View.WIRE else view, width)]


def call_lines(record: CallRecord, view: View, width: int, now: float) -> Lines:
    """All lines about a call.

    Args:
        record: the call.
        view: how it is shown.
        width: maximum width of a line in cells.
        now: seconds on the store's clock.
    """
    call = record.call
    if view is View.WIRE:
        return _wire(record, width)
    lines: Lines = []
    if waits(call):
        lines += _question(record, width)
    elif call.preview and call.state is CallState.RUNNING:
        lines += _block("runs", call.preview, width, "plain")
    wrong = call.state in (CallState.FAILED, CallState.DENIED)
    if call.output and wrong:  # an error comes first
        lines += [*_titled("error to the model", []), *_value(call.output, view, width)]
    lines += _titled("arguments", _fit(record))
    if call.state is CallState.STREAMING:
        lines += _tail(call.arguments, width)
    else:
        lines += _value(call.arguments, view, width)
    if call.output and not wrong:
        lines += [*_titled("result", []), *_value(call.output, view, width)]
    if call.state is CallState.HOSTED:
        lines += _wrapped("runs at the provider; no result is sent from here", width, "dim")
    for name, text in call.details:
        if text.strip() == call.output.strip():
            continue  # stdout is already shown as the result
        ink = "error" if name == "stderr" else "plain"
        lines += _block(one_line(name, 30), text, width, ink)
    if call.note and call.note not in call.output:
        ink = "error" if wrong else "warn"
        lines += _block("note", call.note, width, ink)
    return [*lines, *_timing(record, width, now)]


def _question(record: CallRecord, width: int) -> Lines:
    call = record.call
    if call.kind == "ask":
        return _block("you are asked", call.preview or "for the result", width, "warn")
    return _block("waits for you; it would run", call.preview or call.name, width, "warn")


def _fit(record: CallRecord) -> list[Piece]:
    checked = record.call.checked
    if checked is None:
        return []
    return [("  ✓ fit the schema", "ok")] if checked else [("  ✗ do not fit", "error")]


def _timing(record: CallRecord, width: int, now: float) -> Lines:
    call, zero = record.call, record.seen_at
    points = [("arguments", record.moments.get(CallMoment.ARGUMENTS)), ("started", record.started_at)]
    points += [("finished", record.ended_at), ("sent", record.moments.get(CallMoment.SENT))]
    points += [("answer begun", record.moments.get(CallMoment.ANSWERED))]
    known = [(name, (at - zero) * 1000) for name, at in points if at is not None]
    if not known and not waits(call):
        return []
    words = "  ".join(f"{name} +{_ms(ms)}" for name, ms in known)
    if record.ended_at is None and call.state in (CallState.ASKING, CallState.RUNNING):
        words += f"  now +{_ms((now - zero) * 1000)}"
    words = words.strip()
    return _block("timing", words, width, "dim")


def _ms(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"


def _wire(record: CallRecord, width: int) -> Lines:
    """The client events sent for the call, as they went over the wire."""
    if not record.sent:
        return [[("nothing was sent for this call", "dim")]]
    lines: Lines = []
    for event in list(record.sent):
        lines.append([("↑ ", "sent"), (event.name, "title")])
        lines += _wrapped(event.json, width, "plain")
    return lines


def _titled(title: str, after: list[Piece]) -> Lines:
    return [[(title, "title"), *after]]


def _block(title: str, text: str, width: int, ink: str) -> Lines:
    """A text under its title, or beside it where it is short."""
    lines = _wrapped(text, width, ink)
    if len(lines) == 1 and len(lines[0]) > 1 and len(title) + 2 + cell_len(lines[0][1][0]) <= width:
        return _titled(title, [("  ", "plain"), lines[0][1]])
    return [*_titled(title, []), *lines]


def _wrapped(text: str, width: int, ink: str) -> Lines:
    kept = visible(text[:MAX_TEXT].strip("\n"))
    lines: Lines = [[("  ", "plain"), (line, ink)] for line in GrowingLines.of(kept, max(8, width - 2)).lines]
    if len(text) > MAX_TEXT:
        lines.append([(f"  {_left(len(text) - MAX_TEXT)}", "dim")])
    return lines


def _tail(text: str, width: int) -> Lines:
    """The end of a text that is still streaming."""
    before = len(text) - MAX_STREAMING
    lines: Lines = [[(f"  … {before} characters before", "dim")]] if before > 0 else []
    return [*lines, *(_wrapped(text[-MAX_STREAMING:], width, "plain") if text else [])]


def _value(text: str, view: View, width: int) -> Lines:
    """JSON as a tree or indented; any other text as it is."""
    if len(text) > MAX_PARSED:
        return _wrapped(text, width, "plain")
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return _wrapped(text, width, "plain")
    if not isinstance(value, dict | list):
        return _wrapped(value if isinstance(value, str) else text, width, "plain")
    if view is View.JSON:
        return _wrapped(_indented(value) or text, width, "plain")
    lines: Lines = []
    _branch(value, 1, width, lines)
    return lines or [[("  (none)", "dim")]]


def _branch(value: Any, depth: int, width: int, lines: Lines) -> None:
    entries = value.items() if isinstance(value, dict) else ((f"[{i}]", v) for i, v in enumerate(value))
    for key, entry in entries:
        if len(lines) >= MAX_TREE:
            rest: list[Piece] = [(f"  … {BY_ID['whole-call'].shown} shows all", "dim")]
            if lines[-1] != rest:
                lines.append(rest)
            return
        indent = "  " * min(depth, 12, width // 6)
        name = one_line(str(key), 60) or '""'
        if isinstance(entry, dict | list) and entry:
            lines += _named(indent, name, [_size(entry)], width, "dim")
            _branch(entry, depth + 1, width, lines)
            continue
        word = entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
        shown = visible(word if word or not isinstance(entry, str) else '""')
        room = width - len(indent) - cell_len(name) - 2
        beside = room >= max(8, width // 3) or cell_len(shown) <= room
        text = _folded(shown, room if beside else max(8, width - len(indent) - 2))
        lines += _named(indent, name, text, width, "plain")


def _folded(text: str, width: int) -> list[str]:
    """The first lines of a text, and how much is left out."""
    lines = GrowingLines.of(text[:MAX_TEXT], width)
    if len(lines.lines) <= FOLDED + 1 or len(text) <= SHORT:
        return lines.lines
    shown = lines.lines[:FOLDED]
    left = len(text) - lines.starts[min(FOLDED, len(lines.starts) - 1)]
    return [*shown, _left(left)]


def _left(characters: int) -> str:
    """How much is left out, and the key that shows it."""
    return f"… {characters:,} more characters: {BY_ID['whole-call'].shown} shows all".replace(",", " ")


def _named(indent: str, name: str, text: list[str], width: int, ink: str) -> Lines:
    """A name with its text lines beside it, or below it if they do not fit."""
    size = len(indent) + cell_len(name) + 2
    if size + max(cell_len(line) for line in text) <= width:
        first, *rest = text
        more: Lines = [[(" " * size, "plain"), (line, ink)] for line in rest]
        return [[(indent, "plain"), (f"{name}  ", "key"), (first, ink)], *more]
    names = GrowingLines.of(name, max(8, width - len(indent))).lines
    below: Lines = [[(f"{indent}  ", "plain"), (line, ink)] for line in text]
    return [*([(indent, "plain"), (line, "key")] for line in names), *below]


def _indented(value: Any) -> str:
    """Indented JSON; empty if the value is nested too deeply."""
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except RecursionError:
        return ""


def _size(value: Any) -> str:
    one, many = ("key", "keys") if isinstance(value, dict) else ("entry", "entries")
    return f"{len(value)} {one if len(value) == 1 else many}"


def as_json(record: CallRecord) -> str:
    """The complete call as indented JSON, for copying."""
    call = record.call
    fields = {
        "name": call.name,
        "kind": call.kind,
        "call_id": call.call_id,
        "turn": call.turn,
        "state": str(call.state),
        "manual": call.manual,
        "arguments": _parsed(call.arguments),
        "output": _parsed(call.output),
        "note": call.note,
        "details": dict(call.details),
        "duration_ms": record.duration_ms,
        "sent": [json.loads(event.json) for event in list(record.sent)],
    }
    text = _indented(fields) or _indented(fields | {"arguments": call.arguments, "output": call.output})
    return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return text


def bounded_lines(text: str) -> list[str]:
    """The lines of a text as far as a dialog shows them; `y` copies all."""
    lines = text.split("\n")
    cut = [
        line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} {_more(len(line) - MAX_LINE)}"
        for line in lines[:MAX_LINES]
    ]
    return cut if len(lines) <= MAX_LINES else [*cut, f"… and {len(lines) - MAX_LINES} more lines"]


def _more(characters: int) -> str:
    return f"… and {characters:,} more characters".replace(",", " ")
