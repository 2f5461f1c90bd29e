"""The person's side of a conversation: turns, microphone frames, talk turns by hand, and recognised words."""

from collections import deque

from rtvoice_tui.protocol import server_events as ev
from rtvoice_tui.protocol.client_events import AppendInput, CommitInput
from rtvoice_tui.protocol.dialects import Dialect
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import Moment, TurnStarted, UserSaid
from rtvoice_tui.session.outbox import Outbox

PREROLL_FRAMES = 13
"""Frames kept from before the talk key (260 ms at 20 ms a frame), so that the first syllable is not lost."""

MIN_COMMIT_MS = 100.0
"""Servers refuse to commit less than this."""

WORDS_S = 3.0
"""How long an answer to a talk turn waits for the transcript, where the provider wants it first."""


class Listening:
    """Counts turns, and knows what the person is doing.

    Args:
        dialect: who is spoken to.
        input_rate: of the microphone's frames, in Hz.
        out: where effects go.
    """

    def __init__(self, dialect: Dialect, input_rate: int, out: Outbox) -> None:
        self._dialect = dialect
        self._out = out
        self.turn = 0
        self.hearing = False
        self.talking = False
        self._turns: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)
        self._sent_bytes = 0
        self._awaiting_words = ""
        self._awaited_item = ""
        self._answer_due = False
        self.unanswered = False
        self._input_rate = input_rate

    def next_turn(self) -> int:
        """Begin a turn."""
        self.turn += 1
        self._out.tell(TurnStarted(self.turn))
        return self.turn

    def current_turn(self) -> int:
        """The turn that an answer belongs to; an agent that speaks first begins turn 1."""
        return self.turn or self.next_turn()

    # --- turn detection by the server

    def started(self, item_id: str) -> None:
        """The server hears speech."""
        if item_id not in self._turns or not item_id:
            turn = self.next_turn()
            self._turns[item_id] = turn
            self._out.tell(UserSaid(turn, item_id, "", final=False))
        self.hearing = True
        self.unanswered = False
        self._out.reach(self._turns[item_id], Moment.SPEECH_STARTED)

    def stopped(self, item_id: str) -> None:
        """The server decided that the person finished."""
        self.hearing = self.talking
        self._out.reach(self._turns.get(item_id, self.turn), Moment.SPEECH_STOPPED)

    def committed(self, item_id: str) -> None:
        """The input buffer became a user item."""
        self.hearing = self.talking
        if self._awaiting_words and not self._awaited_item:
            self._awaited_item = item_id
        if item_id not in self._turns:
            turn = self._turns[item_id] = self.current_turn()
            self._out.tell(UserSaid(turn, item_id, "", final=False))
        self._out.reach(self._turns[item_id], Moment.COMMITTED)

    def expect_answer(self) -> None:
        """The server will answer this turn by itself."""
        self.unanswered = True

    def words(self, event: ev.TranscriptionDelta | ev.TranscriptionCompleted | ev.TranscriptionFailed) -> None:
        """Recognised words arrived: a delta adds, a completed text replaces."""
        item_id = event.item_id
        turn = self._turns.setdefault(item_id, self.current_turn())
        if isinstance(event, ev.TranscriptionDelta):
            self.words_so_far(item_id, self._texts.get(item_id, "") + event.delta)
            return
        if isinstance(event, ev.TranscriptionFailed):
            reason = event.error.message or event.error.word or "no reason given"
            self._out.tell(UserSaid(turn, item_id, self._texts.pop(item_id, ""), final=True, failed=reason))
        else:
            self._texts.pop(item_id, None)
            self._out.tell(UserSaid(turn, item_id, event.transcript, final=True))
            self._out.reach(turn, Moment.TRANSCRIBED)
        if isinstance(event, ev.TranscriptionFailed) or not event.transcript.strip():
            self.unanswered = False
        if self._awaiting_words and turn == self.turn and self._awaited_item in ("", item_id):
            self.stop_waiting()
            self._answer_due = True

    def words_so_far(self, item_id: str, text: str) -> None:
        """What was recognised so far, whole."""
        turn = self._turns.setdefault(item_id, self.current_turn())
        self._texts[item_id] = text
        self._out.tell(UserSaid(turn, item_id, text, final=False))

    def stop_waiting(self) -> None:
        """A talk turn will not be answered when its words come, or they have come."""
        self._awaiting_words = self._awaited_item = ""
        self._answer_due = False

    # --- the microphone, and turns by hand

    def frame(self, pcm: bytes, manual: bool) -> None:
        """One frame of the microphone: sent at once, or kept as pre-roll while nobody talks by hand."""
        if manual and not self.talking:
            self._preroll.append(pcm)
            return
        self._preroll.clear()
        self._append(pcm)

    def talk_start(self) -> None:
        """The person begins to speak, by key."""
        self.talking = self.hearing = True
        self._sent_bytes = 0
        self.stop_waiting()
        turn = self.next_turn()
        self._out.reach(turn, Moment.SPEECH_STARTED)
        for pcm in list(self._preroll):
            self._append(pcm)
        self._preroll.clear()

    def talk_end(self) -> bool:
        """The person has finished, by key. True if the answer may be asked for at once."""
        if not self.talking:
            return False
        self.talking = self.hearing = False
        if self._sent_bytes * 500 / self._input_rate < MIN_COMMIT_MS:
            self._out.warn("nothing was sent: that turn was shorter than 0.1 s", "talk, then press space again")
            return False
        self._out.reach(self.turn, Moment.SPEECH_STOPPED)
        event_id = self._out.send(CommitInput)
        if not self._dialect.waits_for_words:
            return True
        self._awaiting_words = event_id
        self._out.do(Schedule(f"words:{event_id}", WORDS_S))
        return False

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
        self.hearing = self.talking = self.unanswered = False
        self.stop_waiting()
        self._preroll.clear()
        self._turns.clear()
        self._texts.clear()

    def _append(self, pcm: bytes) -> None:
        self._sent_bytes += len(pcm)
        self._out.send(AppendInput, audio=pcm)
