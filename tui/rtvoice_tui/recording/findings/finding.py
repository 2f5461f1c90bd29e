"""Runs all rules over the frames of a recording, or of a running session."""

from collections.abc import Iterable, Iterator

import msgspec

from rtvoice_tui.audio.pcm.levels import measure
from rtvoice_tui.recording.findings.frames import Finding, Frame, Rule
from rtvoice_tui.recording.findings.items import LateTranscript, OwnEcho, ToolLoop, Truncation, UnknownCall
from rtvoice_tui.recording.findings.responses import (
    NoFirstAudio,
    NotCompleted,
    SecondResponse,
    ServerError,
    SilentAudio,
)
from rtvoice_tui.recording.findings.sessions import NearCap, NotAcknowledged
from rtvoice_tui.recording.format import Track, WireLine, started_at
from rtvoice_tui.recording.reader import Recording


class _Typed(msgspec.Struct):
    type: str = ""
    item_id: str = ""


_TYPED = msgspec.json.Decoder(_Typed)


def rules(started: float | None = None) -> list[Rule]:
    """All rules. ``started``: wall clock at the time 0, in seconds."""
    return [
        ServerError(),
        SecondResponse(),
        NotCompleted(),
        NoFirstAudio(),
        SilentAudio(),
        Truncation(),
        UnknownCall(),
        ToolLoop(),
        LateTranscript(),
        OwnEcho(),
        NotAcknowledged(),
        NearCap(started),
    ]


def findings(recording: Recording) -> list[Finding]:
    """What is wrong in a recording, by time."""
    started = started_at(recording.manifest).timestamp() or None
    return sorted(found(_frames(recording), rules(started), recording.ends), key=lambda finding: finding.at)


def found(frames: Iterable[Frame], by: list[Rule], ends: float = 0.0) -> Iterator[Finding]:
    """What rules find in frames. ``ends``: when the session ended, or up to when it went on, in seconds."""
    at = 0.0
    for frame in frames:
        at = frame.at
        for rule in by:
            yield from rule.frame(frame)
    for rule in by:
        yield from rule.end(max(at, ends))


def _frames(recording: Recording) -> Iterator[Frame]:
    for line in recording.wire():
        frame = _frame(recording, line)
        if frame is not None:
            yield frame


def _is_read(kind: str) -> bool:
    """Whether a rule reads the content of such events."""
    return not kind.endswith(".delta")


def _frame(recording: Recording, line: WireLine) -> Frame | None:
    try:
        typed = _TYPED.decode(line.event)
        event = msgspec.json.decode(line.event) if _is_read(typed.type) and line.speech is None else {}
    except (msgspec.DecodeError, RecursionError):
        return None
    up = line.direction == "up"
    if line.speech is not None:
        received = line.speech.track is Track.RECEIVED
        manifest = recording.manifest
        ms = line.speech.size / 2 / (manifest.output_rate if received else manifest.input_rate) * 1000
        level_db = None
        if received and recording.keeps(line.speech):
            pcm = recording.speech(line.speech)
            level_db = measure(pcm[: len(pcm) // 2 * 2]).rms_db
        return Frame(line.at, up, typed.type, {"item_id": typed.item_id}, ms, level_db)
    return Frame(line.at, up, typed.type, event if isinstance(event, dict) else {})
