"""Function calls: collected while a response streams, run when it is complete, their outputs sent together.

A call appears in three events (arguments done, item done, response done); it runs only after the last one, because
only that shows that the response was not cancelled. Outputs are sent in call order, then one response is requested.
Only the profile and the user decide whether a call runs, never the model.
"""

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.objects import FAILED, Item, Response
from rtvoice_tui.session import schema
from rtvoice_tui.session.approvals import Approvals
from rtvoice_tui.session.effects import CheckArguments, PreviewCall, RunTool, Schedule, StopTool
from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState
from rtvoice_tui.session.realtime.calls.call_group import CallGroup, PendingCheck, because, error_output
from rtvoice_tui.session.realtime.calls.call_records import UNFINISHED, CallRecords
from rtvoice_tui.session.realtime.calls.call_row import MOST_IN_A_ROW, CallRow
from rtvoice_tui.session.realtime.calls.receipts import Receipts
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import FillerDue

UNRUN = "the answer was interrupted, so this was not run"
UNFINISHED_ANSWER = "the answer was not finished by the server, so this was not run"
RELEASED = "the user interrupted, so the result was not waited for"
KEPT = "kept, not sent: you interrupted before it was there (s sends it)"
STOPPED = "the user stopped it"
DENIED = "the user did not agree to this call"
GIVEN = "you gave this result"
SENT_LATE = "you sent it after the interruption"


