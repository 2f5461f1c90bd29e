"""From ``speech_started`` on the wire to silence at the device, beside a bare client at the same virtual speaker."""

import asyncio
import random
import statistics
import time

import numpy as np
from clients import end, launch
from measured_server import Server

from virtual_audio import MICROPHONE, RATE, Recorder, VirtualAudio, locatable

TRIES = 12
EVENTS_PER_S = 2000
BUDGET, BUDGET_BUSY = 1.3, 1.5
SPEECH = locatable(8.0)
SILENT_SAMPLES = RATE * 3 // 10


async def until(holds, what: str, deadline_s: float = 10.0) -> None:
    """Wait for a condition."""
    deadline = time.perf_counter() + deadline_s
    while not holds():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"in vain waited until {what}")
        await asyncio.sleep(0.02)


def last_sound(recorder: Recorder) -> int:
    """The position after the last sample that was not silent, in the newest second and a half."""
    held = len(recorder._pcm) // 2
    first = max(0, held - RATE * 3 // 2)
    sounding = np.flatnonzero(np.frombuffer(bytes(recorder._pcm[first * 2 : held * 2]), "<i2"))
    return first + int(sounding[-1]) + 1 if len(sounding) else 0


async def speak(server: Server, recorder: Recorder, number: int, speech: bytes, heard_ms: float) -> int:
    """An answer in one burst, until a random moment after so much of it is heard; where its recording begins."""
    await server.begin_response(number)
    begun = len(recorder._pcm) // 2
    for start in range(0, len(speech), 9600):
        await server.speech(number, speech[start : start + 9600])
    await until(lambda: last_sound(recorder) > begun + heard_ms * RATE / 1000, "the answer is heard")
    await asyncio.sleep(random.random() * 0.2)
    return begun


async def one_try(server: Server, recorder: Recorder, number: int) -> float:
    """Interrupt an answer at a random moment; milliseconds until silence."""
    await speak(server, recorder, number, SPEECH, 250)
    began = time.perf_counter()
    await server.user_starts(number)
    await until(lambda: len(recorder._pcm) // 2 - last_sound(recorder) > SILENT_SAMPLES, "the speaker is silent", 20.0)
    silent = recorder.when(last_sound(recorder))
    await server.end_response(number, "cancelled")
    await server.user_stops(number)
    await asyncio.sleep(0.1)
    return (silent - began) * 1000


async def measure(kind: str, busy: bool) -> list[float]:
    """All tries of one client."""
    with VirtualAudio() as audio:
        server = Server()
        url = await server.start()
        client = launch(kind, url, audio, MICROPHONE)
        recorder = audio.recorder()
        try:
            await asyncio.wait_for(server.greeted.wait(), 15)
            await asyncio.sleep(0.5)
            await server.make_noise(EVENTS_PER_S if busy else 0)
            return [await one_try(server, recorder, number) for number in range(TRIES)]
        finally:
            await server.make_noise(0)
            end(client)
            await server.stop()


async def main() -> None:
    found = {(kind, busy): await measure(kind, busy) for busy in (False, True) for kind in ("bare", "ours")}
    print(f"speech_started -> silence at the device, ms ({TRIES} tries each)\n")
    print(f"{'client':<8}{'events/s':>10}{'min':>8}{'median':>8}{'max':>8}{'ratio':>8}{'budget':>8}")
    within = True
    for (kind, busy), tries in found.items():
        ratio = statistics.median(tries) / statistics.median(found["bare", busy])
        budget = BUDGET_BUSY if busy else BUDGET
        shown = f"{ratio:>8.2f}{budget:>8}" if kind == "ours" else f"{'1':>8}{'':>8}"
        row = f"{min(tries):>8.1f}{statistics.median(tries):>8.1f}{max(tries):>8.1f}{shown}"
        print(f"{kind:<8}{EVENTS_PER_S if busy else 0:>10}{row}")
        within = within and (kind == "bare" or ratio <= budget)
    busy_ratio = statistics.median(found["ours", True]) / statistics.median(found["bare", False])
    print(f"\nours under load against the bare client without load: {busy_ratio:.2f}")
    print("within budget" if within and busy_ratio <= BUDGET_BUSY else "OVER BUDGET")


if __name__ == "__main__":
    asyncio.run(main())
