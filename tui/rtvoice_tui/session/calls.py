"""Function calls: collected while they stream, run once when their answer is complete, answered together.

A call is visible in three events (arguments done, item done, response done); it is run from the last only, because
only then is it known that the answer was not cancelled. Outputs go back in order, then one answer is asked for.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace

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
        self._by_item: dict[str, CallChanged] = {}
        self._settled: set[str] = set()
        self._groups: list[_Group] = []

    @property
    def running(self) -> bool:
        """Whether a function of ours is at work."""
        return bool(self._groups)

    def begin(self, turn: int, item: Item) -> None:
        """A call appeared in the answer."""
        key = item.id or item.call_id
        if key not in self._by_item:
            state = CallState.HOSTED if item.name in self.hosted else CallState.STREAMING
            self._show(key, CallChanged(turn, item.call_id, item.id, item.name, item.arguments, state))

    def stream(self, turn: int, item_id: str, call_id: str, delta: str) -> None:
        """A piece of a call's arguments arrived."""
        key = item_id or call_id
        call = self._by_item.get(key) or CallChanged(turn, call_id, item_id, "", "", CallState.STREAMING)
        self._show(key, replace(call, call_id=call.call_id or call_id, arguments=call.arguments + delta))

    def complete(self, turn: int, item: Item) -> None:
        """A call's name and arguments are final; what an event leaves out is kept from before."""
        key = item.id or item.call_id
        call = self._by_item.get(key) or CallChanged(turn, item.call_id, item.id, item.name, "", CallState.STREAMING)
        self._show(
            key,
            replace(
                call,
                call_id=item.call_id or call.call_id,
                name=item.name or call.name,
                arguments=item.arguments or call.arguments,
                state=CallState.HOSTED if item.name in self.hosted else call.state,
            ),
        )

    def settle(self, turn: int, response: Response, collected: Collection[str], cut: bool) -> bool:
        """An answer ended: run its calls if it is complete, else void them.

        Returns true if its calls are all answered already, because none of them could be run.

        Args:
            turn: the answer's turn.
            response: as `response.done` describes it; some servers leave the calls out of it.
            collected: ids of call items seen while the answer streamed.
            cut: whether the person interrupted this answer.
        """
        keys = list(collected)
        for item in response.output:
            if item.type == "function_call":
                self.complete(turn, item)
                if (item.id or item.call_id) not in keys:
                    keys.append(item.id or item.call_id)
        calls = [self._by_item[key] for key in keys if key in self._by_item]
        fresh = [call for call in calls if (call.call_id or call.item_id) not in self._settled]
        if cut or response.status not in ("completed", ""):
            for call in fresh:
                self._finish(call, CallState.CANCELLED, note="the answer was interrupted before it was complete")
            return False
        ours = [call for call in fresh if call.state is not CallState.HOSTED]
        self._settled.update(call.call_id or call.item_id for call in fresh)
        if not ours:
            return False
        self._groups.append(_Group([call.call_id for call in ours]))
        answered = [self._run(call) for call in ours]
        return any(answered)

    def finish(self, call_id: str, output: str, ok: bool, note: str) -> bool:
        """A function has its result. True if it is the last of its group, whose outputs are then sent."""
        call = next((c for c in self._by_item.values() if c.call_id == call_id), None)
        group = next((g for g in self._groups if call_id in g.call_ids and call_id not in g.outputs), None)
        if call is None or group is None:
            return False
        self._finish(call, CallState.OK if ok else CallState.FAILED, output, note)
        group.outputs[call_id] = output
        if not group.complete:
            return False
        self._groups.remove(group)
        for answered in group.call_ids:
            self._out.send(
                CreateItem,
                item={"type": "function_call_output", "call_id": answered, "output": group.outputs[answered]},
            )
        return True

    def void(self) -> None:
        """The session ended: calls in flight mean nothing to the next one."""
        for group in self._groups:
            for call_id in group.call_ids:
                if call_id not in group.outputs:
                    self._out.do(StopTool(call_id))
        self._groups.clear()
        for call in list(self._by_item.values()):
            if call.state in (CallState.STREAMING, CallState.RUNNING):
                self._finish(call, CallState.CANCELLED, note="the session ended")
        self._by_item.clear()
        self._settled.clear()

    def _run(self, call: CallChanged) -> bool:
        """Start a call, or answer it with what is wrong with it. True if that answered its whole group."""
        self._show(call.item_id or call.call_id, replace(call, state=CallState.RUNNING))
        problem = self._objection(call)
        if problem:
            return self.finish(call.call_id, json.dumps({"error": problem}), ok=False, note=problem)
        self._out.do(RunTool(call.call_id, call.name, call.arguments or "{}"))
        return False

    def _objection(self, call: CallChanged) -> str:
        if call.name not in self.known:
            return f"unknown function '{call.name}'"
        try:
            arguments = json.loads(call.arguments or "{}")
        except ValueError as error:
            return f"the arguments are not JSON: {error}"
        if not isinstance(arguments, dict):
            return "the arguments are not a JSON object"
        return ""

    def _finish(self, call: CallChanged, state: CallState, output: str = "", note: str = "") -> None:
        self._settled.add(call.call_id or call.item_id)
        current = self._by_item.get(call.item_id or call.call_id, call)
        self._show(call.item_id or call.call_id, replace(current, state=state, output=output, note=note))

    def _show(self, key: str, call: CallChanged) -> None:
        if self._by_item.get(key) != call:
            self._by_item[key] = call
            self._out.tell(call)
