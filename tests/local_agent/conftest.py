"""The local agent on loopback, and a client that remembers everything it was told."""

import asyncio
import base64
import contextlib
import gc
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from rtvoice_tui.local_agent import speech
from rtvoice_tui.local_agent.connection import Connection
from rtvoice_tui.local_agent.models import Models
from rtvoice_tui.local_agent.server import PATH, create_app

TOKEN = "a-token"
DEADLINE_S = 8.0

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get a brief weather report for a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Client:
    """One connection to a Realtime server."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0
        self.events: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> str:
        """Send an event; returns its id."""
        self._count += 1
        event_id = f"mine-{self._count}"
        await self._socket.send_str(json.dumps({"type": kind, "event_id": event_id, **fields}))
        return event_id

    async def send_text(self, text: str) -> None:
        """Send a frame as it is."""
        await self._socket.send_str(text)

    async def until(self, kind: str, holds: Callable[[dict[str, Any]], bool] = lambda event: True) -> dict[str, Any]:
        """Read until an event of this type arrives."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._until(kind, holds)
        except TimeoutError:
            gc.collect()  # a task that failed unseen is reported now, and not while pytest formats this failure
            raise AssertionError(f"no {kind} arrived, but {self.types}") from None

    async def _until(self, kind: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            message = await self._socket.receive()
            assert message.type is aiohttp.WSMsgType.TEXT, (message, self.types)
            event: dict[str, Any] = json.loads(message.data)
            self.events.append(event)
            if event["type"] == kind and holds(event):
                return event

    async def error_about(self, event_id: str) -> dict[str, Any]:
        """The refusal of one of our events."""
        event = await self.until("error", lambda event: event["error"]["event_id"] == event_id)
        error: dict[str, Any] = event["error"]
        return error

    async def configure(self, **session: Any) -> dict[str, Any]:
        """Change the session and wait until it is done."""
        await self.send("session.update", session={"type": "realtime", **session})
        return await self.until("session.updated")

    async def speak(self, pcm: bytes, silence_s: float = 1.0) -> None:
        """Say something, as fast as the wire takes it, and then be silent."""
        pcm = bytes(9600) + pcm + bytes(int(silence_s * 24_000) * 2)
        for start in range(0, len(pcm), 4800):
            await self.send("input_audio_buffer.append", audio=base64.b64encode(pcm[start : start + 4800]).decode())

    async def type(self, text: str) -> None:
        """Write something and ask for an answer."""
        content = [{"type": "input_text", "text": text}]
        await self.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await self.send("response.create")

    @property
    def types(self) -> list[str]:
        """What arrived, by type."""
        return [event["type"] for event in self.events]

    def joined(self, kind: str) -> str:
        """All pieces of one type of delta in a row."""
        return "".join(event["delta"] for event in self.events if event["type"] == kind)

    @property
    def sound(self) -> bytes:
        """All speech that arrived."""
        deltas = [event["delta"] for event in self.events if event["type"] == "response.output_audio.delta"]
        return b"".join(base64.b64decode(delta) for delta in deltas)


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[Client]:
    """A client of any server."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=headers, max_msg_size=0) as socket:
        yield Client(socket)


@pytest.fixture(scope="session")
def voice() -> speech.Voice:
    """The real voice, loaded once."""
    return speech.Voice()


@pytest.fixture(scope="session")
def recogniser() -> speech.Recogniser:
    """The real recogniser, loaded once."""
    return speech.Recogniser()


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A running server with whatever ears and voice the test has put in place."""
    runner = web.AppRunner(create_app(TOKEN), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"ws://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    await runner.cleanup()


@pytest.fixture
async def client(address: str) -> AsyncIterator[Client]:
    """A client that was greeted."""
    async with connected(address, TOKEN) as connection:
        await connection.until("session.created")
        yield connection


@pytest.fixture
def connect() -> Callable[[str, str], contextlib.AbstractAsyncContextManager[Client]]:
    """Connects a client to a server elsewhere."""
    return connected


@pytest.fixture
def real_speech(monkeypatch: pytest.MonkeyPatch, voice: speech.Voice, recogniser: speech.Recogniser) -> None:
    """The server hears and speaks with the real models."""
    monkeypatch.setattr(speech, "Voice", lambda: voice)
    monkeypatch.setattr(speech, "Recogniser", lambda: recogniser)


@pytest.fixture
async def open_connection() -> AsyncIterator[tuple[Connection, list[dict[str, Any]]]]:
    """The server's side of a session without a socket, and everything it sends."""
    told: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        told.append(event)

    models = Models()
    models.load()
    connection = Connection(send, models)
    yield connection, told
    await connection.close()
