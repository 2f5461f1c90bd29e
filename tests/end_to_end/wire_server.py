"""A Realtime server in a thread of its own that accepts every session and then says whatever a script says."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

Event = dict[str, Any]
_LAST = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class Wire:
    """One connection, as a script sees it.

    Attributes:
        received: what the client has sent.
        goodbye: the code with which the client closed the connection, or 1006 if it went without one.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self.received: list[Event] = []
        self.goodbye: int | None = None

    async def raw(self, text: str) -> None:
        """Send any text."""
        await self._socket.send_str(text)

    async def send(self, kind: str, **fields: Any) -> None:
        """Send an event."""
        await self.raw(json.dumps({"type": kind, "event_id": "event_1", **fields}))

    async def close(self, code: int, reason: str) -> None:
        """End the connection."""
        await self._socket.close(code=code, message=reason.encode())

    async def said(self, item_id: str, words: str) -> None:
        """The user said this."""
        item = {"id": item_id, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
        await self.send("conversation.item.added", item=item)
        kind = "conversation.item.input_audio_transcription.completed"
        await self.send(kind, item_id=item_id, content_index=0, transcript=words)

    async def answers(self, name: str, *pieces: str) -> None:
        """The agent says this in text."""
        response, item = f"resp_{name}", {"id": f"item_{name}", "type": "message", "role": "assistant", "content": []}
        await self.send("response.created", response={"id": response, "status": "in_progress", "output": []})
        await self.send("response.output_item.added", response_id=response, output_index=0, item=item)
        place = {"response_id": response, "item_id": item["id"], "output_index": 0, "content_index": 0}
        for piece in pieces:
            await self.send("response.output_text.delta", **place, delta=piece)
        await self.send("response.output_text.done", **place, text="".join(pieces))
        await self.send("response.output_item.done", response_id=response, output_index=0, item=item)
        await self.send("response.done", response={"id": response, "status": "completed", "output": []})

    async def calls(self, *calls: tuple[str, Event]) -> None:
        """The agent calls tools, each with its arguments; their call ids are their places in the row."""
        await self.send("response.created", response={"id": "resp_calls", "status": "in_progress", "output": []})
        for index, (name, arguments) in enumerate(calls):
            item = {"id": f"item_{index}", "type": "function_call", "call_id": str(index), "name": name}
            place = {"response_id": "resp_calls", "output_index": index}
            text = json.dumps(arguments)
            await self.send("response.output_item.added", **place, item={**item, "arguments": ""})
            kind = "response.function_call_arguments.done"
            await self.send(kind, **place, item_id=item["id"], call_id=str(index), name=name, arguments=text)
            done = {**item, "arguments": text, "status": "completed"}
            await self.send("response.output_item.done", **place, item=done)
        await self.send("response.done", response={"id": "resp_calls", "status": "completed", "output": []})


_SESSION = {"id": "sess_1", "object": "realtime.session", "type": "realtime"}
_GREETING: Event = {"type": "session.created", "session": _SESSION}

Script = Callable[[Wire], Awaitable[None]]


class WireServer:
    """Serves on loopback; use it in a ``with`` block.

    Args:
        script: played on every connection, once the client has configured it.
        greeting: what is said first.

    Attributes:
        keys: what each client has shown.
        wires: all connections so far.
    """

    def __init__(self, script: Script, greeting: Event | None = None) -> None:
        self.url = ""
        self.keys: list[str] = []
        self.wires: list[Wire] = []
        self._script = script
        self._greeting = greeting or _GREETING
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

    async def _serve(self) -> None:
        self._until = asyncio.Event()
        app = web.Application()
        app.router.add_get("/", self._upgrade)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
        self._ready.set()
        await self._until.wait()
        await runner.cleanup()

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        self.keys.append(request.headers.get("Authorization", ""))
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        wire = Wire(socket)
        self.wires.append(wire)
        await wire.raw(json.dumps({"event_id": "event_1", **self._greeting}))
        playing: asyncio.Task[None] | None = None
        while (message := await socket.receive()).type not in _LAST:
            if message.type is not WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            wire.received.append(event)
            if event["type"] == "session.update":
                await wire.send("session.updated", session=event["session"])
                if playing is None:
                    playing = asyncio.ensure_future(self._script(wire))
        wire.goodbye = message.data if message.type is WSMsgType.CLOSE else 1006
        if playing is not None:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
        return socket
