"""The conversation as a pure state machine: ``feed`` server events and ``command``s, carry out the effects.

A driver calls `opened` when the socket is up, `feed` for every event, `command` for everything else, `closed` when
the socket is gone; each returns the effects in the order in which they must happen. Times (``now``) are in seconds
on any steady clock and only ever compared with each other.
"""

from collections import deque
from collections.abc import Callable, Sequence

from rtvoice_tui.protocol import server_events as ev
from rtvoice_tui.protocol.client_events import ClearInput, CreateItem
from rtvoice_tui.protocol.dialects import Dialect
from rtvoice_tui.protocol.echo import in_force
from rtvoice_tui.protocol.other_events import TranscriptionUpdated
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session import edits, response_slot
from rtvoice_tui.session.answers import Answers
from rtvoice_tui.session.barge_in import SpokenLedger
from rtvoice_tui.session.calls import Calls
from rtvoice_tui.session.edits import Edits
from rtvoice_tui.session.effects import Effect, Flush, Schedule
from rtvoice_tui.session.facts import (
    CutConfirmed,
    InForce,
    Level,
    LimitsReported,
    Moment,
    Notice,
    Phase,
    PhaseChanged,
    SessionOpened,
    UserSaid,
)
from rtvoice_tui.session.history import Said, as_items
from rtvoice_tui.session.listening import Listening
from rtvoice_tui.session.outbox import Outbox
from rtvoice_tui.session.referee import Verdict, judge, sentence
from rtvoice_tui.session.response_slot import ResponseSlot, is_aside
from rtvoice_tui.session.tool_side import ToolSide

GREETING_S = 5.0
"""A server that has not greeted us by then is configured all the same, with a warning."""


