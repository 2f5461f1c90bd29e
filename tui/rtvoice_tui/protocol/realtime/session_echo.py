"""What a server says is in force: its session object in our flat vocabulary, and whether that is what was asked for."""

import math
from collections.abc import Mapping
from typing import Any

_TOP = ("instructions", "tool_choice", "max_output_tokens", "truncation", "model", "tools")
_INPUT = ("turn_detection", "transcription", "noise_reduction", "languages")
_OUTPUT = ("voice", "speed", "role")


def in_force(session: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a ``session`` object names, by our names; what it does not name is not in the result."""
    audio = session.get("audio")
    audio = audio if isinstance(audio, Mapping) else {}
    found: dict[str, Any] = {name: session[name] for name in _TOP if name in session}
    for side, names in (("input", _INPUT), ("output", _OUTPUT)):
        inside = audio.get(side)
        inside = inside if isinstance(inside, Mapping) else {}
        for name in names:
            if name in inside:
                found[name] = inside[name]
            elif name in session:
                found[name] = session[name]
    for name in ("output_modalities", "modalities"):
        if name in session:
            found.setdefault("output_modalities", session[name])
    return found


def differs(name: str, sent: Any, echoed: Any) -> bool:
    """Whether a server made something else of a setting. What it adds to an object is its own business."""
    if name == "output_modalities" and isinstance(sent, list) and isinstance(echoed, list):
        return not all(word in echoed for word in sent)
    if name == "tools":
        return _tools_differ(sent, echoed)
    if name == "voice" and isinstance(echoed, Mapping):
        echoed = echoed.get("id") or echoed.get("name")
    return not _covers(sent, echoed)


def _covers(sent: Any, echoed: Any) -> bool:
    """Whether ``echoed`` says all that ``sent`` says."""
    if isinstance(sent, Mapping):
        if not isinstance(echoed, Mapping):
            return sent.get("type") == "none" and echoed is None
        return all(value is None or _covers(value, echoed.get(key)) for key, value in sent.items())
    if isinstance(sent, list):
        if not isinstance(echoed, list) or len(sent) != len(echoed):
            return False
        return all(_covers(mine, theirs) for mine, theirs in zip(sent, echoed, strict=True))
    if isinstance(sent, int | float) and isinstance(echoed, int | float) and not isinstance(sent, bool):
        return _close(sent, echoed)
    return bool(sent == echoed) or (sent == "" and echoed is None)


def _close(sent: float, echoed: float) -> bool:
    try:
        return math.isclose(sent, echoed, rel_tol=1e-6, abs_tol=1e-9)
    except OverflowError:  # a server may send whole numbers that no float holds
        return False


def tool_name(tool: Mapping[str, Any]) -> str:
    """What a tool of a session object is called; one that runs at the provider may have only a type, or a label."""
    return str(tool.get("name") or tool.get("server_label") or tool.get("type") or "")


def _tools_differ(sent: Any, echoed: Any) -> bool:
    """Whether other tools are offered, or others in the parts that the server repeats."""
    if not isinstance(echoed, list) or not isinstance(sent, list):
        return bool(sent) or echoed is not None
    theirs = {tool_name(tool): tool for tool in echoed if isinstance(tool, Mapping)}
    ours = {tool_name(tool): tool for tool in sent if isinstance(tool, Mapping)}
    if set(ours) != set(theirs):
        return True
    return any(
        key in theirs[name] and not _covers(tool[key], theirs[name][key])
        for name, tool in ours.items()
        for key in ("description", "parameters")
        if key in tool and type(theirs[name].get(key)) is type(tool[key])
    )


def blamed(param: str, fields: tuple[str, ...]) -> str:
    """The one of the changed fields that an error's ``param`` (``session.audio.output.voice``) is about, or nothing."""
    words = param.replace("[", ".").replace("]", "").split(".")
    named = next((word for word in words if word in fields), "")
    return named or (fields[0] if len(fields) == 1 else "")
