"""Web servers on this machine for the tests of requests, and names that lead where a test wants."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from rtvoice_tui.profiles.runs import HttpRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools.http import HttpRunner
from rtvoice_tui.tools.runner import Call, Outcome

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Place:
    """A web server that notes what it was asked.

    Attributes:
        asked: the requests: method, path and query as they came, headers, body.
        left: how many clients went away while they were answered.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.left = 0
        self.url = ""
        self.answer: Answer = self.echo

    async def echo(self, request: web.BaseRequest) -> web.StreamResponse:
        """All that was asked, as JSON."""
        method, path, headers, body = self.asked[-1]
        return web.json_response({"method": method, "path": path, "headers": headers, "body": body})

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note a request and answer it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.method, request.raw_path, headers, await request.text()))
        try:
            return await self.answer(request)
        except asyncio.CancelledError:
            self.left += 1
            raise


@contextlib.asynccontextmanager
async def place() -> AsyncIterator[Place]:
    """A web server on this machine."""
    here = Place()
    served = web.ServerRunner(web.Server(here.handle, handler_cancellation=True), shutdown_timeout=0.1)
    await served.setup()
    site = web.TCPSite(served, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    here.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        yield here
    finally:
        await served.cleanup()


@contextlib.asynccontextmanager
async def saying(raw: bytes) -> AsyncIterator[str]:
    """The address of a server that says the same bytes to everybody and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        with contextlib.suppress(ConnectionError):
            writer.write(raw)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def names(monkeypatch: Any, **places: list[str]) -> None:
    """Have names lead to addresses; ``_`` stands for the dot in them."""

    class Resolver(AbstractResolver):
        def __init__(self, *_: Any, **__: Any) -> None: ...

        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
            if host.replace(".", "_") not in places:
                raise OSError(f"nobody knows {host}")
            return [
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                    proto=0,
                    flags=socket.AI_NUMERICHOST,
                )
                for address in places[host.replace(".", "_")]
            ]

        async def close(self) -> None: ...

    monkeypatch.setattr("aiohttp.connector.DefaultResolver", Resolver)


def runner(url: str, environ: dict[str, str] | None = None, private: bool = True, **more: Any) -> HttpRunner:
    """A runner of a request; this machine may be asked."""
    return HttpRunner(ToolSpec(name="tool"), HttpRun(url=url, private=private, **more), environ or {})


async def asked(url: str, arguments: dict[str, Any] | None = None, **more: Any) -> Outcome:
    """What a request comes to."""
    return await runner(url, **more).run(Call("tool", arguments or {}))
