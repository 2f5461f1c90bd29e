"""MCP calls that run at the provider: shown, and approved where the provider asks (Realtime API, MCP events).

Tool lists, calls and approval requests are conversation items. Some servers send them twice, others omit events, so
everything is keyed by the item id.
"""

from collections import deque
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.client_events import CreateItem
from rtvoice_tui.protocol.realtime.error_texts import read_error
from rtvoice_tui.protocol.realtime.objects import FAILED, Item
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import (
    CallChanged,
    CallMoment,
    CallReached,
    CallState,
    ServerChanged,
    ServerState,
)
from rtvoice_tui.session.realtime.calls.receipts import sent_event
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.response_slot import is_out_of_band
from rtvoice_tui.session.timers import ProviderSilent

PREFIX = "hosted:"
"""Prefix of these calls' keys in facts: a provider's item id may equal the key of a function call."""

CONTINUE_S = 1.5
"""Seconds after a finished hosted call; if the server has not continued by then, a response is requested."""


END_UNTOLD = "the server went on and did not say how it ended"
UNLISTED = "the provider could not list its tools"
KEPT_LISTS = 64
"""Number of tool lists that are kept: some providers create a new one for every response."""

KEPT = 1000
"""Number of finished calls that are kept, for late events that name them."""

_GOING_ON = (CallState.STREAMING, CallState.RUNNING)
_AT_WORK = (CallState.ASKING, CallState.HOSTED, CallState.RUNNING)


