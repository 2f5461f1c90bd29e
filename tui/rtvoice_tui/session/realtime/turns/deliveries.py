"""Typed messages on their way: sent, and not known to have arrived until the server says something of them."""

from collections import OrderedDict
from collections.abc import Collection

from rtvoice_tui.protocol.realtime.objects import Item
from rtvoice_tui.session.realtime.outbox import Outbox


class Deliveries:
    """What was typed and sent, and not acknowledged yet, by the id of the event that carries it.

    Args:
        out: where effects go.
    """

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._texts: OrderedDict[str, str] = OrderedDict()

    @property
    def doubtful(self) -> bool:
        """Whether something was sent that nobody has acknowledged."""
        return bool(self._texts)

    def sent(self, event_id: str, text: str) -> None:
        """A message is handed over."""
        self._texts[event_id] = text

    def item(self, item: Item) -> None:
        """The server tells of an item: if it is a message of the user, the oldest with its words has arrived."""
        if item.type != "message" or item.role != "user":
            return
        words = "".join(part.text or "" for part in item.content)
        found = next((event_id for event_id, text in self._texts.items() if text == words), None)
        if found is not None:
            del self._texts[found]
        elif self._texts and not words:  # it does not repeat them
            self._texts.popitem(last=False)

    def answered(self) -> None:
        """An answer began: it is to all that was sent before."""
        self._texts.clear()

    def refused(self, event_id: str) -> None:
        """The server names a message in an error: it has arrived."""
        self._texts.pop(event_id, None)

    def close(self, unsent: Collection[str]) -> None:
        """The session is over: name what may be lost.

        Args:
            unsent: ids of events that never left, which are told of elsewhere.
        """
        for event_id, text in self._texts.items():
            if event_id not in unsent:
                remedy = "press c, and say it again if the agent does not know it"
                self._out.warn(
                    f"the connection ended before this was acknowledged, so it may not have arrived: {text}", remedy
                )
        self._texts.clear()
