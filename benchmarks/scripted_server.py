"""A Realtime server for the benchmarks of the screen, in a process of its own.

``idle`` accepts the session and says nothing; ``talk`` speaks without end, at the pace of speech; ``events`` waits for
a typed message and then sends N small events a second for S seconds.
"""

import asyncio
import base64
import json
import math
import struct
import sys
import time
from typing import Any

from aiohttp import WSMsgType, web

RATE = 24_000


class Peer:
    """One connection."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self.asked = asyncio.Event()

    async def say(self, kind: str, **fields: Any) -> None:
        await self._socket.send_str(json.dumps({"type": kind, "event_id": "event_1", **fields}))


async def idle(peer: Peer) -> None:
    """Nothing happens."""
    await asyncio.Event().wait()


async def talk(peer: Peer) -> None:
    """Speech and words, as a voice agent sends them, for as long as somebody listens."""
    await peer.asked.wait()
    block = _tone(0.2)
    for number in range(10_000):
        response, item = f"resp_{number}", f"item_{number}"
        message = {"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        await peer.say("response.created", response={"id": response, "status": "in_progress", "output": []})
        await peer.say("response.output_item.added", response_id=response, output_index=0, item=message)
        place = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        started = time.perf_counter()
        for part in range(60):
            await peer.say("response.output_audio_transcript.delta", **place, delta=f"word {part} of many, ")
            await peer.say("response.output_audio.delta", **place, delta=block)
            await asyncio.sleep(max(0.0, started + (part - 1) * 0.2 - time.perf_counter()))
        await peer.say("response.output_audio.done", **place)
        await peer.say("response.done", response={"id": response, "status": "completed", "output": []})


async def flood(peer: Peer, rate: int, seconds: float) -> None:
    """Small events that are not folded, at a constant rate."""
    await peer.asked.wait()
    started, sent = time.perf_counter(), 0
    while sent < rate * seconds:
        due = min(int(rate * seconds), int((time.perf_counter() - started) * rate))
        while sent < due:
            await peer.say("bench.event", number=sent)
            sent += 1
        await asyncio.sleep(0.005)
    await peer.say("bench.finished", number=sent, seconds=round(time.perf_counter() - started, 2))


def _tone(seconds: float) -> str:
    count = int(seconds * RATE)
    samples = (int(9000 * math.sin(i * 0.06) * (0.3 + 0.7 * abs(math.sin(i * 0.0007)))) for i in range(count))
    return base64.b64encode(struct.pack(f"<{count}h", *samples)).decode()


async def main(name: str, *arguments: str) -> None:
    async def upgrade(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        peer = Peer(socket)
        await peer.say("session.created", session={"id": "sess_1", "type": "realtime"})
        script = {"idle": idle, "talk": talk}.get(name)
        playing = asyncio.ensure_future(script(peer) if script else flood(peer, int(arguments[0]), float(arguments[1])))
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            if event["type"] == "session.update":
                await peer.say("session.updated", session=event["session"])
            elif event["type"] == "response.create":
                peer.asked.set()
        playing.cancel()
        return socket

    app = web.Application()
    app.router.add_get("/", upgrade)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"ws://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
