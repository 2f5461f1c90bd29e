"""Validates client events as OpenAI does: unknown parameters, wrong types, missing fields.

``null`` counts as absent, except where it has a meaning. Documented fields are accepted also where they have no effect
here: a client's other settings must not be lost because of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Shape = Any
"""The expected form of a value.

A type, a `Range`, a set of allowed values, a dict with the shape of each field, a list with the shape of its entries,
or a tuple of alternatives, in which ``None`` allows null."""


@dataclass(frozen=True)
class Required:
    """A required field."""

    shape: Shape


@dataclass(frozen=True)
class Range:
    """A number from ``low`` to ``high``, both included; an integer if ``whole``."""

    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True)
class Objection:
    """An error in a client event.

    Attributes:
        code: the error code for the client.
        message: the error in one sentence.
        param: path of the wrong field; empty if there is none.
    """

    code: str
    message: str
    param: str


_MS = Range(0, 600_000, whole=True)
_FORMAT = {"type": Required({"audio/pcm"}), "rate": {24_000}}
_VAD = {
    "type": Required({"server_vad", "semantic_vad"}),
    "threshold": Range(0.0, 1.0),
    "prefix_padding_ms": _MS,
    "silence_duration_ms": _MS,
    "create_response": bool,
    "interrupt_response": bool,
    "idle_timeout_ms": _MS,
    "eagerness": {"low", "medium", "high", "auto"},
}
_TOOL = {
    "type": Required({"function"}),
    "name": Required(str),
    "description": str,
    "parameters": dict,
}
_WITHOUT_EFFECT = {"parallel_tool_calls": bool, "prompt": (dict, None), "reasoning": dict}
"""Documented fields of sessions and responses that the local agent has no use for."""

_TRANSCRIPTION = {
    "model": str,
    "language": str,
    "languages": [str],
    "prompt": str,
    "delay": str,
    "keywords": [str],
}
_OUTPUT = {"format": _FORMAT, "voice": str, "speed": Range(0.25, 1.5)}
SESSION = {
    "type": Required({"realtime"}),
    "model": str,
    "instructions": str,
    "output_modalities": [{"audio", "text"}],
    **_WITHOUT_EFFECT,
    "include": [str],
    "tracing": (str, dict, None),
    "audio": {
        "input": {
            "format": _FORMAT,
            "turn_detection": (_VAD, None),
            "transcription": (_TRANSCRIPTION, None),
            "noise_reduction": ({"type": {"near_field", "far_field"}}, None),
        },
        "output": _OUTPUT,
    },
    "tools": [_TOOL],
    "tool_choice": (str, dict),
    "max_output_tokens": (int, str),
    "truncation": (str, dict),
}
_ITEM = {
    "id": str,
    "object": str,
    "status": str,
    "type": Required({"message", "function_call", "function_call_output"}),
    "role": {"user", "assistant", "system"},
    "content": [
        {
            "type": Required({"input_text", "input_audio", "output_text"}),
            "text": str,
            "audio": str,
            "transcript": str,
            "detail": str,
            "image_url": str,
        }
    ],
    "call_id": str,
    "name": str,
    "arguments": str,
    "output": str,
}
_INPUT_ITEM = {**_ITEM, "type": {"message", "function_call", "function_call_output", "item_reference"}}
_RESPONSE = {
    "instructions": str,
    "output_modalities": [{"audio", "text"}],
    "audio": {"output": _OUTPUT},
    "tools": [_TOOL],
    "tool_choice": (str, dict),
    "max_output_tokens": (int, str),
    "metadata": dict,
    "conversation": {"auto", "none"},
    **_WITHOUT_EFFECT,
    "input": [_INPUT_ITEM],
}
_EVENT = {"type": str, "event_id": str}
EVENTS: dict[str, dict[str, Shape]] = {
    "session.update": {**_EVENT, "session": Required(SESSION)},
    "input_audio_buffer.append": {**_EVENT, "audio": Required(str)},
    "input_audio_buffer.commit": _EVENT,
    "input_audio_buffer.clear": _EVENT,
    "conversation.item.create": {**_EVENT, "item": Required(_ITEM), "previous_item_id": (str, None)},
    "conversation.item.retrieve": {**_EVENT, "item_id": Required(str)},
    "conversation.item.truncate": {
        **_EVENT,
        "item_id": Required(str),
        "content_index": Required(int),
        "audio_end_ms": Required(int),
    },
    "conversation.item.delete": {**_EVENT, "item_id": Required(str)},
    "response.create": {**_EVENT, "response": _RESPONSE},
    "response.cancel": {**_EVENT, "response_id": str},
}


def objection(event: Any) -> Objection | None:
    """Validate a client event; returns its first error, or ``None``."""
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return Objection("missing_required_parameter", "Missing required parameter: 'type'.", "type")
    shape = EVENTS.get(event["type"])
    if shape is None:
        return Objection("invalid_value", f"Invalid value: '{event['type']}' is no client event.", "type")
    found = _check(event, shape, "")
    if found is None and event["type"] == "session.update":
        modalities = event["session"].get("output_modalities")
        if modalities is not None and len(modalities) != 1:
            message = "Invalid modalities: supported combinations are ['text'] and ['audio']."
            return Objection("invalid_value", message, "session.output_modalities")
    return found


def without_nulls(event: Any) -> Any:
    """Return a client event without the fields that are null and may not be; other values are unchanged."""
    kind = event.get("type") if isinstance(event, dict) else None
    shape = EVENTS.get(kind) if isinstance(kind, str) else None
    return event if shape is None else _without_nulls(event, shape)


def _without_nulls(value: Any, shape: Shape) -> Any:
    if isinstance(shape, Required):
        shape = shape.shape
    if isinstance(shape, tuple):
        shape = next((option for option in shape if isinstance(option, Mapping)), None)
    if isinstance(value, dict) and isinstance(shape, Mapping):
        return {
            name: _without_nulls(entry, shape.get(name))
            for name, entry in value.items()
            if entry is not None or name not in shape or _takes_null(shape[name])
        }
    if isinstance(value, list) and isinstance(shape, list):
        return [_without_nulls(entry, shape[0]) for entry in value]
    return value


def _takes_null(shape: Shape) -> bool:
    return isinstance(shape, tuple) and None in shape


def _check(value: Any, shape: Shape, path: str) -> Objection | None:
    if isinstance(shape, Required):
        shape = shape.shape
    if isinstance(shape, tuple):
        if value is None and None in shape:
            return None
        options = [option for option in shape if option is not None]
        objections = [_check(value, option, path) for option in options]
        return None if None in objections else objections[0]
    if isinstance(shape, Mapping):
        return _check_fields(value, shape, path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _wrong_type(path, "an array", value)
        for index, entry in enumerate(value):
            if found := _check(entry, shape[0], f"{path}[{index}]"):
                return found
        return None
    if isinstance(shape, Range):
        if not isinstance(value, int | float) or isinstance(value, bool):
            return _wrong_type(path, "a number", value)
        if not shape.low <= value <= shape.high:
            words = f"Invalid value: {value}. Expected a value between {shape.low} and {shape.high}."
            return Objection("invalid_value", words, path)
        return None if isinstance(value, int) or not shape.whole else _wrong_type(path, "an integer", value)
    if isinstance(shape, set):
        if isinstance(value, dict | list) or value not in shape:
            allowed = ", ".join(repr(option) for option in sorted(shape, key=str))
            return Objection("invalid_value", f"Invalid value: {value!r}. Supported values are: {allowed}.", path)
        return None
    fits = isinstance(value, shape) and not (isinstance(value, bool) and shape is not bool)
    return None if fits else _wrong_type(path, shape.__name__, value)


def _check_fields(value: Any, shape: Mapping[str, Shape], path: str) -> Objection | None:
    if not isinstance(value, dict):
        return _wrong_type(path, "an object", value)
    dot = f"{path}." if path else ""
    for name, kind in shape.items():
        if isinstance(kind, Required) and name not in value:
            return Objection(
                "missing_required_parameter", f"Missing required parameter: '{dot}{name}'.", f"{dot}{name}"
            )
    for name, entry in value.items():
        if name not in shape:
            return Objection("unknown_parameter", f"Unknown parameter: '{dot}{name}'.", f"{dot}{name}")
        if found := _check(entry, shape[name], f"{dot}{name}"):
            return found
    return None


def _wrong_type(path: str, wanted: str, value: Any) -> Objection:
    got = "null" if value is None else type(value).__name__
    return Objection("invalid_type", f"Invalid type for '{path}': expected {wanted}, but got {got}.", path)
