"""What the user does in a conversation: speaks, types, takes turns by key, interrupts."""

from collections.abc import Collection

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.realtime.provider_events import TranscriptionUpdated
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.realtime.calls.function_calls import FunctionCalls
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.heard_ledger import HeardLedger
from rtvoice_tui.session.realtime.responses.responses import Responses
from rtvoice_tui.session.realtime.turns.barge_in import BargeIn
from rtvoice_tui.session.realtime.turns.listening import Listening
from rtvoice_tui.session.realtime.turns.push_to_talk import PushToTalk
from rtvoice_tui.session.realtime.turns.speech_watch import SpeechWatch
from rtvoice_tui.session.realtime.turns.typed_turns import TypedTurns
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from rtvoice_tui.session.timers import (
    CommitLate,
    DuckUnconfirmed,
    LocalSpeechLong,
    LocalSpeechOver,
    TalkLevel,
    TalkLimit,
    TranscriptLate,
    TurnWordless,
    UserTimer,
)

UserEvent = (
    ev.SpeechStarted
    | ev.SpeechStopped
    | ev.InputCommitted
    | ev.InputTimeout
    | ev.TranscriptionDelta
    | ev.TranscriptionCompleted
    | ev.TranscriptionFailed
    | TranscriptionUpdated
)
UserCommand = (
    cmd.MicFrame | cmd.LocalSpeech | cmd.Interrupt | cmd.SendText | cmd.TalkStart | cmd.TalkEnd | cmd.CommitNow
)


