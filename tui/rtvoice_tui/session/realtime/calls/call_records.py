"""The calls of a session by key: found by either of their ids, reported when they change, forgotten when old."""

import re
from collections.abc import Callable, Collection, Iterator

from rtvoice_tui.session.approvals import Approvals
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.session.realtime.outbox import Outbox

REMEMBERED = 1000
"""Number of calls that are kept, for late events that name them."""

SEARCHED = 2000
"""Characters of an error that are searched for the id of a call."""

UNFINISHED = (CallState.STREAMING, CallState.ASKING, CallState.RUNNING)


class CallRecords:
    """Holds the function calls of a session.

    Args:
        out: gets a report of each change.
        approvals: knows the kind of each tool.
        pending: whether a call id belongs to a group that still waits for outputs; such calls are not forgotten.

    Attributes:
        settled: keys of the calls whose response has ended; their name and arguments are final.
    """

    def __init__(self, out: Outbox, approvals: Approvals, pending: Callable[[str], bool]) -> None:
        self._out = out
        self._approvals = approvals
        self._pending = pending
        self._calls: dict[str, CallChanged] = {}
        self._keys: dict[str, str] = {}
        self.settled: set[str] = set()
        self._reused = 0
        self._past: set[str] = set()  # keys of earlier sessions: what was meant for one of theirs must not answer ours

    def __iter__(self) -> Iterator[CallChanged]:
        return iter(list(self._calls.values()))

    def get(self, key: str) -> CallChanged | None:
        """A call by its key."""
        return self._calls.get(key)

    def by_id(self, call_id: str) -> CallChanged | None:
        """A call by its call id."""
        return self._calls.get(self._keys.get(call_id, ""))

    def named_in(self, reason: str) -> CallChanged | None:
        """The call with an output whose id stands in an error about a call."""
        reason = reason[:SEARCHED]
        if "call" not in reason.lower():
            return None
        words = set(re.findall(r"[\w-]+", reason))
        return next((call for call in self if len(call.call_id) > 1 and call.call_id in words and call.output), None)

    def key_of(self, item_id: str, call_id: str, of_response: Collection[str] | None = None) -> str:
        """The key of a call, from either id: the call id is stable, the item id may differ between events.

        Args:
            item_id: id of its item.
            call_id: its id.
            of_response: keys of the calls of the response that is streaming: a finished call that is not among them
                only has the same ids, as some servers number calls anew in each response. ``None``: a late event.
        """
        if of_response is not None:
            self._release_reused(item_id, call_id, of_response)
        known = self._keys.get(item_id, "")
        if call_id and known in self.settled and self._calls[known].call_id not in ("", call_id):
            del self._keys[item_id]  # belongs to a finished call: the server reuses item ids
        key = self._keys.get(call_id) or self._keys.get(item_id) or self._unused(call_id or item_id)
        for name in (call_id, item_id):
            if name:
                self._keys.setdefault(name, key)
        return key

    def _unused(self, name: str) -> str:
        """A key that no call of an earlier session has: some servers number calls anew in each session."""
        if name not in self._past:
            return name
        self._reused += 1
        return f"{name}~{self._reused}"

    def _release_reused(self, item_id: str, call_id: str, of_response: Collection[str]) -> None:
        """Detach ids from a finished call of an earlier response, so that they name a new one."""
        for name in (call_id, item_id):
            known = self._keys.get(name, "") if name else ""
            if known in self.settled and known not in of_response and self._is_other(known, item_id):
                del self._keys[name]
                if known == name:
                    self._reused += 1
                    self._keys[name] = f"{name}~{self._reused}"

    def _is_other(self, key: str, item_id: str) -> bool:
        """Whether an item is another call than a finished one with the same id, and not only told again."""
        call = self._calls.get(key)
        if call is None or call.state in UNFINISHED or self._pending(call.call_id):
            return False
        return bool(item_id and call.item_id) and item_id != call.item_id

    def new(self, turn: int, key: str, item_id: str, call_id: str, name: str = "", text: str = "") -> CallChanged:
        """A call as it first appears; it is not held before `update`."""
        state = CallState.HOSTED if name in self._approvals.hosted else CallState.STREAMING
        return CallChanged(turn, key, call_id, item_id, name, text, state, kind=self._approvals.kind(name))

    def update(self, call: CallChanged) -> CallChanged | None:
        """Hold and report a call if it changed; returns the old finished call that was forgotten for it, if any."""
        if self._calls.get(call.key) == call:
            return None
        self._calls[call.key] = call
        self._out.report(call)
        return self._forget_oldest() if len(self._calls) > REMEMBERED else None

    def _forget_oldest(self) -> CallChanged | None:
        finished = (c for c in self._calls.values() if c.key in self.settled and c.state not in UNFINISHED)
        call = next((c for c in finished if not self._pending(c.call_id)), None)
        if call is None:
            return None
        for name in (call.key, call.call_id, call.item_id):
            if self._keys.get(name) == call.key:
                del self._keys[name]
        del self._calls[call.key]
        self.settled.discard(call.key)
        return call

    def clear(self) -> None:
        """Forget all calls; their keys are not used again."""
        self._past.update(self._calls)
        self._calls.clear()
        self._keys.clear()
        self.settled.clear()
