"""The user's side of a conversation: turns, whether the user is speaking, and transcripts."""

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import Moment, TurnStarted, UserSaid
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.turns.speech_watch import SpeechWatch
from rtvoice_tui.session.timers import TranscriptLate

KEPT = 256
"""Number of user items whose turns are kept, for late events that name them."""

WORDS_S = 3.0
"""Seconds that the response to a committed turn waits for its transcript, with providers that need it first."""


class Listening:
    """Numbers the turns, and tracks the user's speech and its transcripts.

    Args:
        out: collects the effects.

    Attributes:
        turn: number of the last turn.
        talking: whether a push-to-talk turn is running.
        server_hears: whether the server's VAD detects speech.
        recognises: whether a transcript of the user was received in this session.
        unanswered: whether the server is expected to start a response by itself.
        watch: follows speech that the server's VAD detects.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self.turn = 0
        self.talking = False
        self.server_hears = False
        self.recognises = False
        self._talk_turn = 0
        self._turns: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._awaiting_words = ""
        self._awaited_item = ""
        self._answer_due = False
        self.unanswered = False
        self.watch = SpeechWatch(out)

    @property
    def hearing(self) -> bool:
        """Whether the user is speaking, according to the talk key or the server's VAD."""
        return self.talking or self.server_hears

    def next_turn(self) -> int:
        """Start a new turn; returns its number."""
        self.turn += 1
        self._out.report(TurnStarted(self.turn))
        return self.turn

    def current_turn(self) -> int:
        """The turn that a response belongs to; an agent that speaks first starts turn 1."""
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
        """The server's VAD detected speech; returns the turn. Speech in a push-to-talk turn belongs to that turn."""
        if item_id not in self._turns or not item_id:
            turn = self._remember(item_id, self._talk_turn or self.next_turn())
            self._out.report(UserSaid(turn, item_id, "", final=False))
        self._talk_turn = 0
        self.server_hears = True
        self.unanswered = False
        turn = self._turns[item_id]
        self._out.reach(turn, Moment.SPEECH_STARTED)
        return turn

    def stopped(self, item_id: str) -> int:
        """The server's VAD detected the end of speech; returns the turn."""
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
        """Expect the server to respond to this turn by itself."""
        self.unanswered = True

    def words(self, event: ev.TranscriptionDelta | ev.TranscriptionCompleted | ev.TranscriptionFailed) -> None:
        """Handle a transcription event: a delta appends, a completed transcript replaces."""
        item_id = event.item_id
        turn = self._turn_of(item_id)
        if isinstance(event, ev.TranscriptionDelta):
            self.interim_transcript(item_id, self._texts.get(item_id, "") + event.delta)
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

    def interim_transcript(self, item_id: str, text: str) -> None:
        """Set an item's whole interim transcript."""
        turn = self._turn_of(item_id)
        self._texts[item_id] = text
        self._out.report(UserSaid(turn, item_id, text, final=False))

    def stop_waiting(self) -> None:
        """Stop waiting for the transcript of a committed turn: it has arrived, or no response is wanted any more."""
        self._awaiting_words = self._awaited_item = ""
        self._answer_due = False

    # --- push-to-talk turns

    def talk_started(self) -> int:
        """The user started a push-to-talk turn; returns its number."""
        self.talking = True
        self.stop_waiting()
        turn = self._talk_turn = self.next_turn()
        self._out.reach(turn, Moment.SPEECH_STARTED)
        return turn

    def talk_ended(self, server_goes_on: bool) -> None:
        """The user ended a push-to-talk turn; ``server_goes_on``: the server's VAD still has to detect its end."""
        self.talking = False
        if not server_goes_on:
            self.server_hears = False
            self._talk_turn = 0

    def await_transcript(self, event_id: str) -> None:
        """Request the response to this commit only when its transcript has arrived, or is overdue."""
        self._awaiting_words = event_id
        self._out.add(Schedule(TranscriptLate(event_id), WORDS_S))

    def transcript_late(self, event_id: str) -> bool:
        """Handle `TranscriptLate`: true if that transcript is still awaited, so that the response is requested now."""
        if self._awaiting_words != event_id:
            return False
        self.stop_waiting()
        return True

    def pop_response_due(self) -> bool:
        """Return and clear whether an awaited transcript has arrived, so that the response can be requested."""
        due, self._answer_due = self._answer_due, False
        return due

    def close(self) -> None:
        """The session ended: reset all state except the turn number."""
        self.talking = self.server_hears = self.recognises = self.unanswered = False
        self._talk_turn = 0
        self.stop_waiting()
        self._turns.clear()
        self._texts.clear()
