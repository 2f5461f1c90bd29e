"""The local agent as a Realtime server on loopback; clients must present its token."""

import asyncio
import contextlib
import ctypes
import gc
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from rtvoice_tui.bearer import SUBPROTOCOL, presents
from rtvoice_tui.local_agent import limits
from rtvoice_tui.local_agent.connection import Connection
from rtvoice_tui.local_agent.models import Models

HOST = "127.0.0.1"
PATH = "/v1/realtime"

_MODELS = web.AppKey("models", Models)
_TOKEN = web.AppKey("token", str)


@dataclass
class Clients:
    """The sockets of all connected clients."""

    sockets: set[web.WebSocketResponse] = field(default_factory=set)


_CLIENTS = web.AppKey("clients", Clients)

CLOSE_TIMEOUT_S = 1.0
"""Seconds to wait for a client's close frame."""

TRIMMED_BYTES = 4_000_000
"""Memory is trimmed only after clients that have sent more than this (characters of text, bytes of binary frames)."""

TRIM_S = (0.2, 2.0)
"""Seconds after a client's disconnect at which memory is trimmed; the second time covers objects freed late."""


async def _realtime(request: web.Request) -> web.WebSocketResponse:
    if not presents(request.headers, request.app[_TOKEN]):
        raise web.HTTPUnauthorized(text="the token was not accepted")
    clients = request.app[_CLIENTS].sockets
    if len(clients) >= limits.CLIENTS:
        raise web.HTTPServiceUnavailable(text=f"{limits.CLIENTS} clients are connected already")
    # frames up to twice the limit are still read, so that the client gets a reason in the close frame
    socket = web.WebSocketResponse(
        max_msg_size=2 * limits.FRAME_BYTES, compress=False, timeout=CLOSE_TIMEOUT_S, protocols=(SUBPROTOCOL,)
    )
    clients.add(socket)
    traffic = 0
    try:
        await socket.prepare(request)
        traffic = await _serve(socket, request.app[_MODELS])
    finally:
        clients.discard(socket)
        if traffic > TRIMMED_BYTES:  # gc.collect() blocks the event loop for about 100 ms
            for delay in TRIM_S:
                asyncio.get_running_loop().call_later(delay, _give_memory_back)
    return socket


async def _serve(socket: web.WebSocketResponse, models: Models) -> int:
    """Serve one client until it disconnects; returns the total length of its text and binary frames."""
    traffic = 0

    async def send(event: dict[str, Any]) -> None:
        if not socket.closed:
            await socket.send_str(json.dumps(event, ensure_ascii=False))

    connection = Connection(send, models)
    try:
        await connection.open()
        async for message in socket:
            traffic += len(message.data) if message.type in (WSMsgType.TEXT, WSMsgType.BINARY) else 0
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY) and len(message.data) > limits.FRAME_BYTES:
                told = f"a frame may have at most {limits.FRAME_BYTES // limits.MIB} MiB"
                await socket.close(code=WSCloseCode.MESSAGE_TOO_BIG, message=told.encode())
            elif message.type is WSMsgType.TEXT:
                await connection.receive(message.data)
            elif message.type is WSMsgType.BINARY:
                await connection.receive_binary()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        await connection.close()
    return traffic


def _give_memory_back() -> None:
    """Return freed memory to the system; the allocator would keep it."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


async def _say_goodbye(app: web.Application) -> None:
    """Close all connections with code 1001 (going away)."""

    async def tell(socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")

    await asyncio.gather(*(tell(socket) for socket in list(app[_CLIENTS].sockets)))


def create_app(token: str) -> web.Application:
    """Make the web application; clients must present ``token``."""
    app = web.Application()
    app[_MODELS] = Models()
    app[_TOKEN] = token
    app[_CLIENTS] = Clients()
    app.router.add_get(PATH, _realtime)
    app.on_shutdown.append(_say_goodbye)
    return app


async def serve(
    port: int, token: str, ready: Callable[[str], None], until: "asyncio.Future[None]", preload: bool = False
) -> None:
    """Serve on loopback until ``until`` is done.

    Args:
        port: TCP port; 0 for any free port.
        token: the bearer token that clients must present.
        ready: called with the URL as soon as clients can connect.
        until: the server ends when this future is done.
        preload: load the speech models at startup, not when the first client needs them.

    Raises:
        OSError: the port is taken.
    """
    app = create_app(token)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    if preload:
        app[_MODELS].load()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        bound = runner.addresses[0][1]
        ready(f"ws://{HOST}:{bound}{PATH}")
        await until
    finally:
        await runner.cleanup()


def run_child() -> None:
    """Entry point of the subprocess that the app starts.

    Writes URL and token as one JSON line to stdout, and ends when stdin is closed: by the app, or because it died.
    """
    token = secrets.token_urlsafe(24)

    def announce(url: str) -> None:
        sys.stdout.write(json.dumps({"url": url, "token": token}) + "\n")
        sys.stdout.flush()

    async def main() -> None:
        until: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

        async def watch() -> None:
            await reader.read()
            until.set_result(None)

        watching = asyncio.create_task(watch())
        await serve(0, token, announce, until)
        watching.cancel()

    asyncio.run(main())


if __name__ == "__main__":
    run_child()
