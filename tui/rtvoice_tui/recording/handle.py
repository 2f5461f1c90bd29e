"""The recording of the running session, for heads: light, because what records is imported on the session's thread."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtvoice_tui.engine.observers import Observed
    from rtvoice_tui.engine.plan import Plan
    from rtvoice_tui.recording.session_recording import SessionRecording
    from rtvoice_tui.session.facts import Fact, Notice


class RecordingHandle:
    """An observer that records, once the session runs. The other methods may be called from any thread.

    Args:
        plan: the session's plan at the start.
        clock: returns seconds, on the clock of all times.
        report: called with a notice, from any thread.
        asked: whether the user asked for a recording: with sound, from the start.
        root: the folder of the recordings; ``None`` for the usual one.
        first: whether to say what is kept, as the first run of the app does.
    """

    def __init__(
        self,
        plan: "Plan",
        clock: Callable[[], float],
        report: "Callable[[Fact], None]",
        asked: bool,
        root: Path | None,
        first: bool,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._report = report
        self._asked = asked
        self._root = root
        self._first = first
        self._recording: SessionRecording | None = None

    @property
    def sound(self) -> bool:
        """Whether sound is kept now."""
        return self._recording.sound if self._recording is not None else self._asked

    @property
    def folder(self) -> Path | None:
        """The folder of the recording; ``None`` before it begins."""
        return self._recording.folder if self._recording is not None else None

    @property
    def problem(self) -> "Notice | None":
        """Why nothing is recorded any more; ``None`` while it is."""
        return self._recording.problem if self._recording is not None else None

    def keep_sound(self, keep: bool) -> None:
        """Keep sound from now on, which is to ask for the recording; or no longer. Without effect after a `problem`."""
        self._asked = keep
        if self._recording is not None:
            self._recording.keep_sound(keep)

    def __call__(self, observed: "Observed", at: float) -> None:
        """Record what was observed. On the session's thread."""
        if self._recording is None:
            recording = self._recording = self._made()
            if recording.sound is not self._asked:  # asked for meanwhile
                recording.keep_sound(self._asked)
        self._recording(observed, at)

    def heard(self, pcm: bytes, at: float, rate: int) -> None:
        """Record a block that the device plays from ``at`` on, at ``rate`` Hz. On the device's thread."""
        if self._recording is not None and self._recording.sound:
            self._recording.heard(pcm, at, rate)

    def unheard(self, at: float) -> None:
        """Nothing is heard of the blocks so far from ``at`` on: the device discarded them. On any thread."""
        if self._recording is not None:
            self._recording.unheard(at)

    def close(self) -> None:
        """End the recording. Called once the session has ended."""
        if self._recording is not None:
            self._recording.close()

    def _made(self) -> "SessionRecording":
        from rtvoice_tui.engine.family import make_wire
        from rtvoice_tui.profiles import paths
        from rtvoice_tui.profiles.app_settings import load_app_settings
        from rtvoice_tui.recording.session_recording import SessionRecording
        from rtvoice_tui.session.facts import Level, Notice

        loaded, problem = load_app_settings(paths.settings_file())
        settings = loaded.recording
        if problem:
            self._report(Notice(Level.WARNING, problem, "correct it; until then the defaults hold"))
        if self._first and settings.black_box and not self._asked:
            words = f"the last {settings.black_box_sessions} sessions are kept, without sound"
            remedy = "rtvoice-tui sessions shows them; black_box = false in settings.toml switches that off"
            self._report(Notice(Level.INFO, words, remedy))
        root = self._root or paths.recordings_folder()
        return SessionRecording(root, make_wire(self._plan), self._clock, self._report, self._asked, settings)
