"""The local agent as a Realtime server: loopback only, and only for those who know its token."""

import asyncio
import hmac
import json
import secrets
import sys
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from rtvoice_tui.local_agent.connection import Connection
from rtvoice_tui.local_agent.models import Models

HOST = "127.0.0.1"
PATH = "/v1/realtime"

_MODELS = web.AppKey("models", Models)
_TOKEN = web.AppKey("token", str)


async def _realtime(request: web.Request) -> web.WebSocketResponse:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), request.app[_TOKEN].encode()):
        raise web.HTTPUnauthorized(text="the token was not accepted")
    socket = web.WebSocketResponse(max_msg_size=0, compress=False)
    await socket.prepare(request)

    async def send(event: dict[str, Any]) -> None:
        if not socket.closed:
            await socket.send_str(json.dumps(event, ensure_ascii=False))

    connection = Connection(send, request.app[_MODELS])
    try:
        await connection.open()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await connection.receive(message.data)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        await connection.close()
    return socket


def create_app(token: str) -> web.Application:
    """The web application; models begin to load when it starts."""

    async def load(app: web.Application) -> None:
        app[_MODELS].load()

    app = web.Application()
    app[_MODELS] = Models()
    app[_TOKEN] = token
    app.router.add_get(PATH, _realtime)
    app.on_startup.append(load)
    return app


async def serve(port: int, token: str, ready: Callable[[str], None], until: "asyncio.Future[None]") -> None:
    """Serve on loopback until told to end.

    Args:
        port: 0 for any free one.
        token: what clients must present as ``Bearer``.
        ready: told the address as soon as clients may connect.
        until: ends the server when done.

    Raises:
        OSError: the port is taken.
    """
    runner = web.AppRunner(create_app(token), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        bound = runner.addresses[0][1]
        ready(f"ws://{HOST}:{bound}{PATH}")
        await until
    finally:
        await runner.cleanup()


def run_child() -> None:
    """Serve for the app that started this process; ends when the app does, however it ends.

    Address and token go to standard output as one JSON line; standard input is the life line: its end is ours.
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
