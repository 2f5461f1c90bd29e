"""Builds ``session.update`` for each provider, and reports the settings that had to be left out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS, Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

_INPUT = frozenset({"turn_detection", "transcription", "noise_reduction", "languages"})
_OUTPUT = frozenset({"voice", "speed", "role"})
_FLAT = frozenset({"voice", "turn_detection"})
_ORDER = ("turn_detection", "transcription", "noise_reduction", "languages", "voice", "speed", "role")
_TOP = ("instructions", "tool_choice", "max_output_tokens", "truncation")


@dataclass(frozen=True)
class SessionBody:
    """The ``session`` object of ``session.update``, and the settings and tools that the provider does not support."""

    session: dict[str, Any]
    left_out: tuple[str, ...]


def session_body(
    dialect: Dialect,
    settings: SessionSettings,
    tools: Sequence[ToolSpec],
    changed: Collection[str] | None = None,
) -> SessionBody:
    """Build the ``session`` object.

    Args:
        dialect: dialect of the server.
        settings: the complete configuration.
        tools: the complete list of tools.
        changed: names of changed settings (or ``tools``); only these are sent, except that ``audio.input`` and
            ``audio.output`` are sent in full to servers that merge shallowly. ``None`` sends everything, as after
            connecting.
    """
    if dialect.transcription is not None and settings.transcription is UNSET:
        settings = replace(settings, transcription=dialect.transcription)
    wanted = {name for name in ALL_SETTINGS if settings.is_set(name)}
    left_out = [name for name in wanted - dialect.settings if changed is None or name in changed]
    session: dict[str, Any] = {"type": "realtime"} if dialect.typed_session else {}
    for name in _TOP:
        if _goes(name, dialect, settings, changed):
            session[name] = getattr(settings, name)
    if changed is not None and "instructions" in changed and not settings.is_set("instructions"):
        session["instructions"] = ""
    if _goes("output_modalities", dialect, settings, changed):
        session["output_modalities"] = _modalities(dialect, settings)
    _put_audio(session, dialect, settings, changed, _sides_of_extra(settings))
    if changed is None or "tools" in changed:
        session["tools"] = [_tool(dialect, tool) for tool in tools if _speakable(dialect, tool)]
        left_out += [f"tool {tool.name}" for tool in tools if not _speakable(dialect, tool)]
    if _goes("extra", dialect, settings, changed):
        _merge(session, settings.extra or {})
    return SessionBody(session, tuple(sorted(left_out)))


def replace_left_out(body: SessionBody, tools: Sequence[str]) -> SessionBody:
    """Return the body with further tools named as left out."""
    return SessionBody(body.session, tuple(sorted({*body.left_out, *(f"tool {name}" for name in tools)})))


def _goes(name: str, dialect: Dialect, settings: SessionSettings, changed: Collection[str] | None) -> bool:
    return settings.is_set(name) and name in dialect.settings and (changed is None or name in changed)


def _modalities(dialect: Dialect, settings: SessionSettings) -> list[str]:
    modalities = list(settings.output_modalities or [])
    if dialect.one_modality and len(modalities) > 1:
        return ["audio"] if "audio" in modalities else modalities[:1]
    return modalities


def _sides_of_extra(settings: SessionSettings) -> dict[str, Any]:
    """Return the ``audio.input`` and ``audio.output`` objects in the ``extra`` setting."""
    extra = settings.extra if isinstance(settings.extra, dict) else {}
    audio = extra.get("audio")
    sides = audio if isinstance(audio, dict) else {}
    return {side: value for side, value in sides.items() if isinstance(value, dict)}


def _put_audio(
    session: dict[str, Any],
    dialect: Dialect,
    settings: SessionSettings,
    changed: Collection[str] | None,
    added: dict[str, Any],
) -> None:
    """Add formats and settings in ``audio``; with `Dialect.flat_voice`, voice and turn detection at the top level."""
    top = _FLAT if dialect.flat_voice else frozenset()
    audio = {}
    for side, names, rate in (("input", _INPUT, settings.input_rate), ("output", _OUTPUT, settings.output_rate)):
        inside = (names & dialect.settings) - top
        touched = inside if changed is None else inside & set(changed)
        alone = changed is not None and dialect.merges_deeply
        by_extra = not alone and changed is not None and "extra" in changed and side in added
        if changed is not None and not touched and not by_extra:
            continue
        body: dict[str, Any] = {} if alone else {"format": _format(dialect, rate)}
        body |= _values(settings, touched if alone else inside)
        if not alone and "extra" in dialect.settings:
            _merge(body, added.get(side, {}))
        if body:
            audio[side] = body
    if audio:
        session["audio"] = audio
    session |= _values(settings, top & dialect.settings if changed is None else top & dialect.settings & set(changed))


def _values(settings: SessionSettings, names: Collection[str]) -> dict[str, Any]:
    return {
        name: _off_or(value) for name in _ORDER if name in names and (value := getattr(settings, name)) is not UNSET
    }


def _format(dialect: Dialect, rate: int) -> dict[str, Any]:
    return {"type": "audio/pcm", "rate": dialect.fixed_rate or rate}


def _off_or(value: Any) -> Any:
    """Replace ``{type = "none"}``, which profiles use because TOML has no null, by ``None``.

    ``None`` inside an object is left out: some servers refuse null where they accept an absent field.
    """
    if not isinstance(value, dict):
        return value
    return None if value.get("type") == "none" else {key: entry for key, entry in value.items() if entry is not None}


def _merge(session: dict[str, Any], extra: dict[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(session.get(key), dict):
            session[key] = dict(session[key])
            _merge(session[key], value)
        else:
            session[key] = value


def _speakable(dialect: Dialect, tool: ToolSpec) -> bool:
    """Whether a tool can be sent. A hosted tool is only sent to its provider: it may contain a private index id."""
    if not tool.hosted:
        return True
    if tool.server:
        return dialect.hosts_mcp
    return tool.name in dialect.hosted_tools and (tool.name != "file_search" or bool(tool.index_id))


def _tool(dialect: Dialect, tool: ToolSpec) -> dict[str, Any]:
    if tool.server:
        asks = {"require_approval": "always" if tool.asks else "never"}
        return {"type": "mcp", "server_label": tool.name, **tool.server, **asks}
    if tool.hosted and dialect.typed_tools:
        return {"type": tool.name, **({"vector_store_ids": [tool.index_id]} if tool.index_id else {})}
    description: str | UnsetType = tool.index_id if tool.hosted and tool.index_id else tool.description
    body: dict[str, Any] = {"type": "function", "name": tool.name}
    if description:
        body["description"] = description
    body["parameters"] = tool.parameters if tool.hosted else {"type": "object", "properties": {}, **tool.parameters}
    return body
