"""`session.update` built for each provider: strict in what is sent, and honest about what was left out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType

from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS, Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

_INPUT = frozenset({"turn_detection", "transcription", "noise_reduction", "languages"})
_OUTPUT = frozenset({"voice", "speed", "role"})
_FLAT = frozenset({"voice", "turn_detection"})
_ORDER = ("turn_detection", "transcription", "noise_reduction", "languages", "voice", "speed", "role")
_TOP = ("instructions", "tool_choice", "max_output_tokens", "truncation")


@dataclass(frozen=True)
class SessionBody:
    """What goes into ``session.update``, and the settings this provider has no field for."""

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
        dialect: who is spoken to.
        settings: the whole wanted configuration.
        tools: the whole wanted list of tools.
        changed: names of settings (or ``tools``) that changed; only they are sent, except that ``audio.input`` and
            ``audio.output`` go whole to servers that merge shallowly. ``None`` sends everything, as after connecting.
    """
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


def _goes(name: str, dialect: Dialect, settings: SessionSettings, changed: Collection[str] | None) -> bool:
    return settings.is_set(name) and name in dialect.settings and (changed is None or name in changed)


def _modalities(dialect: Dialect, settings: SessionSettings) -> list[str]:
    modalities = list(settings.output_modalities or [])
    if dialect.one_modality and len(modalities) > 1:
        return ["audio"] if "audio" in modalities else modalities[:1]
    return modalities


def _sides_of_extra(settings: SessionSettings) -> dict[str, Any]:
    """What the profile adds to ``audio.input`` and ``audio.output`` by itself."""
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
    """Formats and all that is set inside ``audio``, or at the top of the session where the provider has it there."""
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
    """TOML has no null: ``{type = "none"}`` is how a profile switches a thing off.

    A null inside is left out: servers refuse it where they accept an absent field.
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
    """A hosted tool goes only to the provider that hosts it: its description may hold a private index id."""
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
    body["parameters"] = tool.parameters
    return body