class SessionMachine:
    """One conversation with one server, from socket to socket.

    Args:
        dialect: who is spoken to.
        settings: the wanted configuration.
        tools: the wanted tools; names that are not hosted are ours to run.
        new_id: makes a fresh event id from a prefix.
        turn: the last turn of an earlier conversation in the same window.
    """

    def __init__(
        self,
        dialect: Dialect,
        settings: SessionSettings,
        tools: Sequence[ToolSpec],
        new_id: Callable[[str], str],
        turn: int = 0,
    ) -> None:
        self._dialect = dialect
        self._out = Outbox(new_id)
        self._edits = Edits(dialect, settings, tuple(tools), self._out)
        self._ledger = SpokenLedger(dialect.fixed_rate or settings.output_rate)
        self._calls = Calls(self._out, fillers=dialect.out_of_band)
        self._listening = Listening(dialect, dialect.fixed_rate or settings.input_rate, self._out)
        self._listening.turn = turn
        self._answers = Answers(self._out, self._ledger, self._calls, self._listening)
        self._tools = ToolSide(
            dialect, self._out, self._edits, self._calls, self._answers, self._listening, self._ledger
        )
        self._texts: deque[str] = deque()
        self._history: tuple[Said, ...] = ()
        self._due: tuple[Said, ...] = ()
        self._typed = 0
        self._configuration = ""
        self._connections = 0
        self._connection = Phase.OFFLINE
        self._phase = Phase.OFFLINE

    # --- what a driver may ask

    @property
    def phase(self) -> Phase:
        """The state word."""
        return self._phase

    @property
    def settings(self) -> SessionSettings:
        """The configuration that this session goes by, with all changes made so far."""
        return self._edits.settings

    @property
    def wanted(self) -> SessionSettings:
        """The configuration that the next session will have."""
        return self._edits.wanted

    @property
    def turn(self) -> int:
        """The last turn that began."""
        return self._listening.turn

    @property
    def hears(self) -> bool:
        """Whether the microphone should be open: the server has accepted the audio format."""
        return self._connection is Phase.READY

    # --- what happens

    def connecting(self) -> list[Effect]:
        """A connection is being tried."""
        self._connection = Phase.CONNECTING
        return self._finish_step()

    def opened(self, now: float) -> list[Effect]:
        """The socket is up; the server speaks first."""
        self._connection = Phase.CONFIGURING
        self._connections += 1
        self._due, self._history = self._history, ()
        self._tools.use()
        self._out.do(Schedule(f"greeting:{self._connections}", GREETING_S))
        return self._finish_step()

    def closed(self, now: float) -> list[Effect]:
        """The socket is gone, for whatever reason: nothing of this session can be answered any more."""
        if self._ledger.speaking:
            self._out.do(Flush())
        self._tools.close()
        self._edits.close()
        self._ledger.close()
        self._answers.close()
        self._listening.close()
        for text in self._texts:
            self._out.warn(f"the connection ended before this was sent: {text}", "press c, then send it again")
        self._texts.clear()
        self._history = self._due or self._history  # a session that never opened was told nothing
        self._due = ()
        self._connection = Phase.OFFLINE
        return self._finish_step()

    def feed(self, event: ev.ServerEvent, now: float) -> list[Effect]:
        """Take in one server event. Never raises for anything a server may send."""
        if self._connection is Phase.OFFLINE:
            return []  # of a session that is over: nobody could be answered
        match event:
            case ev.SessionCreated():
                self._greeted(event)
            case ev.SessionUpdated():
                self._configured(event)
            case ev.SpeechStarted():
                self._speech_started(event.item_id)
            case ev.SpeechStopped():
                self._listening.stopped(event.item_id)
            case ev.InputCommitted() | ev.InputTimeout():
                self._listening.committed(event.item_id)
                if self.settings.server_answers:
                    self._listening.expect_answer()
            case ev.TranscriptionDelta() | ev.TranscriptionCompleted() | ev.TranscriptionFailed():
                self._listening.words(event)
            case TranscriptionUpdated():
                self._listening.words_so_far(event.item_id, event.transcript)
            case ev.ItemTruncated() | ev.ItemDeleted():
                self._out.tell(CutConfirmed(event.item_id))
            case ev.RateLimitsUpdated():
                self._out.tell(LimitsReported(tuple(event.rate_limits)))
            case ev.ErrorEvent():
                self._error(event)
            case _:
                if isinstance(event, ev.ResponseCreated) and not is_aside(event.response):
                    self._listening.unanswered = False
                elif isinstance(event, ev.OutputAudioDelta):
                    self._edits.voice_frozen = self._dialect.freezes_voice
                self._tools.hosted.feed(event, self._listening.turn)
                self._answers.feed(event)
        return self._finish_step()

    def command(self, command: cmd.Command, now: float) -> list[Effect]:
        """Take in one command, report of a device, or timer."""
        match command:
            case cmd.MicFrame():
                if self.hears:
                    self._listening.frame(command.pcm, self.settings.manual_turns)
            case cmd.Heard():
                self._ledger.report(command.played_ms, command.first_at, command.drained, self._out)
            case cmd.Flushed():
                self._ledger.settle(command.played_ms, self._out)
            case cmd.Interrupt():
                self._interrupt_key()
            case cmd.SendText():
                self._typed_text(command.text)
            case cmd.TalkStart():
                self._talk_start()
            case cmd.TalkEnd():
                self._talk_end()
            case cmd.EditSession():
                self._edit(command)
            case cmd.Recall():
                self._history = command.history
            case cmd.ToolFinished() | cmd.UseTools() | cmd.Decide() | cmd.SendResult():
                self._tools.command(command, self._connection is Phase.READY)
            case cmd.TimerFired():
                self._timer(command.timer)
        return self._finish_step()

    # --- opening

    def _greeted(self, event: ev.SessionCreated) -> None:
        if self._connection is not Phase.CONFIGURING:
            return
        self._out.tell(SessionOpened(str(event.session.get("id") or ""), event.session))
        self._out.tell(InForce(in_force(event.session), at_start=True))
        self._configure()

    def _configure(self) -> None:
        if not self._edits.waiting:
            self._configuration = self._edits.send_all()

    def _configured(self, event: ev.SessionUpdated) -> None:
        answered = self._edits.acknowledged(event.session)
        unheard = self._connection in (Phase.CONFIGURING, Phase.REFUSED)
        if unheard and answered and answered == self._configuration:
            self._connection = Phase.READY

    @property
    def _slot(self) -> ResponseSlot:
        return self._answers.slot

    # --- interruption: the key, the server's ear, a typed or spoken turn all take this one path

    def _silence(self) -> bool:
        """Mute the speaker and mark what was not heard. False if nothing was being said."""
        cut = self._ledger.cut_all()
        if cut:
            self._out.do(Flush())
            self._out.reach(cut[-1].turn, Moment.INTERRUPTED)
        return bool(cut)

    def _interrupt(self) -> None:
        self._silence()
        self._slot.unwant()
        self._listening.stop_waiting()
        self._slot.cancel(self._out)

    def _interrupt_key(self) -> None:
        """The person wants quiet. Where nothing was being said, the functions that run are no longer waited for."""
        talking = self._ledger.speaking or not self._slot.free or self._slot.wanted
        self._interrupt()
        if not talking:
            self._calls.release()

    def _speech_started(self, item_id: str) -> None:
        self._silence()
        if self._dialect.cancels_on_speech and self.settings.server_interrupts:
            self._slot.stop_listening()
        else:
            self._slot.cancel(self._out)
        self._listening.started(item_id)

    # --- turns begun by the person

    def _typed_text(self, text: str) -> None:
        if self._connection is not Phase.READY:
            self._out.warn(f"not connected, so this was not sent: {text}", "press c to connect")
            return
        self._interrupt()
        self._texts.append(text)

    def _talk_start(self) -> None:
        if not self.hears or self._listening.talking or not self.settings.manual_turns:
            return
        self._interrupt()
        if self._dialect.clears_input:
            self._out.send(ClearInput)
        self._listening.talk_start()

    def _talk_end(self) -> None:
        answer_now = self._listening.talk_end()
        if answer_now:
            self._slot.want()

    def _edit(self, command: cmd.EditSession) -> None:
        refused = self._connection is Phase.REFUSED
        live = not refused and (self._connection is Phase.READY or self._edits.waiting)
        if live:
            self._edits.change(command.settings, command.tools, command.edit_id)
        else:
            self._edits.keep(command.settings, command.tools, command.edit_id, tell=not refused)
        if refused:
            self._configuration = self._edits.send_all(command.edit_id)
        self._tools.use()

    # --- devices, timers, errors

    def _timer(self, timer: str) -> None:
        if timer == f"greeting:{self._connections}":
            if self._connection is Phase.CONFIGURING and not self._edits.waiting:
                self._out.warn("the server has not greeted us", "the session is configured all the same")
                self._configure()
        elif timer.startswith(response_slot.TIMER):
            if self._slot.stuck(timer.removeprefix(response_slot.TIMER)):
                self._out.warn("the server has not begun the answer that was asked for", "ask again")
        elif timer.startswith(edits.TIMER):
            self._edit_unanswered(timer.removeprefix(edits.TIMER))
        elif timer.startswith("words:"):
            if self._listening.words_overdue(timer.removeprefix("words:")):
                self._slot.want()
        else:
            self._tools.timer(timer)

    def _edit_unanswered(self, event_id: str) -> None:
        if self._edits.unanswered(event_id) and self._connection is Phase.CONFIGURING:
            self._connection = Phase.READY
            self._out.warn(
                "the server has not confirmed the session's settings, so audio may be misunderstood",
                "see the session in pane 5",
                event_id,
            )

    def _error(self, event: ev.ErrorEvent) -> None:
        error = event.error
        cause = self._out.cause(error.event_id)
        ruling = judge(error, cause)
        busy = ruling.verdict is Verdict.TRY_AGAIN
        self._slot.refused(error.event_id, busy, self._out)
        blameless = error.param.startswith("session") or (
            self._connection is Phase.CONFIGURING and ruling.verdict is Verdict.FAULT
        )
        refused_edit = self._edits.refused(error.event_id, sentence(error), error.param, blameless)
        if refused_edit:
            self._tools.use()
        if refused_edit and refused_edit == self._configuration:
            self._connection = Phase.REFUSED
        if ruling.verdict in (Verdict.EXPECTED, Verdict.TRY_AGAIN):
            return
        level = Level.WARNING if ruling.verdict is Verdict.HARMLESS else Level.ERROR
        remedy = ruling.remedy or ("press e to correct it" if refused_edit else "")
        self._out.tell(Notice(level, sentence(error), remedy, error.event_id))

    # --- the end of every step

    def _finish_step(self) -> list[Effect]:
        self._tools.settle()
        if self._connection is Phase.READY:
            self._recall()
            if self._listening.take_answer_due():
                self._slot.want()
            if self._texts and self._slot.free and not self._ledger.cutting:
                self._say_typed(self._texts.popleft())
            if not self._ledger.cutting:
                self._ask_answer()
        phase = self._current_phase()
        if phase is not self._phase:
            self._phase = phase
            self._out.tell(PhaseChanged(phase))
        return self._out.take()

    def _ask_answer(self) -> None:
        asked = self._out.cause(self._slot.advance(self._out))
        if asked is not None:
            self._calls.receipts.asked(asked)

    def _recall(self) -> None:
        """The earlier conversation comes before anything that is said now."""
        due, self._due = self._due, ()
        for item in as_items(due, self._dialect.history):
            self._out.send(CreateItem, item=item)

    def _say_typed(self, text: str) -> None:
        self._typed += 1
        turn = self._listening.next_turn()
        self._out.tell(UserSaid(turn, f"typed-{self._typed}", text, final=True, typed=True))
        self._out.send(
            CreateItem,
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]},
        )
        self._out.reach(turn, Moment.SENT)
        self._slot.want()

    def _current_phase(self) -> Phase:
        if self._connection is not Phase.READY:
            return self._connection
        if self._listening.hearing:
            return Phase.HEARING
        if self._ledger.speaking:
            return Phase.SPEAKING
        if self._calls.running:
            return Phase.TOOL
        if not self._slot.free or self._slot.wanted or self._texts or self._listening.unanswered:
            return Phase.THINKING
        return Phase.READY if self.settings.manual_turns else Phase.LISTENING
