"""Tracks the outputs of calls: output sent, response with it requested, that response started."""

from typing import Any

from rtvoice_tui.protocol.realtime.client_events import ClientEvent, CreateItem
from rtvoice_tui.protocol.realtime.codec import encode
from rtvoice_tui.session.facts import CallMoment, CallReached, SentEvent
from rtvoice_tui.session.realtime.outbox import Outbox

REMEMBERED = 256
"""Number of sent outputs that are kept, to find the call of a refused one."""


class Receipts:
    """Sends the outputs of calls, and reports the moments of each call from then on.

    Args:
        out: collects the effects.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._sent: dict[str, str] = {}
        self._unasked: list[str] = []
        self._unanswered: list[str] = []

    def send(self, key: str, item: dict[str, Any]) -> None:
        """Send the item with a call's output; ``key``: key of the call."""
        event_id = self._out.send(CreateItem, item=item)
        self._sent[event_id] = key
        if len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._out.report(CallReached(key, CallMoment.SENT, sent_event(self._out.cause(event_id))))
        self._unasked.append(key)

    @property
    def unasked(self) -> tuple[str, ...]:
        """Keys of the calls whose outputs were sent since the last request of a response."""
        return tuple(self._unasked)

    def refused(self, event_id: str) -> str:
        """The server refused an event; returns the key of the call whose output it was, empty if it was none."""
        return self._sent.pop(event_id, "")

    def asked(self, event: ClientEvent) -> None:
        """A response was requested with ``event``; it includes all outputs sent so far."""
        sent = sent_event(event)
        for key in self._unasked:
            self._out.report(CallReached(key, CallMoment.ASKED, sent))
        self._unanswered += self._unasked
        self._unasked.clear()

    def begun(self, asked: bool) -> None:
        """A response started.

        Args:
            asked: true if we requested it: it includes the outputs sent before the request. Otherwise it includes all
                outputs.
        """
        for key in self._unanswered if asked else [*self._unanswered, *self._unasked]:
            self._out.report(CallReached(key, CallMoment.ANSWERED))
        self._unanswered.clear()
        if not asked:
            self._unasked.clear()

    def drop_unrequested(self) -> None:
        """No response will be requested for the outputs sent so far."""
        self._unasked.clear()

    def forget(self) -> None:
        """Forget all outputs: the session ended."""
        self._sent.clear()
        self._unasked.clear()
        self._unanswered.clear()


def sent_event(event: ClientEvent | None) -> SentEvent | None:
    """Convert a client event to a `SentEvent`; ``None`` stays ``None``."""
    return None if event is None else SentEvent(event.wire_name, encode(event))
