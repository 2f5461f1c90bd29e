"""The user's voice and talk key: spoken turns, push-to-talk turns, barge-in."""

from collections.abc import Callable

from msgspec import UNSET

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.provider_events import TranscriptionUpdated
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import TalkChanged
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.turns.barge_in import BargeIn
from rtvoice_tui.session.realtime.turns.listening import Listening
from rtvoice_tui.session.realtime.turns.push_to_talk import PushToTalk
from rtvoice_tui.session.realtime.turns.typed_turns import TypedTurns
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.session.timers import (
    AnswerLate,
    CommitLate,
    DuckUnconfirmed,
    LocalSpeechConfirmed,
    LocalSpeechEnded,
    SpeechTranscriptLate,
    TalkLevel,
    TalkLimit,
    TranscriptLate,
    UserTimer,
)

UserEvent = (
    ev.SpeechStarted
    | ev.SpeechStopped
    | ev.InputCommitted
    | ev.InputTimeout
    | ev.InputCleared
    | ev.TranscriptionDelta
    | ev.TranscriptionCompleted
    | ev.TranscriptionFailed
    | ev.TranscriptionSegment
    | TranscriptionUpdated
)
UserCommand = cmd.MicFrame | cmd.LocalSpeech | cmd.TalkStart | cmd.TalkEnd | cmd.CommitTurn


