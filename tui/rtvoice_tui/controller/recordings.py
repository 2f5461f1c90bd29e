"""The recording of the running session, as the user sees and changes it."""

from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.recording.handle import RecordingHandle
from rtvoice_tui.session.facts import Level, Notice


class Recordings:
    """Begins and ends the recording of sound.

    Args:
        session: gets notices.
        recording: the recording of the running session; ``None`` if nothing is recorded.
    """

    def __init__(self, session: SessionHandle, recording: RecordingHandle | None) -> None:
        self._session = session
        self._recording = recording

    @property
    def sound(self) -> bool:
        """Whether sound is kept now."""
        return self._recording is not None and self._recording.sound

    def toggle(self) -> None:
        """Keep the sound from now on, or no longer; a notice says where, or why not."""
        if self._recording is None:
            self._say("nothing is recorded: this head has no recording")
            return
        keep = not self._recording.sound
        known = self._recording.problem
        self._recording.keep_sound(keep)
        where, problem = self._recording.folder, self._recording.problem
        if problem is not None:
            if problem is known:  # else it is reported where it came up
                self._session.report(problem)
        elif not keep:
            self._say(f"the sound is no longer recorded; it is in {where}" if where else "the sound is not recorded")
        elif where is None:
            self._say("the sound is recorded from now on; the session was already: rtvoice-tui sessions shows it")
        else:
            self._say(f"the sound is recorded from now on, in {where}")

    def _say(self, words: str) -> None:
        self._session.report(Notice(Level.INFO, words))
