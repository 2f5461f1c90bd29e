"""What the server of a recording sent, in segments: each is the answer to one thing that the client did."""

import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from rtvoice_tui.recording.export.har import frame_text
from rtvoice_tui.recording.format import WireLine
from rtvoice_tui.recording.reader import Recording


class Cue(Enum):
    """What a segment answers."""

    OPENED = auto()
    SPOKEN = auto()
    TYPED = auto()
    OUTPUT = auto()


@dataclass
class Segment:
    """Frames that follow a cue.

    Attributes:
        cue: what they answer.
        frames: each with its time after the first, in seconds.
    """

    cue: Cue
    frames: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    @property
    def asked_at(self) -> float:
        """End of the user's speech in seconds after the first frame; the answer's delay is measured from there."""
        kinds = ("input_audio_buffer.speech_stopped", "input_audio_buffer.committed")
        return next((after for kind in kinds for after, event in self.frames if event.get("type") == kind), 0.0)

    @property
    def answers(self) -> bool:
        """Whether there is a response, or an error, in it."""
        return any(str(event.get("type")).startswith(("response.", "error")) for _, event in self.frames)


_ANSWERED_ELSEWHERE = frozenset(("session.updated", "conversation.item.truncated", "rate_limits.updated"))
"""Frames that answer what a client may do at any time."""


def segments(recording: Recording) -> list[Segment]:
    """The segments of a recording, in order. A new connection of the recorded session goes on with the conversation."""
    found = [Segment(Cue.OPENED)]
    started = 0.0
    for line in recording.wire():
        event = _event(recording, line)
        kind = event.get("type")
        if (cue := _cue(line, event)) is not None and not (cue is found[-1].cue and not found[-1].frames):
            found.append(Segment(cue))
        if line.direction == "up" or kind in _ANSWERED_ELSEWHERE or not isinstance(kind, str):
            continue
        if kind == "session.created" and len(found) > 1:
            continue
        if not found[-1].frames:
            started = line.at
        found[-1].frames.append((line.at - started, event))
    return found


def settings_of(recording: Recording) -> dict[str, Any]:
    """The session object that the server told last."""
    session: dict[str, Any] = {}
    for line in recording.wire():
        if line.direction == "down" and b'"session' in bytes(line.event)[:200]:
            told = _event(recording, line).get("session")
            session = told if isinstance(told, dict) else session
    return session


def _event(recording: Recording, line: WireLine) -> dict[str, Any]:
    try:
        event = json.loads(frame_text(recording, line))
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _cue(line: WireLine, event: dict[str, Any]) -> Cue | None:
    kind, item = event.get("type"), event.get("item")
    if line.direction == "down":
        return Cue.SPOKEN if kind == "input_audio_buffer.speech_started" else None
    if kind == "input_audio_buffer.commit":
        return Cue.SPOKEN
    if kind == "conversation.item.create" and isinstance(item, dict):
        if item.get("type") == "function_call_output":
            return Cue.OUTPUT
        return Cue.TYPED if item.get("role") == "user" else None
    return None
