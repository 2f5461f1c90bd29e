"""Typed messages that were sent and not yet acknowledged by the server."""

from collections import OrderedDict
from collections.abc import Collection

from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.objects import Item
from rtvoice_tui.session.facts import Level, Notice, UserSaid
from rtvoice_tui.session.realtime.outbox import Outbox


class Deliveries:
    """Unacknowledged typed messages, by the id of their client event.

    Args:
        out: collects the effects.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._texts: OrderedDict[str, UserSaid] = OrderedDict()

    @property
    def pending(self) -> bool:
        """Whether a sent message is not acknowledged yet."""
        return bool(self._texts)

    def sent(self, event_id: str, message: UserSaid) -> None:
        """A message was queued for sending."""
        self._texts[event_id] = message

    def item(self, item: Item) -> None:
        """Handle an item from the server: a user message acknowledges the oldest message with the same text."""
        if item.type != "message" or item.role != "user" or any(part.type == "input_audio" for part in item.content):
            return
        words = "".join(part.text for part in item.parts)
        found = next((event_id for event_id, message in self._texts.items() if message.text == words), None)
        if found is not None:
            del self._texts[found]
        elif self._texts and not words:  # the server does not repeat the text
            self._texts.popitem(last=False)

    def answered(self) -> None:
        """A response started: it acknowledges all sent messages."""
        self._texts.clear()

    def refused(self, event_id: str, reason: str) -> None:
        """An error names a message, so it was received, and is not part of the conversation."""
        message = self._texts.pop(event_id, None)
        if message is not None:
            self._out.report(replace(message, failed=reason))

    def close(self, unsent: Collection[str]) -> None:
        """The session ended: warn about each message that may be lost.

        Args:
            unsent: ids of events that were never sent; the machine warns about those.
        """
        for event_id, message in self._texts.items():
            if event_id not in unsent:
                words = f"the connection ended before this was acknowledged, so it may not have arrived: {message.text}"
                remedy = "c passes it on with the conversation; the agent answers what you say then"
                self._out.report(Notice(Level.WARNING, words, remedy, until_session=True))
        self._texts.clear()
