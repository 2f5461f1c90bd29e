"""BargeIn to silence, and what the client says was heard by then, at each block size and latency of the device.

python heard.py [TRIES]

The truth is the last sample that came out of the speaker's monitor: the speech can be located in any four samples. The
bare client waits until the device has played what it was handed, and tells the server what it had handed over.
"""

import asyncio
import statistics
import sys
import time
from dataclasses import dataclass

import numpy as np
from clients import end, launch, underruns
from interruption import last_sound, speak, until
from measured_server import Server
from reporting import Row, print_table

from virtual_audio import MICROPHONE, RATE, Recorder, VirtualAudio, locatable, places

TRIES = 30
SETTINGS = {"10/low": "10 ms, low", "20/low": "20 ms, low", "20/0.1": "20 ms, 0.1 s"}
SPEECH = locatable(2.0)
SILENT_SAMPLES = RATE // 7
SILENCE_BUDGET, ERROR_MS = 1.3, 10.0


@dataclass(frozen=True)
class Try:
    """One interruption: ms until silence, and the reported less the true position of the last sound in ms."""

    silent_ms: float
    error_ms: float


def truly_heard(recorder: Recorder, begun: int, ended: int) -> float:
    """Milliseconds of the speech that came out between two positions of the recording: to its last sound."""
    heard = np.frombuffer(bytes(recorder._pcm[begun * 2 : ended * 2]), "<i2")
    found = places(np.frombuffer(SPEECH, "<i2"), heard)
    last = int(np.flatnonzero(found >= 0)[-1])
    return (int(found[last]) + len(heard) - last) * 1000 / RATE  # what follows is the fade


async def one_try(server: Server, recorder: Recorder, number: int) -> Try:
    """Interrupt an answer at a random moment."""
    begun = await speak(server, recorder, number, SPEECH, 100)
    began = time.perf_counter()
    await server.user_starts(number)
    await until(lambda: len(recorder._pcm) // 2 - last_sound(recorder) > SILENT_SAMPLES, "the speaker is silent")
    ended = last_sound(recorder)
    await until(lambda: f"a{number}" in server.cuts, "the client says what was heard")
    await server.end_response(number, "cancelled")
    await server.user_stops(number)
    error = server.cuts[f"a{number}"] - truly_heard(recorder, begun, ended)
    return Try((recorder.when(ended) - began) * 1000, error)


async def measure(kind: str, setting: str, count: int) -> tuple[list[Try], int]:
    """All tries of one client, and how often its device ran dry."""
    with VirtualAudio() as audio:
        server = Server()
        client = launch(kind, await server.start(), audio, MICROPHONE, setting)
        recorder = audio.recorder()
        try:
            await asyncio.wait_for(server.greeted.wait(), 15)
            await asyncio.sleep(0.5)
            return [await one_try(server, recorder, number) for number in range(count)], underruns(audio)
        finally:
            end(client)
            await server.stop()


async def main(count: int = TRIES) -> None:
    rows = []
    print(f"{count} tries each; ms from speech_started to silence, and ms by which the reported position is off\n")
    head = f"{'setting':<14}{'client':<7}" + "".join(f"{name:>9}" for name in ("min", "median", "max"))
    print(head + "".join(f"{name:>12}" for name in ("error min", "median", "max")) + f"{'> 10 ms':>10}{'ran dry':>9}")
    for setting, shown in SETTINGS.items():
        middles: dict[str, float] = {}
        worst: dict[str, float] = {}
        for kind in ("bare", "ours"):
            tries, dry = await measure(kind, setting, count)
            silent, errors = [t.silent_ms for t in tries], [t.error_ms for t in tries]
            middles[kind], worst[kind] = statistics.median(silent), max(abs(e) for e in errors)
            cells = "".join(f"{value:>9.1f}" for value in (min(silent), middles[kind], max(silent)))
            cells += "".join(f"{value:>12.1f}" for value in (min(errors), statistics.median(errors), max(errors)))
            far = sum(abs(e) > ERROR_MS for e in errors)
            print(f"{shown:<14}{kind:<7}{cells}{far:>10}{dry:>9}", flush=True)
        rows.append(Row(f"{shown}: silence, median", "ms", middles["bare"], middles["ours"], ratio=SILENCE_BUDGET))
        rows.append(Row(f"{shown}: position, worst error", "ms", worst["bare"], worst["ours"], limit=ERROR_MS))
    print()
    print_table("Interrupted", "the bare client at the same setting", rows)


if __name__ == "__main__":
    asyncio.run(main(*(int(word) for word in sys.argv[1:])))
