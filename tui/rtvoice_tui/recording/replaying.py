"""Feeds a recording through a fresh machine, so that observers see the session again: its facts, effects and frames."""

import logging
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from rtvoice_tui.engine.observers import FrameReceived, FrameSent, MachineMade, Observed, Observer, Stepped
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.wire import Decoded, Wire
from rtvoice_tui.recording.format import JournalLine, MicLine, Track, WireLine
from rtvoice_tui.recording.reader import Lines, Recording
from rtvoice_tui.session.commands import MicFrame
from rtvoice_tui.session.inputs import Input, Received
from rtvoice_tui.session.realtime.machine import SessionMachine

log = logging.getLogger(__name__)

Line = TypeVar("Line")


class Ids:
    """Gives ids, such as ``e-3``."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, prefix: str) -> str:
        """A new id."""
        self._count += 1
        return f"{prefix}-{self._count}"


class Place(NamedTuple):
    """Where a replay is.

    Attributes:
        machine: the machine; ``None`` before the first.
        ids: gives the ids of all machines.
        journal: where the next line of the journal begins, in bytes.
        wire: the same of the wire's file.
        frames: number of frames before it.
        at: time of what was replayed last, in seconds.
        mic: number of microphone frames of the journal's next line that are before it.
    """

    machine: SessionMachine | None = None
    ids: Ids | None = None
    journal: int = 0
    wire: int = 0
    frames: int = 0
    at: float = 0.0
    mic: int = 0


BEGINNING = Place()


class Replayer:
    """Replays a recording. No clock: it is as fast as the machine.

    Args:
        recording: the recording.
        observers: notified of everything as they were of the session.
        place: where to begin.

    Attributes:
        at: time of what was replayed last, in seconds.
        ended: whether all of it was replayed, or as much as can be.
        problem: why the rest cannot be replayed; empty if all of it can.
    """

    def __init__(self, recording: Recording, observers: Sequence[Observer], place: Place = BEGINNING) -> None:
        self._recording = recording
        self._observers = list(observers)
        self._wire: Wire = RealtimeWire()
        self._machine = place.machine
        self._ids = place.ids or Ids()
        self._journal = _Ahead(recording.journal(place.journal))
        self._frames = _Ahead(recording.wire(place.wire))
        self._frames_seen = place.frames
        self._mic = place.mic
        self.at = place.at
        self.ended = self._journal.line is None
        self.problem = ""

    @property
    def place(self) -> Place:
        """Where it is now. Its machine goes on stepping: another replay needs a copy."""
        journal, wire = self._journal.place, self._frames.place
        return Place(self._machine, self._ids, journal, wire, self._frames_seen, self.at, self._mic)

    def until(self, at: float) -> None:
        """Replay everything up to a time in seconds.

        Raises:
            RecordingError: the recording is of a provider that is not known.
        """
        if self.ended:
            return
        try:
            self._until(at)
        except RecordingError:
            raise
        except Exception as error:  # a damaged recording may hold any inputs, in any order
            log.info("a recording is damaged", exc_info=error)
            self.problem = f"the recording is damaged: it cannot be replayed beyond {self.at:.1f} s"
            self.ended = True

    def _until(self, at: float) -> None:
        while (line := self._journal.line) is not None and line.at <= at and self._line(line, at):
            self._journal.advance()
        if line is None:
            self._frames_before(None)
            self.ended = True
        else:
            self._frames_before(self._frames_of(line), at)

    def all(self) -> None:
        """Replay everything."""
        self.until(float("inf"))

    def _line(self, line: JournalLine, at: float) -> bool:
        """Replay a line, or its microphone frames up to a time; whether all of it was replayed."""
        if line.mic:
            return self._microphone(line.mic, at)
        self._frames_before(self._frames_of(line))
        if line.machine is not None:
            self._make(line.machine, line.at)
        elif line.wire is not None:
            self._received(line)
        elif line.happened is not None:
            self._step(line.happened, line.at)
        return True

    def _microphone(self, frames: Sequence[MicLine], at: float) -> bool:
        for frame in frames[self._mic :]:
            if frame.at > at:
                return False
            self._frames_before(frame.frames)
            self._step(MicFrame(bytes(frame.size), frame.level_db), frame.at)
            self._mic += 1
        self._mic = 0
        return True

    def _frames_of(self, line: JournalLine) -> int:
        """Number of frames before the next input, which is in this line."""
        if line.mic:
            return line.mic[self._mic].frames
        return line.frames if line.wire is None else line.wire

    def _make(self, made: MachineMade, at: float) -> None:
        dialect = DIALECTS.get(made.dialect)
        if dialect is None:
            raise RecordingError(
                f"{self._recording.name} is of a provider that is not known here", "update rtvoice-tui"
            )
        self._machine = SessionMachine(
            dialect, made.settings, made.tools, self._ids, made.turn, made.talk, made.audio, made.calls_in_a_row
        )
        self._observe(made, at)

    def _step(self, happened: Input, at: float) -> None:
        if self._machine is None:
            return
        self._observe(Stepped(happened, tuple(self._machine.step(happened, at))), at)

    # --- frames

    def _received(self, line: JournalLine) -> None:
        """Step with the received frame that is next."""
        frame = self._take()
        if frame is None or frame.direction != "down" or self._frames_seen - 1 != line.wire:
            raise ValueError(f"line {line.wire} of the wire is missing")
        text, decoded = self._decoded(frame)
        self._step(Received(decoded.event), line.at)
        self._observe(FrameReceived(text, decoded), line.at)

    def _frames_before(self, count: int | None, at: float = float("inf")) -> None:
        """Observe the frames that no input refers to, up to a number of frames, and up to a time."""
        while (count is None or self._frames_seen < count) and (frame := self._frames.line) and frame.at <= at:
            self._take()
            if frame.direction == "down":
                self._observe(FrameReceived(*self._decoded(frame)), frame.at)
            else:
                text = _text(frame)
                self._observe(FrameSent(self._wire.decode_sent(text, self._speech(frame)), text), frame.at)

    def _take(self) -> WireLine | None:
        frame = self._frames.line
        self._frames.advance()
        self._frames_seen += frame is not None
        return frame

    def _decoded(self, frame: WireLine) -> tuple[str, Decoded]:
        text = _text(frame)
        decoded = self._wire.decode(text)
        return text, self._wire.with_speech(decoded, self._speech(frame)) if frame.speech is not None else decoded

    def _speech(self, frame: WireLine) -> bytes:
        """The sound of a frame. Of the microphone only its length counts; what was not kept is taken for speech."""
        speech = frame.speech
        if speech is None:
            return b""
        if speech.track is Track.SENT:
            return bytes(speech.size)
        return self._recording.speech(speech) if self._recording.keeps(speech) else _some_speech(speech.size)

    def _observe(self, observed: Observed, at: float) -> None:
        self.at = at
        for observer in self._observers:
            observer(observed, at)


class _Ahead(Generic[Line]):
    """Lines, of which the next one is known.

    Attributes:
        line: the next line; ``None`` at the end.
        place: where it begins, in bytes.
    """

    def __init__(self, lines: Lines[Line]) -> None:
        self._lines = lines
        self.advance()

    def advance(self) -> None:
        """Go to the line after it."""
        self.place = self._lines.place
        self.line = next(self._lines, None)


def _some_speech(size: int) -> bytes:
    """Sound that is not silence."""
    return (b"\x00\x10\x00\xf0" * (size // 4 + 1))[:size]


def _text(frame: WireLine) -> str:
    """A frame as text, without its speech."""
    return frame.frame if frame.frame is not None else bytes(frame.event).decode("utf-8", "replace")
