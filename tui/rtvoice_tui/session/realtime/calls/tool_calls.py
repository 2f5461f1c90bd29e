"""Tools in a session: which may be called now, what the user decides, and when calls are answered."""

from collections.abc import Callable

from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.realtime.calls.function_calls import FunctionCalls
from rtvoice_tui.session.realtime.calls.provider_calls import ProviderCalls
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.response_slot import ResponseSlot
from rtvoice_tui.session.realtime.responses.responses import Responses
from rtvoice_tui.session.realtime.turns.listening import Listening
from rtvoice_tui.session.timers import CallTimer, FillerDue, OutputsHeld, ProviderSilent

FOUND = "tools found"
"""Names a change of the tools that no user made."""

HELD_S = 1.5
"""An answer that was put off because the user spoke is asked for when nothing has come for so long."""

ToolCommand = cmd.ArgumentsChecked | cmd.CallPreviewed | cmd.ToolFinished | cmd.UseTools | cmd.Decide | cmd.SendResult


class ToolCalls:
    """All calls of a session: those that run here, and the provider's.

    Args:
        dialect: who is spoken to.
        out: where effects go.
        edits: the wanted tools, and the way to tell the server of others.
        calls: the calls that are ours to answer.
        answers: has the slot in which calls are answered.
        listening: knows whether the user speaks.
        agent_heard: whether the agent is heard, or has just been silenced.

    Attributes:
        hosted: the calls that the provider makes itself.
    """

    def __init__(
        self,
        dialect: Dialect,
        out: Outbox,
        edits: Edits,
        calls: FunctionCalls,
        answers: Responses,
        listening: Listening,
        agent_heard: Callable[[], bool],
    ) -> None:
        self._dialect = dialect
        self._out = out
        self._edits = edits
        self._calls = calls
        self._answers = answers
        self._listening = listening
        self._agent_heard = agent_heard
        self.hosted = ProviderCalls(out)
        self._pulled = False
        self._held = False
        self._held_timer = 0

    @property
    def _slot(self) -> ResponseSlot:
        return self._answers.slot

    def close(self) -> None:
        """The session is over."""
        self._held = False
        self._calls.void()
        self.hosted.void()

    # --- which tools there are

    def use(self) -> None:
        """Use the wanted tools; a running response may still call those that it was told of."""
        wanted = {tool.name: tool for tool in self._edits.tools if not tool.hosted}
        approvals = self._calls.approvals
        known = wanted if self._slot.free else {**approvals.known, **wanted}
        self._pulled = known != wanted
        approvals.known = known
        declared = {tool.name for tool in self._edits.tools if tool.hosted}
        reserved = self._dialect.hosted_tools
        approvals.hosted = (declared & reserved) | (reserved - set(known))

    def changed(self) -> None:
        """The tools are others: use them, and say anew what calls that ask would run."""
        self.use()
        self._calls.preview_asking()

    def settle(self) -> None:
        """End of a step: remove tools that no response can call any more."""
        if self._slot.free and self._pulled:
            self.use()
        if self._held and not self._slot.free:
            self._held = False  # it began after the outputs were sent, and takes them in

    def _found(self, tools: tuple[ToolSpec, ...], ready: bool) -> None:
        """The tools changed: update the session now, or when it is configured."""
        if tools == self._edits.tools:
            return
        if ready or self._edits.waiting:
            self._edits.change(self._edits.wanted, tools, FOUND)
        else:
            self._edits.keep(self._edits.wanted, tools, tell=False)
        self.changed()

    # --- calls

    def command(self, command: ToolCommand, ready: bool) -> None:
        """Handle a command about tools; ``ready``: whether the session is configured."""
        match command:
            case cmd.ToolFinished():
                outcome = (command.call_id, command.output, command.ok, command.note, command.details)
                self._answer_if(self._calls.finish(*outcome))
            case cmd.ArgumentsChecked():
                self._answer_if(self._calls.checked(command.call_id, command.problem, command.check))
            case cmd.CallPreviewed():
                self._calls.previewed(command.key, command.preview)
            case cmd.UseTools():
                self._found(command.tools, ready)
            case cmd.Decide():
                decision = (command.key, command.agree, command.always, command.reason)
                if not self.hosted.decide(*decision):
                    self._answer_if(self._calls.decide(*decision))
            case cmd.SendResult():
                self._send_result(command, ready)

    def _answer_if(self, answered: bool) -> None:
        if not answered or self._calls.running:
            return
        if self._listening.hearing and self._slot.free:
            self._hold()
        else:
            self._slot.want()

    def _answer_if_quiet(self) -> None:
        if self._listening.hearing:
            self._hold()
        else:
            self._slot.want()

    def _hold(self) -> None:
        """Wait with the response while the user speaks: the server's own response may take the outputs in."""
        self._held = True
        self._held_timer += 1
        self._out.do(Schedule(OutputsHeld(self._held_timer), HELD_S))

    def _send_result(self, command: cmd.SendResult, ready: bool) -> None:
        if not ready:
            self._out.warn(f"not connected, so this result was not sent: {command.output}", "press c to connect")
        elif self._calls.send_result(command.key, command.output, command.name):
            self._slot.want()

    # --- timers

    def timer(self, timer: CallTimer) -> None:
        """A timer of calls fired."""
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
        """A server that says nothing after a call of its own is asked to, unless an answer comes by itself."""
        coming = not self._slot.free or self._listening.hearing or self._listening.unanswered or self._calls.running
        if self.hosted.overdue(key) and not coming:
            self._slot.want()

    def _say_filler(self, due: FillerDue) -> None:
        silent = not (self._listening.hearing or self._agent_heard())
        nothing_due = self._slot.free and not (self._slot.wanted or self._listening.unanswered)
        if silent and nothing_due and (sentence := self._calls.filler(due)):
            self._slot.ask_out_of_band(self._out, sentence)
