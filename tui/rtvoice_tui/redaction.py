"""Redacts secrets in received text, whatever JSON escapes are used and wherever a stream of deltas is split."""

import json
import re
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

PLACEHOLDER = "[key]"

LEAST_SECRET = 6
"""Minimum length of a secret in characters. Shorter ones are placeholders (``x``, ``test``) and are not redacted."""

LEAST_HELD = 4
"""If a delta ends with at least this many characters of a secret, they are held back until the next delta decides."""

STREAMS = 512
"""Maximum number of delta streams that are tracked at the same time."""

LARGE = 200_000
"""Larger frames (in characters) are parsed and re-encoded: a regex for every escaped spelling would be too slow."""

_SPEECH = re.compile(r'\s*\{\s*"type"\s*:\s*"[a-z_.]*audio\.delta"')

_BACKSLASH = r"(?:\\(?:u005[cC])?)"
_ESCAPED = _BACKSLASH + "{1,8}"
"""Nested JSON strings double the backslashes at each level. Bounded, so that a search is not quadratic."""

_SHORT = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f"}


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with all secrets replaced, literal or JSON-escaped; the longest secret is replaced first."""
    for secret in sorted({secret for secret in secrets if len(secret) >= LEAST_SECRET}, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, PLACEHOLDER)
        if "\\" in text:
            text = _spelled(secret).sub(PLACEHOLDER, text)
    return text


@lru_cache(64)
def _spelled(secret: str) -> re.Pattern[str]:
    """Return a pattern that matches a secret in every way in which JSON may escape it."""
    merged = re.sub(r"\\+", r"\\", secret)  # runs of backslashes match as one
    return re.compile("".join(_spelled_character(character) for character in merged))


def _spelled_character(character: str) -> str:
    raw = character.encode("utf-16-be", "surrogatepass")
    units = [raw[at : at + 2].hex() for at in range(0, len(raw), 2)]
    escaped = "".join(f"{_ESCAPED}u(?i:{unit})" for unit in units)
    if character == "\\":
        return _ESCAPED
    if character in '"/':
        return f"(?:{_BACKSLASH}{{0,8}}{character}|{escaped})"
    short = f"|{_ESCAPED}{_SHORT[character]}" if character in _SHORT else ""
    return f"(?:{re.escape(character)}|{escaped}{short})"


def shown_address(url: str) -> str:
    """An address as it may be shown and logged: without user, password and query, which may be keys.

    Args:
        url: an address, also one that is not valid.
    """
    return without_login(url).partition("?")[0].partition("#")[0]


def without_login(url: str) -> str:
    """An address without user and password."""
    scheme, slashes, rest = url.partition("//") if "//" in url[:16] else ("", "", url)
    place = rest.partition("?")[0]
    user = re.match(r"[^/]*:(?!\d*(/|$))", place)  # a password may hold a slash
    login = place.rpartition("@")[0] if user else place.partition("/")[0].rpartition("@")[0]
    return f"{scheme}{slashes}{rest[len(login) + 1 :] if login else rest}"


class DeltaRedactor:
    """Redacts one text that arrives as a stream of deltas.

    Args:
        secrets: the secrets to redact.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
        self._shown = ""  # the start of a secret, as far as it was already returned
        self._held = ""

    def also(self, secrets: Iterable[str]) -> None:
        """Redact further secrets in the deltas that follow."""
        forms = {*self._secrets, *(form for secret in secrets for form in _forms(secret))}
        self._secrets = sorted(forms, key=len, reverse=True)

    @property
    def waits(self) -> bool:
        """Whether the text so far ends with the start of a secret."""
        return bool(self._shown or self._held)

    def redact_piece(self, piece: str) -> str:
        """Process the next delta; returns the text that can be shown now."""
        text, at = self._shown + self._held + piece, len(self._shown)
        shown: list[str] = []
        end = 0
        while found := self._first(text, end):
            start, end = found
            shown += [text[at:start], PLACEHOLDER]
            at = max(at, end)
        begins = len(text) - self._beginning(text[end:])
        held = len(text) - begins >= LEAST_HELD
        until = max(at, begins) if held else len(text)
        self._shown, self._held = text[begins:until], text[until:]
        return "".join([*shown, text[at:until]])

    def _first(self, text: str, start: int) -> tuple[int, int] | None:
        found = [(at, -len(secret)) for secret in self._secrets if (at := text.find(secret, start)) >= 0]
        if not found:
            return None
        at, size = min(found)
        return at, at - size

    def _beginning(self, text: str) -> int:
        """Return the length of the longest suffix of a text that is the start of a secret."""
        longest = 0
        for secret in self._secrets:
            sizes = range(min(len(secret) - 1, len(text)), longest, -1)
            longest = next((size for size in sizes if text.endswith(secret[:size])), longest)
        return longest


def _forms(secret: str) -> list[str]:
    """Return a secret literally and in its usual JSON spellings."""
    quoted = json.dumps(secret, ensure_ascii=False)[1:-1]
    return [form for form in (secret, quoted, quoted.replace("/", "\\/")) if len(secret) >= LEAST_SECRET]


class FrameRedactor:
    """Redacts the text frames of one connection, including texts that are split into ``delta`` events.

    Args:
        secrets: the secrets to redact.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(sorted({secret for secret in secrets if secret}))
        self._streams: OrderedDict[tuple[str, ...], DeltaRedactor] = OrderedDict()

    def also(self, secrets: Iterable[str]) -> None:
        """Redact further secrets from now on."""
        secrets = tuple(secrets)
        self._secrets = tuple(sorted({*self._secrets, *(secret for secret in secrets if secret)}))
        for stream in self._streams.values():
            stream.also(secrets)

    def redacted(self, frame: str) -> str:
        """Return the frame with all secrets replaced."""
        if not self._secrets:
            return frame
        if len(frame) > LARGE and "\\" in frame:
            frame = _inside(frame, self._secrets, frame[:LARGE])
        else:
            blot = redact(frame, self._secrets)
            frame = blot if blot == frame or _is_json(blot) else _inside(frame, self._secrets, blot)
        # audio deltas hold no text; only deltas are tracked as a stream
        maybe = "delta" in frame or "\\u" in frame
        return self._piece(frame) if maybe and not _SPEECH.match(frame) else frame

    def _piece(self, frame: str) -> str:
        try:
            event = json.loads(frame)
        except (ValueError, RecursionError):
            return frame
        if not isinstance(event, dict) or not isinstance(event.get("delta"), str):
            return frame
        if str(event.get("type")).endswith("audio.delta"):
            return frame
        stream = tuple(str(event.get(name)) for name in ("type", "item_id", "call_id", "content_index"))
        redactor = self._streams.pop(stream, None) or DeltaRedactor(self._secrets)
        shown = redactor.redact_piece(event["delta"])
        if redactor.waits:
            self._streams[stream] = redactor
            if len(self._streams) > STREAMS:
                self._streams.popitem(last=False)
        return frame if shown == event["delta"] else json.dumps({**event, "delta": shown}, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _inside(frame: str, secrets: Iterable[str], otherwise: str) -> str:
    """Parse a frame, redact its strings and re-encode it; redacts ``otherwise`` if the frame is not JSON."""
    try:
        return json.dumps(_without(json.loads(frame), tuple(secrets)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return redact(otherwise, secrets)


def _without(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            if len(secret) >= LEAST_SECRET:
                value = value.replace(secret, PLACEHOLDER)
        return value
    if isinstance(value, dict):
        return {_without(name, secrets): _without(inner, secrets) for name, inner in value.items()}
    return [_without(inner, secrets) for inner in value] if isinstance(value, list) else value
