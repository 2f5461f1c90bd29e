"""A recording as a Realtime server on loopback: any client gets the recorded answers, turn by turn."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from rtvoice_tui.bearer import SUBPROTOCOL, presents
from rtvoice_tui.recording.answering import Answerer
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.segments import segments, settings_of

HOST = "127.0.0.1"
PATH = "/v1/realtime"
MOST_FRAME = 32 << 20
"""Bytes of a client's frame: six minutes of speech."""


async def serve_recording(
    recording: Recording,
    port: int,
    token: str,
    speed: float,
    ready: Callable[[str], None],
    until: "asyncio.Future[None]",
) -> None:
    """Serve until ``until`` is done. Each client begins at the beginning.

    Args:
        recording: the recording.
        port: TCP port; 0 for any free port.
        token: the token that clients must present.
        speed: how much faster than the recording; 0: without any pause.
        ready: called with the URL as soon as clients can connect.
        until: the server ends when this future is done.

    Raises:
        OSError: the port is taken.
    """
    found, session = segments(recording), settings_of(recording)

    async def realtime(request: web.Request) -> web.WebSocketResponse:
        if not presents(request.headers, token):
            raise web.HTTPUnauthorized(text="the token was not accepted")
        socket = web.WebSocketResponse(max_msg_size=MOST_FRAME, protocols=(SUBPROTOCOL,), timeout=1.0)
        await socket.prepare(request)

        async def send(event: dict[str, Any]) -> None:
            if not socket.closed:
                await socket.send_str(json.dumps(event))  # halves of characters are escaped

        answerer = Answerer(found, session, send, speed)
        with contextlib.suppress(ConnectionError):
            await answerer.open()
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await answerer.receive(message.data)
        await answerer.close()
        return socket

    app = web.Application()
    app.router.add_get(PATH, realtime)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        ready(f"ws://{HOST}:{runner.addresses[0][1]}{PATH}")
        await until
    finally:
        await runner.cleanup()
