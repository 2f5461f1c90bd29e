"""Follows speech that the server's VAD detects: its level, and whether a transcript is overdue."""

from collections import deque

from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import SpeechNoticed, SpeechState
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import SpeechTranscriptLate

BEFORE_FRAMES = 30
"""Frames before the server's detection that count as part of the speech (600 ms at 20 ms a frame)."""

WORDS_S = 3.0
"""Seconds after the end of speech; without a transcript by then it counts as a false detection."""


class SpeechWatch:
    """Reports `SpeechNoticed` for each turn that the server's VAD started.

    Args:
        out: collects the effects.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._before: deque[float] = deque(maxlen=BEFORE_FRAMES)
        self._now: SpeechNoticed | None = None
        self._ended: dict[int, SpeechNoticed] = {}

    def frame(self, level_db: float | None) -> None:
        """Record the level of a microphone frame in dBFS; ``None``: not measured."""
        if level_db is None:
            return
        self._before.append(level_db)
        now = self._now
        if now is not None and (now.level_db is None or level_db > now.level_db):
            self._now = SpeechNoticed(now.turn, now.state, now.cut_agent, level_db)

    def began(self, turn: int, cut_agent: bool) -> None:
        """The server's VAD detected speech; ``cut_agent``: it interrupted the agent."""
        level_db = max(self._before, default=None)
        if self._now is not None and self._now.turn == turn:  # same turn
            cut_agent = cut_agent or self._now.cut_agent
        self._now = SpeechNoticed(turn, SpeechState.BEGUN, cut_agent, level_db)
        self._out.report(self._now)

    def ended(self, turn: int, transcript_due: bool) -> None:
        """The speech ended; ``transcript_due``: whether the session transcribes the user."""
        now = self._now
        if now is None or now.turn != turn:
            return
        self._now = None
        self._before.clear()
        self._out.report(SpeechNoticed(turn, SpeechState.ENDED, now.cut_agent, now.level_db, transcript_due))
        if transcript_due:
            self._ended[turn] = SpeechNoticed(turn, SpeechState.TRANSCRIPT_LATE, now.cut_agent, now.level_db, True)
            self._out.add(Schedule(SpeechTranscriptLate(turn), WORDS_S))

    def transcript_late(self, turn: int) -> None:
        """Handle `SpeechTranscriptLate`: report it. The store knows whether a transcript arrived."""
        overdue = self._ended.pop(turn, None)
        if overdue is not None:
            self._out.report(overdue)

    def close(self) -> None:
        """The session ended: reset all state; nothing is reported about speech whose transcript was still due."""
        self._now = None
        self._before.clear()
        self._ended.clear()
