"""What strict servers refuse: the shape of a client's events, by dialect."""

import re
from typing import Any

from pydantic import ValidationError

from protocol.sdk_types import accept
from realtime_server.types import RATE, Event

_YANDEX_SESSION = {"type", "instructions", "output_modalities", "audio", "tools", "max_output_tokens", "prompt"}
_YANDEX_INPUT = {"format", "turn_detection", "languages"}
_YANDEX_OUTPUT = {"format", "voice", "speed", "role"}
_YANDEX_DETECTION = {"type", "threshold", "silence_duration_ms", "idle_timeout_ms"}
_HOSTED_SERVER = {"type", "server_label", "server_url", "authorization", "allowed_tools", "require_approval"}
_MAY_BE_NULL = {"turn_detection", "transcription", "noise_reduction", "prompt", "tracing"}


class Refused(Exception):
    """What the client said is not accepted; becomes an ``error`` event."""

    def __init__(self, message: str, code: str = "invalid_value", param: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class Raced(Refused):
    """A refusal that a correct client cannot always avoid: it is answered, but is no offence."""


def judge(dialect: str, event: Event, first_update: bool) -> None:
    """Refuse an event whose shape the dialect's server does not accept.

    Args:
        dialect: ``openai`` or ``yandex``.
        event: the client's event.
        first_update: whether no ``session.update`` was accepted yet.

    Raises:
        Refused: with the code and the parameter of the error.
    """
    if not isinstance(event.get("event_id"), str) or not event["event_id"]:
        raise Refused("an event without event_id")
    kind = event.get("type", "")
    if kind == "session.update":
        session = event.get("session")
        if not isinstance(session, dict):
            raise Refused("session is missing", "missing_required_parameter", "session")
        _judge_yandex(session, first_update) if dialect == "yandex" else _judge_openai(event, session)
        return
    if kind == "input_audio_buffer.clear" and dialect == "yandex":
        raise Refused("input_audio_buffer.clear is not supported", "unsupported_event")
    _sdk(event)
    _no_nulls(event, kind)
    response = event.get("response", {})
    if dialect == "yandex" and set(response) - {"instructions", "output_modalities", "max_output_tokens"}:
        raise Refused("unknown field in response", "unknown_parameter", "response")


def _judge_openai(event: Event, session: Event) -> None:
    if session.get("type") != "realtime":
        raise Refused("Missing required parameter: 'session.type'.", "missing_required_parameter", "session.type")
    if "model" in session:
        raise Refused("the model cannot be changed", "cannot_update_model", "session.model")
    if len(session.get("output_modalities", ["audio"])) != 1:
        raise Refused("one modality at a time", "invalid_value", "session.output_modalities")
    for side, settings in session.get("audio", {}).items():
        if settings.get("format", {}).get("rate", RATE) != RATE:
            raise Refused("only 24000 Hz", "invalid_value", f"session.audio.{side}.format.rate")
    _judge_tools(session)
    _sdk(event)
    _no_nulls(session, "session")


def _judge_yandex(session: Event, first_update: bool) -> None:
    _only(session, _YANDEX_SESSION, "session")
    audio = session.get("audio", {})
    _only(audio, {"input", "output"}, "session.audio")
    for side, known in (("input", _YANDEX_INPUT), ("output", _YANDEX_OUTPUT)):
        settings = audio.get(side)
        if settings is None:
            if first_update:
                raise Refused("both rates are needed", "missing", f"session.audio.{side}.format.rate")
            continue
        _only(settings, known, f"session.audio.{side}")
        _only(settings.get("format", {}), {"type", "rate"}, f"session.audio.{side}.format")
        if not isinstance(settings.get("format", {}).get("rate"), int):
            raise Refused("both rates are needed", "missing", f"session.audio.{side}.format.rate")
    _only(audio.get("input", {}).get("turn_detection") or {}, _YANDEX_DETECTION, "turn_detection")
    _judge_tools(session)
    _no_nulls(session, "session")


def _sdk(event: Event) -> None:
    """By the openai package's own types, and nothing besides."""
    try:
        accept(event)
    except (KeyError, AssertionError, ValidationError) as error:
        raise Refused(" ".join(str(error).split())[:300], "unknown_parameter") from None


def _judge_tools(session: Event) -> None:
    names = []
    for index, tool in enumerate(session.get("tools", [])):
        if tool.get("type") == "mcp":
            _only(tool, _HOSTED_SERVER, "session.tools")
            continue
        _judge_function(tool, f"session.tools[{index}]")
        names.append(tool["name"])
        if names.count(tool["name"]) > 1:
            raise Refused(f"Duplicate tool name: '{tool['name']}'.", "invalid_value", f"session.tools[{index}].name")
        if set(tool) - {"type", "name", "description", "parameters"} or not tool.get("name"):
            raise Refused(f"tool {tool}", "unknown_parameter", "session.tools")


def _judge_function(tool: Event, path: str) -> None:
    """A function tool has a name that fits, and an object with its properties as parameters."""
    name, parameters = tool.get("name"), tool.get("parameters", {})
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise Refused(f"Invalid '{path}.name': string does not match pattern.", "invalid_value", f"{path}.name")
    if isinstance(parameters, dict) and name in ("web_search", "file_search"):
        return
    if not isinstance(parameters, dict) or parameters.get("type") != "object" or "properties" not in parameters:
        message = f"Invalid schema for function '{name}': parameters is no object with properties."
        raise Refused(message, "invalid_function_parameters", f"{path}.parameters")


def _only(value: Any, known: set[str], path: str) -> None:
    if not isinstance(value, dict):
        raise Refused(f"{path} is not an object", "invalid_type", path)
    for name in value:
        if name not in known:
            raise Refused(f"Unknown parameter: '{path}.{name}'.", "unknown_parameter", f"{path}.{name}")


def _no_nulls(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "parameters":
                continue
            if inner is None and name not in _MAY_BE_NULL:
                raise Refused(f"null in {path}.{name}", "invalid_type", f"{path}.{name}")
            _no_nulls(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            _no_nulls(inner, f"{path}[]")
