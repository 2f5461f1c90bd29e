"""Reads a server's session object: converts it to our flat vocabulary and compares it with what was sent."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_SEARCHED = 2000
"""Characters of an error message that are searched for names."""

_TOP = ("instructions", "tool_choice", "max_output_tokens", "truncation", "model", "tools")
_INPUT = ("turn_detection", "transcription", "noise_reduction", "languages")
_OUTPUT = ("voice", "speed", "role")
_FLAT = {
    "transcription": "input_audio_transcription",
    "noise_reduction": "input_audio_noise_reduction",
    "max_output_tokens": "max_response_output_tokens",
}
"""Names of the beta, before September 2025."""


def in_force(session: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in a ``session`` object by our names; settings that it does not contain are left out."""
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
    for name, flat in _FLAT.items():
        if flat in session:
            found.setdefault(name, session[flat])
    for name in ("output_modalities", "modalities"):
        if name in session:
            found.setdefault("output_modalities", session[name])
    return found


def differs(name: str, sent: Any, echoed: Any) -> bool:
    """Whether a server changed a setting. Keys that it adds to an object are ignored."""
    if name == "output_modalities" and isinstance(sent, list) and isinstance(echoed, list):
        return not all(word in echoed for word in sent)
    if name == "tools":
        return _tools_differ(sent, echoed)
    if name == "voice" and isinstance(echoed, Mapping):
        echoed = echoed.get("id") or echoed.get("name")
    return not _covers(sent, echoed)


def _covers(sent: Any, echoed: Any) -> bool:
    """Whether ``echoed`` contains all values of ``sent``."""
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
    except OverflowError:  # a server may send integers that do not fit into a float
        return False


def tool_name(tool: Mapping[str, Any]) -> str:
    """Return the name of a tool in a session object; a hosted tool may have only a server label or a type."""
    return str(tool.get("name") or tool.get("server_label") or tool.get("type") or "")


def _tools_differ(sent: Any, echoed: Any) -> bool:
    """Whether the names of the tools differ, or their descriptions or parameters as far as the server echoes them."""
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
    """Return the changed field that an error's ``param`` (``session.audio.output.voice``) names; empty if unknown."""
    words = param.replace("[", ".").replace("]", "").split(".")
    named = next((word for word in words if word in fields), "")
    return named or (fields[0] if len(fields) == 1 else "")


def named_field(words: str, fields: tuple[str, ...]) -> str:
    """Return the first field whose name occurs in a parameter or in the words of an error; empty if none does."""
    return next((name for name in fields if re.search(rf"(?<!\w){name}(?!\w)", words[:MAX_SEARCHED])), "")


def refused_tool_name(words: str, param: str, sent: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the one sent tool that an error is about; empty if it names none.

    Args:
        words: the error message, such as ``Invalid schema for function 'get_weather': ...``.
        param: the parameter that it names, such as ``session.tools[2].parameters`` or ``tools.2.name``.
        sent: the tools of the refused update.
    """
    words = words[:MAX_SEARCHED]
    place = re.search(r"tools(?:\[|\.)(\d+)", param) or re.search(r"tools(?:\[|\.)(\d+)", words)
    if place is not None and int(place[1]) < len(sent):
        return tool_name(sent[int(place[1])])
    names = [name for tool in sent if (name := tool_name(tool))]
    named = [name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", f"{words} {param}")]
    about_tools = re.search(r"tool|function|schema", f"{words} {param}", re.IGNORECASE)
    return named[0] if len(named) == 1 and about_tools else ""
