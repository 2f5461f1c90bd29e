"""The recording of the running session: when it begins, whether sound is kept, and its end."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from rtvoice_tui import __version__
from rtvoice_tui.engine.observers import MachineMade, Observed, Stepped
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.profiles.writing import write_privately
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.wire import Wire
from rtvoice_tui.recording.format import MANIFEST, Manifest, State, encoded
from rtvoice_tui.recording.library import new_folder, prune
from rtvoice_tui.recording.recorder import Recorder
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
    said leaves nothing behind; and it keeps no sound.

    Args:
        root: the folder of the recordings.
        wire: the codec of the frames.
        clock: returns seconds, on the clock of all times.
        report: called with a notice, from any thread.
        asked: whether the user asked for it, so that it begins at once and keeps sound.
        settings: how many recordings are kept.

    Attributes:
        folder: the folder of the recording; ``None`` before it begins, and after it failed.
        asked: whether the user asked for it.
        sound: whether sound is kept now.
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
        self._root = root
        self._report = report
        self._settings = settings
        self._zero = time.time() - clock()
        self._recorder = Recorder(wire, self._put)
        self._counter = SummaryCounter()
        self._manifest = Manifest(app=__version__, started=_iso(self._zero))
        self._held: list[tuple[str, bytes]] = []
        self._held_size = 0
        self._sink: Sink | None = None
        self._lock = threading.Lock()
        self._failed = False
        if asked:
            self.keep_sound(True)

    def __call__(self, observed: Observed, at: float) -> None:
        """Record what was observed. On the session's thread."""
        if isinstance(observed, MachineMade) and not self._manifest.provider:
            self._describe(observed)
        self._recorder(observed, at)
        self._counter(observed, at)
        if self._sink is None and not self._failed and (self.asked or self._begins(observed)):
            self._begin()

    def heard(self, pcm: bytes, at: float) -> None:
        """Record a block that the device plays from ``at`` on. On the device's thread."""
        self._recorder.heard(pcm, at, self._manifest.output_rate)

    def keep_sound(self, keep: bool) -> None:
        """Keep sound from now on, which is to ask for the recording; or no longer."""
        self.sound, self.asked = keep, self.asked or keep
        self._manifest = replace(self._manifest, asked=self.asked, sound=self._manifest.sound or keep)
        self._recorder.keep_sound(keep)
        if self._sink is not None:
            self._write_manifest()

    def close(self) -> bool:
        """End the recording; false if the disk takes too long. Called once the session has ended."""
        self._recorder.flush()
        if self._sink is None:
            return True
        whole = self._sink.close(ENDING_S)
        if self.folder is not None:
            self._manifest = replace(self._manifest, state=State.COMPLETE, summary=self._counter.summary)
            self._write_manifest()
        return whole

    # --- the folder

    def _begins(self, observed: Observed) -> bool:
        """Whether the black box has something to keep now: the first turn."""
        if not self._settings.black_box or not isinstance(observed, Stepped):
            return False
        return any(isinstance(effect, Report) and isinstance(effect.fact, TurnStarted) for effect in observed.effects)

    def _describe(self, made: MachineMade) -> None:
        dialect, settings = DIALECTS[made.dialect], made.settings
        self._manifest = replace(
            self._manifest,
            profile=made.profile,
            provider=made.dialect,
            identity=made.identity,
            input_rate=dialect.fixed_rate or settings.input_rate,
            output_rate=dialect.fixed_rate or settings.output_rate,
        )

    def _begin(self) -> None:
        """Make the folder, and write what was held."""
        folder = new_folder(self._root, time.time(), self._manifest.profile)
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            sink = Sink(folder, self._broken)
        except OSError as error:
            self._broken(error.strerror or str(error))
            return
        with self._lock:
            for name, data in self._held:
                sink.put(name, data)
            self._held.clear()
            self._sink = sink
        self.folder = folder
        self._write_manifest()
        begun = 0 if self.asked else 1
        pruning = (self._root, self._settings, time.time(), begun)
        threading.Thread(target=prune, args=pruning, name="old recordings", daemon=True).start()

    def _put(self, name: str, data: bytes) -> None:
        with self._lock:
            if self._sink is not None:
                self._sink.put(name, data)
                return
            if self._failed:
                return
            self._held.append((name, data))
            self._held_size += len(data)
            too_much = self._held_size > MOST_HELD
        if too_much:
            self._broken("the session went on for too long before it was asked for")

    def _write_manifest(self) -> None:
        folder = self.folder
        if folder is None:
            return
        try:
            if not folder.is_dir():
                raise ProfileError(f"{folder} is gone", "")
            write_privately(folder / MANIFEST, encoded(self._manifest).decode())
        except ProfileError as error:
            self._broken(error.sentence)

    def _broken(self, reason: str) -> None:
        """Nothing more can be written: say so once; the session goes on."""
        if self._failed:
            return
        self._failed, self.sound = True, False
        self._held.clear()
        what = f"the recording ended: {reason}"
        remedy = f"make room for {self._root}, then start again; what was written until now is kept"
        self._report(Notice(Level.WARNING, what, remedy))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")
