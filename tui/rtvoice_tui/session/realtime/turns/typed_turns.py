"""Typed turns: queued until they can be sent, then tracked until the server acknowledges them."""

from collections import deque
from collections.abc import Collection

from rtvoice_tui.protocol.realtime.client_events import CreateItem
from rtvoice_tui.session.facts import Moment, UserSaid
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.turns.deliveries import Deliveries
from rtvoice_tui.session.realtime.turns.listening import Listening


class TypedTurns:
    """Queue of the texts that the user typed.

    Args:
        listening: numbers the turns.
        out: collects the effects.

    Attributes:
        deliveries: sent texts that are not acknowledged yet.
    """

    def __init__(self, listening: Listening, out: Outbox) -> None:
        self._listening = listening
        self._out = out
        self._texts: deque[str] = deque()
        self._count = 0
        self.deliveries = Deliveries(out)

    @property
    def waiting(self) -> bool:
        """Whether a text is queued."""
        return bool(self._texts)

    def keep(self, text: str) -> None:
        """Queue a text."""
        self._texts.append(text)

    def send_next(self) -> int:
        """Send the oldest queued text as a new turn; returns the turn."""
        text = self._texts.popleft()
        turn, message = self._begin(text)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        self.deliveries.sent(self._out.send(CreateItem, item=item), message)
        self._out.reach(turn, Moment.SENT)
        return turn

    def written(self, event_id: str, text: str) -> None:
        """The user writes an event that is a message: it is a turn as well. The event is sent next."""
        turn, message = self._begin(text)
        self.deliveries.sent(event_id, message)
        self._out.reach(turn, Moment.SENT)

    def _begin(self, text: str) -> tuple[int, UserSaid]:
        self._count += 1
        turn = self._listening.next_turn()
        message = UserSaid(turn, f"typed-{self._count}", text, final=True, typed=True)
        self._out.report(message)
        return turn, message

    def refuse(self, text: str) -> None:
        """Warn that a text cannot be sent without a session."""
        self._out.warn(f"not connected, so this was not sent: {text}", "press c to connect")

    def close(self, unsent: Collection[str]) -> None:
        """The session ended: warn about lost texts; ``unsent``: ids of events that were never sent."""
        self.deliveries.close(unsent)
        for text in self._texts:
            self._out.warn(f"the connection ended before this was sent: {text}", "press c, then send it again")
        self._texts.clear()
