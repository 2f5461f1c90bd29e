"""A Realtime server of the fewest lines: greets, sends speech as it is told, keeps what it hears, makes noise.

python bench_server.py          prints its port; commands arrive as JSON on the socket itself (``bench.*``)
"""

import asyncio
import base64
import json
import time
from typing import Any

from aiohttp import WSMsgType, web

SILENT_DELTA = json.dumps({"type": "rate_limits.updated", "event_id": "e", "rate_limits": []})


class Server:
    """One client at a time."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.heard_at: list[tuple[float, int]] = []
        self.client: web.WebSocketResponse | None = None
        self.greeted = asyncio.Event()
        self.interrupted = asyncio.Event()
        self.outputs: list[str] = []
        self.cuts: dict[str, int] = {}
        self.pongs: list[float] = []
        self._pinged: dict[bytes, float] = {}
        self._noise: asyncio.Task[None] | None = None
        self._count = 0

    async def start(self) -> str:
        """Listen on a free port; the address."""
        app = web.Application()
        app.router.add_get("/", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"ws://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def stop(self) -> None:
        """End."""
        if self.client is not None:
            await self.client.close()
        await self._runner.cleanup()

    async def send(self, kind: str, **fields: Any) -> None:
        """Send an event."""
        assert self.client is not None
        self._count += 1
        await self.client.send_str(json.dumps({"type": kind, "event_id": f"e{self._count}", **fields}))

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = self.client = web.WebSocketResponse(max_msg_size=0, compress=False, autoping=False)
        await socket.prepare(request)
        await self.send("session.created", session={"id": "s", "type": "realtime"})
        async for message in socket:
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs.append(time.perf_counter() - self._pinged.pop(bytes(message.data)))
            if message.type is not WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            kind = event["type"]
            if kind == "input_audio_buffer.append":
                self.heard += base64.b64decode(event["audio"])
                self.heard_at.append((time.perf_counter(), len(self.heard)))
            elif kind == "session.update":
                await self.send("session.updated", session={"id": "s", **event["session"]})
                self.greeted.set()
            elif kind in ("conversation.item.truncate", "conversation.item.delete"):
                self.interrupted.set()
                self.cuts[event["item_id"]] = event.get("audio_end_ms", 0)
            elif kind == "conversation.item.create":
                self.outputs.append(event["item"]["call_id"])
        return socket

    async def ping(self) -> None:
        """Ping the client; `pongs` gets the seconds it takes."""
        assert self.client is not None
        mark = str(len(self._pinged) + len(self.pongs)).encode()
        self._pinged[mark] = time.perf_counter()
        await self.client.ping(mark)

    @property
    def unanswered(self) -> int:
        """Pings that were not answered yet."""
        return len(self._pinged)

    async def call(self, *names: str) -> None:
        """An answer that calls these functions; each name is its call id too."""
        output = [
            {"id": f"f_{name}", "type": "function_call", "call_id": name, "name": name, "arguments": "{}"}
            for name in names
        ]
        answer = f"calls_{'_'.join(names)}"
        await self.send("response.created", response={"id": answer, "status": "in_progress", "output": []})
        await self.send("response.done", response={"id": answer, "status": "completed", "output": output})

    async def begin_answer(self, number: int) -> None:
        """An answer's opening events."""
        response, item = f"r{number}", f"a{number}"
        await self.send("response.created", response={"id": response, "status": "in_progress", "output": []})
        added = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        await self.send("response.output_item.added", response_id=response, output_index=0, item=added)

    async def speech(self, number: int, pcm: bytes) -> None:
        """One piece of speech."""
        await self.send(
            "response.output_audio.delta",
            response_id=f"r{number}",
            item_id=f"a{number}",
            output_index=0,
            content_index=0,
            delta=base64.b64encode(pcm).decode(),
        )

    async def end_answer(self, number: int, status: str = "completed") -> None:
        """An answer's last events."""
        response, item = f"r{number}", f"a{number}"
        about = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        await self.send("response.output_audio.done", **about)
        await self.send("response.done", response={"id": response, "status": status, "output": []})

    async def person_speaks(self, number: int) -> None:
        """What makes a client fall silent."""
        await self.send("input_audio_buffer.speech_started", audio_start_ms=0, item_id=f"u{number}")

    async def person_stops(self, number: int) -> None:
        """The end of it."""
        await self.send("input_audio_buffer.speech_stopped", audio_end_ms=1, item_id=f"u{number}")

    async def make_noise(self, per_second: int) -> None:
        """Send so many small events a second from now on; 0 ends it."""
        if self._noise is not None:
            self._noise.cancel()
            self._noise = None
        if per_second:
            self._noise = asyncio.create_task(self._keep_noisy(per_second))

    async def _keep_noisy(self, per_second: int) -> None:
        loop = asyncio.get_running_loop()
        start, sent = loop.time(), 0
        while self.client is not None and not self.client.closed:
            due = int((loop.time() - start) * per_second)
            while sent < due:
                await self.client.send_str(SILENT_DELTA)
                sent += 1
            await asyncio.sleep(0.005)
