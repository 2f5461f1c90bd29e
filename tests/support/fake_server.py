"""A Realtime server for tests: strict as the real ones, and doing exactly what a script says.

A script is an async function that gets a `Session`: it waits for what the client says and answers by hand. Greeting,
acknowledgements and refusals come by themselves. Two ways of speaking: ``openai`` refuses what OpenAI refuses;
``yandex`` behaves as that service was seen to behave.
"""

import asyncio
import base64
import binascii
import contextlib
import itertools
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Self

from aiohttp import WSMsgType, web
from pydantic import ValidationError

from protocol.sdk_types import accept

Event = dict[str, Any]
Script = Callable[["Session"], Awaitable[None]]

LIMIT_S = 20.0
"""A script that waits this long for the client has failed."""

PATH = "/v1/realtime"
RATE = 24_000
MIN_COMMIT_BYTES = RATE * 2 // 10
MAX_APPEND = 15 * 1024 * 1024
REQUESTED = "(requested)"

_YANDEX_SESSION = {"type", "instructions", "output_modalities", "audio", "tools", "max_output_tokens", "prompt"}
_YANDEX_INPUT = {"format", "turn_detection", "languages"}
_YANDEX_OUTPUT = {"format", "voice", "speed", "role"}
_YANDEX_DETECTION = {"type", "threshold", "silence_duration_ms", "idle_timeout_ms"}
_HOSTED_SERVER = {"type", "server_label", "server_url", "authorization", "allowed_tools", "require_approval"}
_MAY_BE_NULL = {"turn_detection", "transcription", "noise_reduction", "prompt", "tracing"}


class Refused(Exception):
    """What the client said is not accepted; becomes an ``error`` event."""

    def __init__(self, message: str, code: str = "invalid_value", param: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class Raced(Refused):
    """A refusal that a correct client cannot always avoid: it is answered, but is no offence."""


class FakeServer:
    """Serves scripts on loopback.

    Args:
        script: what every connection plays.
        dialect: ``yandex`` or ``openai``.
        key: the key that clients must present.

    Attributes:
        sessions: every connection so far.
        received: all client events of all connections, in order.
        offences: what a strict server objects to, in words.
        reached: for a script to say that it has come to a certain point.
        refuse: while not 0, every upgrade is answered with this HTTP status.
    """

    def __init__(self, script: Script | None = None, *, dialect: str = "yandex", key: str = "secret-key-1234") -> None:
        self.script = script
        self.dialect = dialect
        self.key = key
        self.refuse = 0
        self.reached = asyncio.Event()
        self.sessions: list[Session] = []
        self.received: list[Event] = []
        self.offences: list[str] = []
        self.upgrades: list[dict[str, str]] = []
        self.url = ""
        self._failures: list[BaseException] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get(PATH, self._upgrade)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}{PATH}"
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for session in self.sessions:
            session.drop()
        assert self._runner is not None
        await self._runner.cleanup()
        if self._failures:
            if isinstance(self._failures[0], Exception) and error is not None:
                error.add_note(f"the server's script failed too: {self._failures[0]!r}")
            else:
                raise self._failures[0]

    @property
    def session(self) -> "Session":
        """The newest connection."""
        return self.sessions[-1]

    def sent(self, *types: str) -> list[Event]:
        """All client events of these types, without their ids."""
        return [
            {name: value for name, value in event.items() if name != "event_id"}
            for event in self.received
            if event["type"] in types
        ]

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        self.upgrades.append(dict(request.headers))
        if self.refuse:
            return web.Response(status=self.refuse, text=f"refused: {request.headers.get('Authorization')}")
        if request.headers.get("Authorization", "") != self._expected_authorization():
            return web.Response(status=401, text="UNAUTHENTICATED")
        if "OpenAI-Beta" in request.headers:
            self.offences.append("beta header")
        socket = web.WebSocketResponse(max_msg_size=0, compress=False, timeout=0.2)
        await socket.prepare(request)
        session = Session(self, socket, request)
        self.sessions.append(session)
        await self._serve(session, request.query.get("model", ""))
        return socket

    def _expected_authorization(self) -> str:
        bearer = self.dialect == "openai" or self.key.startswith("t1.")
        return f"{'Bearer' if bearer else 'Api-Key'} {self.key}"

    async def _serve(self, session: "Session", model: str) -> None:
        if self.dialect == "yandex" and not re.fullmatch(r"gpt://[^/]+/.+", model):
            self.offences.append(f"model {model!r}")
            await session.send({"type": "error", "error": {"type": "invalid_request_error", "message": "Invalid URI"}})
            await session.close(1008, "Invalid model URI")
            return
        script = asyncio.create_task(self._run(session))
        try:
            await session.read()
        finally:
            script.cancel()
            await asyncio.gather(script, return_exceptions=True)

    async def _run(self, session: "Session") -> None:
        try:
            if self.script is not None:
                await self.script(session)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client left: what a script should have seen by then is for the test to judge
        except BaseException as error:
            self._failures.append(error)
            session.drop()


