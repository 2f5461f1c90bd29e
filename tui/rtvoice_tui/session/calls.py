"""Function calls: collected while they stream, run once when their answer is complete, answered together.

A call is visible in three events (arguments done, item done, response done); it is run from the last only, because
only then is it known that the answer was not cancelled. Outputs go back in order, then one answer is asked for.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field

from msgspec.structs import replace

from rtvoice_tui.protocol.client_events import CreateItem
from rtvoice_tui.protocol.objects import Item, Response
from rtvoice_tui.session.effects import RunTool, StopTool
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.session.outbox import Outbox


@dataclass
class _Group:
    """The calls of one answer that are ours to answer."""

    call_ids: list[str]
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.outputs) == len(self.call_ids)


class Calls:
    """All function calls of a session.

    Args:
        out: where effects go.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self.known: Collection[str] = ()
        self.hosted: Collection[str] = ()
        self._calls: dict[str, CallChanged] = {}
        self._keys: dict[str, str] = {}
        self._settled: set[str] = set()
        self._groups: list[_Group] = []

    @property
    def running(self) -> bool:
        """Whether a function of ours is at work."""
        return bool(self._groups)

    def begin(self, turn: int, item: Item) -> str:
        """A call appeared in the answer; returns its key."""
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
                state=CallState.HOSTED if name in self.hosted else call.state,
            )
        )
        return key

    def settle(self, turn: int, response: Response, collected: Collection[str], cut: bool) -> bool:
        """An answer ended: run its calls if it is complete, else void them.

        Returns true if its calls are all answered already, because none of them could be run.

        Args:
            turn: the answer's turn.
            response: as `response.done` describes it; some servers leave the calls out of it.
            collected: keys of calls seen while the answer streamed.
            cut: whether the person interrupted this answer.
        """
        keys = list(collected)
        keys += [self.complete(turn, item) for item in response.output if item.type == "function_call"]
        fresh = [self._calls[key] for key in dict.fromkeys(keys) if key in self._calls and key not in self._settled]
        self._settled.update(call.key for call in fresh)
        if cut or response.status not in ("completed", ""):
            for call in fresh:
                self._void(call, whole=response.status == "completed")
            return False
        ours = [call for call in fresh if call.state is not CallState.HOSTED]
        for call in ours:
            if not call.call_id:
                self._show(replace(call, state=CallState.FAILED, note="it has no call_id, so nobody could be answered"))
        answerable = [call for call in ours if call.call_id]
        if not answerable:
            return False
        self._groups.append(_Group([call.call_id for call in answerable]))
        answered = [self._run(call) for call in answerable]
        return any(answered)

    def finish(self, call_id: str, output: str, ok: bool, note: str) -> bool:
        """A function has its result. True if it is the last of its group, whose outputs are then sent."""
        call = self._calls.get(self._keys.get(call_id, ""))
        group = next((g for g in self._groups if call_id in g.call_ids and call_id not in g.outputs), None)
        if call is None or group is None:
            return False
        self._show(replace(call, state=CallState.OK if ok else CallState.FAILED, output=output, note=note))
        group.outputs[call_id] = output
        if not group.complete:
            return False
        self._groups.remove(group)
        for answered in group.call_ids:
            self._answer(answered, group.outputs[answered])
        return True

    def void(self) -> None:
        """The session ended: calls in flight mean nothing to the next one."""
        for group in self._groups:
            for call_id in group.call_ids:
                if call_id not in group.outputs:
                    self._out.do(StopTool(call_id))
        for call in list(self._calls.values()):
            if call.state in (CallState.STREAMING, CallState.RUNNING):
                self._show(replace(call, state=CallState.CANCELLED, note="the session ended"))
        self._groups.clear()
        self._calls.clear()
        self._keys.clear()
        self._settled.clear()

    def _key(self, item_id: str, call_id: str) -> str:
        """One key for a call, however a server names it: call ids are the same everywhere, item ids may change."""
        key = self._keys.get(call_id) or self._keys.get(item_id) or call_id or item_id
        for name in (call_id, item_id):
            if name:
                self._keys.setdefault(name, key)
        return key

    def _new(self, turn: int, key: str, item_id: str, call_id: str, name: str = "", arguments: str = "") -> CallChanged:
        state = CallState.HOSTED if name in self.hosted else CallState.STREAMING
        return CallChanged(turn, key, call_id, item_id, name, arguments, state)

    def _run(self, call: CallChanged) -> bool:
        """Start a call, or answer it with what is wrong with it. True if that answered its whole group."""
        self._show(replace(call, state=CallState.RUNNING))
        problem = self._objection(call)
        if problem:
            return self.finish(call.call_id, json.dumps({"error": problem}), ok=False, note=problem)
        self._out.do(RunTool(call.call_id, call.name, call.arguments or "{}"))
        return False

    def _void(self, call: CallChanged, whole: bool) -> None:
        """A call of an interrupted answer is not run; one that is whole at the server gets that as its result."""
        note = "the answer was interrupted, so this was not run"
        self._show(replace(call, state=CallState.CANCELLED, note=note))
        if whole and call.call_id and call.name not in self.hosted:
            self._answer(call.call_id, json.dumps({"error": note}))

    def _answer(self, call_id: str, output: str) -> None:
        self._out.send(CreateItem, item={"type": "function_call_output", "call_id": call_id, "output": output})

    def _objection(self, call: CallChanged) -> str:
        if call.name not in self.known:
            return f"unknown function '{call.name}'"
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError) as error:
            return f"the arguments are not JSON: {error}"
        if not isinstance(arguments, dict):
            return "the arguments are not a JSON object"
        return ""

    def _show(self, call: CallChanged) -> None:
        if self._calls.get(call.key) != call:
            self._calls[call.key] = call
            self._out.tell(call)