class UserTurns:
    """Routes events, commands and timers of the user's side to spoken turns, push-to-talk and barge-in.

    Args:
        edits: knows whether turn detection is on, and switches it.
        listening: the turns and their transcripts.
        push_to_talk: the talk key, and which microphone frames are sent.
        barge_in: interrupts the agent.
        typed: the typed messages.
        request_response: requests a response as soon as the slot is free.
        recognises_unasked: whether the provider transcribes the user whatever ``transcription`` is.
        recognises_by_default: whether transcription is requested where ``transcription`` is not set.

    Attributes:
        listening: the turns and their transcripts.
        typed: the typed messages, until they are acknowledged.
    """

    def __init__(
        self,
        edits: Edits,
        listening: Listening,
        push_to_talk: PushToTalk,
        barge_in: BargeIn,
        typed: TypedTurns,
        request_response: Callable[[], None],
        recognises_unasked: bool,
        recognises_by_default: bool,
    ) -> None:
        self._edits = edits
        self.listening = listening
        self._push_to_talk = push_to_talk
        self._barge_in = barge_in
        self.typed = typed
        self._request_response = request_response
        self._recognises_unasked = recognises_unasked
        self._recognises_by_default = recognises_by_default
        edits.set_talk_mode(push_to_talk.mode is not TalkMode.OPEN, live=False)

    @property
    def talk(self) -> TalkChanged:
        """The talk mode, and whether a push-to-talk turn is running."""
        return self._push_to_talk.status

    @property
    def by_key(self) -> bool:
        """Whether push-to-talk is on."""
        return self._push_to_talk.by_key

    # --- server events

    def handle(self, event: UserEvent) -> None:
        """Handle a server event about the user's speech."""
        self.listening.unnoticed.noticed()
        match event:
            case ev.SpeechStarted():
                self._speech_started(event.item_id)
            case ev.SpeechStopped():
                self._push_to_talk.server_ended()
                self.listening.watch.ended(self.listening.stopped(event.item_id), self._recognises)
                self._expect_words(event.item_id)
            case ev.InputCommitted():
                self._committed(event.item_id)
                self._expect_words(event.item_id)
                if self.by_key and self._recognises:
                    self.listening.await_words(event.item_id)
            case ev.InputTimeout():
                self.listening.timed_out(event.item_id)
                self._committed(event.item_id)
            case ev.InputCleared():
                self.listening.cleared()
            case ev.TranscriptionSegment():
                self.listening.segment(event)
            case TranscriptionUpdated():
                self.listening.interim_transcript(event.item_id, event.transcript)
            case _:
                self.listening.words(event)

    def _speech_started(self, item_id: str) -> None:
        cut_agent = self._barge_in.speech_started()
        turn = self.listening.started(item_id)
        if not self.by_key:
            self.listening.watch.began(turn, cut_agent)

    def _committed(self, item_id: str) -> None:
        self.listening.watch.ended(self.listening.committed(item_id, self.by_key), self._recognises)
        if self._edits.settings.server_creates_responses:
            self.listening.expect_answer()
            self._barge_in.turn_committed()
        if self._push_to_talk.committed():
            self._request_response()

    def _expect_words(self, item_id: str) -> None:
        """The user's speech ended: words are not waited for where none will come."""
        if not self._recognises:
            self.listening.not_transcribed(item_id)

    @property
    def _recognises(self) -> bool:
        """Whether transcripts of the user are to be expected; some providers transcribe without being asked to."""
        asked = self._edits.settings.transcription
        wanted = isinstance(asked, dict) and asked.get("type") != "none"
        if asked is UNSET:
            wanted = self._recognises_by_default
        return wanted or self.listening.recognises or self._recognises_unasked

    def response_started(self, asked: bool) -> None:
        """A response started; ``asked``: whether we requested it."""
        self.listening.response_started(asked)
        self.listening.unnoticed.noticed()
        self._push_to_talk.answered()

    def commit_refused(self, event_id: str, empty: bool) -> None:
        """Handle an error that may refuse a commit; ``empty``: the server's input buffer was empty."""
        self._push_to_talk.refused(event_id, empty)

    # --- commands of the user

    def command(self, command: UserCommand, ready: bool) -> None:
        """Handle a command; ``ready``: whether the session is ready."""
        match command:
            case cmd.MicFrame():
                if ready:
                    self._push_to_talk.frame(command)
                    self.listening.watch.frame(command.level_db)
                    if not (self.by_key or self.listening.hearing or self._barge_in.agent_speaks):
                        self.listening.unnoticed.frame(command.level_db)
            case cmd.LocalSpeech():
                self._barge_in.local_speech(command.speaking)
            case cmd.TalkStart():
                if ready and self.by_key and not self.listening.talking:
                    self._barge_in.interrupt()
                    self._push_to_talk.start()
            case cmd.TalkEnd():
                self._end_talk()
            case cmd.CommitTurn():
                if ready and not self.by_key:
                    self._push_to_talk.commit()

    def interrupt(self) -> bool:
        """Interrupt the agent and drop pending requests; false if it was neither speaking nor about to."""
        self.listening.interrupted()
        return self._barge_in.interrupt()

    def _end_talk(self) -> None:
        if self._push_to_talk.end():
            self._request_response()

    def set_talk_mode(self, mode: TalkMode, live: bool) -> None:
        """Change the talk mode; speech in progress is committed as a turn.

        Args:
            mode: the new talk mode.
            live: whether updates can be sent now.
        """
        by_key = mode is not TalkMode.OPEN
        if not by_key:
            self._end_talk()
        elif live and not self.by_key and self._edits.can_disable_turn_detection:
            self._push_to_talk.commit()
        self._push_to_talk.mode = mode
        self._edits.set_talk_mode(by_key, live)

    # --- devices, timers, end of a step

    def flushed(self) -> None:
        """A flush is complete."""
        self._barge_in.flushed()

    def timer(self, timer: UserTimer) -> None:
        """Handle a timer of the user's turns."""
        due = False
        match timer:
            case TranscriptLate():
                due = self.listening.transcript_late(timer.event_id)
            case TalkLimit() | TalkLevel() | CommitLate():
                due = self._push_to_talk.timer(timer)
            case LocalSpeechEnded() | LocalSpeechConfirmed() | DuckUnconfirmed():
                self._barge_in.timer(timer)
            case AnswerLate():
                self.listening.answer_late(timer.turn)
            case SpeechTranscriptLate():
                self.listening.watch.transcript_late(timer.turn)
                self.listening.overdue(timer.turn)
        if due:
            self._request_response()

    def finish_step(self, ready: bool) -> None:
        """End of a step: request the response to a turn whose transcript has arrived."""
        if ready and self.listening.pop_response_due():
            self._request_response()

    def close(self) -> None:
        """The session ended: reset all state."""
        self.listening.close()
        self._push_to_talk.close()
        self.listening.watch.close()
        self._barge_in.close()
