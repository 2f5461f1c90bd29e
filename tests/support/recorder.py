"""A server in a thread of its own that notes everything it is sent, and where else a key may have gone.

It answers what a test wants: a redirect, a refusal, or a Realtime session.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

CANARY = "canary-7f3a19c2d4e8b605"
"""A key that nothing else looks like."""

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def redirect(status: int, location: str) -> Answer:
    """Answer everything with a redirect."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": location})

    return answer


class Recorder:
    """Serves every path on loopback; use it in a ``with`` block.

    Args:
        answer: what it answers; a Realtime session if not given.
        say: frames that a Realtime session sends once it is configured.
        certificate: a file with certificate and key, to be spoken to with TLS.

    Attributes:
        port: where it listens.
        connections: how many connections were opened, whatever came over them.
        seen: everything it was sent: request lines, headers, bodies, frames.
        upgrades: the headers of each WebSocket handshake, by lower-case name.
    """

    def __init__(self, answer: Answer | None = None, say: Iterable[str] = (), certificate: Path | None = None) -> None:
        self.port = 0
        self.connections = 0
        self.seen: list[str] = []
        self.upgrades: list[dict[str, str]] = []
        self.answer = answer or self._session
        self._say = tuple(say)
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._until: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._until is not None
        self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join(10)
        self._loop.close()

    def url(self, scheme: str = "ws", host: str = "127.0.0.1", path: str = "/v1/realtime") -> str:
        """Its address."""
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def everything(self) -> str:
        """All that it was sent, as one text."""
        return "\n".join(self.seen)

    async def _serve(self) -> None:
        self._until = asyncio.Event()
        server = web.Server(self._handle, access_log=None)

        def connected() -> asyncio.Protocol:
            self.connections += 1
            return server()

        context = None
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
        listening = await self._loop.create_server(connected, "127.0.0.1", 0, ssl=context)
        self.port = listening.sockets[0].getsockname()[1]
        self._ready.set()
        await self._until.wait()
        listening.close()
        await server.shutdown(0.2)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(f"{request.method} {request.raw_path}")
        self.seen += [f"{name}: {value}" for name, value in request.headers.items()]
        if "Sec-WebSocket-Key" in request.headers:
            self.upgrades.append({name.lower(): value for name, value in request.headers.items()})
        else:
            self.seen.append(await request.text())
        return await self.answer(request)

    async def _session(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        session: dict[str, Any] = {"id": "sess_1", "object": "realtime.session", "type": "realtime"}
        await socket.send_json({"type": "session.created", "event_id": "event_1", "session": session})
        said = False
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            self.seen.append(message.data)
            event = json.loads(message.data)
            if event["type"] == "session.update":
                await socket.send_json({"type": "session.updated", "event_id": "event_2", "session": event["session"]})
                for frame in () if said else self._say:
                    await socket.send_str(frame)
                said = True
        return socket


def files_with(folder: Path, word: str = CANARY) -> list[str]:
    """The files below a folder that hold a word, in any encoding that is likely."""
    forms = [word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")]
    found = []
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            data = file.read_bytes()
            if any(form in data for form in forms):
                found.append(str(file.relative_to(folder)))
    return sorted(found)
