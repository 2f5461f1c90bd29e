"""What the user does with voice and keys: spoken turns, turns by key, interruptions."""

from collections.abc import Callable

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.provider_events import TranscriptionUpdated
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import TalkChanged
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.turns.barge_in import BargeIn
from rtvoice_tui.session.realtime.turns.listening import Listening
from rtvoice_tui.session.realtime.turns.push_to_talk import PushToTalk
from rtvoice_tui.session.realtime.turns.speech_watch import SpeechWatch
from rtvoice_tui.session.talk_mode import TalkMode
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
UserCommand = cmd.MicFrame | cmd.LocalSpeech | cmd.TalkStart | cmd.TalkEnd | cmd.CommitNow


class UserTurns:
    """What the user does with voice and keys: spoken turns, push-to-talk, barge-in.

    Args:
        edits: knows whether turn detection is on, and switches it.
        listening: counts turns.
        push_to_talk: the talk key, and what of the microphone is sent.
        barge_in: silences the agent.
        watch: follows speech that the server detects by itself.
        want_response: asks for a response as soon as there can be one.
        recognises_unasked: whether the provider transcribes the user without being asked to.
    """

    def __init__(
        self,
        edits: Edits,
        listening: Listening,
        push_to_talk: PushToTalk,
        barge_in: BargeIn,
        watch: SpeechWatch,
        want_response: Callable[[], None],
        recognises_unasked: bool,
    ) -> None:
        self._edits = edits
        self._listening = listening
        self._push_to_talk = push_to_talk
        self._barge_in = barge_in
        self._watch = watch
        self._want_response = want_response
        self._recognises_unasked = recognises_unasked
        edits.take_turns(push_to_talk.mode is not TalkMode.OPEN, live=False)

    @property
    def talk(self) -> TalkChanged:
        """How turns are taken now, and whether one by key is under way."""
        return self._push_to_talk.status

    @property
    def by_key(self) -> bool:
        """Whether the key begins and ends turns."""
        return self._push_to_talk.by_key

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
            self._want_response()

    @property
    def _recognises(self) -> bool:
        """Whether words of the user are to be expected: some providers recognise them unasked."""
        asked = self._edits.settings.transcription
        wanted = isinstance(asked, dict) and asked.get("type") != "none"
        return wanted or self._listening.recognises or self._recognises_unasked

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
            case cmd.TalkStart():
                if ready and self.by_key and not self._listening.talking:
                    self._barge_in.interrupt()
                    self._push_to_talk.start()
            case cmd.TalkEnd():
                self._end_talk()
            case cmd.CommitNow():
                if ready and not self.by_key:
                    self._push_to_talk.commit()

    def interrupt(self) -> bool:
        """Silence the agent, and give up what waits to be said; false if nothing was said or about to be."""
        return self._barge_in.interrupt()

    def _end_talk(self) -> None:
        if self._push_to_talk.end():
            self._want_response()

    def take_turns(self, mode: TalkMode, live: bool) -> None:
        """Another way of taking turns; what was being said by then is a turn. ``live``: the server can be told."""
        by_key = mode is not TalkMode.OPEN
        if not by_key:
            self._end_talk()
        elif live and not self.by_key and self._edits.takes_no_detection:
            self._push_to_talk.commit()
        self._push_to_talk.mode = mode
        self._edits.take_turns(by_key, live)

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
            self._want_response()

    def settle(self, ready: bool) -> None:
        """A step is over: ask for the response that is due."""
        if ready and self._listening.take_answer_due():
            self._want_response()

    def close(self) -> None:
        """The session is over."""
        self._listening.close()
        self._push_to_talk.close()
        self._watch.close()
        self._barge_in.close()
