"""The send queue of a connection: too old microphone frames are dropped, all other events are kept."""

import asyncio
from collections import deque

from rtvoice_tui.protocol.wire import Wire, WireEvent

MAX_FRAMES = 250
"""Maximum queued microphone frames (5 s): a burst of older audio confuses the server's clock."""


class OutgoingQueue:
    """Client events that wait to be sent over one connection, in order. For one event loop.

    Args:
        wire: the wire format, to recognise microphone frames and typed turns.

    Attributes:
        dropped: number of microphone frames dropped because the queue was full.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.dropped = 0
        self._events: deque[WireEvent] = deque()
        self._frames = 0
        self._due = asyncio.Event()

    def put(self, event: WireEvent) -> None:
        """Queue an event; beyond MAX_FRAMES the oldest microphone frame is dropped."""
        if self._wire.input_audio(event):
            self._frames += 1
            if self._frames > MAX_FRAMES:
                oldest = next(i for i, waiting in enumerate(self._events) if self._wire.input_audio(waiting))
                del self._events[oldest]
                self._frames -= 1
                self.dropped += 1
        self._events.append(event)
        self._due.set()

    async def next(self) -> WireEvent:
        """Wait for an event and return the oldest one; it stays queued until `sent` is called."""
        while not self._events:
            self._due.clear()
            await self._due.wait()
        return self._events[0]

    def sent(self, event: WireEvent) -> None:
        """Remove an event that was sent, unless it was dropped from the queue meanwhile."""
        if self._events and self._events[0] is event:
            self._events.popleft()
            self._frames -= bool(self._wire.input_audio(event))

    def unsent_ids(self) -> set[str]:
        """The ids of all events that were not sent."""
        return {self._wire.event_id(event) for event in self._events}

    def unsent_texts(self) -> list[str]:
        """The texts of typed turns that were not sent."""
        return [words for event in self._events if (words := self._wire.typed_text(event))]
