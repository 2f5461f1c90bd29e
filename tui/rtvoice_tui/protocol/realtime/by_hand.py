"""Client events that the user writes: templates, and a check against what the provider documents.

The check refuses what is no event at all. What is only undocumented is a doubt: it can be sent all the same, to see
what the server makes of it.
"""

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from rtvoice_tui.protocol.realtime import shapes
from rtvoice_tui.protocol.realtime.dialects import Dialect

MOST_CHARACTERS = 20_000_000
"""Longest event: the audio of one event is 15 MiB at most, as base64."""

_MOST_DEPTH = 500

_WEBRTC = "output_audio_buffer.clear"
_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "bytes": "base64",
}


@dataclass(frozen=True)
class Checked:
    """Result of a check.

    Attributes:
        name: the event's type; empty if it has none.
        refused: why it cannot be sent, in a sentence; empty if it can.
        doubt: what the provider does not document about it, in a sentence; empty if nothing.
    """

    name: str = ""
    refused: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Ids:
    """Ids of the running session for templates.

    Attributes:
        item: the agent's last item.
        response: the last response.
        call: the last call of a function.
    """

    item: str = "item_…"
    response: str = "resp_…"
    call: str = "call_…"


def templates(dialect: Dialect, ids: Ids) -> dict[str, dict[str, Any]]:
    """Return an event of each type that the provider supports, ready to be changed and sent."""
    words = [{"type": "input_text", "text": "hello"}]
    session: dict[str, Any] = {"type": "realtime"} if dialect.typed_session else {}
    bodies: dict[str, dict[str, Any]] = {
        "response.create": {},
        "response.cancel": {"response_id": ids.response},
        "session.update": {"session": session | {"instructions": "Answer in one sentence."}},
        "conversation.item.create": {"item": {"type": "message", "role": "user", "content": words}},
        "conversation.item.create (function output)": {
            "item": {"type": "function_call_output", "call_id": ids.call, "output": '{"ok": true}'}
        },
        "conversation.item.retrieve": {"item_id": ids.item},
        "conversation.item.truncate": {"item_id": ids.item, "content_index": 0, "audio_end_ms": 1000},
        "conversation.item.delete": {"item_id": ids.item},
        "input_audio_buffer.append": {"audio": "AAAA" * 320},
        "input_audio_buffer.commit": {},
        "input_audio_buffer.clear": {},
    }
    if not dialect.clears_input:
        del bodies["input_audio_buffer.clear"]
    return {name: {"type": name.partition(" ")[0], **body} for name, body in bodies.items()}


def checked(text: str, dialect: Dialect) -> Checked:
    """Check an event before it is sent. Never raises.

    Args:
        text: the event as JSON.
        dialect: the provider's dialect.
    """
    if len(text) > MOST_CHARACTERS:
        return Checked(refused=f"an event has at most {MOST_CHARACTERS // 1_000_000} million characters")
    try:
        fields = json.loads(text)
        json.dumps(fields, allow_nan=False)
    except json.JSONDecodeError as error:
        return Checked(refused=f"line {error.lineno}, column {error.colno}: {_lower(error.msg)}")
    except (ValueError, RecursionError):
        return Checked(refused="it holds a number that JSON has not, or is nested too deeply")
    if not isinstance(fields, dict):
        return Checked(refused="an event is an object: {...}")
    name = fields.get("type")
    if not isinstance(name, str) or not name.strip():
        return Checked(refused='an event needs a "type"')
    if not isinstance(fields.get("event_id", ""), str):
        return Checked(name, refused='"event_id" has to be a text')
    if _depth(fields) > _MOST_DEPTH:
        return Checked(name, refused="it is nested too deeply")
    return Checked(name, doubt=_doubt(name, fields, dialect))


def _depth(value: Any) -> int:
    """How deeply a value is nested."""
    depth, level = 0, [value]
    while level and depth <= _MOST_DEPTH:
        depth += 1
        inside = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = [part for parts in inside for part in parts]
    return depth


def _doubt(name: str, fields: dict[str, Any], dialect: Dialect) -> str:
    if name not in shapes.NAMES:
        near = difflib.get_close_matches(name, shapes.NAMES, 1)
        also = f"; {near[0]} is" if near else ""
        return f"{name[:80]} is no client event that {dialect.title} documents{also}"
    if name == _WEBRTC:
        return f"{name} is for WebRTC only"
    if name == "input_audio_buffer.clear" and not dialect.clears_input:
        return f"{dialect.title} does not support {name}"
    try:
        msgspec.convert(fields, shapes.FLAT if dialect.flat_voice else shapes.NESTED)
    except msgspec.ValidationError as error:
        return _in_words(str(error))
    if name == "conversation.item.truncate" and fields["audio_end_ms"] <= 0:
        return "audio_end_ms has to be above zero"
    return ""


def _in_words(problem: str) -> str:
    """A validation error of msgspec as a sentence."""
    problem, _, path = problem.partition(" - at `")
    place = path.rstrip("`").removeprefix("$").lstrip(".")
    if found := re.fullmatch(r"Object missing required field `(.*)`", problem):
        return f"{_join(place, found[1])} is missing"
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", problem, re.DOTALL):
        return f"{_join(place, found[1][:80])} is not documented"
    if found := re.fullmatch(r"Expected `(.*)`, got `(.*)`", problem):
        return f"{place or 'it'} has to be {_kinds(found[1])}, not {_kinds(found[2])}"
    if found := re.fullmatch(r"Invalid (?:enum )?value '(.*)'", problem, re.DOTALL):
        return f'{place} has no value "{found[1][:80]}"'
    if "base64" in problem:
        return f"{place} is not base64"
    return f"{place}: {_lower(problem)}" if place else _lower(problem)


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _kinds(kinds: str) -> str:
    return " or ".join(_KINDS.get(kind.strip(), kind.strip()) for kind in kinds.split("|"))


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
