"""Function calls as the inspector shows them, with the times at which they changed."""

from dataclasses import dataclass

from rtvoice_tui.session.facts import CallChanged, CallState


@dataclass
class CallRecord:
    """One call: as it stands, when it appeared, when it began to run and when it ended (seconds)."""

    call: CallChanged
    seen_at: float
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def duration_ms(self) -> float | None:
        """How long the function ran."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at) * 1000


class CallHistory:
    """All calls, oldest first.

    Attributes:
        version: grows with every change.
    """

    def __init__(self) -> None:
        self.version = 0
        self.records: list[CallRecord] = []
        self._by_key: dict[str, CallRecord] = {}

    def new_session(self) -> None:
        """Ids begin anew."""
        self._by_key.clear()

    def changed(self, call: CallChanged, at: float) -> None:
        """A call appeared or went on."""
        key = call.key
        record = self._by_key.get(key)
        if record is None:
            record = self._by_key[key] = CallRecord(call, at)
            self.records.append(record)
        record.call = call
        if call.state is CallState.RUNNING and record.started_at is None:
            record.started_at = at
        if call.state in (CallState.OK, CallState.FAILED, CallState.CANCELLED) and record.ended_at is None:
            record.ended_at = at
        self.version += 1
