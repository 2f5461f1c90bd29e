"""Converts the typed text of a field to a value and back, and rejects values that cannot be sent."""

import json
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.editing.agent import CONNECTION, Agent, value_at
from rtvoice_tui.editing.fields import SEMANTIC_VAD, SERVER_VAD, Field, Kind
from rtvoice_tui.errors import ValueRefused
from rtvoice_tui.protocol.realtime.dialects import Dialect, address
from rtvoice_tui.protocol.settings import SessionSettings

_OF_DETECTION = {
    SERVER_VAD: frozenset("threshold silence_duration_ms prefix_padding_ms idle_timeout_ms".split()),
    SEMANTIC_VAD: frozenset({"eagerness"}),
}


_RATES = frozenset({"input_rate", "output_rate"})
"""Settings that always have a value."""

OFF = {"turn_detection": "none"}
"""Word for a setting that is switched off, by path; the default is ``off``."""


def typed(agent: Agent, field: Field) -> str:
    """Return the text of a field; `with_value` with this text returns the same agent."""
    if field.path == "transcription.model" and _is_off(agent.settings.transcription):
        return "off"
    return shown(value_at(agent, field.path), OFF.get(field.path, "off"))


def shown(value: Any, off: str = "off") -> str:
    """Return a value as text: empty for ``UNSET``, ``off`` for a setting that is switched off."""
    if value is UNSET:
        return ""
    if value is None:
        return off
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, list):
        return ", ".join(shown(entry) for entry in value)
    if isinstance(value, dict):
        kind = value.get("type")
        if kind == "retention_ratio":
            return shown(value.get("retention_ratio", ""))
        if kind == "function" and value.get("name"):
            return str(value["name"])
        if isinstance(kind, str):
            return off if kind == "none" else kind
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def with_value(agent: Agent, field: Field, text: str) -> Agent:
    """Return the agent with a field set to the typed text; empty text makes it ``UNSET``.

    Raises:
        ValueRefused: the text is not a valid value of this field.
    """
    if text.strip() == typed(agent, field):
        return agent  # unchanged, even if the profile writes the same value differently
    value = _parsed(field, text.strip())
    if field.path in CONNECTION:
        return replace(agent, **{field.path: "" if value is UNSET else value})
    settings = agent.settings
    name, _, key = field.path.partition(".")
    if name == "turn_detection":
        value = _detection(settings.turn_detection, key, value, field)
    elif name == "transcription":
        off = key == "model" and value == "off"
        value = None if off else _inside(settings.transcription, key, value)
    elif value is UNSET and name in _RATES:
        value = SessionSettings.__struct_defaults__[SessionSettings.__struct_fields__.index(name)]
    elif value is not UNSET:
        value = _object(name, value)
    return replace(agent, settings=replace(settings, **{name: value}))


def stepped(field: Field, text: str, steps: int) -> str:
    """The number of a field ``steps`` steps further, within what is valid; of another text the usual number.

    Args:
        field: a field with a `Field.step`.
        text: the typed text.
        steps: number of steps, negative downwards.
    """
    try:
        number = float(text if text not in field.words else "")
    except ValueError:
        number = field.usual - steps * field.step
    number = min(max(number + steps * field.step, field.low), field.high)
    return f"{round(number, 6):.10g}"


def check_address(dialect: Dialect, url: str) -> None:
    """Check that a typed text is the address of a server.

    Raises:
        ValueRefused: it is none.
    """
    try:
        address(dialect, url, "")
    except ValueError as error:
        raise ValueRefused(str(error)) from None


def _parsed(field: Field, text: str) -> Any:
    if not text:
        return UNSET
    if text in field.words:
        return text
    match field.kind:
        case Kind.CHOICE | Kind.SWITCH:
            return _chosen(field, text)
        case Kind.LIST:
            return [word.strip() for word in text.split(",") if word.strip()]
        case Kind.NUMBER | Kind.INTEGER:
            return _number(field, text)
    return text


def _chosen(field: Field, text: str) -> Any:
    words = {word.strip() for word in text.split(",")}
    found = next((choice for choice in field.choices if {w.strip() for w in choice.split(",")} == words), None)
    if found is None:
        raise ValueRefused(f"{field.label.strip()} is one of: {' | '.join(field.choices)}")
    return found == "on" if field.kind is Kind.SWITCH else found


def _number(field: Field, text: str) -> float | int:
    others = f", or {' or '.join(field.words)}" if field.words else ""
    span = field.span
    try:
        value = int(text) if field.kind is Kind.INTEGER else float(text)
    except ValueError:
        kind = "a whole number" if field.kind is Kind.INTEGER else "a number"
        raise ValueRefused(f"{field.label.strip()} is {kind} {span}{others}") from None
    if not field.low <= value <= field.high:
        raise ValueRefused(f"{field.label.strip()} goes {span}{others}")
    return value


def _detection(before: Any, key: str, value: Any, field: Field) -> Any:
    if not key:
        if value is UNSET or value == "none":
            return UNSET if value is UNSET else None
        others = set().union(*(keys for kind, keys in _OF_DETECTION.items() if kind != value))
        kept = {k: v for k, v in before.items() if k not in others} if isinstance(before, dict) else {}
        return {**kept, "type": value}
    base = dict(before) if isinstance(before, dict) and before.get("type") != "none" else {}
    if value is UNSET:
        base.pop(key, None)
        return base or before
    kind = base.setdefault("type", field.detection or SERVER_VAD)
    if field.detection and kind != field.detection:
        raise ValueRefused(f"{field.label.strip()} belongs to {field.detection}: choose that turn detection first")
    return {**base, key: value}


def _is_off(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and value.get("type") == "none")


def _inside(before: Any, key: str, value: Any) -> Any:
    if value is UNSET and (before is UNSET or _is_off(before)):
        return before
    base = dict(before) if isinstance(before, dict) and not _is_off(before) else {}
    if value is UNSET:
        base.pop(key, None)
    else:
        base[key] = value
    return base or UNSET


def _object(name: str, value: Any) -> Any:
    """Convert settings that are typed as words but are objects or lists on the wire."""
    if name == "output_modalities":
        return [word.strip() for word in value.split(",")]
    if name == "noise_reduction":
        return None if value == "off" else {"type": value}
    if name == "truncation" and not isinstance(value, str):
        return {"type": "retention_ratio", "retention_ratio": value}
    if name == "tool_choice" and value not in ("auto", "none", "required"):
        return {"type": "function", "name": value}
    return value
