"""Tools in a session: which may be called now, the user's decisions, and when to request a response to outputs."""

from collections.abc import Callable

from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.realtime.calls.function_calls import FunctionCalls
from rtvoice_tui.session.realtime.calls.provider_calls import ProviderCalls
from rtvoice_tui.session.realtime.edits import TOOLS_CHANGED_ID, Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.response_slot import ResponseSlot
from rtvoice_tui.session.realtime.responses.responses import Responses
from rtvoice_tui.session.realtime.turns.listening import Listening
from rtvoice_tui.session.timers import CallTimer, FillerDue, OutputsHeld, ProviderSilent

HELD_S = 1.5
"""A response that was held because the user spoke is requested after this many seconds."""

MAX_HELD = 20
"""How often it is held: then the server has not told the end of the speech, and never will."""

ToolCommand = cmd.ArgumentsChecked | cmd.CallPreviewed | cmd.ToolFinished | cmd.UseTools | cmd.Decide | cmd.SendResult


class ToolCalls:
    """All calls of a session: function calls that run here, and hosted calls at the provider.

    Args:
        dialect: the provider's dialect.
        out: collects the effects.
        edits: the wanted tools; sends changes of them to the server.
        calls: the function calls that run here.
        responses: the responses, with the response slot.
        listening: knows whether the user speaks.
        agent_heard: returns whether the agent is speaking or a flush is pending.

    Attributes:
        calls: the function calls that run here.
        hosted: the calls that run at the provider.
    """

    def __init__(
        self,
        dialect: Dialect,
        out: Outbox,
        edits: Edits,
        calls: FunctionCalls,
        responses: Responses,
        listening: Listening,
        agent_heard: Callable[[], bool],
    ) -> None:
        self._dialect = dialect
        self._out = out
        self._edits = edits
        self.calls = calls
        self._responses = responses
        self._listening = listening
        self._agent_heard = agent_heard
        self.hosted = ProviderCalls(out)
        self._has_removed_tools = False
        self._held = False
        self._held_timer = 0
        self._times_held = 0

    @property
    def _slot(self) -> ResponseSlot:
        return self._responses.slot

    def close(self) -> None:
        """The session ended: cancel all calls."""
        self._held = False
        self._times_held = 0
        self.calls.close()
        self.hosted.close()

    # --- available tools

    def use(self) -> None:
        """Use the wanted tools; while a response runs, the previous ones stay callable."""
        wanted = {tool.name: tool for tool in self._edits.tools if not tool.hosted}
        approvals = self.calls.approvals
        known = wanted if self._slot.free else {**approvals.known, **wanted}
        self._has_removed_tools = known != wanted
        approvals.known = known
        declared = {tool.name for tool in self._edits.tools if tool.hosted}
        reserved = self._dialect.hosted_tools
        approvals.hosted = (declared & reserved) | (reserved - set(known))

    def changed(self) -> None:
        """The tools changed: use the new ones, and update the previews of calls that wait for approval."""
        self.use()
        self.calls.preview_asking()

    def finish_step(self) -> None:
        """End of a step: remove tools that no response can call any more."""
        if self._slot.free and self._has_removed_tools:
            self.use()
        if self._held and not self._slot.free:
            self._times_held = 0
            self._held = False  # a response started after the outputs were sent and includes them

    def _found(self, tools: tuple[ToolSpec, ...], ready: bool) -> None:
        """Handle `UseTools`: update the session now, or keep the tools until it is configured."""
        if tools == self._edits.tools:
            return
        if ready or self._edits.waiting:
            self._edits.change(self._edits.wanted, tools, TOOLS_CHANGED_ID)
        else:
            self._edits.keep(self._edits.wanted, tools, tell=False)
        self.changed()

    # --- calls

    def command(self, command: ToolCommand, ready: bool) -> None:
        """Handle a command about tools; ``ready``: whether the session is ready."""
        match command:
            case cmd.ToolFinished():
                outcome = (command.call_id, command.output, command.ok, command.note, command.details)
                self._answer_if(self.calls.finish(*outcome))
            case cmd.ArgumentsChecked():
                self._answer_if(self.calls.checked(command.call_id, command.problem, command.check))
            case cmd.CallPreviewed():
                self.calls.previewed(command.key, command.preview)
            case cmd.UseTools():
                self._found(command.tools, ready)
            case cmd.Decide():
                decision = (command.key, command.agree, command.always, command.reason)
                if not self.hosted.decide(*decision):
                    self._answer_if(self.calls.decide(*decision))
            case cmd.SendResult():
                self._send_result(command, ready)

    def refused(self, event_id: str, reason: str) -> None:
        """The server refused an event: an output or a decision of a call may not have arrived."""
        self.calls.output_refused(event_id, reason)
        if event_id:
            self.hosted.decision_refused(event_id, reason)

    def _answer_if(self, answered: bool) -> None:
        if not answered or self.calls.running:
            return
        if self._listening.hearing and self._slot.free:
            self._hold()
        else:
            self._slot.want()

    def _answer_if_quiet(self) -> None:
        if self._listening.hearing and self._times_held < MAX_HELD:
            self._hold()
        else:
            self._times_held = 0
            self._slot.want()

    def _hold(self) -> None:
        """Hold the response while the user speaks: the server's response to that speech may include the outputs."""
        self._held = True
        self._times_held += 1
        self._held_timer += 1
        self._out.add(Schedule(OutputsHeld(self._held_timer), HELD_S))

    def _send_result(self, command: cmd.SendResult, ready: bool) -> None:
        if not ready:
            self._out.warn(f"not connected, so this result was not sent: {command.output}", "press c to connect")
        elif self.calls.send_result(command.key, command.output, command.name):
            self._slot.want()

    # --- timers

    def timer(self, timer: CallTimer) -> None:
        """Handle a timer of calls."""
        match timer:
            case FillerDue():
                self._say_filler(timer)
            case ProviderSilent():
                self._go_on(timer.key)
            case OutputsHeld():
                if timer.number == self._held_timer and self._held:
                    self._held = False
                    self._answer_if_quiet()

    def _go_on(self, key: str) -> None:
        """Request a response if the provider did not continue after a hosted call and no other response is due."""
        coming = not self._slot.free or self._listening.hearing or self._listening.unanswered or self.calls.running
        if self.hosted.overdue(key) and not coming:
            self._slot.want()

    def _say_filler(self, due: FillerDue) -> None:
        silent = not (self._listening.hearing or self._agent_heard())
        nothing_due = self._slot.free and not (self._slot.wanted or self._listening.unanswered)
        if silent and nothing_due and (sentence := self.calls.filler(due)):
            self._slot.ask_out_of_band(self._out, sentence)
