"""One conversation with a Realtime server as a pure state machine. No clock, no socket, no threads.

**In**: `SessionMachine.step` accepts an `Input` (see inputs.py) and its time ``at``, in seconds on any monotonic clock.
Inputs are socket events (`Connecting`, `Opened`, `Received`, `Closed`), the user's commands, reports of the devices
(`Heard`, `Flushed`, `MicFrame`, `LocalSpeech`), results of tools, and timers (`TimerFired`).

**Out**: the effects of that step (see effects.py), in the order in which they must be carried out: events to send,
speech to play or to flush, tools to run, timers to schedule, and facts to report to the observers.

**Phases** of the connection; each change is reported as `PhaseChanged`::

    OFFLINE --Connecting--> CONNECTING --Opened--> CONFIGURING --session.updated--> READY
       ^                     |                       |   ^                            |
       +------ Closed -------+                 error |   | a corrected session        |
       |                                             v   |                            |
       +------------- Closed -------------------- REFUSED                             |
       +------------- Closed ---------------------------------------------------------+

If the server does not confirm the settings within some seconds, the session becomes READY with a warning.

While the connection is READY the phase shows the state of the conversation: HEARING (the user speaks), SPEAKING
(the agent is audible), TOOL (a call runs or waits for approval), THINKING (a response is due), else LISTENING, or READY
in push-to-talk.

Every step ends in the same way: a typed message that waits is sent once the response slot is free and no flush is
pending, and at most one response is requested.
"""

from collections.abc import Callable, Sequence

from rtvoice_tui.media import DEFAULT_AUDIO_SETTINGS, AudioSettings
from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.client_events import CreateItem
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.realtime.provider_events import OtherFailure, TranscriptionUpdated
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.effects import ApplyAudio, Effect, Flush, OpenDevice, SetEchoMode
from rtvoice_tui.session.facts import (
    AudioSet,
    CutConfirmed,
    Level,
    LimitsReported,
    Notice,
    Phase,
    PhaseChanged,
    SessionEnded,
    TalkChanged,
)
from rtvoice_tui.session.inputs import Closed, Connecting, Input, Observed, Opened, Received, Started
from rtvoice_tui.session.realtime.calls.call_row import MOST_IN_A_ROW
from rtvoice_tui.session.realtime.parts import make_parts
from rtvoice_tui.session.realtime.responses.response_slot import ResponseSlot, is_out_of_band
from rtvoice_tui.session.realtime.server_failures import ServerFailures
from rtvoice_tui.session.recap import HistoryMessage, history_items
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE, TalkMode, TalkRules
from rtvoice_tui.session.timers import (
    CancelLate,
    EditLate,
    FillerDue,
    OutputsHeld,
    ProviderSilent,
    ResponseLate,
    SessionCreatedLate,
    Timer,
)


