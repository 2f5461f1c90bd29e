"""The network of a company: a proxy that all connections go through, and servers with certificates of all kinds."""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import trustme
from aiohttp import web

HOST = "voice.example"
"""A host that only the proxy can find."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Proxy:
    """An HTTP proxy on loopback: CONNECT and absolute addresses, all of them led to one port of this machine.

    Args:
        status: what it answers to everything, if it refuses; 0: it does not.

    Attributes:
        asked: the request lines that it got.
        headers: all header lines that it could read.
    """

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.target = 0
        self.asked: list[str] = []
        self.headers: list[str] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None] | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(task := asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *headers = head.strip().split("\r\n")
            self.asked.append(line)
            self.headers += headers
            if self.status:
                there = "Location: http://login.example/\r\n" if self.status == 302 else ""
                writer.write(f"HTTP/1.1 {self.status} No\r\n{there}Content-Length: 0\r\n\r\n".encode())
            else:
                await self._lead(line, head, reader, writer)
        await _close(writer)
        self._tasks.discard(task)

    async def closed(self) -> None:
        """Wait until all connections are closed."""
        while self._tasks:
            await asyncio.wait(set(self._tasks), timeout=5)

    async def _lead(self, line: str, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_there = await asyncio.open_connection("127.0.0.1", self.target)
        if line.startswith("CONNECT"):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            method, address, version = line.split()
            path = "/" + address.split("/", 3)[3]
            to_there.write(head.replace(line, f"{method} {path} {version}", 1).encode())
        await asyncio.gather(_pipe(reader, to_there), _pipe(there, writer))
        await _close(to_there)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


@contextlib.asynccontextmanager
async def proxy(target: int = 0, status: int = 0) -> AsyncIterator[Proxy]:
    """A running proxy that leads everything to a port."""
    made = Proxy(status)
    made.target = target
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.closed()


async def voice(request: web.Request) -> web.StreamResponse:
    """A WebSocket that says one word."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("hello")
    await socket.close()
    return socket


@contextlib.asynccontextmanager
async def place(handler: Handler = voice, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server for every path; its port."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)  # type: ignore[arg-type]
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Authority:
    """A company's own certificate authority.

    Args:
        folder: where its certificate is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = folder / "company.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def server(self, host: str = HOST, expired: bool = False) -> ssl.SSLContext:
        """What a server presents."""
        over = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        times = {"not_before": over.replace(year=2020), "not_after": over} if expired else {}
        issued = self._ca.issue_cert(host, **times)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        return context