class Session:
    """One connection, as a script sees it.

    Attributes:
        received: the client's events in order, microphone audio included.
        microphone: all audio bytes that arrived.
        active: id of the running answer; empty when there is none.
        cancelled: set when the client has cancelled the running answer.
        confirms: whether settings are answered with ``session.updated``.
        acknowledges: whether anything is answered by itself.
        reading: while it is not set, nothing more is read from the client.
        outputs: how often each call was answered.
    """

    def __init__(self, server: FakeServer, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.server = server
        self.dialect = server.dialect
        self.received: list[Event] = []
        self.microphone = bytearray()
        self.active = ""
        self.cancelled = asyncio.Event()
        self.outputs: dict[str, int] = {}
        self.rate = RATE
        self.confirms = True
        self.acknowledges = True
        self.reading = asyncio.Event()
        self.reading.set()
        self._socket = socket
        self._request = request
        self._changed = asyncio.Condition()
        self._seen: set[int] = set()
        self._ids = itertools.count(1)
        self._configured = False
        self._updates = 0
        self._uncommitted = 0
        self._items: dict[str, Event] = {}
        self._calls: set[str] = set()

    # --- waiting for the client

    async def expect(self, kind: str, **fields: Any) -> Event:
        """The next event of a type that was not expected before; ``fields`` must be equal too."""

        def find() -> int | None:
            for index, event in enumerate(self.received):
                wanted = {"type": kind, **fields}.items()
                if index not in self._seen and all(event.get(name) == value for name, value in wanted):
                    return index
            return None

        async with self._changed:
            try:
                async with asyncio.timeout(LIMIT_S):
                    await self._changed.wait_for(lambda: find() is not None)
            except TimeoutError:
                types = [event["type"] for event in self.received if event["type"] != "input_audio_buffer.append"]
                raise AssertionError(f"the client never said {kind} {fields}; it said {types}") from None
            index = find()
            assert index is not None
            self._seen.add(index)
            return self.received[index]

    async def ready(self, size: int) -> bytes:
        """Wait for so many bytes of the microphone."""
        async with self._changed, asyncio.timeout(LIMIT_S):
            await self._changed.wait_for(lambda: len(self.microphone) >= size)
        return bytes(self.microphone)

    def count(self, kind: str) -> int:
        """How many events of a type have arrived."""
        return sum(event["type"] == kind for event in self.received)

    # --- saying things

    async def send(self, event: Event) -> None:
        """Send an event; it gets an id if it has none."""
        await self.send_raw(json.dumps({"event_id": f"event_{next(self._ids)}", **event}, ensure_ascii=False))

    async def send_raw(self, text: str) -> None:
        """Send any text frame."""
        await self._socket.send_str(text)

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        await self._socket.send_bytes(data)

    async def send_wire(self, data: bytes) -> None:
        """Write bytes below the WebSocket layer."""
        assert self._request.transport is not None
        self._request.transport.write(data)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection properly."""
        await self._socket.close(code=code, message=reason.encode())

    def ignore_pings(self) -> None:
        """Leave pings without an answer from now on."""
        self._socket._autoping = False

    def drop(self) -> None:
        """Abort the TCP connection: nothing more is said."""
        if self._request.transport is not None:
            self._request.transport.abort()

    # --- the opening

    async def greet(self) -> None:
        """Say ``session.created``."""
        await self.send({"type": "session.created", "session": self._description()})

    async def open(self) -> Event:
        """Greet and wait until the client has configured the session; returns what it sent."""
        await self.greet()
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

    @property
    def audio_index(self) -> int:
        """The ``content_index`` of spoken parts."""
        return 1 if self.dialect == "yandex" else 0

    async def begin(self, response_id: str) -> None:
        """An answer begins."""
        assert self.active in ("", REQUESTED), f"the script begins {response_id} while {self.active} runs"
        self.active = response_id
        self.cancelled.clear()
        await self.send({"type": "response.created", "response": self._response(response_id, "in_progress", [])})
        if self.dialect == "openai":
            limit = {"name": "tokens", "limit": 40_000, "remaining": 39_000, "reset_seconds": 1.5}
            await self.send({"type": "rate_limits.updated", "rate_limits": [limit]})

    async def end(self, response_id: str, status: str = "completed", output: Sequence[Event] = ()) -> None:
        """An answer ends."""
        self.active = ""
        response = self._response(response_id, status, list(output))
        if status == "cancelled":
            response["status_details"] = {"type": "cancelled", "reason": "client_cancelled"}
        await self.send({"type": "response.done", "response": response})

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
        started, at, pieces = time.perf_counter(), 0, _pieces(words)
        while at < len(pcm):
            if self.cancelled.is_set():
                if late <= 0:
                    break
                late -= 1
            if pieces:
                await self._word(response_id, item_id, pieces.pop(0))
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
            for piece in pieces:
                await self._word(response_id, item_id, piece)
        await self._close_message(response_id, item_id, words if whole else "", whole)
        return whole

    async def audio(self, response_id: str, item_id: str, pcm: bytes) -> None:
        """One delta of sound."""
        item = self._items.setdefault(item_id, {"id": item_id, "type": "message", "role": "assistant"})
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
            self._calls.add(call_id)
            added = {**item, "arguments": "", "status": "in_progress"}
            await self.send({"type": "response.output_item.added", **place, "item": added})
            about = {**place, "item_id": item["id"], "call_id": call_id}
            for piece in _pieces(arguments):
                await self.send({"type": "response.function_call_arguments.delta", **about, "delta": piece})
            done = {"type": "response.function_call_arguments.done", **about}
            await self.send({**done, "name": name, "arguments": arguments})
            final = {**item, "arguments": arguments, "status": "completed"}
            await self.send({"type": "response.output_item.done", **place, "item": final})
            output.append(final)
        await self.end(response_id, status, output if in_done else [])

    async def _open_message(self, response_id: str, item_id: str) -> None:
        empty: Event = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        self._items.setdefault(item_id, dict(empty))
        place = {"response_id": response_id, "output_index": 0}
        if self.dialect == "yandex":
            parts = [{"type": "output_text", "text": ""}, {"type": "output_audio", "transcript": ""}]
            await self.send({"type": "conversation.item.created", "item": empty})
            await self.send({"type": "conversation.item.created", "item": {**empty, "content": parts}})
        await self.send({"type": "response.output_item.added", **place, "item": empty})
        if self.dialect == "openai":
            await self.send({"type": "conversation.item.added", "previous_item_id": None, "item": empty})
        for index, part in enumerate(self._parts("")):
            place = self._place(response_id, item_id, index)
            await self.send({"type": "response.content_part.added", **place, "part": part})

    async def _close_message(self, response_id: str, item_id: str, words: str, whole: bool) -> None:
        place = self._place(response_id, item_id, self.audio_index)
        parts = self._parts(words)
        if self.dialect == "yandex":
            text = self._place(response_id, item_id, 0)
            await self.send({"type": "response.content_part.done", **text, "part": parts[0]})
            await self.send({"type": "response.output_text.done", **text, "text": words})
            await self.send({"type": "response.content_part.done", **place, "part": parts[1]})
            await self.send({"type": "response.output_audio.done", **place})
            await self.send({"type": "response.output_audio_transcript.done", **place, "transcript": words})
        else:
            await self.send({"type": "response.output_audio.done", **place})
            await self.send({"type": "response.output_audio_transcript.done", **place, "transcript": words})
            await self.send({"type": "response.content_part.done", **place, "part": parts[0]})
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

    def _parts(self, words: str) -> list[Event]:
        spoken = {"type": "audio", "transcript": words}
        return [{"type": "text", "text": words}, spoken] if self.dialect == "yandex" else [spoken]

    def _place(self, response_id: str, item_id: str, content_index: int) -> Event:
        return {
            "response_id": response_id,
            "item_id": item_id,
            "output_index": 0,
            "content_index": content_index,
        }

    def _response(self, response_id: str, status: str, output: list[Event]) -> Event:
        both = self.dialect == "yandex"
        response: Event = {
            "id": response_id,
            "object": "realtime.response",
            "status": status,
            "status_details": None,
            "output": output,
            "output_modalities": ["text", "audio"] if both else ["audio"],
            "usage": None,
        }
        if status != "in_progress":
            details = {"text_tokens": 20, "audio_tokens": 30, "cached_tokens": 10}
            response["usage"] = {
                "total_tokens": 70,
                "input_tokens": 50,
                "output_tokens": 20,
                "input_token_details": {"text_tokens": 50} if both else details,
                "output_token_details": {"text_tokens": 20},
            }
        return response

    def _description(self) -> Event:
        if self.dialect == "yandex":
            return {
                "id": "0123456789ab", "object": "realtime.session", "expires_at": None, "type": "realtime",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": None},
                        "turn_detection": {
                            "type": "server_vad", "silence_duration_ms": 800, "threshold": None,
                            "idle_timeout_ms": None, "yc_idle_llm_message": None,
                        },
                        "languages": None,
                    },
                    "output": {
                        "format": {"type": "audio/pcm", "rate": None}, "speed": None, "voice": "kirill", "role": None,
                    },
                },
                "instructions": None, "max_output_tokens": "inf", "output_modalities": ["text", "audio"],
                "prompt": None, "reasoning": None, "tools": [],
            }  # fmt: skip
        return {
            "id": "sess_1", "object": "realtime.session", "expires_at": 1_900_000_000, "type": "realtime",
            "model": "gpt-realtime-2.1", "output_modalities": ["audio"], "instructions": "Be kind.", "tools": [],
            "tool_choice": "auto", "max_output_tokens": "inf",
            "audio": {
                "input": {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": {"type": "server_vad"}},
                "output": {"format": {"type": "audio/pcm", "rate": RATE}, "voice": "marin", "speed": 1.0},
            },
        }  # fmt: skip

    # --- what the client says

    async def read(self) -> None:
        """Take in everything until the connection ends."""
        while True:
            await self.reading.wait()
            message = await self._socket.receive()
            if message.type in (WSMsgType.PING, WSMsgType.PONG):
                continue
            if message.type is not WSMsgType.TEXT:
                return
            try:
                await self._heard(json.loads(message.data))
            except ConnectionError:
                return

    async def _heard(self, event: Event) -> None:
        self.received.append(event)
        self.server.received.append(event)
        try:
            self._judge(event)
            acknowledgements = self._obey(event)
        except Refused as refusal:
            if not isinstance(refusal, Raced):
                self.server.offences.append(f"{event.get('type')}: {refusal}")
            error = {"type": "invalid_request_error", "code": refusal.code, "message": str(refusal)}
            error |= {"param": refusal.param or None, "event_id": event.get("event_id")}
            acknowledgements = [{"type": "error", "error": error}]
        for acknowledgement in acknowledgements if self.acknowledges else ():
            await self.send(acknowledgement)
        async with self._changed:
            self._changed.notify_all()

    async def _announce(self, item: Event) -> None:
        self._items[item["id"]] = dict(item)
        for event in self._item_events(item):
            await self.send(event)

    def _item_events(self, item: Event) -> list[Event]:
        if self.dialect == "yandex":
            return [{"type": "conversation.item.created", "item": item}]
        added = {"previous_item_id": None, "item": item}
        return [{"type": "conversation.item.added", **added}, {"type": "conversation.item.done", **added}]

    def _judge(self, event: Event) -> None:
        """The shape of an event."""
        if not isinstance(event.get("event_id"), str) or not event["event_id"]:
            raise Refused("an event without event_id")
        kind = event.get("type", "")
        if kind == "session.update":
            session = event.get("session")
            if not isinstance(session, dict):
                raise Refused("session is missing", "missing_required_parameter", "session")
            self._judge_yandex(session) if self.dialect == "yandex" else self._judge_openai(event, session)
            return
        if kind == "input_audio_buffer.clear" and self.dialect == "yandex":
            raise Refused("input_audio_buffer.clear is not supported", "unsupported_event")
        _sdk(event)
        _no_nulls(event, kind)
        response = event.get("response", {})
        if self.dialect == "yandex" and set(response) - {"instructions", "output_modalities", "max_output_tokens"}:
            raise Refused("unknown field in response", "unknown_parameter", "response")

    def _judge_openai(self, event: Event, session: Event) -> None:
        if session.get("type") != "realtime":
            raise Refused("Missing required parameter: 'session.type'.", "missing_required_parameter", "session.type")
        if "model" in session:
            raise Refused("the model cannot be changed", "cannot_update_model", "session.model")
        if len(session.get("output_modalities", ["audio"])) != 1:
            raise Refused("one modality at a time", "invalid_value", "session.output_modalities")
        for side, settings in session.get("audio", {}).items():
            if settings.get("format", {}).get("rate", RATE) != RATE:
                raise Refused("only 24000 Hz", "invalid_value", f"session.audio.{side}.format.rate")
        _judge_tools(session)
        _sdk(event)
        _no_nulls(session, "session")

    def _judge_yandex(self, session: Event) -> None:
        _only(session, _YANDEX_SESSION, "session")
        audio = session.get("audio", {})
        _only(audio, {"input", "output"}, "session.audio")
        for side, known in (("input", _YANDEX_INPUT), ("output", _YANDEX_OUTPUT)):
            settings = audio.get(side)
            if settings is None:
                if not self._updates:
                    raise Refused("both rates are needed", "missing", f"session.audio.{side}.format.rate")
                continue
            _only(settings, known, f"session.audio.{side}")
            _only(settings.get("format", {}), {"type", "rate"}, f"session.audio.{side}.format")
            if not isinstance(settings.get("format", {}).get("rate"), int):
                raise Refused("both rates are needed", "missing", f"session.audio.{side}.format.rate")
        _only(audio.get("input", {}).get("turn_detection") or {}, _YANDEX_DETECTION, "turn_detection")
        _judge_tools(session)
        _no_nulls(session, "session")

    def _obey(self, event: Event) -> list[Event]:
        """Do what an event asks for; returns the acknowledgements."""
        match event["type"]:
            case "session.update":
                return self._updated(event["session"])
            case "input_audio_buffer.append":
                return self._appended(event["audio"])
            case "input_audio_buffer.commit":
                return self._committed()
            case "input_audio_buffer.clear":
                self._uncommitted = 0
                return [{"type": "input_audio_buffer.cleared"}]
            case "conversation.item.create":
                return self._created(event["item"])
            case "conversation.item.truncate":
                return self._truncated(event)
            case "conversation.item.delete":
                if self._items.pop(event["item_id"], None) is None:
                    raise Refused(f"no item {event['item_id']}", "item_delete_invalid_item_id", "item_id")
                return [{"type": "conversation.item.deleted", "item_id": event["item_id"]}]
            case "response.create":
                if self.active:
                    code = "conversation_already_has_active_response"
                    raise Refused(f"Conversation already has an active response: {self.active}", code)
                self.active = REQUESTED
            case "response.cancel":
                if not self.active:
                    raise Raced("Cancellation failed: no active response found", "response_cancel_not_active")
                self.cancelled.set()
        return []

    def _updated(self, session: Event) -> list[Event]:
        self._configured = True
        self._updates += 1
        self.rate = session.get("audio", {}).get("output", {}).get("format", {}).get("rate", self.rate)
        described = {**self._description(), **session}
        updated = {"type": "session.updated", "session": described}
        if not self.confirms:
            return []
        return [updated, updated] if self.dialect == "yandex" else [updated]

    def _appended(self, audio: Any) -> list[Event]:
        if not self._configured:
            raise Refused("audio before the session was configured")
        try:
            pcm = base64.b64decode(audio, validate=True)
        except (TypeError, binascii.Error):
            raise Refused("audio is not base64", "invalid_value", "audio") from None
        if len(pcm) > MAX_APPEND or len(pcm) % 2:
            raise Refused(f"{len(pcm)} bytes of audio", "invalid_value", "audio")
        self.microphone += pcm
        self._uncommitted += len(pcm)
        return []

    def _committed(self) -> list[Event]:
        if self._uncommitted < MIN_COMMIT_BYTES:
            raise Refused("buffer too small", "input_audio_buffer_commit_empty")
        self._uncommitted = 0
        item_id = f"item_user_{len(self._items) + 1}"
        item: Event = {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": []}
        self._items[item_id] = item
        committed = {"type": "input_audio_buffer.committed", "item_id": item_id}
        return [committed, *self._item_events(item)]

    def _created(self, item: Event) -> list[Event]:
        if item["type"] == "function_call_output":
            call_id = item["call_id"]
            if call_id not in self._calls:
                raise Refused(f"no call {call_id}", "invalid_tool_call_id", "item.call_id")
            self.outputs[call_id] = self.outputs.get(call_id, 0) + 1
            if self.outputs[call_id] > 1:
                raise Refused(f"call {call_id} is answered already", "duplicate_output", "item.call_id")
        if self.dialect == "yandex" and item.get("role") == "assistant":
            raise Refused("MessageContentItemOutputText is not supported yet", "unsupported", "item.content")
        full = {"id": f"item_made_{len(self._items) + 1}", "object": "realtime.item", "status": "completed", **item}
        self._items[full["id"]] = full
        return self._item_events(full)

    def _truncated(self, event: Event) -> list[Event]:
        item, end = self._items.get(event["item_id"]), event["audio_end_ms"]
        if item is None:
            raise Refused(f"no item {event['item_id']}", "item_truncate_invalid_item_id", "item_id")
        if item.get("role") != "assistant" or not item.get("bytes") or end <= 0:
            raise Refused("Only model output audio messages can be truncated", "unsupported_content_type")
        if event["content_index"] != self.audio_index:
            raise Refused(f"part {event['content_index']} is not audio", "invalid_value", "content_index")
        length = item["bytes"] * 500 / self.rate
        if end > length:
            raise Refused(f"Audio content of {length:.0f}ms is already shorter than {end}ms", "invalid_value")
        item["bytes"] = end * self.rate // 500
        about = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
        return [{"type": "conversation.item.truncated", **about}]


def _sdk(event: Event) -> None:
    """By the openai package's own types, and nothing besides."""
    try:
        accept(event)
    except (KeyError, AssertionError, ValidationError) as error:
        raise Refused(" ".join(str(error).split())[:300], "unknown_parameter") from None


def _judge_tools(session: Event) -> None:
    for tool in session.get("tools", []):
        if tool.get("type") == "mcp":
            _only(tool, _HOSTED_SERVER, "session.tools")
            continue
        if not isinstance(tool.get("parameters", {}), dict):
            raise Refused("parameters are not an object", "invalid_type", "session.tools.parameters")
        if set(tool) - {"type", "name", "description", "parameters"} or not tool.get("name"):
            raise Refused(f"tool {tool}", "unknown_parameter", "session.tools")


def _only(value: Any, known: set[str], path: str) -> None:
    if not isinstance(value, dict):
        raise Refused(f"{path} is not an object", "invalid_type", path)
    for name in value:
        if name not in known:
            raise Refused(f"Unknown parameter: '{path}.{name}'.", "unknown_parameter", f"{path}.{name}")


def _no_nulls(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "parameters":
                continue
            if inner is None and name not in _MAY_BE_NULL:
                raise Refused(f"null in {path}.{name}", "invalid_type", f"{path}.{name}")
            _no_nulls(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            _no_nulls(inner, f"{path}[]")


def _pieces(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*$|\s*\S+", text) if text.strip() else [text]
