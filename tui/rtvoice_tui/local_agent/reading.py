"""Parses client frames: valid JSON of limited depth, without unpaired surrogates and non-finite numbers."""

import json
import math
import re
from typing import Any

from rtvoice_tui.local_agent.limits import DEPTH
from rtvoice_tui.local_agent.validation import Objection

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NO_JSON = Objection("invalid_json", "The event is not valid JSON.", "")


def read_event(text: str) -> Any:
    """Parse a text frame; returns the JSON value, or an `Objection` if the frame is invalid."""
    try:
        event = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return _NO_JSON
    return _fault(event) or event


def event_id_of(event: Any) -> str:
    """The event's ``event_id``, for error events; empty if there is none or it is no string."""
    given = event.get("event_id") if isinstance(event, dict) else None
    return given if isinstance(given, str) else ""


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _fault(event: Any) -> Objection | None:
    parts = event.items() if isinstance(event, dict) else [("", event)]
    for name, part in parts:
        if words := _fault_of([name, part]):
            param = name if isinstance(part, str) and not _HALF_CHARACTER.search(name) else ""
            return Objection("invalid_value", words, param)
    return None


def _fault_of(value: Any) -> str:
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEPTH:
            return f"The event is nested more than {DEPTH} levels deep."
        if isinstance(value, str):
            if not value.isascii() and _HALF_CHARACTER.search(value):
                return "The event holds half of a surrogate pair."
        elif isinstance(value, dict):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]
        elif isinstance(value, float) and not math.isfinite(value):
            return "The event holds a number that is not finite."
    return ""
