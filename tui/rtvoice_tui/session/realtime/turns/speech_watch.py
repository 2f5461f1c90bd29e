"""Follows the speech that the server notices by itself: how loud it was, and whether words came of it."""

from collections import deque

from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import SpeechNoticed, SpeechState
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import TurnWordless

BEFORE_FRAMES = 30
"""A server notices speech late: so many frames from before (600 ms at 20 ms a frame) belong to it too."""

WORDS_S = 3.0
"""Speech of which no words have come this long after its end was none."""


class SpeechWatch:
    """Tells what is known about each turn that began because the server heard something.

    Args:
        out: where facts go.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._before: deque[float] = deque(maxlen=BEFORE_FRAMES)
        self._now: SpeechNoticed | None = None
        self._ended: dict[int, SpeechNoticed] = {}

    def frame(self, level_db: float | None) -> None:
        """A frame that goes to the server was so loud (dBFS)."""
        if level_db is None:
            return
        self._before.append(level_db)
        now = self._now
        if now is not None and (now.level_db is None or level_db > now.level_db):
            self._now = SpeechNoticed(now.turn, now.state, now.cut_agent, level_db)

    def began(self, turn: int, cut_agent: bool) -> None:
        """The server hears speech, and a turn began."""
        level_db = max(self._before, default=None)
        if self._now is not None and self._now.turn == turn:  # the same turn goes on
            cut_agent = cut_agent or self._now.cut_agent
        self._now = SpeechNoticed(turn, SpeechState.BEGUN, cut_agent, level_db)
        self._out.report(self._now)

    def ended(self, turn: int, words_due: bool) -> None:
        """The server hears it no more; ``words_due``: the session recognises words."""
        now = self._now
        if now is None or now.turn != turn:
            return
        self._now = None
        self._before.clear()
        self._out.report(SpeechNoticed(turn, SpeechState.ENDED, now.cut_agent, now.level_db, words_due))
        if words_due:
            self._ended[turn] = SpeechNoticed(turn, SpeechState.WORDLESS, now.cut_agent, now.level_db, True)
            self._out.do(Schedule(TurnWordless(turn), WORDS_S))

    def wordless(self, turn: int) -> None:
        """The words of a turn are late, if they have not come: whoever remembers knows that."""
        overdue = self._ended.pop(turn, None)
        if overdue is not None:
            self._out.report(overdue)

    def close(self) -> None:
        """The session ended: whether words would have come is not known."""
        self._now = None
        self._before.clear()
        self._ended.clear()
