"""The clients that are compared, each in a process of its own.

python clients.py bare|ours|recorded URL [MICROPHONE] [SETTING]        python clients.py tools URL SECONDS

SETTING is the size of a block in ms and the latency in seconds, such as ``20/0.1``, or ``10/low``.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ECHO = os.environ.get("RTVOICE_BENCHMARK_ECHO", "off")
"""Cancelling changes samples, and most benchmarks compare them one by one."""

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "support"), str(ROOT / "tui")]

from virtual_audio import RATE, SPEAKER, VirtualAudio

QUICKEST = "10/low"


def parse(setting: str) -> dict[str, Any]:
    """How devices are opened."""
    block_ms, _, latency = setting.partition("/")
    return {"block_ms": int(block_ms), "latency": latency if latency == "low" else float(latency)}


async def bare(url: str, microphone: str = "", setting: str = QUICKEST) -> None:
    """A socket, a buffer and a device: as little as can be called a client. What it handed over counts as heard."""
    import aiohttp
    import sounddevice

    buffer = bytearray()
    handed, item = 0, ""

    def fill(out, frames, times, status) -> None:
        nonlocal handed
        pcm = bytes(buffer[: frames * 2])
        del buffer[: frames * 2]
        handed += len(pcm) // 2
        out[:] = pcm + bytes(frames * 2 - len(pcm))

    asked = parse(setting)
    speaker = sounddevice.RawOutputStream(
        samplerate=RATE,
        blocksize=RATE * asked["block_ms"] // 1000,
        channels=1,
        dtype="int16",
        latency=asked["latency"],
        device=SPEAKER,
        callback=fill,
    )
    async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as socket:
        with speaker:
            await socket.send_str(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
            async for message in socket:
                event = json.loads(message.data)
                if event["type"] == "response.output_audio.delta":
                    if event["item_id"] != item:
                        handed, item = 0, event["item_id"]
                    buffer += base64.b64decode(event["delta"])
                elif event["type"] == "input_audio_buffer.speech_started":
                    buffer.clear()
                    cut = {"item_id": item, "content_index": 0, "audio_end_ms": handed * 1000 // RATE}
                    await socket.send_str(json.dumps({"type": "conversation.item.truncate", **cut}))


TOOLS = """
[[tools]]
name = "slow"
parameters = {type = "object", properties = {}}
run = {kind = "python", target = "slow.py:slow"}
timeout_s = 60
[[tools]]
name = "flood"
parameters = {type = "object", properties = {}}
run = {kind = "command", argv = ["yes", "a line that is printed again and again"]}
"""
SLOW = "import time\n\n\ndef slow() -> str:\n    time.sleep(SECONDS)\n    return 'slow'\n"


async def tools(url: str, seconds: str) -> None:
    """The same with a function that takes so many seconds, and a program that floods its output."""
    folder = Path(tempfile.mkdtemp())
    (folder / "slow.py").write_text(SLOW.replace("SECONDS", seconds))
    await ours(url, tools=TOOLS, folder=folder)


async def recorded(url: str, microphone: str = "", setting: str = QUICKEST) -> None:
    """The same with a recording of everything, sound included."""
    await ours(url, microphone, setting, recordings=Path(tempfile.mkdtemp()))


async def ours(
    url: str,
    microphone: str = "",
    setting: str = QUICKEST,
    tools: str = "",
    folder: Path = Path(),
    recordings: Path | None = None,
) -> None:
    """The worker as the app runs it, without a screen. Records into a folder, if there is one."""
    from rtvoice_tui.audio.backends.latency import Setting
    from rtvoice_tui.audio.choice import AudioChoice
    from rtvoice_tui.audio.supervisor import device_slot
    from rtvoice_tui.engine.plan import Plan
    from rtvoice_tui.engine.worker import SessionWorker
    from rtvoice_tui.profiles.store import parse_profile
    from rtvoice_tui.protocol.realtime.dialects import OPENAI
    from rtvoice_tui.protocol.settings import SessionSettings
    from rtvoice_tui.protocol.wire import Endpoint
    from rtvoice_tui.recording.handle import RecordingHandle
    from rtvoice_tui.store.store import Store
    from rtvoice_tui.tools.registry import Registry

    class Fixed:
        identity = "benchmark"

        async def endpoint(self) -> Endpoint:
            return Endpoint(url)

        async def close(self) -> None:
            pass

    device_slot.FIRST = Setting(**parse(setting))
    settings = SessionSettings(turn_detection={"type": "server_vad"})
    profile = parse_profile(tools, "benchmark")
    toolset, _ = Registry(folder).toolset(profile)
    plan = Plan(OPENAI, settings, profile.tool_specs, toolset, Fixed(), AudioChoice(microphone, SPEAKER, echo=ECHO))
    store = Store()
    worker = SessionWorker(plan, store)
    if recordings is not None:
        recording = RecordingHandle(plan, lambda: worker.clock, worker.report, True, recordings, False)
        worker.observers.append(recording)
        taps = worker.taps
        taps.heard.append(lambda pcm: recording.heard(pcm, taps.heard_at, taps.heard_rate))
        taps.unheard.append(recording.unheard)
        worker.at_end.append(recording.close)

    async def end_with_parent() -> None:
        await asyncio.to_thread(sys.stdin.read)
        if store.audio.problem:
            sys.stderr.write(f"{store.audio.problem}\n")
        worker.stop()

    ending = asyncio.create_task(end_with_parent())
    await worker.run()
    ending.cancel()


def launch(
    kind: str, url: str, audio: VirtualAudio, microphone: str = "", setting: str = "", echo: str = "off"
) -> "subprocess.Popen[bytes]":
    """Start a client that sees the virtual devices; it ends when its standard input is closed."""
    command = [sys.executable, str(Path(__file__)), kind, url, microphone, *([setting] if setting else [])]
    environment = audio.environment | {"RTVOICE_BENCHMARK_ECHO": echo}
    with (audio.folder / "client.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=log)


def underruns(audio: VirtualAudio) -> int:
    """How often the device of a client ran dry, which loses a block each time, whoever feeds it."""
    return (audio.folder / "client.log").read_text().count("underrun occurred")


def end(client: "subprocess.Popen[bytes]") -> None:
    """End a client."""
    assert client.stdin is not None
    client.stdin.close()
    try:
        client.wait(2.0)
    except subprocess.TimeoutExpired:
        client.kill()
        client.wait()


if __name__ == "__main__":
    asyncio.run({"bare": bare, "ours": ours, "recorded": recorded, "tools": tools}[sys.argv[1]](*sys.argv[2:]))
