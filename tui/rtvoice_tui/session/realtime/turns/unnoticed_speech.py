"""Notices that the user speaks and the server does not react, so that the user need not guess why."""

from rtvoice_tui.session.realtime.outbox import Outbox

VOICED_DB = -40.0
"""Minimum level of a frame that counts as speech, in dBFS (RMS)."""

VOICED_FRAMES = 250
"""Frames of speech without a reaction after which the user is told (5 s at 20 ms a frame)."""

ALL_FRAMES = 750
"""Frames since the first of them after which the user is told at the earliest (15 s)."""

QUIET_FRAMES = 500
"""After so many frames without speech (10 s) counting starts again."""

SENTENCE = "you have been speaking for a while, and the server has not noticed it"
REMEDY = "check turn detection and its threshold (F6), or end the turn with space"


class UnnoticedSpeech:
    """Counts speech in the microphone that is sent while the server reports none.

    Args:
        out: gets one warning for each stretch of speech that the server does not react to.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._voiced = self._all = self._quiet = 0
        self._told = False

    def frame(self, level_db: float | None) -> None:
        """A frame was sent while nothing is heard from the server; ``level_db``: its level, if it was measured."""
        voiced = level_db is not None and level_db >= VOICED_DB
        self._quiet = 0 if voiced else self._quiet + 1
        if self._quiet > QUIET_FRAMES:
            self._voiced = self._all = 0
        if not voiced and not self._voiced:
            return
        self._voiced += voiced
        self._all += 1
        if self._voiced >= VOICED_FRAMES and self._all >= ALL_FRAMES and not self._told:
            self._told = True
            self._out.warn(SENTENCE, REMEDY)

    def noticed(self) -> None:
        """The server reacted: it detected speech, transcribed some, or started a response."""
        self._voiced = self._all = self._quiet = 0
        self._told = False

    def close(self) -> None:
        """The session ended."""
        self.noticed()