class UserTurns:
    """Everything that the user does: speaking, typing, keys.

    Args:
        dialect: who is spoken to.
        input_rate: of the microphone's frames, in Hz.
        out: where effects go.
        edits: knows whether turn detection is on, and switches it.
        calls: are no longer waited for when the user wants quiet.
        answers: has the slot in which turns are answered.
        listening: counts turns.
        ledger: knows whether the agent is heard.
        talk: how turns are taken.

    Attributes:
        talk: how they are taken now, as it was last told.
        typed: typed turns.
    """

    def __init__(
        self,
        dialect: Dialect,
        input_rate: int,
        out: Outbox,
        edits: Edits,
        calls: FunctionCalls,
        answers: Responses,
        listening: Listening,
        ledger: HeardLedger,
        talk: TalkRules,
    ) -> None:
        self._dialect = dialect
        self._out = out
        self._edits = edits
        self._calls = calls
        self._answers = answers
        self._listening = listening
        self._ledger = ledger
        self._push_to_talk = PushToTalk(dialect, input_rate, edits, listening, out, talk)
        self._watch = SpeechWatch(out)
        self._barge_in = BargeIn(dialect, edits, ledger, answers, self._push_to_talk, out, talk.interrupts)
        self.typed = TypedTurns(listening, out)
        self.talk = self._push_to_talk.status
        edits.take_turns(talk.mode is not TalkMode.OPEN, live=False)

    @property
    def by_key(self) -> bool:
        """Whether the key begins and ends turns."""
        return self._push_to_talk.by_key

    @property
    def mode(self) -> TalkMode:
        """How the user wants to take turns."""
        return self._push_to_talk.mode

    @property
    def typed_waits(self) -> bool:
        """Whether something typed is still to be sent."""
        return self.typed.waiting

    # --- the server's word

    def feed(self, event: UserEvent) -> None:
        """Take in an event about the user."""
        match event:
            case ev.SpeechStarted():
                self._speech_started(event.item_id)
            case ev.SpeechStopped():
                self._push_to_talk.server_ended()
                self._watch.ended(self._listening.stopped(event.item_id), self._recognises)
            case ev.InputCommitted() | ev.InputTimeout():
                self._committed(event.item_id)
            case TranscriptionUpdated():
                self._listening.words_so_far(event.item_id, event.transcript)
            case _:
                self._listening.words(event)

    def _speech_started(self, item_id: str) -> None:
        cut_agent = self._barge_in.speech_started()
        turn = self._listening.started(item_id)
        if not self.by_key:
            self._watch.began(turn, cut_agent)

    def _committed(self, item_id: str) -> None:
        self._watch.ended(self._listening.committed(item_id), self._recognises)
        if self._edits.settings.server_answers:
            self._listening.expect_answer()
        if self._push_to_talk.committed():
            self._answers.slot.want()

    @property
    def _recognises(self) -> bool:
        """Whether words of the user are to be expected: some providers recognise them unasked."""
        asked = self._edits.settings.transcription
        wanted = isinstance(asked, dict) and asked.get("type") != "none"
        return wanted or self._listening.recognises or "transcription" not in self._dialect.settings

    def answer_began(self) -> None:
        """The server answers, asked or not."""
        self._listening.unanswered = False
        self._push_to_talk.answered()

    def commit_refused(self, event_id: str, empty: bool) -> None:
        """An error came; ``empty``: it says that there was nothing to commit."""
        self._push_to_talk.refused(event_id, empty)

    # --- the user's word

    def command(self, command: UserCommand, ready: bool) -> None:
        """Take in a command; ``ready``: the session is open."""
        match command:
            case cmd.MicFrame():
                if ready:
                    self._push_to_talk.frame(command)
                    self._watch.frame(command.level_db)
            case cmd.LocalSpeech():
                self._barge_in.local_speech(command.speaking)
            case cmd.Interrupt():
                self._interrupt_key()
            case cmd.SendText():
                self._type(command.text, ready)
            case cmd.TalkStart():
                if ready and self.by_key and not self._listening.talking:
                    self._barge_in.interrupt()
                    self._push_to_talk.start()
            case cmd.TalkEnd():
                self._end_talk()
            case cmd.CommitNow():
                if ready and not self.by_key:
                    self._push_to_talk.commit()

    def _interrupt_key(self) -> None:
        """The user wants quiet. Where nothing was being said, the functions that run are no longer waited for."""
        if not self._barge_in.interrupt():
            self._calls.release()

    def _type(self, text: str, ready: bool) -> None:
        if not ready:
            self.typed.refuse(text)
            return
        self._barge_in.interrupt()
        self.typed.keep(text)

    def _end_talk(self) -> None:
        if self._push_to_talk.end():
            self._answers.slot.want()

    def take_turns(self, mode: TalkMode, live: bool) -> None:
        """Another way of taking turns; what was being said by then is a turn. ``live``: the server can be told."""
        by_key = mode is not TalkMode.OPEN
        if not by_key:
            self._end_talk()
        elif live and not self.by_key and self._edits.takes_no_detection:
            self._push_to_talk.commit()
        self._push_to_talk.mode = mode
        self._edits.take_turns(by_key, live, self._out.new_id("talk"))

    # --- devices, timers, the end of a step

    def flushed(self) -> None:
        """The speaker is silent."""
        self._barge_in.flushed()

    def timer(self, timer: UserTimer) -> None:
        """A timer of the user's turns fired."""
        due = False
        match timer:
            case TranscriptLate():
                due = self._listening.words_overdue(timer.event_id)
            case TalkLimit() | TalkLevel() | CommitLate():
                due = self._push_to_talk.timer(timer)
            case LocalSpeechOver() | LocalSpeechLong() | DuckUnconfirmed():
                self._barge_in.timer(timer)
            case TurnWordless():
                self._watch.wordless(timer.turn)
        if due:
            self._answers.slot.want()

    def settle(self, ready: bool) -> None:
        """A step is over: answer what is due, and send what was typed as soon as it can be."""
        slot = self._answers.slot
        if ready and self._listening.take_answer_due():
            slot.want()
        if ready and self.typed.waiting and slot.free and not self._ledger.cutting:
            self.typed.send_next()
            slot.want()

    def tell_talk(self) -> None:
        """Say how turns are taken, if that is another way now."""
        if self._push_to_talk.status != self.talk:
            self.talk = self._push_to_talk.status
            self._out.report(self.talk)

    def close(self, unsent: Collection[str] = ()) -> None:
        """The session is over; ``unsent`` are the ids of events that never left."""
        self.typed.close(unsent)
        self._listening.close()
        self._push_to_talk.close()
        self._watch.close()
        self._barge_in.close()