class SessionMachine:
    """The state of one session plan: one connection after the other, with the same settings and tools.

    Args:
        dialect: the provider's dialect.
        settings: the wanted settings.
        tools: the wanted tools; those that are not hosted run here.
        new_id: returns a new event id for a prefix.
        turn: number of the last turn of an earlier session; turns are numbered on from there.
        talk: talk mode and its limits.
        audio: initial mute, gain and noise gate settings.
        calls_in_a_row: number of calls after which the next one needs approval, unless the user said something.
    """

    def __init__(
        self,
        dialect: Dialect,
        settings: SessionSettings,
        tools: Sequence[ToolSpec],
        new_id: Callable[[str], str],
        turn: int = 0,
        talk: TalkRules = OPEN_MICROPHONE,
        audio: AudioSettings = DEFAULT_AUDIO_SETTINGS,
        calls_in_a_row: int = MOST_IN_A_ROW,
    ) -> None:
        parts = make_parts(dialect, settings, tools, new_id, talk, calls_in_a_row)
        parts.user.listening.turn = turn
        self._dialect = dialect
        self._out = parts.out
        self._configuration = parts.configuration
        self._user = parts.user
        self._written = parts.written
        self._responses = parts.responses
        self._tools = parts.tools
        self._fault = parts.fault
        self._failures = ServerFailures(parts)
        self._talk = parts.user.talk
        self._audio = audio
        self._history: tuple[HistoryMessage, ...] = ()
        self._due: tuple[HistoryMessage, ...] = ()
        self._phase = Phase.OFFLINE

    # --- state for the driver

    @property
    def phase(self) -> Phase:
        """The current phase."""
        return self._phase

    @property
    def settings(self) -> SessionSettings:
        """The settings of the current session, with all changes sent so far."""
        return self._configuration.settings

    @property
    def wanted(self) -> SessionSettings:
        """The settings that the user wants; the next session starts with them."""
        return self._configuration.wanted

    @property
    def turn(self) -> int:
        """Number of the last turn."""
        return self._user.listening.turn

    @property
    def ready(self) -> bool:
        """Whether microphone frames are wanted: the server has accepted the settings, the audio format among them."""
        return self._configuration.ready

    @property
    def due(self) -> bool:
        """Whether a reply of the server is pending; only then does the connection treat its silence as a failure."""
        answering = not self._slot.free or self._user.listening.unanswered
        return self._configuration.due or answering or self._user.typed.deliveries.pending

    @property
    def talk(self) -> TalkChanged:
        """The talk mode, and whether a push-to-talk turn is running."""
        return self._talk

    @property
    def audio(self) -> AudioSettings:
        """The current mute, gain and noise gate settings."""
        return self._audio

    # --- inputs

    def step(self, happened: Input, at: float) -> list[Effect]:
        """Process one input and return its effects. Never raises for anything a server may send.

        Args:
            happened: the input.
            at: its time in seconds, on the same clock for all steps.

        Returns:
            The effects, in the order in which they must be carried out.
        """
        self._fault.now = at
        match happened:
            case Received() if self._configuration.phase is Phase.OFFLINE:
                return []  # a late event of a closed session
            case Received(event=ev.ServerEvent() as event):
                self._received(event)
            case Received():
                pass  # an event of another wire family
            case Started():
                self._out.report(self.talk)
                self._set_audio(self._audio)
            case Observed():
                self._out.report(happened.fact)
            case Connecting():
                self._configuration.connecting()
            case Opened():
                self._opened()
            case Closed():
                self._closed(happened)
            case _:
                self._commanded(happened)
        return self._finish_step()

    def _opened(self) -> None:
        self._due, self._history = self._history, ()
        self._tools.use()
        self._configuration.opened(sum(bool(line.text.strip()) for line in self._due))

    def _closed(self, closed: Closed) -> None:
        """The socket is closed: report what was lost, and reset all parts."""
        sentence, remedy = closed.sentence, closed.remedy
        if not closed.wanted:
            sentence, remedy = self._cause_of_end(closed)
            self._out.report(Notice(Level.ERROR, sentence, remedy))
        self._out.report(SessionEnded(sentence, remedy, closed.wanted))
        self._fault.clear()
        for words in closed.unsent_texts:
            self._out.warn(
                f"the connection ended before this was sent: {words}", "send it again once there is a session"
            )
        if self._responses.ledger.speaking:
            self._out.add(Flush())
        self._tools.close()
        self._configuration.closed()
        self._responses.ledger.close(self._out)
        self._responses.close()
        self._user.typed.close(closed.unsent)
        self._user.close()
        self._history = self._due or self._history  # not sent in this session: keep it for the next one
        self._due = ()

    def _cause_of_end(self, closed: Closed) -> tuple[str, str]:
        """Why the session ended, and the remedy: an error right before the end is its cause."""
        fault = self._fault.cause(self._configuration.ready)
        if fault is None or (fault.message and fault.message in closed.sentence):
            return closed.sentence, closed.remedy
        return f"{closed.sentence}: {fault.sentence}", fault.remedy or closed.remedy

    def _received(self, event: ev.ServerEvent) -> None:
        match event:
            case ev.SessionCreated():
                self._configuration.session_created(event.session)
            case ev.SessionUpdated():
                self._responses.rate.session_updated(event.session, self.settings.speed)
                self._configuration.updated(event.session)
            case ev.SpeechStarted() | ev.SpeechStopped() | ev.InputCommitted() | ev.InputTimeout() | ev.InputCleared():
                self._user.handle(event)
            case ev.TranscriptionDelta() | ev.TranscriptionCompleted() | ev.TranscriptionFailed():
                self._user.handle(event)
            case TranscriptionUpdated() | ev.TranscriptionSegment():
                self._user.handle(event)
            case ev.ItemTruncated() | ev.ItemDeleted():
                self._out.report(CutConfirmed(self._responses.key_of_item(event.item_id)))
            case ev.RateLimitsUpdated():
                self._out.report(LimitsReported(tuple(event.rate_limits)))
            case ev.ErrorEvent():
                self._failures.error(event)
            case OtherFailure():
                self._failures.other(event)
            case ev.ItemAdded() | ev.ItemCreated() | ev.ItemDone():
                self._user.typed.deliveries.item(event.item)
                self._responses.item(event.item, finished=isinstance(event, ev.ItemDone))
                self._user.listening.item(event.item)
                self._tools.hosted.handle(event, self._user.listening.turn)
            case ev.ItemRetrieved():
                self._responses.item(event.item, finished=True)
                self._user.listening.item(event.item)
            case _:
                if isinstance(event, ev.ResponseCreated) and not is_out_of_band(event.response):
                    self._fault.response_started()
                    self._user.response_started(asked=self._slot.requested)
                    if self._slot.requested:
                        self._user.typed.deliveries.answered()
                elif isinstance(event, ev.OutputAudioDelta):
                    self._configuration.freeze_voice()
                self._tools.hosted.handle(event, self._user.listening.turn)
                self._responses.handle(event)

    def _commanded(self, command: cmd.Command) -> None:
        match command:
            case cmd.Heard():
                self._responses.ledger.report(command.played_ms, command.first_at, command.drained, self._out)
            case cmd.Flushed():
                self._responses.ledger.truncate_cut(command.played_ms, self._out)
                self._user.flushed()
            case cmd.Interrupt():
                self._interrupt()
            case cmd.SendText():
                self._type(command.text)
            case cmd.SendEvent():
                open_ = self._configuration.phase not in (Phase.OFFLINE, Phase.CONNECTING)
                self._written.send(command.text, open_)
            case cmd.TakeAsReady():
                self._configuration.take_as_ready()
            case cmd.SetTalkMode():
                self._set_talk(command.mode)
            case cmd.SetAudio():
                self._set_audio(command.settings)
            case cmd.UseDevice():
                self._out.add(OpenDevice(command.direction, command.name))
            case cmd.SetEcho():
                self._out.add(SetEchoMode(command.mode, command.noise_suppression))
            case cmd.EditSession():
                self._configuration.edit(command)
                self._tools.changed()
            case cmd.SetHistory():
                self._history = command.history
            case cmd.ArgumentsChecked() | cmd.CallPreviewed() | cmd.ToolFinished() | cmd.UseTools():
                self._tools.command(command, self.ready)
            case cmd.Decide() | cmd.SendResult():
                self._tools.command(command, self.ready)
            case cmd.TimerFired():
                self._timer(command.timer)
            case _:
                self._user.command(command, self.ready)

    @property
    def _slot(self) -> ResponseSlot:
        return self._responses.slot

    # --- commands of the user

    def _interrupt(self) -> None:
        """Interrupt the agent; if it was neither speaking nor about to, stop waiting for running calls instead."""
        if not self._user.interrupt():
            self._tools.calls.release()

    def _type(self, text: str) -> None:
        if self.ready:
            self._user.interrupt()
            self._user.typed.keep(text)
        else:
            self._user.typed.refuse(text)

    def _set_talk(self, mode: TalkMode) -> None:
        self._user.set_talk_mode(mode, self._configuration.live)
        self._configuration.correct()

    def _set_audio(self, settings: AudioSettings) -> None:
        self._audio = settings
        self._out.add(ApplyAudio(settings))
        self._out.report(AudioSet(settings))

    # --- devices, timers

    def _timer(self, timer: Timer) -> None:
        match timer:
            case SessionCreatedLate():
                self._configuration.created_late(timer.connection)
            case ResponseLate():
                if self._slot.request_late(timer.request):
                    self._out.warn(
                        "the server has not begun the answer that was asked for", "ask again", until_answer=True
                    )
            case CancelLate():
                if self._slot.cancel_late(timer):
                    self._failures.end_response(timer.response_id)
            case EditLate():
                self._configuration.unanswered(timer.event_id)
            case FillerDue() | ProviderSilent() | OutputsHeld():
                self._tools.timer(timer)
            case _:
                self._user.timer(timer)

    # --- the end of every step

    def _finish_step(self) -> list[Effect]:
        self._tools.finish_step()
        if self.ready:
            self._recall()
        self._user.finish_step(self.ready)
        if self.ready and not self._responses.ledger.cutting:
            if self._user.typed.waiting and self._slot.free:
                self._slot.want_for_turn(self._user.typed.send_next())
            self._ask_answer()
        phase = self._current_phase()
        if phase is not self._phase:
            self._phase = phase
            self._out.report(PhaseChanged(phase))
        if self._user.talk != self._talk:
            self._talk = self._user.talk
            self._out.report(self._talk)
        return self._out.drain()

    def _ask_answer(self) -> None:
        asked = self._out.cause(self._slot.advance(self._out, self._tools.calls.turn_of_unasked))
        if asked is not None:
            self._tools.calls.receipts.asked(asked)

    def _recall(self) -> None:
        """Send the earlier conversation before any item of this session."""
        due, self._due = self._due, ()
        self._responses.recalled = self._responses.recalled | frozenset(line.text.strip() for line in due)
        for item in history_items(due, self._dialect.history):
            self._out.send(CreateItem, item=item)

    def _current_phase(self) -> Phase:
        if not self._configuration.ready:
            return self._configuration.phase
        if self._user.listening.hearing:
            return Phase.HEARING
        if self._responses.ledger.speaking:
            return Phase.SPEAKING
        if self._tools.calls.running:
            return Phase.TOOL
        if not self._slot.free or self._slot.wanted or self._user.typed.waiting or self._user.listening.unanswered:
            return Phase.THINKING
        return Phase.READY if self._user.by_key else Phase.LISTENING
