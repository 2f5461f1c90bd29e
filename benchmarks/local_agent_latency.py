"""End of speech to first sound of the local agent, spoken in real time, beside the silence it is told to wait for."""

import asyncio
import base64
import json
import statistics
import sys
import time
from pathlib import Path

import aiohttp
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tui")]

from rtvoice_tui.local_agent.process import LocalAgentProcess
from rtvoice_tui.local_agent.speech import RATE, Voice

SILENCES_MS = (300, 500)
MARGIN_MS = 250
QUESTIONS = (
    "What is twelve times seven?",
    "Report me a joke.",
    "Who are you?",
    "What is twenty plus four?",
    "Good morning.",
    "Hello, what can you do for me?",
    "How much is nine minus five?",
    "Thank you very much.",
    "Report me a long story.",
    "What can I say?",
)


def speech_of(voice: Voice, text: str) -> bytes:
    """A question that ends with its last audible sample."""
    pcm = b"".join(voice.say(text, "bright"))
    samples = np.frombuffer(pcm, "<i2")
    return pcm[: (int(np.flatnonzero(np.abs(samples.astype(int)) > 250)[-1]) + 1) * 2]


async def ask(socket: aiohttp.ClientWebSocketResponse, pcm: bytes) -> float:
    """Say a question in real time; milliseconds from its end to the first sound."""
    frame = RATE // 50 * 2
    start = time.perf_counter()
    ended = start + (len(pcm) + 9600) / 2 / RATE
    answered = asyncio.Event()

    async def speak() -> None:
        said = bytes(9600) + pcm
        for number in range(10_000):
            if answered.is_set():
                return
            piece = said[number * frame : (number + 1) * frame]
            piece += bytes(frame - len(piece))
            await asyncio.sleep(max(0.0, start + (number + 1) * 0.02 - time.perf_counter()))
            event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()}
            await socket.send_str(json.dumps(event))

    speaking = asyncio.create_task(speak())
    first = 0.0
    try:
        async with asyncio.timeout(20):
            while True:
                event = json.loads((await socket.receive()).data)
                if event["type"] == "response.output_audio.delta" and not first:
                    first = time.perf_counter()
                if event["type"] == "response.done":
                    break
    finally:
        answered.set()
        await speaking
    return (first - ended) * 1000


async def main() -> None:
    voice = Voice()
    questions = [speech_of(voice, text) for text in QUESTIONS]
    agent = LocalAgentProcess()
    endpoint = await agent.endpoint()
    within = True
    print(f"end of speech -> first sound, ms ({len(questions)} questions each)\n")
    print(f"{'silence set':>12}{'min':>8}{'median':>8}{'max':>8}{'over it':>9}{'budget':>8}{'ratio':>7}")
    async with aiohttp.ClientSession() as http:
        for silence_ms in SILENCES_MS:
            async with http.ws_connect(endpoint.url, headers=endpoint.headers, max_msg_size=0) as socket:
                detection = {"type": "server_vad", "silence_duration_ms": silence_ms}
                session = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
                await socket.send_str(json.dumps({"type": "session.update", "session": session}))
                await ask(socket, questions[0])
                waits = [await ask(socket, pcm) for pcm in questions]
            median = statistics.median(waits)
            over = median - silence_ms
            row = f"{min(waits):>8.0f}{median:>8.0f}{max(waits):>8.0f}{over:>9.0f}{MARGIN_MS:>8}"
            print(f"{silence_ms:>12}{row}{median / silence_ms:>7.2f}")
            within = within and over <= MARGIN_MS
    await agent.close()
    print()
    print("within budget" if within else "OVER BUDGET")


if __name__ == "__main__":
    asyncio.run(main())
