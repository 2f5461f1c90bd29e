"""The user's side of a conversation: turns, whether the user is speaking, and transcripts."""

from dataclasses import dataclass, field

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.objects import Item
from rtvoice_tui.protocol.remedies import remedy_for
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import Moment, TurnStarted, UserSaid
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.turns.speech_watch import SpeechWatch
from rtvoice_tui.session.realtime.turns.unnoticed_speech import UnnoticedSpeech
from rtvoice_tui.session.timers import AnswerLate, SpeechTranscriptLate, TranscriptLate

KEPT = 256
"""Number of user items whose turns are kept, for late events that name them."""

WORDS_S = 3.0
"""Seconds that the response to a committed turn waits for its transcript, with providers that need it first."""

ANSWER_S = 15.0
"""Seconds after a committed turn until which the server's own answer is expected to begin."""

NOT_TRANSCRIBED = "not transcribed"
NO_TRANSCRIPT = "no transcript came"
DISCARDED = "discarded"


@dataclass
class _UserItem:
    """An item of the user.

    Attributes:
        turn: the turn it belongs to.
        parts: text of each content part.
        told: whether a complete text was told.
        given_up: whether it was reported that there are no words.
        failed: whether it was reported that it could not be recognised.
        complete: content parts whose text was told as complete: later deltas of them repeat it.
        open: whether the user may still be speaking.
        committed: whether the server has made an item of it.
        answered: whether a response has started since.
    """

    turn: int
    parts: dict[int, str] = field(default_factory=dict)
    told: bool = False
    given_up: bool = False
    failed: bool = False
    complete: set[int] = field(default_factory=set)
    open: bool = True
    committed: bool = False
    answered: bool = False

    @property
    def text(self) -> str:
        return " ".join(text for _, text in sorted(self.parts.items()) if text)

    def index_of(self, index: int, text: str) -> int:
        """The part that a complete text is of; some servers count the parts in another way than in the deltas."""
        only = next(iter(self.parts.items()), None) if len(self.parts) == 1 else None
        if index in self.parts or only is None or only[0] in self.complete or not text.startswith(only[1].strip()):
            return index
        return only[0]


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
        unnoticed: follows speech that the server does not react to.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self.turn = 0
        self.talking = False
        self.server_hears = False
        self.recognises = False
        self._talk_turn = 0
        self._items: dict[str, _UserItem] = {}
        self._remedies: set[str] = set()  # those that were told in this session
        self._keys: dict[str, str] = {}
        self._stopped = 0
        self._interrupted = 0
        self._commit_open = False  # a committed item has not been answered
        self._answered_early = False  # a response has started to speech that is not committed yet
        self._awaiting_words = ""
        self._awaited_item = ""
        self._answer_due = False
        self.unanswered = False
        self.watch = SpeechWatch(out)
        self.unnoticed = UnnoticedSpeech(out)

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

    def _key(self, item_id: str) -> str:
        """The key of an item: its id, unless the server has used that before, or told the item without its id."""
        return self._keys.get(item_id, item_id)

    def _new_key(self, item_id: str, turn: int) -> str:
        """A key for an item that is new, whatever its id was used for before."""
        if item_id and item_id not in self._items:
            return item_id
        key = self._keys[item_id] = f"{item_id}~{turn}"
        return key

    def _item(self, key: str) -> _UserItem:
        return self._items.get(key) or self._remember(key, self.current_turn())

    def _remember(self, key: str, turn: int) -> _UserItem:
        item = self._items[key] = _UserItem(turn)
        if len(self._items) > KEPT:
            oldest = next(iter(self._items))
            del self._items[oldest]
            self._keys = {name: known for name, known in self._keys.items() if known != oldest}
        return item

    def _report(self, key: str, final: bool, missing: str = "", failed: str = "") -> None:
        item = self._items[key]
        self._out.report(UserSaid(item.turn, key, item.text, final, failed=failed, missing=missing))

    # --- turn detection by the server

    def started(self, item_id: str) -> int:
        """The server's VAD detected speech; returns the turn. Speech in a push-to-talk turn belongs to that turn."""
        item = self._items.get(self._key(item_id))
        if item is None or not item_id or item.committed:
            turn = self._talk_turn or self.next_turn()
            key = self._new_key(item_id, turn)
            item = self._remember(key, turn)
            self._report(key, final=False)
        self._talk_turn = 0
        self.server_hears = True
        self.unanswered = self._answered_early = False
        turn = item.turn
        self._out.reach(turn, Moment.SPEECH_STARTED)
        return turn

    def stopped(self, item_id: str) -> int:
        """The server's VAD detected the end of speech; returns the turn."""
        item = self._items.get(self._key(item_id))
        turn = item.turn if item is not None else self.turn
        if self.server_hears or turn != self._stopped:  # else it is told again
            self._stopped = turn
            self._out.reach(turn, Moment.SPEECH_STOPPED)
        self.server_hears = False
        return turn

    def committed(self, item_id: str, by_key: bool) -> int:
        """The input buffer became a user item; returns the turn. ``by_key``: whether turns are made by key."""
        self.server_hears = False
        self._commit_open = not self._answered_early
        key = self._committed_key(item_id)
        if self._awaiting_words and not self._awaited_item:
            self._awaited_item = key
        if key not in self._items:
            self._remember(key, self.current_turn() if by_key else self._turn_of_commit())
            self._report(key, final=False)
        item = self._items[key]
        item.open, item.committed = False, True
        self._out.reach(item.turn, Moment.COMMITTED)
        return item.turn

    def _committed_key(self, item_id: str) -> str:
        """The key of a committed item; speech that began without an id is the item that is committed next."""
        key, nameless = self._key(item_id), self._keys.get("", "")
        waiting = nameless in self._items and not self._items[nameless].committed
        if item_id and key not in self._items and waiting:
            key = self._keys[item_id] = nameless
        elif key in self._items and self._items[key].told and self._items[key].answered:
            key = self._new_key(item_id, self.turn + 1)  # the server uses the id again
        return key

    def _turn_of_commit(self) -> int:
        """The turn of speech whose beginning was not told: a new one if the user has spoken in the current one."""
        spoken = any(item.turn == self.turn and item.committed for item in self._items.values())
        return self.next_turn() if spoken and not self._talk_turn else self.current_turn()

    def response_started(self, asked: bool) -> None:
        """A response started.

        Args:
            asked: whether we requested it. Otherwise it answers a committed item, or else the speech that is heard now,
                whose end the server then does not tell.
        """
        self.unanswered = False
        if not asked and not self._commit_open:
            self._answered_early = self.server_hears or self._answered_early
            self.server_hears = False
        self._commit_open = False
        for item in self._items.values():
            item.answered = item.answered or item.committed

    def timed_out(self, item_id: str) -> None:
        """The server stopped waiting for the user: the item is silence, and never gets words."""
        key = self._key(item_id)
        if key in self._items:
            self._without_words(key, NO_TRANSCRIPT)
        else:
            self._remember(key, self.current_turn())

    def not_transcribed(self, item_id: str) -> None:
        """The user's speech ended in a session without transcription: do not wait for words."""
        key = self._key(item_id)
        if key in self._items:
            self._without_words(key, NOT_TRANSCRIBED)

    def await_words(self, item_id: str) -> None:
        """The words of a committed item are due: do not wait for them longer than `WORDS_S`."""
        item = self._items.get(self._key(item_id))
        if item is not None:
            self._out.add(Schedule(SpeechTranscriptLate(item.turn), WORDS_S))

    def overdue(self, turn: int) -> None:
        """No transcript has arrived in time for the speech of a turn: do not wait for it any longer."""
        for item_id, item in self._items.items():
            if item.turn == turn:
                self._without_words(item_id, NO_TRANSCRIPT)

    def cleared(self) -> None:
        """The input buffer was cleared: speech that was not committed never gets words."""
        self.server_hears = False
        for item_id, item in self._items.items():
            if item.open:
                self._without_words(item_id, DISCARDED)

    def _without_words(self, key: str, missing: str) -> None:
        """Report an item as final, unless its words have arrived; words that arrive later replace it."""
        item = self._items[key]
        item.open = False
        if not item.told and not item.given_up and not item.failed:
            item.given_up = True
            self._report(key, final=True, missing=missing)

    def expect_answer(self) -> None:
        """Expect the server to respond to this turn by itself, unless it has begun to already."""
        if self._answered_early:
            self._answered_early = False
            return
        self.unanswered = True
        self._out.add(Schedule(AnswerLate(self.turn), ANSWER_S))

    def interrupted(self) -> None:
        """The user interrupted: it is no fault if the server does not answer the current turn."""
        self._interrupted = self.turn

    def answer_late(self, turn: int) -> None:
        """Handle `AnswerLate`: the server has said nothing to a turn; do not wait for it any longer."""
        if not self.unanswered or turn != self.turn:
            return
        self.unanswered = False
        if turn != self._interrupted:
            self._out.warn(
                f"the server has not answered for {ANSWER_S:g} s",
                "say it again, or see turn_detection in pane 5",
                until_answer=True,
            )

    def words(self, event: ev.TranscriptionDelta | ev.TranscriptionCompleted | ev.TranscriptionFailed) -> None:
        """Handle a transcription event of one content part: a delta appends, a completed transcript replaces.

        An empty transcript, or a failure after words have arrived, does not erase them.
        """
        key, index = self._key(event.item_id), event.content_index
        item = self._item(key)
        if isinstance(event, ev.TranscriptionDelta):
            self._interim(key, item.parts.get(index, "") + event.delta, index)
            return
        item.open = False
        if isinstance(event, ev.TranscriptionFailed):
            self._failed(key, item, event)
        else:
            self._recognised(key, item, event)
        item.complete.add(index)
        self._stop_awaiting(key, item)

    def _failed(self, key: str, item: _UserItem, event: ev.TranscriptionFailed) -> None:
        """The recognition failed; the reason that was told first stays, unless only the second one has words."""
        reason = event.error.message or event.error.word
        self.unanswered = False
        if item.told and item.text.strip():
            return
        if reason or not item.failed:
            item.failed = True
            self._report(key, final=True, failed=reason or "the server gave no reason")
        remedy = remedy_for(event.error.code, event.error.type, event.error.message)
        if remedy and remedy not in self._remedies:  # else it is shown at its turn only
            self._remedies.add(remedy)
            self._out.warn(f"your speech could not be transcribed: {' '.join(reason.split())}", remedy)

    def _recognised(self, key: str, item: _UserItem, event: ev.TranscriptionCompleted) -> None:
        """The words are complete; without any they do not erase what was told before, be it words or a failure."""
        text = event.transcript or event.text
        if text.strip():
            item.parts[item.index_of(event.content_index, text)] = text
        else:
            self.unanswered = False
        item.told = True
        self.recognises = self.recognises or bool(text.strip())
        if text.strip() or not item.failed:
            self._report(key, final=True)
        self._out.reach(item.turn, Moment.TRANSCRIBED)

    def _stop_awaiting(self, key: str, item: _UserItem) -> None:
        if self._awaiting_words and item.turn == self.turn and self._awaited_item in ("", key):
            self.stop_waiting()
            self._answer_due = True

    def segment(self, event: ev.TranscriptionSegment) -> None:
        """Add a segment of a transcript, where neither deltas nor the complete text have told its words."""
        key = self._key(event.item_id)
        known = self._item(key).parts.get(event.content_index, "")
        if event.text.strip() and event.text.strip() not in known:
            self._interim(key, f"{known} {event.text.strip()}".strip(), event.content_index)

    def interim_transcript(self, item_id: str, text: str) -> None:
        """Set the whole interim transcript of an item, unless its complete text was told."""
        self._interim(self._key(item_id), text, 0)

    def _interim(self, key: str, text: str, index: int) -> None:
        item = self._item(key)
        if index in item.complete:
            return
        item.parts[index] = text
        self._report(key, final=False)

    def item(self, item: Item) -> None:
        """Handle a user item of the conversation: some servers tell the transcript nowhere else."""
        key = self._key(item.id)
        known = self._items.get(key)
        if item.role.lower() != "user" or (
            known is None and not any(part.type == "input_audio" for part in item.content)
        ):
            return
        told = {index: part.words for index, part in enumerate(item.parts) if part.words.strip()}
        if not told or (known is not None and known.told and known.text.strip()):
            return
        mine = self._item(key)
        mine.parts |= told
        mine.told, mine.open = True, False
        self.recognises = True
        self._report(key, final=True)
        self._out.reach(mine.turn, Moment.TRANSCRIBED)
        self._stop_awaiting(key, mine)

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
        self._items.clear()
        self._keys.clear()
        self._stopped = 0
        self._commit_open = self._answered_early = False
        self._remedies.clear()
        self.unnoticed.close()