class ProviderCalls:
    """Calls, tool lists and approval requests of the provider.

    Args:
        out: collects the effects.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._calls: dict[str, CallChanged] = {}
        self._labels: dict[str, str] = {}
        self._lists: dict[str, ServerChanged] = {}
        self._reported: set[str] = set()
        self._approvals: dict[str, str] = {}
        self._always: set[tuple[str, str]] = set()
        self._awaiting_response: set[str] = set()
        self._arguments_done: set[str] = set()
        self._over: set[str] = set()
        self._ended_keys: deque[str] = deque()
        self._busy: set[str] = set()
        self._begun_before: set[str] = set()  # calls that were going on when the current response began
        self._decisions: dict[str, str] = {}
        self._failed_lists: dict[str, str] = {}  # reasons of lists whose item has not come yet

    def handle(self, event: ev.ServerEvent, turn: int) -> None:
        """Handle one event. Ignores all other events."""
        match event:
            case ev.OutputItemAdded() | ev.OutputItemDone() | ev.ItemAdded() | ev.ItemDone() | ev.ItemCreated():
                self._item(event.item, turn, done=isinstance(event, ev.OutputItemDone | ev.ItemDone))
            case ev.McpArgumentsDelta():
                call = self._call(event.item_id, turn)
                if call.key not in self._arguments_done:
                    self._show(replace(call, arguments=call.arguments + event.delta))
            case ev.McpArgumentsDone():
                call = self._call(event.item_id, turn)
                self._show(replace(call, arguments=event.arguments or call.arguments))
                self._arguments_whole(call.key)
            case ev.McpCallInProgress():
                call = self._call(event.item_id, turn)
                if call.key not in self._over:
                    self._show(replace(call, state=CallState.RUNNING))
            case ev.McpCallCompleted():
                self._ended(event.item_id, turn, CallState.OK)
            case ev.McpCallFailed():
                self._ended(event.item_id, turn, CallState.FAILED, _words(event.error))
            case ev.ResponseDone():
                self._response_done(event, turn)
            case ev.McpListInProgress():
                self._listed(event.item_id, ServerState.STARTING)
            case ev.McpListCompleted():
                self._listed(event.item_id, ServerState.CONNECTED)
            case ev.McpListFailed():
                reason = _words(event.error) or UNLISTED
                self._listed(event.item_id, ServerState.FAILED, reason, name=event.server_label)
            case ev.ResponseCreated() if not is_out_of_band(event.response):
                self._awaiting_response.clear()
                self._begun_before = {key for key, call in self._calls.items() if call.state in _GOING_ON}

    def decide(self, key: str, agree: bool, always: bool, reason: str) -> bool:
        """Send the user's decision on an approval request; false if the key names no call that waits for one."""
        call = self._calls.get(key.removeprefix(PREFIX)) if key.startswith(PREFIX) else None
        if call is None or call.state is not CallState.ASKING:
            return False
        if agree and always:
            self._always.add((self._labels.get(call.key, ""), call.name))
        self._answer(call, agree, reason)
        return True

    def decision_refused(self, event_id: str, reason: str) -> None:
        """The server refused an event: if it was a decision, the call does not run."""
        call = self._calls.get(self._decisions.pop(event_id, ""))
        if call is not None:
            self._show(replace(call, state=CallState.FAILED, note=f"the server refused the decision: {reason}"))

    def overdue(self, key: str) -> bool:
        """Handle `ProviderSilent`: true if the server has not continued since, and no hosted call is unfinished."""
        if key not in self._awaiting_response or self._busy:
            return False
        self._awaiting_response.clear()
        return True

    def close(self) -> None:
        """The session ended: cancel unfinished calls and forget everything."""
        for call in list(self._calls.values()):
            if call.state in (CallState.STREAMING, CallState.ASKING, CallState.HOSTED, CallState.RUNNING):
                self._show(replace(call, state=CallState.CANCELLED, note="the session ended"))
        self._calls.clear()
        self._labels.clear()
        self._lists.clear()
        self._reported.clear()
        self._approvals.clear()
        self._always.clear()
        self._awaiting_response.clear()
        self._arguments_done.clear()
        self._over.clear()
        self._ended_keys.clear()
        self._busy.clear()
        self._decisions.clear()
        self._failed_lists.clear()
        self._begun_before.clear()

    def _forget(self, key: str) -> None:
        """Forget a finished call and the item ids that refer to it."""
        call = self._calls.pop(key, None)
        self._labels.pop(key, None)
        for known in (self._arguments_done, self._over, self._awaiting_response, self._busy):
            known.discard(key)
        if call is not None:
            for item_id in [known for known, asked in self._approvals.items() if asked == key]:
                del self._approvals[item_id]

    # --- inside

    def _item(self, item: Item, turn: int, done: bool) -> None:
        if item.type == "mcp_list_tools":
            if item.id not in self._lists and len(self._lists) >= KEPT_LISTS:
                self._reported.discard(oldest := next(iter(self._lists)))
                del self._lists[oldest]
            self._lists.setdefault(item.id, ServerChanged(item.server_label, ServerState.STARTING, "at the provider"))
            reason = self._failed_lists.pop(item.id, "")
            if reason or item.error or item.status in FAILED:
                self._listed(item.id, ServerState.FAILED, _words(item.error) or reason or UNLISTED)
                return
            state = ServerState.CONNECTED if done or item.tools else self._lists[item.id].state
            self._listed(item.id, state, self._lists[item.id].detail, len(item.tools))
        elif item.type == "mcp_approval_request":
            self._asked(item, turn)
        elif item.type == "mcp_call":
            self._called(item, turn, done or item.status in ("completed", *FAILED))
        elif item.type == "message":
            self._awaiting_response.clear()

    def _asked(self, item: Item, turn: int) -> None:
        if item.id in self._calls or not item.id:
            return
        self._labels[item.id] = item.server_label
        call = self._new(item.id, turn, item.name, item.arguments, item.server_label)
        where = f"{item.server_label}: {item.name} at the provider"
        self._show(replace(call, state=CallState.ASKING, preview=where))
        self._arguments_whole(item.id)
        if (item.server_label, item.name) in self._always:
            self._answer(self._calls[item.id], agree=True, reason="")

    def _answer(self, call: CallChanged, agree: bool, reason: str) -> None:
        body: dict[str, Any] = {
            "type": "mcp_approval_response",
            "id": self._out.new_id("approval"),
            "approval_request_id": call.key,
            "approve": agree,
        }
        if reason:
            body["reason"] = reason
        event_id = self._out.send(CreateItem, item=body)
        self._decisions[event_id] = call.key
        if len(self._decisions) > KEPT_LISTS:
            del self._decisions[next(iter(self._decisions))]
        state = CallState.HOSTED if agree else CallState.DENIED
        self._show(replace(call, state=state, note="" if agree else reason or "you did not agree"))
        self._out.report(CallReached(PREFIX + call.key, CallMoment.SENT, sent_event(self._out.cause(event_id))))
        if not agree:
            self._end(call.key)

    def _called(self, item: Item, turn: int, done: bool) -> None:
        if item.approval_request_id in self._calls:
            self._approvals[item.id] = item.approval_request_id
        call = self._call(item.id, turn)
        name, arguments = item.name or call.name, item.arguments or call.arguments
        kind = f"mcp at {item.server_label}" if item.server_label else call.kind
        state, note = call.state, call.note
        if item.error:
            state, note = CallState.FAILED, _words(item.error)
        elif done and item.status in FAILED:
            state, note = CallState.FAILED, note or item.output or "it failed there"
        elif done and call.state is not CallState.FAILED:
            state = CallState.OK if item.output or item.status == "completed" else call.state
        elif state is CallState.HOSTED:
            state = CallState.RUNNING
        output = item.output or call.output
        self._show(replace(call, name=name, arguments=arguments, kind=kind, state=state, note=note, output=output))
        if done and state in (CallState.OK, CallState.FAILED):
            self._end(call.key)

    def _response_done(self, event: ev.ResponseDone, turn: int) -> None:
        """A response ended: take over how its calls ended, and cancel those that a cancelled one leaves behind."""
        for item in event.response.output:
            if item.type == "mcp_call":
                self._called(item, turn, done=True)
            elif item.type == "mcp_approval_request":
                self._asked(item, turn)
        if is_out_of_band(event.response):
            return
        begun, self._begun_before = self._begun_before, set()
        for call in list(self._calls.values()):
            if call.key in begun and call.state in _GOING_ON:
                self._show(replace(call, state=CallState.CANCELLED, note=END_UNTOLD))
        if event.response.status != "completed":
            for call in list(self._calls.values()):
                if call.state in _GOING_ON and call.key not in self._over:
                    self._show(replace(call, state=CallState.CANCELLED, note="the answer ended before it did"))
                    self._over.add(call.key)

    def _ended(self, item_id: str, turn: int, state: CallState, reason: str = "") -> None:
        call = self._call(item_id, turn)
        if call.key not in self._over:
            failed = "it failed there" if state is CallState.FAILED else ""
            self._show(replace(call, state=state, note=call.note or reason or failed))
            self._end(call.key)

    def _arguments_whole(self, key: str) -> None:
        if key not in self._arguments_done:
            self._arguments_done.add(key)
            self._out.report(CallReached(PREFIX + key, CallMoment.ARGUMENTS))

    def _end(self, key: str) -> None:
        """A call finished or was denied: the server has to continue now. Further calls with the same key do nothing."""
        if key not in self._over:
            self._arguments_done.add(key)
            self._over.add(key)
            self._awaiting_response.add(key)
            self._ended_keys.append(key)
            if len(self._ended_keys) > KEPT:
                self._forget(self._ended_keys.popleft())
            self._out.add(Schedule(ProviderSilent(key), CONTINUE_S))

    def _listed(
        self, item_id: str, state: ServerState, detail: str = "at the provider", tools: int = 0, name: str = ""
    ) -> None:
        """Report the status of a tool list if it changed; a failed list stays failed until it starts again."""
        before = self._lists.get(item_id)
        if before is None and name:
            before = self._lists[item_id] = ServerChanged(name, ServerState.STARTING, "at the provider")
        if before is None:
            if state is ServerState.FAILED:
                self._failed_lists[item_id] = detail
                if len(self._failed_lists) > KEPT_LISTS:
                    del self._failed_lists[next(iter(self._failed_lists))]
            return
        better = state is ServerState.FAILED and before.detail == UNLISTED
        if before.state is ServerState.FAILED and state is not ServerState.STARTING and not better:
            return
        now = ServerChanged(before.name, state, detail, tools or before.tools)
        if now != before or item_id not in self._reported:
            self._reported.add(item_id)
            self._lists[item_id] = now
            self._out.report(now)

    def _key(self, item_id: str) -> str:
        return self._approvals.get(item_id, item_id)

    def _call(self, item_id: str, turn: int) -> CallChanged:
        key = self._key(item_id)
        return self._calls.get(key) or self._new(key, turn)

    def _new(self, key: str, turn: int, name: str = "", arguments: str = "", label: str = "") -> CallChanged:
        kind = f"mcp at {label}" if label else "mcp at the provider"
        return CallChanged(turn, key, "", key, name, arguments, CallState.STREAMING, kind=kind)

    def _show(self, call: CallChanged) -> None:
        known = self._calls.get(call.key)
        if known is not None and known.state is CallState.ASKING is call.state:
            call = replace(call, name=known.name, arguments=known.arguments)  # the user is asked about these
        if self._calls.get(call.key) != call:
            self._calls[call.key] = call
            (self._busy.add if call.state in _AT_WORK else self._busy.discard)(call.key)
            self._out.report(replace(call, key=PREFIX + call.key))


def _words(error: Any) -> str:
    """The error of an ``mcp_call`` as text: its words, with its type or code; empty if there is none."""
    found = read_error(error)
    if not isinstance(error, dict) or not error:
        return found.message
    return f"{found.type or found.code or 'error'}: {found.message or found.code or error}"
