"""The time line of a recording: how long it is, where its turns begin, how loud both sides are, and checkpoints.

A thread replays the recording once, as fast as it goes, and leaves a checkpoint every few seconds of it.
"""

import logging
import threading
from array import array
from bisect import bisect_right
from collections.abc import Callable

from rtvoice_tui.audio.pcm.levels import measure
from rtvoice_tui.engine.observers import (
    EventLogObserver,
    FrameReceived,
    FrameSent,
    Observed,
    Observer,
    Stepped,
    store_observer,
)
from rtvoice_tui.media import FLOOR_DB
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.checkpoints import Checkpoint
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replaying import BEGINNING, Place, Replayer
from rtvoice_tui.session.commands import LocalSpeech, MicFrame
from rtvoice_tui.session.effects import Flush, Play, Report
from rtvoice_tui.session.facts import TurnStarted
from rtvoice_tui.store.store import Store

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""Seconds between two checkpoints, at first."""

MOST_CHECKPOINTS = 128
"""Every second one goes when there are more, and the rest come half as often."""

MOST_BYTES = 200_000_000
"""The same for their memory."""

COLUMN_S = 0.1
"""Seconds of a column of levels."""

_SPOKEN_DB = -15.0
"""Level that stands for speech of the agent whose sound is not kept."""


class Timeline:
    """Indexes a recording in the background.

    Args:
        recording: the recording.
        make_store: creates the store of a replay.

    Attributes:
        begins: time of the first input, in seconds.
        at: up to where it is indexed, in seconds.
        ended: whether all of it is indexed.
        turns: when each turn began, in seconds, by its number.
        microphone: level of each `COLUMN_S` in dBFS, by its number.
        agent: the same of the agent, as it was received and played.
        problem: why there is no more; empty if it is whole.
    """

    def __init__(self, recording: Recording, make_store: Callable[[], Store]) -> None:
        self._recording = recording
        self._make_store = make_store
        self._store = make_store()
        self._checkpoints: list[Checkpoint] = []
        self._times: list[float] = []
        self._event_times = array("d")
        self._every = EVERY_S
        self._stopped = False
        self._thread = threading.Thread(target=self._index, name="timeline", daemon=True)
        self._grown = threading.Condition()
        self.begins = next((line.at for line in recording.journal()), 0.0)
        self.at = self.begins
        self.ended = False
        self.turns: dict[int, float] = {}
        self.microphone: dict[int, float] = {}
        self.agent: dict[int, float] = {}
        self.problem = ""
        self._agent_until = 0.0
        self._length = recording.manifest.summary.length_s

    @property
    def ends(self) -> float:
        """Time of the last input, in seconds; while it is indexed as the manifest says, or as far as is known."""
        return self.at if self.ended else max(self.at, self.begins + self._length)

    def start(self) -> None:
        """Begin to index."""
        self._thread.start()

    def close(self) -> None:
        """Stop indexing, and give the temporary file back."""
        self._stopped = True
        if self._thread.is_alive():
            self._thread.join()
        self._store.events.close()

    def wait(self, at: float, going_on: Callable[[], bool]) -> None:
        """Wait until it is indexed up to a time, or to its end, or as long as ``going_on`` is true."""
        with self._grown:
            while self.at < at and not self.ended and going_on():
                self._grown.wait(0.05)

    def restore(self, at: float) -> tuple[Place, Store]:
        """The last checkpoint at or before a time; the beginning if there is none."""
        place = bisect_right(self._times, at) - 1
        if place < 0:
            return BEGINNING, self._make_store()
        return self._checkpoints[place].restore(self._store.events)

    def time_of_event(self, number: int) -> float | None:
        """The time of an event, counted from 1; ``None`` if there is none, or it is not known yet."""
        return self._event_times[number - 1] if 0 < number <= len(self._event_times) else None

    # --- the thread

    def _index(self) -> None:
        observers: list[Observer] = [
            store_observer(self._store),
            EventLogObserver(self._store.events, RealtimeWire(), lambda fact: None),
            speech_observer(self._store),
            self._observe,
        ]
        replayer = Replayer(self._recording, observers)
        try:
            due = self.begins
            while not replayer.ended and not self._stopped:
                replayer.until(due)
                self._keep(Checkpoint(replayer.place, self._store))
                self._reached(min(due, replayer.at) if replayer.ended else due)
                due += self._every
            self.problem = replayer.problem
        except Exception as error:  # the session tells: it replays the same
            log.warning("a recording cannot be indexed", exc_info=error)
            self.problem = str(error)
        self._reached(max(self.at, replayer.at), ended=True)

    def _reached(self, at: float, ended: bool = False) -> None:
        with self._grown:
            self.at, self.ended = at, ended
            self._grown.notify_all()

    def _keep(self, checkpoint: Checkpoint) -> None:
        self._times.append(checkpoint.at)
        self._checkpoints.append(checkpoint)
        self._checkpoints_bytes = sum(known.size for known in self._checkpoints)
        if len(self._checkpoints) > MOST_CHECKPOINTS or self._checkpoints_bytes > MOST_BYTES:
            self._every *= 2
            kept = self._checkpoints[::2]
            self._checkpoints, self._times = kept, [known.at for known in kept]

    def _observe(self, observed: Observed, at: float) -> None:
        if isinstance(observed, FrameReceived | FrameSent):
            self._event_times.append(at)
        if not isinstance(observed, Stepped):
            return
        if isinstance(observed.input, MicFrame):
            _louder(self.microphone, at, observed.input.level_db)
        for effect in observed.effects:
            match effect:
                case Play():
                    self._played(effect.pcm, at)
                case Flush():
                    self._cut(at)
                case Report(fact=TurnStarted(turn)):
                    self.turns.setdefault(turn, at)

    def _played(self, pcm: bytes, at: float) -> None:
        """What was received is played behind what was received before."""
        rate, kept = self._recording.manifest.output_rate, self._recording.manifest.sound
        start = max(at, self._agent_until)
        step = round(COLUMN_S * rate) * 2
        for first in range(0, len(pcm) - 1, step):
            block = pcm[first : first + step]
            level_db = measure(block[: len(block) // 2 * 2]).rms_db if kept else _SPOKEN_DB
            _louder(self.agent, start + first / 2 / rate, level_db)
        self._agent_until = start + len(pcm) / 2 / rate

    def _cut(self, at: float) -> None:
        for column in range(int(at / COLUMN_S) + 1, int(self._agent_until / COLUMN_S) + 1):
            self.agent.pop(column, None)
        self._agent_until = min(self._agent_until, at)


def _louder(levels: dict[int, float], at: float, level_db: float | None) -> None:
    if level_db is not None:
        column = int(at / COLUMN_S)
        levels[column] = max(levels.get(column, FLOOR_DB), level_db)


def speech_observer(store: Store) -> Observer:
    """Observer that shows whether the user was heard in the microphone, which no fact tells."""

    def observe(observed: Observed, at: float) -> None:
        if isinstance(observed, Stepped) and isinstance(observed.input, LocalSpeech):
            store.audio.local_speech = observed.input.speaking

    return observe
