"""What waits to be sent. Bounded where it matters: old speech is dropped, everything else is kept."""

import asyncio
from collections import deque

from rtvoice_tui.protocol.wire import Wire, WireEvent

MAX_FRAMES = 250
"""Microphone frames that wait at most (5 s): older sound that arrives in a burst confuses the server's clock."""


class OutgoingQueue:
    """Events of ours that wait for one connection, in order.

    Args:
        wire: knows the events.

    Attributes:
        dropped: frames of the microphone that were too old to be sent.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.dropped = 0
        self._events: deque[WireEvent] = deque()
        self._frames = 0
        self._due = asyncio.Event()

    def put(self, event: WireEvent) -> None:
        """Queue an event; of too many frames the oldest goes."""
        if self._wire.microphone_of(event):
            self._frames += 1
            if self._frames > MAX_FRAMES:
                oldest = next(i for i, waiting in enumerate(self._events) if self._wire.microphone_of(waiting))
                del self._events[oldest]
                self._frames -= 1
                self.dropped += 1
        self._events.append(event)
        self._due.set()

    async def next(self) -> WireEvent:
        """The oldest event, as soon as there is one; it stays queued until `sent`."""
        while not self._events:
            self._due.clear()
            await self._due.wait()
        return self._events[0]

    def sent(self, event: WireEvent) -> None:
        """An event has left."""
        if self._events and self._events[0] is event:
            self._events.popleft()
            self._frames -= bool(self._wire.microphone_of(event))

    def unsent_ids(self) -> set[str]:
        """The ids of all events that never left."""
        return {self._wire.event_id(event) for event in self._events}

    def unsent_words(self) -> list[str]:
        """Typed turns that never left."""
        return [words for event in self._events if (words := self._wire.typed_words(event))]
