"""Feeds a recording through a fresh machine, so that observers see the session again: its facts, effects and frames."""

import itertools
import logging
from collections.abc import Sequence

from rtvoice_tui.engine.observers import FrameReceived, FrameSent, MachineMade, Observed, Observer, Stepped
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.wire import Decoded, Wire
from rtvoice_tui.recording.format import JournalLine, WireLine
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.session.commands import MicFrame
from rtvoice_tui.session.inputs import Input, Received
from rtvoice_tui.session.realtime.machine import SessionMachine

log = logging.getLogger(__name__)


class Replayer:
    """Replays a recording, from its beginning on. No clock: it is as fast as the machine.

    Args:
        recording: the recording.
        observers: notified of everything as they were of the session.

    Attributes:
        at: time of what was replayed last, in seconds.
        ended: whether all of it was replayed, or as much as can be.
        problem: why the rest cannot be replayed; empty if all of it can.
    """

    def __init__(self, recording: Recording, observers: Sequence[Observer]) -> None:
        self._recording = recording
        self._observers = list(observers)
        self._wire: Wire = RealtimeWire()
        self._machine: SessionMachine | None = None
        self._ids = itertools.count(1)
        self._journal = recording.journal()
        self._next = next(self._journal, None)
        self._frames = recording.wire()
        self._frame = next(self._frames, None)
        self._frames_seen = 0
        self.at = 0.0
        self.ended = self._next is None
        self.problem = ""

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
        while (line := self._next) is not None and line.at <= at:
            self._line(line)
            self._next = next(self._journal, None)
        if self._next is None:
            self._frames_before(None)
            self.ended = True

    def all(self) -> None:
        """Replay everything."""
        self.until(float("inf"))

    def _line(self, line: JournalLine) -> None:
        if line.machine is not None:
            self._frames_before(line.frames)
            self._make(line.machine, line.at)
        elif line.wire is not None:
            self._frames_before(line.wire)
            self._received(line)
        elif line.mic:
            for frame in line.mic:
                self._frames_before(frame.frames)
                self._step(MicFrame(bytes(frame.size), frame.level_db), frame.at)
        elif line.happened is not None:
            self._frames_before(line.frames)
            self._step(line.happened, line.at)

    def _make(self, made: MachineMade, at: float) -> None:
        dialect = DIALECTS.get(made.dialect)
        if dialect is None:
            raise RecordingError(
                f"{self._recording.name} is of a provider that is not known here", "update rtvoice-tui"
            )
        self._machine = SessionMachine(
            dialect, made.settings, made.tools, self._new_id, made.turn, made.talk, made.audio, made.calls_in_a_row
        )
        self._observe(made, at)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}-{next(self._ids)}"

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

    def _frames_before(self, count: int | None) -> None:
        """Observe the frames that no input refers to, up to a number of frames."""
        while (count is None or self._frames_seen < count) and (frame := self._take()) is not None:
            if frame.direction == "down":
                self._observe(FrameReceived(*self._decoded(frame)), frame.at)
            else:
                text = _text(frame)
                self._observe(FrameSent(self._wire.decode_sent(text, self._speech(frame)), text), frame.at)

    def _take(self) -> WireLine | None:
        frame, self._frame = self._frame, next(self._frames, None)
        self._frames_seen += frame is not None
        return frame

    def _decoded(self, frame: WireLine) -> tuple[str, Decoded]:
        text = _text(frame)
        decoded = self._wire.decode(text)
        return text, self._wire.with_speech(decoded, self._speech(frame)) if frame.speech is not None else decoded

    def _speech(self, frame: WireLine) -> bytes:
        return self._recording.speech(frame.speech) if frame.speech is not None else b""

    def _observe(self, observed: Observed, at: float) -> None:
        self.at = at
        for observer in self._observers:
            observer(observed, at)


def _text(frame: WireLine) -> str:
    """A frame as text, without its speech."""
    return frame.frame if frame.frame is not None else bytes(frame.event).decode("utf-8", "replace")
