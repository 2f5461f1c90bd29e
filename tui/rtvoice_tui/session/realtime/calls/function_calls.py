"""Function calls: collected while they stream, run once when their answer is complete, answered together.

A call is visible in three events (arguments done, item done, response done); it is run from the last only, because
only then is it known that the answer was not cancelled. Outputs go back in order, then one answer is asked for.
Whether a call runs, and after asking whom, is decided here from the profile alone: nothing a model says counts.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.objects import Item, Response
from rtvoice_tui.session.approvals import Approvals
from rtvoice_tui.session.effects import CheckArguments, PreviewCall, RunTool, Schedule, StopTool
from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState
from rtvoice_tui.session.realtime.calls.receipts import Receipts
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.timers import FillerDue

REMEMBERED = 1000
"""Calls that are known by their ids; a result may be large, and as many are shown."""

UNRUN = "the answer was interrupted, so this was not run"
RELEASED = "the user interrupted, so the result was not waited for"
KEPT = "kept, not sent: you interrupted before it was there (s sends it)"
STOPPED = "the user stopped it"
DENIED = "the user did not agree to this call"
GIVEN = "you gave this result"
SENT_LATE = "you sent it after the interruption"

_UNFINISHED = (CallState.STREAMING, CallState.ASKING, CallState.RUNNING)


@dataclass
class _Group:
    """The calls of one response that run here."""

    call_ids: list[str]
    outputs: dict[str, str] = field(default_factory=dict)
    filled: bool = False

    @property
    def complete(self) -> bool:
        return len(self.outputs) == len(self.call_ids)


@dataclass(frozen=True)
class _Check:
    """A check of arguments that is under way: against which schema, and whether the user agreed to the call."""

    number: int
    parameters: dict[str, Any]
    agreed: bool


class FunctionCalls:
    """All function calls of a session.

    Args:
        out: where effects go.
        fillers: whether the server can be asked for words that stay outside the conversation.

    Attributes:
        approvals: which tools there are, and which of them ask.
        receipts: what became of the outputs.
    """

    def __init__(self, out: Outbox, fillers: bool = False) -> None:
        self._out = out
        self._fillers = fillers
        self.approvals = Approvals()
        self.receipts = Receipts(out)
        self._calls: dict[str, CallChanged] = {}
        self._keys: dict[str, str] = {}
        self._whole: set[str] = set()
        self._settled: set[str] = set()
        self._groups: list[_Group] = []
        self._session = 1
        self._released: set[str] = set()
        self._checking: dict[str, _Check] = {}
        self._checks = 0
        self._fitting: dict[str, dict[str, Any]] = {}

    @property
    def running(self) -> bool:
        """Whether a call is running or waits for the user."""
        return bool(self._groups)

    # --- while an answer streams

    def begin(self, turn: int, item: Item) -> str:
        """A call appeared in a response; returns its key."""
        key = self._key(item.id, item.call_id)
        if key not in self._calls:
            self._show(self._new(turn, key, item.id, item.call_id, item.name, item.arguments))
        return key

    def stream(self, turn: int, item_id: str, call_id: str, delta: str) -> str:
        """A piece of a call's arguments arrived; returns the call's key."""
        key = self._key(item_id, call_id)
        call = self._calls.get(key) or self._new(turn, key, item_id, call_id)
        if key not in self._settled:
            self._show(replace(call, call_id=call.call_id or call_id, arguments=call.arguments + delta))
        return key

    def complete(self, turn: int, item: Item) -> str:
        """A call's name and arguments are final; what an event leaves out is kept from before."""
        key = self._key(item.id, item.call_id)
        call = self._calls.get(key) or self._new(turn, key, item.id, item.call_id)
        if key in self._settled:
            return key
        name = item.name or call.name
        self._show(
            replace(
                call,
                call_id=item.call_id or call.call_id,
                name=name,
                arguments=item.arguments or call.arguments,
                state=CallState.HOSTED if name in self.approvals.hosted else call.state,
                kind=self.approvals.kind(name),
            )
        )
        if key not in self._whole:
            self._whole.add(key)
            self._out.report(CallReached(key, CallMoment.ARGUMENTS))
        return key

    def settle(self, turn: int, response: Response, collected: Collection[str], cut: bool, out_of_band: bool) -> bool:
        """A response ended: run its calls if it is complete, else void them.

        Returns true if its calls are all answered already, because none of them could be run.

        Args:
            turn: the answer's turn.
            response: as `response.done` describes it; some servers leave the calls out of it.
            collected: keys of calls seen while the answer streamed.
            cut: whether the user interrupted this answer.
            out_of_band: whether the conversation knows nothing of this answer, so that its calls cannot be answered.
        """
        keys = list(collected)
        keys += [self.complete(turn, item) for item in response.output if item.type == "function_call"]
        fresh = [self._calls[key] for key in dict.fromkeys(keys) if key in self._calls and key not in self._settled]
        self._settled.update(call.key for call in fresh)
        if cut or out_of_band or response.status not in ("completed", ""):
            for call in fresh:
                self._void(call, whole=response.status == "completed" and not out_of_band)
            return False
        ours = [call for call in fresh if call.state is not CallState.HOSTED]
        for call in ours:
            if not call.call_id:
                self._show(replace(call, state=CallState.FAILED, note="it has no call_id, so nobody could be answered"))
        answerable = [call for call in ours if call.call_id]
        if not answerable:
            return False
        self._groups.append(_Group([call.call_id for call in answerable]))
        answered = [self._admit(call) for call in answerable]
        return any(answered)

    # --- the user's part

    def decide(self, key: str, agree: bool, always: bool, reason: str) -> bool:
        """The user approves or rejects a call that asks, or stops one. True if that completes its group."""
        call = self._calls.get(key)
        if call is not None and call.call_id in self._released and not agree:
            self._stop_released(call, CallState.CANCELLED, STOPPED)
        if call is None or self._group(call.call_id) is None:
            return False
        if call.state is CallState.RUNNING and not agree:
            self._out.do(StopTool(call.call_id))
            return self._answered(call, _error(_because(STOPPED, reason)), CallState.CANCELLED, STOPPED)
        if call.state is not CallState.ASKING:
            return False
        if not agree:
            return self._answered(call, _error(_because(DENIED, reason)), CallState.DENIED, reason or DENIED)
        if call.call_id in self._checking:  # agreed to already
            return False
        if not always:
            return self._start(call)
        self.approvals.agree_always(call)
        same = [c for c in self._calls.values() if c.state is CallState.ASKING and self.approvals.alike(c, call)]
        answered = [self._start(other) for other in same]
        return any(answered)

    def send_result(self, key: str, output: str, name: str) -> bool:
        """The user's own result: in place of the one that was not sent yet, or as a message of its own.

        True if an answer is to be asked for.
        """
        call = self._calls.get(key)
        group = self._group(call.call_id) if call is not None else None
        if call is not None and group is not None and call.state in (CallState.ASKING, CallState.RUNNING):
            if call.state is CallState.RUNNING:
                self._out.do(StopTool(call.call_id))
            return self._answered(call, output, CallState.OK, GIVEN) and not self.running
        if call is not None and group is not None and call.call_id in group.outputs:
            group.outputs[call.call_id] = output
            self._show(replace(call, state=CallState.OK, output=output, note=GIVEN))
            return False
        if call is not None and call.call_id in self._released:
            self._stop_released(call, CallState.OK, GIVEN, output)
        elif call is not None and call.note.startswith(KEPT):
            self._show(replace(call, output=output, note=SENT_LATE))
        text = f"The result of {call.name if call else name} is: {output}"
        message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.receipts.send(key, message)
        return True

    def release(self) -> None:
        """The user interrupted: answer all pending calls now; one that still runs keeps its result for the user."""
        for group in self._groups:
            for call_id in group.call_ids:
                if call_id not in group.outputs:
                    self._let_go(self._calls[self._keys[call_id]])
                    group.outputs[call_id] = _error(RELEASED)
            self._send_all(group)
        self._groups.clear()
        self.receipts.ask_for_nothing()

    def _let_go(self, call: CallChanged) -> None:
        if call.state is CallState.RUNNING:
            self._released.add(call.call_id)
            self._show(replace(call, note=RELEASED))
        else:
            self._show(replace(call, state=CallState.CANCELLED, note="you interrupted before you agreed"))

    def _stop_released(self, call: CallChanged, state: CallState, note: str, output: str = "") -> None:
        """End a call that the model is told of already."""
        self._released.discard(call.call_id)
        self._out.do(StopTool(call.call_id))
        self._show(replace(call, state=state, output=output, note=note))

    # --- results

    def finish(self, call_id: str, output: str, ok: bool, note: str, details: tuple[tuple[str, str], ...] = ()) -> bool:
        """A function has its result. True if it is the last of its group, whose outputs are then sent."""
        call = self._calls.get(self._keys.get(call_id, ""))
        state = CallState.OK if ok else CallState.FAILED
        if call is not None and call_id in self._released:
            self._released.discard(call_id)
            words = f"{KEPT}\n{note}" if note else KEPT
            self._show(replace(call, state=state, output=output, note=words, details=details))
            return False
        group = self._group(call_id)
        if call is None or group is None or call.state is not CallState.RUNNING:
            return False
        return self._answered(call, output, state, note, details)

    def filler(self, due: FillerDue) -> str:
        """The sentence to say because a call takes long; empty if the call is over, or it was said already."""
        if due.session != self._session:
            return ""
        call = self._calls.get(self._keys.get(due.call_id, ""))
        group = self._group(due.call_id)
        if call is None or group is None or due.call_id in group.outputs or group.filled:
            return ""
        spec = self.approvals.known.get(call.name)
        group.filled = bool(spec and spec.filler)
        return spec.filler if spec else ""

    def void(self) -> None:
        """The session ended: cancel calls in flight, and forget approvals."""
        for call in list(self._calls.values()):
            if call.state is CallState.RUNNING:
                self._out.do(StopTool(call.call_id))
            if call.state in _UNFINISHED:
                self._show(replace(call, state=CallState.CANCELLED, note="the session ended"))
        self._session += 1
        self._groups.clear()
        self._calls.clear()
        self._keys.clear()
        self._whole.clear()
        self._settled.clear()
        self._released.clear()
        self._checking.clear()
        self._fitting.clear()
        self.approvals.forget()
        self.receipts.forget()

    # --- inside

    def _key(self, item_id: str, call_id: str) -> str:
        """One key for a call, however a server names it: call ids are the same everywhere, item ids may change."""
        known = self._keys.get(item_id, "")
        if call_id and known in self._settled and self._calls[known].call_id not in ("", call_id):
            del self._keys[item_id]  # of a call that is over: the server counts its items anew
        key = self._keys.get(call_id) or self._keys.get(item_id) or call_id or item_id
        for name in (call_id, item_id):
            if name:
                self._keys.setdefault(name, key)
        return key

    def _new(self, turn: int, key: str, item_id: str, call_id: str, name: str = "", text: str = "") -> CallChanged:
        state = CallState.HOSTED if name in self.approvals.hosted else CallState.STREAMING
        return CallChanged(turn, key, call_id, item_id, name, text, state, kind=self.approvals.kind(name))

    def _group(self, call_id: str) -> _Group | None:
        return next((group for group in self._groups if call_id and call_id in group.call_ids), None)

    def _admit(self, call: CallChanged) -> bool:
        """Start a call, ask the user, or answer it with what is wrong with it. True if its group is answered."""
        spec = self.approvals.known.get(call.name)
        if spec is not None and spec.filler and self._fillers:
            self._out.do(Schedule(FillerDue(self._session, call.call_id), spec.filler_after_s))
        return self._check(call, agreed=False)

    def _start(self, call: CallChanged) -> bool:
        return self._check(call, agreed=True)

    def _check(self, call: CallChanged, agreed: bool) -> bool:
        """Find out whether a call's arguments fit, then go on. True if its group is answered by that."""
        parameters = self.approvals.parameters(call)
        problem = "" if self._fitting.get(call.key) is parameters else self.approvals.objection(call)
        if problem is not None:
            return self._go_on(call, problem, agreed)
        self._checks += 1
        self._checking[call.call_id] = _Check(self._checks, parameters, agreed)
        self._out.do(CheckArguments(call.call_id, call.arguments, parameters, self._checks))
        return False

    def preview_asking(self) -> None:
        """The tools are others: what the user is asked about may run something else now."""
        for call in self._calls.values():
            if call.state is CallState.ASKING:
                self._out.do(PreviewCall(call.key, call.name, call.arguments))

    def previewed(self, key: str, preview: str) -> None:
        """It is known what a call runs, or would run."""
        call = self._calls.get(key)
        if call is not None and call.state in _UNFINISHED:
            self._show(replace(call, preview=preview))

    def checked(self, call_id: str, problem: str, number: int) -> bool:
        """It is known whether a call's arguments fit. True if its group is answered by that."""
        check = self._checking.get(call_id)
        if check is None or check.number != number:  # of an earlier call of that id, or with an earlier schema
            return False
        del self._checking[call_id]
        call, group = self._calls.get(self._keys.get(call_id, "")), self._group(call_id)
        if call is None or group is None or call_id in group.outputs:
            return False
        if not problem:
            self._fitting[call.key] = check.parameters
            if self.approvals.parameters(call) is not check.parameters:  # the tool is another by now
                return self._check(call, check.agreed)
        return self._go_on(call, problem, check.agreed)

    def _go_on(self, call: CallChanged, problem: str, agreed: bool) -> bool:
        call = replace(call, checked=not problem if call.name in self.approvals.known else None)
        if problem:
            return self._answered(call, _error(problem), CallState.FAILED, problem)
        if not agreed and self.approvals.asks(call):
            self._show(replace(call, state=CallState.ASKING))
            self._out.do(PreviewCall(call.key, call.name, call.arguments))
            return False
        self._show(replace(call, state=CallState.RUNNING))
        self._out.do(PreviewCall(call.key, call.name, call.arguments))
        self._out.do(RunTool(call.call_id, call.name, call.arguments.strip() or "{}"))
        return False

    def _answered(
        self, call: CallChanged, output: str, state: CallState, note: str, details: tuple[tuple[str, str], ...] = ()
    ) -> bool:
        """A call of a group has its output. True if it is the last, and all are sent."""
        group = self._group(call.call_id)
        assert group is not None
        self._show(replace(call, state=state, output=output, note=note, details=details))
        group.outputs[call.call_id] = output
        if not group.complete:
            return False
        self._groups.remove(group)
        self._send_all(group)
        return True

    def _send_all(self, group: _Group) -> None:
        for call_id in group.call_ids:
            self._answer(call_id, group.outputs[call_id])

    def _void(self, call: CallChanged, whole: bool) -> None:
        """A call of an interrupted answer is not run; one that is whole at the server gets that as its result."""
        self._show(replace(call, state=CallState.CANCELLED, note=UNRUN))
        if whole and call.call_id and call.name not in self.approvals.hosted:
            self._answer(call.call_id, _error(UNRUN))

    def _answer(self, call_id: str, output: str) -> None:
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        self.receipts.send(self._keys[call_id], item)

    def _show(self, call: CallChanged) -> None:
        if self._calls.get(call.key) != call:
            self._calls[call.key] = call
            self._out.report(call)
            if len(self._calls) > REMEMBERED:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Forget the oldest call that is over: no later event names it."""
        over = (c for c in self._calls.values() if c.key in self._settled and c.state not in _UNFINISHED)
        call = next((c for c in over if self._group(c.call_id) is None), None)
        if call is None:
            return
        for name in (call.key, call.call_id, call.item_id):
            if self._keys.get(name) == call.key:
                del self._keys[name]
        del self._calls[call.key]
        self._whole.discard(call.key)
        self._settled.discard(call.key)
        self._fitting.pop(call.key, None)
        self.approvals.forget_call(call.key)


def _error(sentence: str) -> str:
    return json.dumps({"error": sentence}, ensure_ascii=False)


def _because(sentence: str, reason: str) -> str:
    return f"{sentence}: {reason}" if reason else sentence
