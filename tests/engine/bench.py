"""What tests of the worker share: a session on real parts, its plan, signals that can be located, and waiting."""

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from function_runner import FunctionRunner
from realtime_server import FakeServer
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.secrets import endpoint
from rtvoice_tui.profiles.store import load_profile, parse_profile
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.session.facts import Notice, Phase
from rtvoice_tui.store.store import Store
from rtvoice_tui.tools.registry import Registry, Tool

RATE = 24_000
SILENT = AudioChoice(silent=True)
LIMIT_S = 8.0

OPENAI = """
provider = "openai"
model = "gpt-realtime-2.1"
[session]
instructions = "Be brief."
voice = "marin"
output_modalities = ["audio", "text"]
turn_detection = {type = "server_vad", threshold = 0.5, silence_duration_ms = 400}
transcription = {model = "gpt-transcribe"}
input_rate = 16000
[[tools]]
name = "get_weather"
description = "Weather."
parameters = {type = "object", properties = {city = {type = "string"}}, required = ["city"]}
run = {kind = "python", target = "demo:get_weather"}
[[tools]]
name = "web_search"
run = {kind = "hosted"}
"""


class Source:
    """Where a profile connects to, with the address of a test's server."""

    def __init__(self, profile: Profile, environ: Mapping[str, str]) -> None:
        self.profile = profile
        self.environ = dict(environ)
        self.closed = 0

    @property
    def identity(self) -> str:
        return "test"

    async def endpoint(self) -> Endpoint:
        return endpoint(self.profile, self.environ)

    async def close(self) -> None:
        self.closed += 1


def profile_for(server: FakeServer, text: str = "") -> Profile:
    """The built-in profile of the server's dialect, or the one in ``text``, pointed at the server."""
    if not text and server.dialect == "yandex":
        return changed(load_profile("yandex"), url=server.url)
    return changed(parse_profile(text or OPENAI, "test"), url=server.url)


def environ_for(server: FakeServer) -> dict[str, str]:
    if server.dialect == "openai":
        return {"OPENAI_API_KEY": server.key}
    return {"YANDEX_CLOUD_API_KEY": server.key, "YANDEX_CLOUD_FOLDER_ID": "b1gfolder"}


def changed(profile: Profile, **changes: Any) -> Profile:
    return msgspec.structs.replace(profile, **changes)


def plan_for(server: FakeServer, profile: Profile | None = None, audio: AudioChoice = SILENT, **changes: Any) -> Plan:
    """A plan made from a profile, as the app makes it."""
    profile = profile or profile_for(server)
    toolset, _ = Registry(Path()).toolset(profile)
    source = Source(profile, environ_for(server))
    plan = Plan(profile.dialect, profile.session, profile.tool_specs, toolset, source, audio)
    return replace(plan, **changes)


def with_tool(plan: Plan, name: str, function: Callable[..., Any], timeout_s: float = 10.0) -> Plan:
    """The plan with another function under a name that the profile knows."""
    entry = ToolEntry(name=name, timeout_s=timeout_s)
    runner = FunctionRunner(plan.toolset[name].runner.specs[0], function)
    return replace(plan, toolset={**plan.toolset, name: Tool(entry, runner)})


@contextlib.contextmanager
def new_store() -> Iterator[Store]:
    store = Store()
    try:
        yield store
    finally:
        store.events.close()


class Bench:
    """A running worker with its store."""

    def __init__(self, worker: SessionWorker, store: Store, task: "asyncio.Task[None]") -> None:
        self.worker = worker
        self.store = store
        self.task = task

    def set_audio(self, **changes: Any) -> None:
        """Change some of mute, gain and gate."""
        self.worker.set_audio(msgspec.structs.replace(self.worker.audio_settings, **changes))

    @property
    def phase(self) -> Phase:
        return self.store.session.phase

    @property
    def notices(self) -> list[Notice]:
        return [notice for _, notice in self.store.notices]

    def words(self, speaker: str) -> list[str]:
        return [entry.text for entry in self.store.transcript.entries if entry.speaker == speaker]

    def names(self, sent: bool) -> list[str]:
        rows = (self.store.events.row(number) for number in range(len(self.store.events)))
        return [row.name for row in rows if row.sent is sent]

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for a condition, generously."""
        await until(condition, what or f"phase {self.phase}, {self.notices}")


async def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait for a condition, generously."""
    try:
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None


@contextlib.asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[Bench]:
    """A worker that runs in the test's own loop, and is stopped at the end."""
    with new_store() as store:
        worker = SessionWorker(plan, store)
        task = asyncio.create_task(worker.run())
        try:
            yield Bench(worker, store, task)
        finally:
            worker.stop()
            async with asyncio.timeout(LIMIT_S):
                await task


def signal(seconds: float, seed: int = 1, rate: int = RATE) -> bytes:
    """Speech whose every place is known: a pseudo-random run without silence, each sample loud and both signs."""
    return locatable(int(seconds * rate), seed)


def locatable(count: int, seed: int = 1) -> bytes:
    numbers = (np.arange(count, dtype=np.uint64) + np.uint64(seed * 1_000_003)) * np.uint64(6364136223846793005)
    numbers = ((numbers ^ (numbers >> np.uint64(29))) * np.uint64(1442695040888963407)) >> np.uint64(40)
    loud = (numbers % np.uint64(20_000)).astype(np.int32) + 8_192
    negative = (numbers >> np.uint64(20)) & np.uint64(1)
    return np.where(negative == 1, -loud, loud).astype("<i2").tobytes()


def without_silence(pcm: bytes) -> bytes:
    samples = np.frombuffer(pcm, "<i2")
    return samples[samples != 0].tobytes()


def heard(path: Path) -> bytes:
    """What a WAV file holds, silence left out."""
    with wave.open(str(path), "rb") as wav:
        return without_silence(wav.readframes(wav.getnframes()))


def write_wav(path: Path, pcm: bytes, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(pcm)
    return path