class FunctionCalls:
    """All function calls of a session.

    Args:
        out: collects the effects.
        fillers: whether the server supports out-of-band responses, which fillers need.
        most_in_a_row: number of calls in one turn of the user after which the next one needs approval.

    Attributes:
        approvals: the available tools, and which of them need approval.
        receipts: sends and tracks the outputs.
    """

    def __init__(self, out: Outbox, fillers: bool = False, most_in_a_row: int = MOST_IN_A_ROW) -> None:
        self._out = out
        self._row = CallRow(most_in_a_row)
        self._fillers = fillers
        self.approvals = Approvals()
        self.receipts = Receipts(out)
        self._calls = CallRecords(out, self.approvals, self._waits)
        self._arguments_done: set[str] = set()
        self._groups: list[CallGroup] = []
        self._session = 1
        self._released: set[str] = set()
        self._kept: set[str] = set()  # finished after the user interrupted: their results were not sent
        self._checking: dict[str, PendingCheck] = {}
        self._checks = 0
        self._validated: dict[str, dict[str, Any]] = {}

    @property
    def running(self) -> bool:
        """Whether a call is running, being validated or waiting for approval."""
        return bool(self._groups)

    @property
    def turn_of_unasked(self) -> int:
        """The last turn of the calls whose outputs were sent and not answered yet; 0 if there are none."""
        calls = (self._calls.get(key) for key in self.receipts.unasked)
        return max((call.turn for call in calls if call is not None), default=0)

    # --- while a response streams

    def added(self, turn: int, item: Item, of_response: Collection[str] | None = None) -> str:
        """A call appeared in a response; returns its key. ``of_response``: see `CallRecords.key_of`."""
        key = self._calls.key_of(item.id, item.call_id, of_response)
        if self._calls.get(key) is None:
            self._show(self._calls.new(turn, key, item.id, item.call_id, item.name, item.arguments))
        return key

    def stream(
        self, turn: int, item_id: str, call_id: str, delta: str, of_response: Collection[str] | None = None
    ) -> str:
        """Append a delta to a call's arguments; returns the call's key. Deltas after the complete text are ignored."""
        key = self._calls.key_of(item_id, call_id, of_response)
        call = self._calls.get(key) or self._calls.new(turn, key, item_id, call_id)
        if key not in self._calls.settled and key not in self._arguments_done:
            before = (
                "" if call.arguments == "{}" else call.arguments
            )  # some servers announce a call with an empty object
            self._show(replace(call, call_id=call.call_id or call_id, arguments=before + delta))
        return key

    def complete(self, turn: int, item: Item, of_response: Collection[str] | None = None) -> str:
        """Set a call's final name and arguments; empty fields of the item keep the earlier values. Returns the key."""
        key = self._calls.key_of(item.id, item.call_id, of_response)
        call = self._calls.get(key) or self._calls.new(turn, key, item.id, item.call_id)
        if key in self._calls.settled:
            return key
        name = item.name or call.name
        self._show(
            replace(
                call,
                call_id=item.call_id or call.call_id,
                name=name,
                arguments=call.arguments if item.arguments in ("", "{}") and call.arguments else item.arguments,
                state=CallState.HOSTED if name in self.approvals.hosted else call.state,
                kind=self.approvals.kind(name),
            )
        )
        if key not in self._arguments_done:
            self._arguments_done.add(key)
            self._out.report(CallReached(key, CallMoment.ARGUMENTS))
        return key

    def response_done(
        self, turn: int, response: Response, collected: Collection[str], cut: bool, out_of_band: bool
    ) -> bool:
        """Handle the end of a response: run its calls if it is complete, else cancel them.

        Args:
            turn: turn of the response.
            response: the response object of ``response.done``; some servers omit the calls in it.
            collected: keys of the calls seen while the response streamed.
            cut: whether the response was interrupted.
            out_of_band: whether it is an out-of-band response; outputs of its calls cannot be sent.

        Returns:
            True if all outputs were sent at once, because none of the calls could run.
        """
        keys = list(collected)
        keys += [self.complete(turn, item, keys) for item in response.output if item.type == "function_call"]
        known = (self._calls.get(key) for key in dict.fromkeys(keys))
        fresh = [call for call in known if call is not None and call.key not in self._calls.settled]
        self._calls.settled.update(call.key for call in fresh)
        if cut or out_of_band or response.status not in ("completed", ""):
            for call in fresh:
                failed = response.status in FAILED and not cut
                self._cancel(
                    call, response.status == "completed" and not out_of_band, UNFINISHED_ANSWER if failed else UNRUN
                )
            return False
        ours = [call for call in fresh if call.state is not CallState.HOSTED]
        for call in ours:
            if not call.call_id:
                self._show(replace(call, state=CallState.FAILED, note="it has no call_id, so no output can be sent"))
        answerable = [call for call in ours if call.call_id]
        if not answerable:
            return False
        self._groups.append(CallGroup([call.call_id for call in answerable]))
        answered = [self._admit(call) for call in answerable]
        return any(answered)

    # --- commands of the user

    def decide(self, key: str, agree: bool, always: bool, reason: str) -> bool:
        """Handle `Decide`: approve, reject or stop a call. True if that completes its group."""
        call = self._calls.get(key)
        if call is not None and call.call_id in self._released and not agree:
            self._stop_released(call, CallState.CANCELLED, STOPPED)
        if call is None or self._group(call.call_id) is None:
            return False
        if call.state is CallState.RUNNING and not agree:
            self._out.add(StopTool(call.call_id))
            return self._answered(call, error_output(because(STOPPED, reason)), CallState.CANCELLED, STOPPED)
        if call.state is not CallState.ASKING:
            return False
        if not agree:
            return self._answered(call, error_output(because(DENIED, reason)), CallState.DENIED, reason or DENIED)
        if call.call_id in self._checking:  # already approved, validation is pending
            return False
        if not always:
            return self._start(call)
        self.approvals.agree_always(call)
        same = [c for c in self._calls if c.state is CallState.ASKING and self.approvals.same_tool(c, call)]
        answered = [self._start(other) for other in same]
        return any(answered)

    def send_result(self, key: str, output: str, name: str) -> bool:
        """Handle `SendResult`: replace an output that was not sent yet, or send the result as a user message.

        Returns:
            True if a response should be requested now.
        """
        call = self._calls.get(key)
        group = self._group(call.call_id) if call is not None else None
        if call is not None and group is not None and call.state in (CallState.ASKING, CallState.RUNNING):
            if call.state is CallState.RUNNING:
                self._out.add(StopTool(call.call_id))
            return self._answered(call, output, CallState.OK, GIVEN) and not self.running
        if call is not None and group is not None and call.call_id in group.outputs:
            group.outputs[call.call_id] = output
            self._show(replace(call, state=CallState.OK, output=output, note=GIVEN))
            return False
        if call is not None and call.call_id in self._released:
            self._stop_released(call, CallState.OK, GIVEN, output)
        elif call is not None and call.key in self._kept:
            self._kept.discard(call.key)
            self._show(replace(call, output=output, note=SENT_LATE))
        text = f"The result of {call.name if call else name} is: {output}"
        message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.receipts.send(key, message)
        return True

    def release(self) -> None:
        """The user interrupted: send all outputs now, with an error for each pending call, and request no response.

        Running functions go on; their results are only shown to the user.
        """
        for group in self._groups:
            for call_id in group.call_ids:
                if call_id not in group.outputs:
                    self._release_call(call_id)
                    group.outputs[call_id] = error_output(RELEASED)
            self._send_all(group)
        self._groups.clear()
        self.receipts.drop_unrequested()

    def _release_call(self, call_id: str) -> None:
        call = self._calls.by_id(call_id)
        assert call is not None
        if call.state is CallState.RUNNING:
            self._released.add(call.call_id)
            self._show(replace(call, note=RELEASED))
        else:
            self._show(replace(call, state=CallState.CANCELLED, note="you interrupted before you agreed"))

    def _stop_released(self, call: CallChanged, state: CallState, note: str, output: str = "") -> None:
        """Stop a released call: its output was already sent."""
        self._released.discard(call.call_id)
        self._out.add(StopTool(call.call_id))
        self._show(replace(call, state=state, output=output, note=note))

    # --- results

    def finish(self, call_id: str, output: str, ok: bool, note: str, details: tuple[tuple[str, str], ...] = ()) -> bool:
        """Handle the result of a function. True if it completes its group, so that the outputs were sent."""
        call = self._calls.by_id(call_id)
        state = CallState.OK if ok else CallState.FAILED
        if call is not None and call_id in self._released:
            self._released.discard(call_id)
            self._kept.add(call.key)
            words = f"{KEPT}\n{note}" if note else KEPT
            self._show(replace(call, state=state, output=output, note=words, details=details))
            return False
        group = self._group(call_id)
        if call is None or group is None or call.state is not CallState.RUNNING:
            return False
        return self._answered(call, output, state, note, details)

    def output_refused(self, event_id: str, reason: str) -> None:
        """The server refused an event: if it was the output of a call, the model has not got it.

        Args:
            event_id: the client event; empty if the error names none: then its words may name the call.
            reason: the error.
        """
        call = self._calls.get(self.receipts.refused(event_id)) if event_id else self._calls.named_in(reason)
        if call is not None:
            self._show(replace(call, state=CallState.FAILED, note=f"the server refused the result: {reason}"))

    def filler(self, due: FillerDue) -> str:
        """The filler sentence of a slow call; empty if the call has its output, or its group had its filler."""
        if due.session != self._session:
            return ""
        call = self._calls.by_id(due.call_id)
        group = self._group(due.call_id)
        if call is None or group is None or due.call_id in group.outputs or group.filled:
            return ""
        spec = self.approvals.known.get(call.name)
        group.filled = bool(spec and spec.filler)
        return spec.filler if spec else ""

    def close(self) -> None:
        """The session ended: cancel unfinished calls, and forget all calls and approvals."""
        for call in self._calls:
            if call.state is CallState.RUNNING:
                self._out.add(StopTool(call.call_id))
            if call.state in UNFINISHED:
                self._show(replace(call, state=CallState.CANCELLED, note="the session ended"))
        self._session += 1
        self._groups.clear()
        self._calls.clear()
        self._arguments_done.clear()
        self._released.clear()
        self._kept.clear()
        self._checking.clear()
        self._validated.clear()
        self.approvals.forget()
        self._row.clear()
        self.receipts.forget()

    # --- inside

    def _waits(self, call_id: str) -> bool:
        """Whether a call runs, is validated or waits for approval."""
        return self._group(call_id) is not None

    def _group(self, call_id: str) -> CallGroup | None:
        return next((group for group in self._groups if call_id and call_id in group.call_ids), None)

    def _admit(self, call: CallChanged) -> bool:
        """Schedule the filler of a new call and validate its arguments. True if that completes its group."""
        spec = self.approvals.known.get(call.name)
        if spec is not None and spec.filler and self._fillers:
            self._out.add(Schedule(FillerDue(self._session, call.call_id), spec.filler_after_s))
        return self._check(call, agreed=False)

    def _start(self, call: CallChanged) -> bool:
        return self._check(call, agreed=True)

    def _check(self, call: CallChanged, agreed: bool) -> bool:
        """Validate a call's arguments, here or in the subprocess, then go on. True if that completes its group."""
        parameters = self.approvals.parameters(call)
        problem = "" if self._validated.get(call.key) is parameters else self.approvals.validation_error(call)
        if problem is not None:
            return self._go_on(call, problem, agreed)
        self._checks += 1
        self._checking[call.call_id] = PendingCheck(self._checks, parameters, agreed)
        self._out.add(CheckArguments(call.call_id, call.arguments, parameters, self._checks))
        return False

    def preview_asking(self) -> None:
        """The tools changed: request new previews for all calls that wait for approval."""
        for call in self._calls:
            if call.state is CallState.ASKING:
                self._out.add(PreviewCall(call.key, call.name, call.arguments))

    def previewed(self, key: str, preview: str) -> None:
        """Handle `CallPreviewed`: show the preview of an unfinished call."""
        call = self._calls.get(key)
        if call is not None and call.state in UNFINISHED:
            self._show(replace(call, preview=preview))

    def checked(self, call_id: str, problem: str, number: int) -> bool:
        """Handle `ArgumentsChecked`: go on with the call. True if that completes its group."""
        check = self._checking.get(call_id)
        if check is None or check.number != number:  # outdated: an earlier call with this id, or an earlier schema
            return False
        del self._checking[call_id]
        call, group = self._calls.by_id(call_id), self._group(call_id)
        if call is None or group is None or call_id in group.outputs:
            return False
        if not problem:
            self._validated[call.key] = check.parameters
            if self.approvals.parameters(call) is not check.parameters:  # the tool changed meanwhile
                return self._check(call, check.agreed)
        return self._go_on(call, problem, check.agreed)

    def _go_on(self, call: CallChanged, problem: str, agreed: bool) -> bool:
        call = replace(call, checked=not problem if call.name in self.approvals.known else None)
        if problem:
            return self._answered(call, error_output(problem), CallState.FAILED, problem)
        if agreed:
            self._row.approved(call.turn)
        elif self.approvals.asks(call, self._row.too_long(call.turn)):
            note = self._row.question if self._row.too_long(call.turn) else call.note
            self._show(replace(call, state=CallState.ASKING, note=note))
            self._out.add(PreviewCall(call.key, call.name, call.arguments))
            return False
        self._row.started(call.turn)
        self._show(replace(call, state=CallState.RUNNING, note=""))
        self._out.add(PreviewCall(call.key, call.name, call.arguments))
        arguments = schema.given(call.arguments, self.approvals.parameters(call))
        self._out.add(RunTool(call.call_id, call.name, arguments))
        return False

    def _answered(
        self, call: CallChanged, output: str, state: CallState, note: str, details: tuple[tuple[str, str], ...] = ()
    ) -> bool:
        """Set a call's output. True if it was the last of its group, so that all outputs were sent."""
        group = self._group(call.call_id)
        assert group is not None
        self._show(replace(call, state=state, output=output, note=note, details=details))
        group.outputs[call.call_id] = output
        if not group.complete:
            return False
        self._groups.remove(group)
        self._send_all(group)
        return True

    def _send_all(self, group: CallGroup) -> None:
        for call_id in group.call_ids:
            self._answer(call_id, group.outputs[call_id])

    def _cancel(self, call: CallChanged, whole: bool, note: str) -> None:
        """Cancel a call without running it; if it is ``whole`` in the conversation, an error output is sent for it."""
        self._show(replace(call, state=CallState.CANCELLED, note=note))
        if whole and call.call_id and call.name not in self.approvals.hosted:
            self._answer(call.call_id, error_output(note))

    def _answer(self, call_id: str, output: str) -> None:
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        call = self._calls.by_id(call_id)
        assert call is not None
        self.receipts.send(call.key, item)

    def _show(self, call: CallChanged) -> None:
        forgotten = self._calls.update(call)
        if forgotten is not None:
            self._arguments_done.discard(forgotten.key)
            self._validated.pop(forgotten.key, None)
            self._kept.discard(forgotten.key)
            self.approvals.forget_call(forgotten.key)
