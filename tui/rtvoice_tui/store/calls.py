"""Function calls as the inspector shows them, with the times at which they changed."""

from collections.abc import Collection
from dataclasses import dataclass, field

from msgspec.structs import replace

from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState, SentEvent, ServerChanged

_OPEN = (CallState.STREAMING, CallState.ASKING, CallState.RUNNING)
_ENDED = (CallState.OK, CallState.FAILED, CallState.CANCELLED, CallState.DENIED)

KEPT = 1000
"""Calls that are kept; each may hold a result of 64 kB."""


@dataclass
class CallRecord:
    """One call: as it stands, and when it got there (seconds).

    Attributes:
        call: as it stands.
        number: counted from 1.
        seen_at: when it appeared.
        started_at: when it began to run.
        ended_at: when it ended.
        moments: when it reached each point of its timing.
        sent: our events that were sent for it.
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
        """How long it ran."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at) * 1000


class CallHistory:
    """All calls, oldest first, and the status of each tool server.

    Attributes:
        version: grows with every change.
        servers: by name, as they last told.
        open: those that have not ended, the oldest first, by key. Only to be read.
    """

    def __init__(self) -> None:
        self.version = 0
        self.records: list[CallRecord] = []
        self.servers: dict[str, ServerChanged] = {}
        self.open: dict[str, CallRecord] = {}
        self._by_key: dict[str, CallRecord] = {}
        self._count = 0

    def new_session(self) -> None:
        """Ids begin anew."""
        self._by_key = {key: record for key, record in self._by_key.items() if record.call.manual}

    def changed(self, call: CallChanged, at: float) -> None:
        """A call appeared or went on."""
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
        if (call.state in _OPEN) != (key in self.open):  # another object: the screen's thread may be reading
            self.open = {name: other for name, other in self.open.items() if name != key}
            if call.state in _OPEN:
                self.open[key] = record
            elif record.number <= self._count - KEPT:
                del self._by_key[key]
        self.version += 1

    def reached(self, fact: CallReached, at: float) -> None:
        """A call reached a point of its timing."""
        record = self._by_key.get(fact.key)
        if record is None:
            return
        record.moments.setdefault(fact.moment, at)
        if fact.sent is not None:
            record.sent.append(fact.sent)
        self.version += 1

    def server_changed(self, fact: ServerChanged) -> None:
        """The status of a tool server changed."""
        self.servers[fact.name] = fact
        self.version += 1

    def forget_servers(self, names: Collection[str]) -> None:
        """Servers were taken away."""
        if names:
            self.servers = {name: server for name, server in self.servers.items() if name not in names}
            self.version += 1

    @property
    def asking(self) -> list[CallRecord]:
        """The calls that wait for the user, the oldest first."""
        return [record for record in self.open.values() if waits(record.call)]


def waits(call: CallChanged) -> bool:
    """Whether a call waits for the user: to agree, or to give its result."""
    return call.state is CallState.ASKING or (call.state is CallState.RUNNING and call.kind == "ask")
