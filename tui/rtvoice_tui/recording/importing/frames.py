"""Frames of a Realtime session in the files of other tools, and what is known of each."""

import datetime
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rtvoice_tui.errors import RecordingError

MOST_S = 1e6
"""Seconds between the first and the last frame; a time that is farther is not believed."""

MOST_BYTES = 1 << 30
"""Maximum size of a file in bytes."""

MOST_LINE = 64 << 20
"""Maximum number of characters of an event: the frame of an hour of speech."""

_LINES = re.compile(r"[^\r\n]+")

CLIENT_EVENTS = frozenset(
    "session.update transcription_session.update input_audio_buffer.append input_audio_buffer.commit"
    " input_audio_buffer.clear output_audio_buffer.clear conversation.item.create conversation.item.truncate"
    " conversation.item.delete conversation.item.retrieve response.create response.cancel".split()
)

_USER_GOES_ON = frozenset(("input_audio_buffer.speech_started", "response.cancel", "session.update"))
_WITH_SOUND = frozenset(("input_audio_buffer.append", "response.output_audio.delta", "response.audio.delta"))

_TIMES = ("at", "time", "ts", "timestamp", "t")
_DIRECTIONS = ("dir", "direction", "sender", "from", "source", "sent", "type")
_UP = frozenset(("up", "sent", "send", "client", "out", "outgoing", "request", "client_event", ">", "true"))
_DOWN = frozenset(("down", "received", "receive", "server", "in", "incoming", "response", "server_event", "<", "false"))
_ONE_LINE = "1 line is no event and was left out"
_EVENTS = ("event", "message", "data", "payload", "body")


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        event: the event.
        at: time in seconds; ``None`` if it is not known.
        up: whether the client sent it; ``None`` if it is not known.
    """

    event: dict[str, Any]
    at: float | None = None
    up: bool | None = None

    @property
    def sent(self) -> bool:
        """Whether the client sent it, by its type where the file does not say."""
        return self.event.get("type") in CLIENT_EVENTS if self.up is None else self.up


@dataclass(frozen=True)
class Found:
    """What a file holds.

    Attributes:
        frames: the frames, in order.
        host: host of the server; empty if it is not known.
        missing: sentences about what the file does not say.
    """

    frames: list[Frame]
    host: str = ""
    missing: list[str] = field(default_factory=list)


def read_lines(text: str) -> Found:
    """The frames of JSON lines, or of one JSON array: events, or objects that hold one with its time and direction."""
    objects = _objects(text)
    frames = [frame for found in objects if (frame := frame_of(found)) is not None]
    if not frames:
        raise RecordingError("the file holds no Realtime event", "JSON lines, a HAR or mitmproxy flows can be opened")
    missing = []
    if len(frames) < len(objects):
        count = len(objects) - len(frames)
        missing.append(f"{count} lines are no events and were left out" if count > 1 else _ONE_LINE)
    return Found(frames, "", missing)


def _objects(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        try:
            whole = json.loads(text, parse_constant=lambda name: None)
        except (ValueError, RecursionError):
            whole = None
        if isinstance(whole, list):
            return whole
    lines = (found.span() for found in _LINES.finditer(text))
    kept = (text[start:end] if end - start <= MOST_LINE else "" for start, end in lines)
    return [_parsed(line) for line in kept if not line.isspace()]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line, parse_constant=lambda name: None)  # NaN is no JSON
    except (ValueError, RecursionError):
        return None


def frame_of(found: Any) -> Frame | None:
    """The frame of an object; ``None`` if it holds no event."""
    if not isinstance(found, dict):
        return None
    for name in _EVENTS:
        inner = found.get(name)
        inner = _parsed(inner) if isinstance(inner, str) else inner
        if isinstance(inner, dict) and _is_event(inner):
            return Frame(inner, _first_time(found), _direction(found))
    return Frame(found, _first_time(found), None) if _is_event(found) else None


def _is_event(found: Any) -> bool:
    kind = found.get("type") if isinstance(found, dict) else None
    return isinstance(kind, str) and (kind == "error" or "." in kind)


def _first_time(found: dict[str, Any]) -> float | None:
    return next((at for name in _TIMES if (at := seconds_of(found.get(name))) is not None), None)


def seconds_of(value: Any) -> float | None:
    """A time in seconds: a number of seconds, of milliseconds since 1970, or ISO 8601."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            return datetime.datetime.fromisoformat(value).timestamp()
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if not isinstance(value, int | float) or not 0 <= value < 1e16:
        return None
    return value / 1000 if value > 1e11 else float(value)


def _direction(found: dict[str, Any]) -> bool | None:
    for name in _DIRECTIONS:
        word = str(found.get(name, "")).lower()
        if word in _UP or word in _DOWN:
            return word in _UP
    return None


def _is_output(frame: Frame) -> bool:
    item = frame.event.get("item")
    return isinstance(item, dict) and item.get("type") == "function_call_output"


def _sound_s(frame: Frame, name: str) -> float:
    """Seconds of sound in a frame, at the usual rate."""
    pcm = frame.event.get(name)
    is_sound = str(frame.event.get("type", "")) in _WITH_SOUND
    return len(pcm) * 3 / 4 / 48_000 if is_sound and isinstance(pcm, str) else 0.0


def timed(frames: Iterable[Frame]) -> tuple[list[Frame], bool]:
    """The frames with times from 0 on, which never go back; and whether any had to be made up.

    A time that is made up leaves room for the sound: an answer ends before the user goes on.
    """
    made_up, found = False, []
    zero: float | None = None
    last = heard = 0.0
    for frame in frames:
        at, kind = frame.at, frame.event.get("type")
        if at is None:
            made_up = True
            if kind in _USER_GOES_ON or (kind == "conversation.item.create" and not _is_output(frame)):
                last = max(last, heard)
            last += _sound_s(frame, "audio") or 0.02
            heard = max(heard, last) + _sound_s(frame, "delta")
        else:
            zero = at - last if zero is None else zero
            last = max(last, min(at - zero, MOST_S))
        found.append(Frame(frame.event, last, frame.sent))
    return found, made_up
