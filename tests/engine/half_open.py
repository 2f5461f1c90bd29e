"""A way to a server that can fall silent: both connections stay open, and nothing goes through any more."""

import asyncio
import contextlib
import importlib
import importlib.util
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from engine.bench import Source
from rtvoice_tui.protocol.wire import Endpoint

SILENCE_S = 0.5
"""The limit of these tests, in place of the program's 10 s."""

LIMIT_S = 20.0
"""Twice the program's own limit: what waits longer is not noticed."""

LIVENESS = "rtvoice_tui.transport.liveness"


def shorten(monkeypatch: pytest.MonkeyPatch, seconds: float = SILENCE_S) -> None:
    """Have the program take so many seconds for its 10."""
    if importlib.util.find_spec(LIVENESS) is not None:
        monkeypatch.setattr(importlib.import_module(LIVENESS), "SILENCE_S", seconds)


class Way:
    """A TCP proxy in front of a server.

    Attributes:
        url: the server's address, by this way.
    """

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._open = asyncio.Event()
        self._open.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    def freeze(self) -> None:
        """Let nothing through from now on, no end either."""
        self._open.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers += [writer, to]
        for source, target in ((reader, to), (there, writer)):
            task = asyncio.create_task(self._pump(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                await self._open.wait()
                target.write(data)
                await target.drain()
            await self._open.wait()
            target.close()

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Way"]:
        """Open a way to a server, and close it."""
        way = cls(url)
        server = await asyncio.start_server(way._accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        way.url = urlunsplit(way._to._replace(netloc=f"127.0.0.1:{port}"))
        try:
            yield way
        finally:
            server.close()
            for task in list(way._tasks):
                task.cancel()
            await asyncio.gather(*way._tasks, return_exceptions=True)
            for writer in way._writers:
                writer.transport.abort()
            await asyncio.sleep(0)
            await server.wait_closed()


class ByWay(Source):
    """A source whose address is the way's."""

    def __init__(self, source: Source, way: Way) -> None:
        super().__init__(source.profile, source.environ)
        self._way = way

    async def endpoint(self) -> Endpoint:
        found = await super().endpoint()
        query = urlsplit(found.url).query
        return Endpoint(f"{self._way.url}?{query}" if query else self._way.url, found.headers)
