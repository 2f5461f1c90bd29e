"""What waits to be sent. Bounded where it matters: old speech is dropped, everything else is kept."""

import asyncio
from collections import deque

from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClientEvent, CreateItem

MAX_FRAMES = 250
"""Microphone frames that wait at most (5 s): older sound that arrives in a burst confuses the server's clock."""


class OutgoingQueue:
    """Client events of one connection, in order.

    Attributes:
        dropped: frames of the microphone that were too old to be sent.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._events: deque[ClientEvent] = deque()
        self._frames = 0
        self._due = asyncio.Event()

    def put(self, event: ClientEvent) -> None:
        """Queue an event; of too many frames the oldest goes."""
        if isinstance(event, AppendInput):
            self._frames += 1
            if self._frames > MAX_FRAMES:
                oldest = next(i for i, waiting in enumerate(self._events) if isinstance(waiting, AppendInput))
                del self._events[oldest]
                self._frames -= 1
                self.dropped += 1
        self._events.append(event)
        self._due.set()

    async def next(self) -> ClientEvent:
        """The oldest event, as soon as there is one; it stays queued until `sent`."""
        while not self._events:
            self._due.clear()
            await self._due.wait()
        return self._events[0]

    def sent(self, event: ClientEvent) -> None:
        """An event has left."""
        if self._events and self._events[0] is event:
            self._events.popleft()
            self._frames -= isinstance(event, AppendInput)

    def unsent_ids(self) -> set[str]:
        """The ids of all events that never left."""
        return {event.event_id for event in self._events}

    def unsent_words(self) -> list[str]:
        """Typed turns that never left."""
        messages = [e.item for e in self._events if isinstance(e, CreateItem) and e.item.get("type") == "message"]
        return [" ".join(str(part.get("text", "")) for part in item["content"]) for item in messages]
