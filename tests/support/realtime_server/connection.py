"""One connection of a client: frames both ways, and waiting for what the client sends."""

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

from realtime_server.types import Event

LIMIT_S = 20.0
"""A script that waits this long for the client has failed."""


class Connection:
    """The socket of a session.

    Args:
        socket: the WebSocket; it answers no ping by itself.
        request: the upgrade that opened it.

    Attributes:
        received: the client's events in order, microphone audio included.
        reading: while it is not set, nothing more is read from the client.
        answers_pings: whether pings of the client get their pong.
        on_pong: called with the payload of each pong.
        ended: set when the connection has ended.
        close_code: the code with which the client closed the connection, 1006 if it left without one, ``None`` before.
    """

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.received: list[Event] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.answers_pings = True
        self.on_pong: Callable[[bytes], None] = lambda payload: None
        self.ended = asyncio.Event()
        self.close_code: int | None = None
        self._socket = socket
        self._request = request
        self._changed = asyncio.Condition()
        self._seen: set[int] = set()
        self._ids = itertools.count(1)

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address."""
        return self._request.query

    # --- waiting for the client

    async def expect(self, kind: str, **fields: Any) -> Event:
        """The next event of a type that was not expected before; ``fields`` must be equal too."""

        def find() -> int | None:
            for index, event in enumerate(self.received):
                wanted = {"type": kind, **fields}.items()
                if index not in self._seen and all(event.get(name) == value for name, value in wanted):
                    return index
            return None

        async with self._changed:
            try:
                async with asyncio.timeout(LIMIT_S):
                    await self._changed.wait_for(lambda: find() is not None)
            except TimeoutError:
                types = [event["type"] for event in self.received if event["type"] != "input_audio_buffer.append"]
                raise AssertionError(f"the client never said {kind} {fields}; it said {types}") from None
            index = find()
            assert index is not None
            self._seen.add(index)
            return self.received[index]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds; it is checked after every event of the client."""
        async with self._changed, asyncio.timeout(LIMIT_S):
            await self._changed.wait_for(condition)

    def count(self, kind: str) -> int:
        """How many events of a type have arrived."""
        return sum(event["type"] == kind for event in self.received)

    async def read(self, handle: Callable[[Event], list[Event]]) -> None:
        """Read until the connection ends; ``handle`` gets each event and returns what is sent in reply."""
        while True:
            await self.reading.wait()
            message = await self._socket.receive()
            if message.type is WSMsgType.PONG:
                self.on_pong(bytes(message.data))
            elif message.type is WSMsgType.PING:
                if self.answers_pings:
                    await self._socket.pong(message.data)
            elif message.type is not WSMsgType.TEXT:
                self.close_code = message.data if message.type is WSMsgType.CLOSE else 1006
                break
            elif not await self._handled(json.loads(message.data), handle):
                break
        self.ended.set()

    async def _handled(self, event: Event, handle: Callable[[Event], list[Event]]) -> bool:
        self.received.append(event)
        try:
            for reply in handle(event):
                await self.send(reply)
        except ConnectionError:
            return False
        async with self._changed:
            self._changed.notify_all()
        return True

    # --- sending

    async def send(self, event: Event) -> None:
        """Send an event; it gets an id if it has none."""
        await self.send_raw(_encoded({"event_id": f"event_{next(self._ids)}", **event}))

    async def say(self, kind: str, **fields: Any) -> None:
        """Send an event by its type and fields."""
        await self.send({"type": kind, **fields})

    async def send_raw(self, text: str) -> None:
        """Send any text frame."""
        await self._socket.send_str(text)

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        await self._socket.send_bytes(data)

    async def send_wire(self, data: bytes) -> None:
        """Write bytes below the WebSocket layer."""
        assert self._request.transport is not None
        self._request.transport.write(data)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection properly."""
        await self._socket.close(code=code, message=reason.encode())

    async def ping(self, payload: bytes) -> None:
        """Send a ping; `on_pong` gets its payload back."""
        await self._socket.ping(payload)

    def hang_up(self) -> None:
        """Close the TCP connection without a WebSocket close."""
        assert self._request.transport is not None
        self._request.transport.close()

    def drop(self) -> None:
        """Abort the TCP connection: nothing more is said."""
        if self._request.transport is not None:
            self._request.transport.abort()


def _encoded(event: Event) -> str:
    """JSON with all characters as they are, or escaped where UTF-8 cannot hold one."""
    text = json.dumps(event, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(event)
    return text
