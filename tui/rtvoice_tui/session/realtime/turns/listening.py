"""The user's side of a conversation: turns, who hears them, and recognised words."""

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import Moment, TurnStarted, UserSaid
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import TranscriptLate

KEPT = 256
"""Items of the user whose turns are known, for late events that still name them."""

WORDS_S = 3.0
"""How long an answer to a talk turn waits for the transcript, where the provider wants it first."""


class Listening:
    """Counts turns, and knows what the user is doing.

    Args:
        out: where effects go.

    Attributes:
        turn: the last turn that began.
        talking: whether a turn by key is under way.
        server_hears: whether the server says that it hears speech.
        recognises: whether words of the user have ever come in this session.
        unanswered: whether the server has something to answer by itself.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self.turn = 0
        self.talking = False
        self.server_hears = False
        self.recognises = False
        self._claim = 0
        self._turns: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._awaiting_words = ""
        self._awaited_item = ""
        self._answer_due = False
        self.unanswered = False

    @property
    def hearing(self) -> bool:
        """Whether the user speaks, as far as anybody knows."""
        return self.talking or self.server_hears

    def next_turn(self) -> int:
        """Begin a turn."""
        self.turn += 1
        self._out.report(TurnStarted(self.turn))
        return self.turn

    def current_turn(self) -> int:
        """The turn that an answer belongs to; an agent that speaks first begins turn 1."""
        return self.turn or self.next_turn()

    def _turn_of(self, item_id: str) -> int:
        known = self._turns.get(item_id)
        return known if known is not None else self._remember(item_id, self.current_turn())

    def _remember(self, item_id: str, turn: int) -> int:
        self._turns[item_id] = turn
        if len(self._turns) > KEPT:
            oldest = next(iter(self._turns))
            del self._turns[oldest]
            self._texts.pop(oldest, None)
        return turn

    # --- turn detection by the server

    def started(self, item_id: str) -> int:
        """The server hears speech; returns the turn. What it hears of a turn by key is no turn of its own."""
        if item_id not in self._turns or not item_id:
            turn = self._remember(item_id, self._claim or self.next_turn())
            self._out.report(UserSaid(turn, item_id, "", final=False))
        self._claim = 0
        self.server_hears = True
        self.unanswered = False
        turn = self._turns[item_id]
        self._out.reach(turn, Moment.SPEECH_STARTED)
        return turn

    def stopped(self, item_id: str) -> int:
        """The server decided that the user finished; returns the turn."""
        self.server_hears = False
        turn = self._turns.get(item_id, self.turn)
        self._out.reach(turn, Moment.SPEECH_STOPPED)
        return turn

    def committed(self, item_id: str) -> int:
        """The input buffer became a user item; returns the turn."""
        self.server_hears = False
        if self._awaiting_words and not self._awaited_item:
            self._awaited_item = item_id
        if item_id not in self._turns:
            turn = self._remember(item_id, self.current_turn())
            self._out.report(UserSaid(turn, item_id, "", final=False))
        self._out.reach(self._turns[item_id], Moment.COMMITTED)
        return self._turns[item_id]

    def expect_answer(self) -> None:
        """The server will answer this turn by itself."""
        self.unanswered = True

    def words(self, event: ev.TranscriptionDelta | ev.TranscriptionCompleted | ev.TranscriptionFailed) -> None:
        """Recognised words arrived: a delta adds, a completed text replaces."""
        item_id = event.item_id
        turn = self._turn_of(item_id)
        if isinstance(event, ev.TranscriptionDelta):
            self.words_so_far(item_id, self._texts.get(item_id, "") + event.delta)
            return
        if isinstance(event, ev.TranscriptionFailed):
            reason = event.error.message or event.error.word or "no reason given"
            self._out.report(UserSaid(turn, item_id, self._texts.pop(item_id, ""), final=True, failed=reason))
        else:
            self._texts.pop(item_id, None)
            self.recognises = self.recognises or bool(event.transcript.strip())
            self._out.report(UserSaid(turn, item_id, event.transcript, final=True))
            self._out.reach(turn, Moment.TRANSCRIBED)
        if isinstance(event, ev.TranscriptionFailed) or not event.transcript.strip():
            self.unanswered = False
        if self._awaiting_words and turn == self.turn and self._awaited_item in ("", item_id):
            self.stop_waiting()
            self._answer_due = True

    def words_so_far(self, item_id: str, text: str) -> None:
        """What was recognised so far, whole."""
        turn = self._turn_of(item_id)
        self._texts[item_id] = text
        self._out.report(UserSaid(turn, item_id, text, final=False))

    def stop_waiting(self) -> None:
        """A talk turn will not be answered when its words come, or they have come."""
        self._awaiting_words = self._awaited_item = ""
        self._answer_due = False

    # --- turns by key

    def talk_started(self) -> int:
        """The user begins to speak, by key; returns the turn."""
        self.talking = True
        self.stop_waiting()
        turn = self._claim = self.next_turn()
        self._out.reach(turn, Moment.SPEECH_STARTED)
        return turn

    def talk_ended(self, server_goes_on: bool) -> None:
        """The user has finished, by key; ``server_goes_on``: the turn is over when the server has heard that."""
        self.talking = False
        if not server_goes_on:
            self.server_hears = False
            self._claim = 0

    def await_words(self, event_id: str) -> None:
        """The turn of this commit is answered when its words are there."""
        self._awaiting_words = event_id
        self._out.do(Schedule(TranscriptLate(event_id), WORDS_S))

    def words_overdue(self, event_id: str) -> bool:
        """The transcript of a talk turn is late; true if it is still the one waited for."""
        if self._awaiting_words != event_id:
            return False
        self.stop_waiting()
        return True

    def take_answer_due(self) -> bool:
        """Whether the words of a talk turn have just come, so that it can be answered."""
        due, self._answer_due = self._answer_due, False
        return due

    def close(self) -> None:
        """The session ended."""
        self.talking = self.server_hears = self.recognises = self.unanswered = False
        self._claim = 0
        self.stop_waiting()
        self._turns.clear()
        self._texts.clear()
