"""History of function calls with their timing, as the inspector shows them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from msgspec.structs import replace

from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState, SentEvent, ServerChanged

_OPEN = (CallState.STREAMING, CallState.ASKING, CallState.RUNNING)
_ENDED = (CallState.OK, CallState.FAILED, CallState.CANCELLED, CallState.DENIED)

KEPT = 1000
"""Maximum number of calls that are kept; each may hold a result of 64 kB."""


@dataclass
class CallRecord:
    """One call and its timing. All times are in seconds on the store's clock.

    Attributes:
        call: current state of the call.
        number: number of the call, counted from 1.
        seen_at: time of its first fact.
        started_at: time at which it started to run; ``None`` before.
        ended_at: time at which it ended; ``None`` before.
        moments: time of each point of its timing that was reached.
        sent: client events that were sent for it.
    """

    call: CallChanged
    number: int
    seen_at: float
    started_at: float | None = None
    ended_at: float | None = None
    moments: dict[CallMoment, float] = field(default_factory=dict)
    sent: list[SentEvent] = field(default_factory=list)

    @property
    def duration_ms(self) -> float | None:
        """Running time in ms; ``None`` until it ended, or if it never ran."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at) * 1000


class CallHistory:
    """All calls, oldest first, and the status of each tool server.

    Attributes:
        version: incremented on every change.
        records: the last `KEPT` calls, oldest first. Replaced on change, never modified.
        servers: latest status of each tool server, by name.
        open: calls that have not ended, by key, oldest first. Replaced on change, never modified.
    """

    def __init__(self) -> None:
        self.version = 0
        self.records: list[CallRecord] = []
        self.servers: dict[str, ServerChanged] = {}
        self.open: dict[str, CallRecord] = {}
        self._by_key: dict[str, CallRecord] = {}
        self._count = 0

    def new_session(self) -> None:
        """Forget the ids of the old session; manual runs continue."""
        self._by_key = {key: record for key, record in self._by_key.items() if record.call.manual}

    def changed(self, call: CallChanged, at: float) -> None:
        """Record a new call or a new state of a known call."""
        key = call.key
        record = self._by_key.get(key)
        if record is None:
            self._count += 1
            record = self._by_key[key] = CallRecord(call, self._count, at)
            for old in self.records[: max(0, len(self.records) - KEPT + 1)]:
                if self._by_key.get(old.call.key) is old and old.call.state not in _OPEN:
                    del self._by_key[old.call.key]
            self.records = [*self.records[-KEPT + 1 :], record]
        record.call = call if call.preview else replace(call, preview=record.call.preview)
        if call.state is CallState.RUNNING and record.started_at is None:
            record.started_at = at
        if call.state in _ENDED and record.ended_at is None:
            record.ended_at = at
        if (call.state in _OPEN) != (key in self.open):  # replace the dict: the screen's thread may be reading it
            self.open = {name: other for name, other in self.open.items() if name != key}
            if call.state in _OPEN:
                self.open[key] = record
            elif record.number <= self._count - KEPT:
                del self._by_key[key]
        self.version += 1

    def reached(self, fact: CallReached, at: float) -> None:
        """Record that a call reached a point of its timing."""
        record = self._by_key.get(fact.key)
        if record is None:
            return
        record.moments.setdefault(fact.moment, at)
        if fact.sent is not None:
            record.sent.append(fact.sent)
        self.version += 1

    def server_changed(self, fact: ServerChanged) -> None:
        """Record a new status of a tool server."""
        self.servers[fact.name] = fact
        self.version += 1

    def forget_servers(self, names: Collection[str]) -> None:
        """Remove tool servers by name."""
        if names:
            self.servers = {name: server for name, server in self.servers.items() if name not in names}
            self.version += 1

    @property
    def asking(self) -> list[CallRecord]:
        """Calls that wait for the user, oldest first."""
        return [record for record in self.open.values() if waits(record.call)]


def waits(call: CallChanged) -> bool:
    """Whether a call waits for the user, either for approval or for its result."""
    return call.state is CallState.ASKING or (call.state is CallState.RUNNING and call.kind == "ask")
