"""Whether every sample is heard once and in order, in both directions, however it is delivered."""

import asyncio
import itertools
import time

from clients import end, launch, underruns
from interruption import until
from measured_server import Server

from virtual_audio import MICROPHONE, RATE, Comparison, VirtualAudio, compare, locatable

SECONDS = 30
SIZES = (4801, 961, 12_345, 2, 7777)
"""Bytes of the pieces, in turn: also halves of samples."""

EVENTS_PER_S = 2000


async def deliver(server: Server, pcm: bytes, speed: float) -> None:
    """Send speech so many times faster than it is spoken; 0 is as fast as the wire takes it."""
    await server.begin_response(1)
    start, at = time.perf_counter(), 0
    for size in itertools.cycle(SIZES):
        if at >= len(pcm):
            break
        await server.speech(1, pcm[at : at + size])
        at += size
        if speed:
            ahead = at / 2 / RATE / speed - (time.perf_counter() - start)
            await asyncio.sleep(max(0.0, ahead))
    await server.end_response(1)


async def to_the_speaker(kind: str, speed: float) -> tuple[Comparison, int]:
    """Speech of the server, as the virtual speaker plays it, and how often the device ran dry."""
    signal = locatable(SECONDS)
    with VirtualAudio() as audio:
        server = Server()
        client = launch(kind, await server.start(), audio)
        recorder = audio.recorder()
        try:
            await asyncio.wait_for(server.greeted.wait(), 15)
            began = len(recorder.pcm) // 2
            await deliver(server, signal, speed)
            needed = began + int((SECONDS + 1.0) * RATE)
            await until(lambda: len(recorder._pcm) // 2 > needed, "it was all played", SECONDS + 10.0)
            return compare(signal, recorder.stop()), underruns(audio)
        finally:
            end(client)
            await server.stop()


async def from_the_microphone(events_per_s: int, kind: str = "ours") -> tuple[Comparison, int]:
    """Speech into the virtual microphone, as the server hears it."""
    signal = locatable(SECONDS, seed=2)
    with VirtualAudio() as audio:
        server = Server()
        client = launch(kind, await server.start(), audio, MICROPHONE)
        try:
            await asyncio.wait_for(server.greeted.wait(), 15)
            await until(lambda: len(server.heard) > RATE, "the microphone is open")
            await server.make_noise(events_per_s)
            await asyncio.to_thread(audio.say, signal)
            await asyncio.sleep(1.0)
            return compare(signal, bytes(server.heard)), 0
        finally:
            await server.make_noise(0)
            end(client)
            await server.stop()


async def main() -> None:
    # two at a time, each with a sound server of its own: one after the other would take too long
    measured = await asyncio.gather(to_the_speaker("bare", 0), to_the_speaker("ours", 1))
    measured += await asyncio.gather(to_the_speaker("ours", 3), to_the_speaker("ours", 0))
    measured += await asyncio.gather(from_the_microphone(0), from_the_microphone(EVENTS_PER_S))
    measured += await asyncio.gather(to_the_speaker("recorded", 0), from_the_microphone(EVENTS_PER_S, "recorded"))
    names = (
        "bare client, one burst",
        "ours, delivered at 1x",
        "ours, delivered at 3x",
        "ours, one burst",
        "ours, microphone to server",
        f"ours, the same under {EVENTS_PER_S} events/s",
        "ours, one burst, recorded",
        f"ours, microphone, {EVENTS_PER_S} events/s, recorded",
    )
    again = [(1, "ours", 1), (2, "ours", 3), (3, "ours", 0), (6, "recorded", 0)]
    for index, kind, speed in again:
        found, dry = measured[index]
        if dry and not found.whole:  # the machine was too busy for two at a time
            print(f"{names[index]}: lost {found.lost} while the device ran dry {dry} times; measured again, alone")
            measured[index] = await to_the_speaker(kind, speed)
    print(f"{SECONDS} s of speech, {SECONDS * RATE} samples each\n")
    print(f"{'':<44}{'lost':>8}{'repeated':>10}{'changed':>9}{'disordered':>12}{'pauses, ms':>12}{'underruns':>11}")
    for name, (found, dry) in zip(names, measured, strict=True):
        row = f"{found.lost:>8}{found.repeated:>10}{found.changed:>9}{found.disordered:>12}"
        print(f"{name:<44}{row}{found.pauses * 1000 / RATE:>12.0f}{dry:>11}")
    print()
    print("within budget" if all(found.whole for found, _ in measured[1:]) else "OVER BUDGET")


if __name__ == "__main__":
    asyncio.run(main())
