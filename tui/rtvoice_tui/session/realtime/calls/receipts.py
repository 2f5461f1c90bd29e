"""What became of the outputs of calls: sent, then an answer asked for that takes them in, then that answer begun."""

from typing import Any

from rtvoice_tui.protocol.realtime.client_events import ClientEvent, CreateItem
from rtvoice_tui.protocol.realtime.codec import encode
from rtvoice_tui.session.facts import CallMoment, CallReached, SentEvent
from rtvoice_tui.session.realtime.outbox import Outbox


class Receipts:
    """Reports the moments of each call after its output was sent.

    Args:
        out: where effects go.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._unasked: list[str] = []
        self._unanswered: list[str] = []

    def send(self, key: str, item: dict[str, Any]) -> None:
        """Send an item that answers a call."""
        event_id = self._out.send(CreateItem, item=item)
        self._out.report(CallReached(key, CallMoment.SENT, as_sent(self._out.cause(event_id))))
        self._unasked.append(key)

    def asked(self, event: ClientEvent) -> None:
        """An answer was asked for, and takes in all outputs that were sent."""
        sent = as_sent(event)
        for key in self._unasked:
            self._out.report(CallReached(key, CallMoment.ASKED, sent))
        self._unanswered += self._unasked
        self._unasked.clear()

    def begun(self, asked: bool) -> None:
        """An answer began; one that was ``asked`` for takes in what had been sent by then, another one all."""
        for key in self._unanswered if asked else [*self._unanswered, *self._unasked]:
            self._out.report(CallReached(key, CallMoment.ANSWERED))
        self._unanswered.clear()
        if not asked:
            self._unasked.clear()

    def ask_for_nothing(self) -> None:
        """No answer will be asked for what was sent."""
        self._unasked.clear()

    def forget(self) -> None:
        """Nothing that was sent waits any more."""
        self._unasked.clear()
        self._unanswered.clear()


def as_sent(event: ClientEvent | None) -> SentEvent | None:
    """A client event as facts carry it."""
    return None if event is None else SentEvent(event.wire_name, encode(event))
