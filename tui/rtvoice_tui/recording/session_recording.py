"""The recording of the running session: when it begins, whether sound is kept, and its end."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from rtvoice_tui import __version__
from rtvoice_tui.engine.observers import MachineMade, Observed, Stepped
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.protocol.wire import Wire
from rtvoice_tui.recording.format import Manifest, State, encoded
from rtvoice_tui.recording.library import delete, new_folder, prune
from rtvoice_tui.recording.recorder import Recorder, rates
from rtvoice_tui.recording.sink import Sink
from rtvoice_tui.recording.summary import SummaryCounter
from rtvoice_tui.session.effects import Report
from rtvoice_tui.session.facts import Level, Notice, TurnStarted

MOST_HELD = 32 << 20
"""Bytes that are held in memory before the recording begins."""

ENDING_S = 3.0
"""How long the end waits for the disk."""


class SessionRecording:
    """Records a session from its first input on: an observer.

    Without being asked it keeps what happens in memory until the first turn, so that a session in which nothing was
    said leaves nothing behind; and it keeps no sound. What can no longer be written is reported once.

    Args:
        root: the folder of the recordings.
        wire: the codec of the frames.
        clock: returns seconds, on the clock of all times.
        report: called with a notice, from any thread.
        asked: whether the user asked for it, so that it begins at once and keeps sound.
        settings: how many recordings are kept.

    Attributes:
        folder: the folder of the recording; ``None`` before it begins.
        asked: whether the user asked for it.
        sound: whether sound is kept now.
        problem: why nothing is recorded any more; ``None`` while it is.
    """

    def __init__(
        self,
        root: Path,
        wire: Wire,
        clock: Callable[[], float],
        report: Callable[[Notice], None],
        asked: bool,
        settings: RecordingSettings,
    ) -> None:
        self.folder: Path | None = None
        self.asked = asked
        self.sound = False
        self.problem: Notice | None = None
        self._root = root
        self._report = report
        self._settings = settings
        self._clock = clock
        self._recorder = Recorder(wire, self._put)
        self._to_hear: deque[tuple[bytes, float, int]] = deque()  # blocks that the device still holds
        self._hearing = threading.Lock()
        self._counter = SummaryCounter()
        self._manifest = Manifest(app=__version__, started=_iso(time.time() - clock()))
        self._held: list[tuple[str, bytes]] = []
        self._held_size = 0
        self._too_late = False  # to be asked for
        self._closed = False
        self._sink: Sink | None = None
        self._lock = threading.RLock()  # taken inside the locks of the tracks, never around them
        if asked:
            self.keep_sound(True)

    def __call__(self, observed: Observed, at: float) -> None:
        """Record what was observed. On the session's thread."""
        if isinstance(observed, MachineMade) and not self._manifest.provider:
            self._describe(observed)
        self._recorder(observed, at)
        self._counter(observed, at)
        if self.folder is None and self.problem is None and (self.asked or self._begins(observed)):
            self._begin()

    def heard(self, pcm: bytes, at: float, rate: int) -> None:
        """Record a block that the device plays from ``at`` on, at ``rate`` Hz. On the device's thread."""
        with self._hearing:
            self._to_hear.append((pcm, at, rate))
            self._hear(self._clock())

    def unheard(self, at: float) -> None:
        """Nothing is heard of the blocks so far from ``at`` on: the device discarded them. On any thread."""
        with self._hearing:
            self._hear(at)
            if self._to_hear:
                pcm, begins, rate = self._to_hear[0]
                if heard := pcm[: max(0, round((at - begins) * rate)) * 2]:
                    self._recorder.heard(heard, begins, rate)
            self._to_hear.clear()

    def _hear(self, until: float) -> None:
        """Record the blocks that were heard by then."""
        while self._to_hear:
            pcm, at, rate = self._to_hear[0]
            if at + len(pcm) / 2 / rate > until:
                break
            self._to_hear.popleft()
            self._recorder.heard(pcm, at, rate)

    def keep_sound(self, keep: bool) -> None:
        """Keep sound from now on, which is to ask for the recording; or no longer. May be called from any thread."""
        if keep and self._too_late:
            self._broken("the session went on for too long before it was asked for")
        with self._hearing:
            self._hear(float("inf"))
        with self._lock:
            if self._closed or self.problem is not None:
                return
            self.sound, self.asked = keep, self.asked or keep
            self._manifest = replace(self._manifest, asked=self.asked, sound=self._manifest.sound or keep)
            if self._sink is not None:
                self._sink.describe(encoded(self._manifest))
        self._recorder.keep_sound(keep)

    def close(self) -> bool:
        """End the recording; false if the disk takes too long. Called once the session has ended."""
        with self._hearing:
            self._hear(float("inf"))
        self._recorder.flush()
        with self._lock:
            self._closed, self.sound = True, False
            self._manifest = replace(self._manifest, state=State.COMPLETE, summary=self._counter.summary)
            self._held.clear()
            sink = self._sink
            if sink is None:
                return True
            if self.problem is None:
                sink.describe(encoded(self._manifest))
        whole = sink.close(ENDING_S)
        if self.folder is not None and not self.asked and not self._counter.summary.turns:
            with contextlib.suppress(RecordingError):  # it began only because too much was held
                delete(self.folder)
        return whole

    # --- the folder

    def _begins(self, observed: Observed) -> bool:
        """Whether the black box has something to keep now: the first turn, or too much to hold."""
        if not self._settings.black_box or not isinstance(observed, Stepped):
            return False
        if self._held_size > MOST_HELD:
            return True
        return any(isinstance(effect, Report) and isinstance(effect.fact, TurnStarted) for effect in observed.effects)

    def _describe(self, made: MachineMade) -> None:
        input_rate, output_rate = rates(made)
        with self._lock:
            self._manifest = replace(
                self._manifest,
                profile=made.profile,
                provider=made.dialect,
                identity=made.identity,
                input_rate=input_rate,
                output_rate=output_rate,
            )

    def _begin(self) -> None:
        """Have the folder made, and what was held written."""
        with self._lock:
            folder = new_folder(self._root, time.time(), self._manifest.profile)
            sink = Sink(folder, encoded(self._manifest), self._broken, self._begun)
            for name, data in self._held:
                sink.put(name, data)
            self._held.clear()
            self._sink, self.folder = sink, folder

    def _begun(self) -> None:
        """Delete what is too much now that this recording is there."""
        pruning = (self._root, self._settings, time.time())
        threading.Thread(target=prune, args=pruning, name="old recordings", daemon=True).start()

    def _put(self, name: str, data: bytes) -> None:
        with self._lock:
            if self._sink is not None:
                self._sink.put(name, data)
            elif not (self._closed or self._too_late or self.problem):
                self._hold(name, data)

    def _hold(self, name: str, data: bytes) -> None:
        self._held.append((name, data))
        self._held_size += len(data)
        if self._held_size > MOST_HELD and not (self.asked or self._settings.black_box):
            self._too_late = True
            self._held.clear()

    def _broken(self, reason: str) -> None:
        """Nothing more can be written: say so once; the session goes on. Called from any thread."""
        with self._lock:
            if self.problem is not None:
                return
            self.sound = False
            self._held.clear()
            self.problem = Notice(
                Level.WARNING,
                f"the recording ended: {reason}",
                f"make room in {self._root}, or record elsewhere with --record DIR; what was written is kept",
            )
        self._report(self.problem)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")
