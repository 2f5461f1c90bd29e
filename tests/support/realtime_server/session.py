"""A session as a script sees it: waits for the client, and speaks as the dialect's server does."""

import asyncio
import base64
import contextlib
import itertools
import json
import time
from collections.abc import Iterable, Sequence

from aiohttp import web

from realtime_server import descriptions
from realtime_server.connection import Connection
from realtime_server.rules import Raced, Refused
from realtime_server.state import ServerState
from realtime_server.types import REQUESTED, Event, Record


class Session(Connection):
    """One session.

    Args:
        state: what the server keeps of it.
        socket: the WebSocket.
        request: the upgrade that opened it.
        record: what the server keeps of all its sessions.

    Attributes:
        state: items, calls and audio.
        record: what the server keeps of all its sessions.
        cancelled: set when the client has cancelled the running response.
        acknowledges: whether anything is acknowledged or refused by itself.
    """

    def __init__(
        self,
        state: ServerState,
        socket: web.WebSocketResponse,
        request: web.Request,
        record: Record,
    ) -> None:
        super().__init__(socket, request)
        self.state = state
        self.cancelled = asyncio.Event()
        self.acknowledges = True
        self.record = record

    @property
    def dialect(self) -> str:
        """``openai``, ``yandex`` or ``plain``."""
        return self.state.dialect

    @property
    def microphone(self) -> bytearray:
        """All audio that arrived, PCM16."""
        return self.state.microphone

    @property
    def active(self) -> str:
        """Id of the running response; empty when there is none."""
        return self.state.active

    @property
    def outputs(self) -> dict[str, int]:
        """How often each call got an output."""
        return self.state.outputs

    @property
    def rate(self) -> int:
        """Hz of the agent's audio."""
        return self.state.rate

    @property
    def audio_index(self) -> int:
        """The ``content_index`` of spoken parts."""
        return self.state.audio_index

    async def ready(self, size: int) -> bytes:
        """Wait for so many bytes of the microphone."""
        await self.until(lambda: len(self.microphone) >= size)
        return bytes(self.microphone)

    async def serve(self) -> None:
        """Obey the client until the connection ends."""
        await self.read(self._obey)

    def _obey(self, event: Event) -> list[Event]:
        try:
            replies = self.state.accept(event)
        except Refused as refusal:
            if not isinstance(refusal, Raced):
                self.record.offences.append(f"{event.get('type')}: {refusal}")
            error = {"type": "invalid_request_error", "code": refusal.code, "message": str(refusal)}
            error |= {"param": refusal.param or None, "event_id": event.get("event_id")}
            replies = [{"type": "error", "error": error}]
        else:
            if event.get("type") == "response.cancel":
                self.cancelled.set()
        self.record.received.append(event)
        self.record.on_event(event)
        return replies if self.acknowledges else []

    # --- the opening

    async def greet(self, greeting: Event | None = None) -> None:
        """Say ``session.created``, or another greeting."""
        await self.send(greeting or {"type": "session.created", "session": descriptions.described(self.dialect)})

    async def open(self, greeting: Event | None = None) -> Event:
        """Greet and wait until the client has configured the session; returns what it sent."""
        await self.greet(greeting)
        update = await self.expect("session.update")
        return dict(update["session"])

    # --- the user

    async def speech_started(self, item_id: str, ms: int = 0) -> None:
        """The server hears speech."""
        kind = "input_audio_buffer.speech_started"
        await self.send({"type": kind, "item_id": item_id, "audio_start_ms": ms})
        if self.dialect == "openai" and self.active:
            self.cancelled.set()

    async def speech_ended(self, item_id: str, words: str | None, ms: int = 0) -> None:
        """The server decides that the user finished, and with ``words`` what was said."""
        await self.send({"type": "input_audio_buffer.speech_stopped", "item_id": item_id, "audio_end_ms": ms})
        item: Event = {
            "id": item_id,
            "type": "message",
            "role": "user",
            "status": "completed",
            "object": "realtime.item",
        }
        item["content"] = [{"type": "input_audio", "transcript": None}]
        if self.dialect == "openai":
            await self.send({"type": "input_audio_buffer.committed", "item_id": item_id, "previous_item_id": None})
        elif words is not None:
            await self.transcript(item_id, words)
        await self._announce(item)
        if self.dialect == "openai" and words is not None:
            await self.transcript(item_id, words)

    async def transcript(self, item_id: str, words: str) -> None:
        """What the user said."""
        await self.send(
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "item_id": item_id,
                "content_index": 0,
                "transcript": words,
            }
        )

    # --- the answer

    async def begin(self, response_id: str) -> None:
        """An answer begins."""
        assert self.active in ("", REQUESTED), f"the script begins {response_id} while {self.active} runs"
        self.state.active = response_id
        self.cancelled.clear()
        await self.send(
            {
                "type": "response.created",
                "response": descriptions.response(self.dialect, response_id, "in_progress", []),
            }
        )
        if self.dialect == "openai":
            limit = {"name": "tokens", "limit": 40_000, "remaining": 39_000, "reset_seconds": 1.5}
            await self.send({"type": "rate_limits.updated", "rate_limits": [limit]})

    async def end(self, response_id: str, status: str = "completed", output: Sequence[Event] = ()) -> None:
        """An answer ends."""
        self.state.active = ""
        ended = descriptions.response(self.dialect, response_id, status, list(output))
        if status == "cancelled":
            ended["status_details"] = {"type": "cancelled", "reason": "client_cancelled"}
        await self.send({"type": "response.done", "response": ended})

    async def speak(
        self,
        response_id: str,
        item_id: str,
        pcm: bytes,
        chunk_sizes: Iterable[int] = (4_800,),
        speed: float | None = None,
        words: str = "Here is the answer.",
        late: int = 0,
    ) -> bool:
        """Speak a whole answer; false if it was cancelled.

        Args:
            response_id: the answer.
            item_id: its message.
            pcm: its sound.
            chunk_sizes: bytes of each delta, repeated.
            speed: how many times faster than it plays; ``None`` sends it in one burst.
            words: its text.
            late: how many more deltas are sent after a cancel, before the answer ends.
        """
        await self.begin(response_id)
        await self._open_message(response_id, item_id)
        sizes = itertools.cycle(chunk_sizes)
        started, at, unsaid = time.perf_counter(), 0, descriptions.pieces(words)
        while at < len(pcm):
            if self.cancelled.is_set():
                if late <= 0:
                    break
                late -= 1
            if unsaid:
                await self._word(response_id, item_id, unsaid.pop(0))
            size = next(sizes)
            await self.audio(response_id, item_id, pcm[at : at + size])
            at += size
            if speed is not None:
                ahead = at / (self.rate * 2 * speed) - (time.perf_counter() - started)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, ahead)):
                        await self.cancelled.wait()
                await asyncio.sleep(0)
        whole = not self.cancelled.is_set()
        if whole:
            for piece in unsaid:
                await self._word(response_id, item_id, piece)
        await self._close_message(response_id, item_id, words if whole else "", whole)
        return whole

    async def audio(self, response_id: str, item_id: str, pcm: bytes) -> None:
        """One delta of sound."""
        item = self.state.items.setdefault(item_id, {"id": item_id, "type": "message", "role": "assistant"})
        item["bytes"] = item.get("bytes", 0) + len(pcm)
        kind = "response.output_audio.delta"
        delta = base64.b64encode(pcm).decode()
        await self.send({"type": kind, **self._place(response_id, item_id, self.audio_index), "delta": delta})

    async def late_deltas(self, response_id: str, item_id: str, pcm: bytes, count: int = 3) -> None:
        """Sound and words of an answer that is over, as a server sends what was on its way."""
        for _ in range(count):
            await self.audio(response_id, item_id, pcm)
            await self._word(response_id, item_id, "late ")

    async def call(
        self,
        response_id: str,
        calls: Sequence[tuple[str, str, str]],
        *,
        in_done: bool = True,
        status: str = "completed",
    ) -> None:
        """An answer that calls functions.

        Args:
            response_id: the answer.
            calls: call id, name and JSON arguments of each.
            in_done: whether ``response.done`` repeats the calls; Yandex may leave them out.
            status: how the answer ends.
        """
        await self.begin(response_id)
        output = []
        for index, (call_id, name, arguments) in enumerate(calls):
            item = {"id": f"item_{call_id}", "type": "function_call", "call_id": call_id, "name": name}
            place = {"response_id": response_id, "output_index": index}
            self.state.calls.add(call_id)
            added = {**item, "arguments": "", "status": "in_progress"}
            await self.send({"type": "response.output_item.added", **place, "item": added})
            about = {**place, "item_id": item["id"], "call_id": call_id}
            for piece in descriptions.pieces(arguments):
                await self.send({"type": "response.function_call_arguments.delta", **about, "delta": piece})
            done = {"type": "response.function_call_arguments.done", **about}
            await self.send({**done, "name": name, "arguments": arguments})
            final = {**item, "arguments": arguments, "status": "completed"}
            await self.send({"type": "response.output_item.done", **place, "item": final})
            output.append(final)
        await self.end(response_id, status, output if in_done else [])

    async def text(self, name: str, *deltas: str) -> None:
        """A whole response in text. Its id is ``resp_`` and its item's is ``item_`` before the name."""
        response_id, item_id = f"resp_{name}", f"item_{name}"
        item: Event = {"id": item_id, "type": "message", "role": "assistant", "content": []}
        await self.begin(response_id)
        await self.say("response.output_item.added", response_id=response_id, output_index=0, item=item)
        place = self._place(response_id, item_id, 0)
        for delta in deltas:
            await self.say("response.output_text.delta", **place, delta=delta)
        await self.say("response.output_text.done", **place, text="".join(deltas))
        await self.say("response.output_item.done", response_id=response_id, output_index=0, item=item)
        await self.end(response_id)

    async def user_said(self, item_id: str, words: str) -> None:
        """An item of the user with its transcript."""
        item: Event = {"id": item_id, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
        await self.say("conversation.item.added", item=item)
        await self.transcript(item_id, words)

    async def call_tools(self, *calls: tuple[str, Event]) -> None:
        """A response that calls these tools with these arguments; each call id is its place in the row."""
        await self.call("resp_calls", [(str(at), name, json.dumps(given)) for at, (name, given) in enumerate(calls)])

    async def _announce(self, item: Event) -> None:
        self.state.items[item["id"]] = dict(item)
        for event in self.state.item_events(item):
            await self.send(event)

    async def _open_message(self, response_id: str, item_id: str) -> None:
        empty: Event = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self.state.items.setdefault(item_id, dict(empty))
        place = {"response_id": response_id, "output_index": 0}
        if self.dialect == "yandex":
            parts = [{"type": "output_text", "text": ""}, {"type": "output_audio", "transcript": ""}]
            await self.send({"type": "conversation.item.created", "item": empty})
            await self.send({"type": "conversation.item.created", "item": {**empty, "content": parts}})
        await self.send({"type": "response.output_item.added", **place, "item": empty})
        if self.dialect == "openai":
            await self.send({"type": "conversation.item.added", "previous_item_id": None, "item": empty})
        for index, part in enumerate(descriptions.parts(self.dialect, "")):
            place = self._place(response_id, item_id, index)
            await self.send({"type": "response.content_part.added", **place, "part": part})

    async def _close_message(self, response_id: str, item_id: str, words: str, whole: bool) -> None:
        place = self._place(response_id, item_id, self.audio_index)
        content = descriptions.parts(self.dialect, words)
        if self.dialect == "yandex":
            text = self._place(response_id, item_id, 0)
            await self.send({"type": "response.content_part.done", **text, "part": content[0]})
            await self.send({"type": "response.output_text.done", **text, "text": words})
            await self.send({"type": "response.content_part.done", **place, "part": content[1]})
            await self.send({"type": "response.output_audio.done", **place})
            await self.send({"type": "response.output_audio_transcript.done", **place, "transcript": words})
        else:
            await self.send({"type": "response.output_audio.done", **place})
            await self.send({"type": "response.output_audio_transcript.done", **place, "transcript": words})
            await self.send({"type": "response.content_part.done", **place, "part": content[0]})
        status = "completed" if whole else "incomplete"
        item = {"id": item_id, "type": "message", "role": "assistant", "status": status}
        item_words = None if self.dialect == "yandex" else words
        final = {**item, "content": [{"type": "output_audio", "transcript": item_words}]}
        await self.send(
            {"type": "response.output_item.done", "response_id": response_id, "output_index": 0, "item": final}
        )
        if self.dialect == "openai":
            await self.send({"type": "conversation.item.done", "previous_item_id": None, "item": final})
        await self.end(response_id, "completed" if whole else "cancelled", [final])

    async def _word(self, response_id: str, item_id: str, piece: str) -> None:
        if self.dialect == "yandex":
            place, kind = self._place(response_id, item_id, 0), "response.output_text.delta"
        else:
            place, kind = self._place(response_id, item_id, 0), "response.output_audio_transcript.delta"
        await self.send({"type": kind, **place, "delta": piece})

    def _place(self, response_id: str, item_id: str, content_index: int) -> Event:
        return {
            "response_id": response_id,
            "item_id": item_id,
            "output_index": 0,
            "content_index": content_index,
        }
