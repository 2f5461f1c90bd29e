"""A tool that takes 30 s, and one that floods its output, while the agent talks: sound, pings and interruption.

The reference is the bare client, which has no tools, at the same virtual speaker in the same run.
"""

import asyncio
import statistics

from clients import end, launch, underruns
from fidelity import deliver
from interruption import one_try, until
from measured_server import Server

from virtual_audio import RATE, Comparison, VirtualAudio, compare, locatable

TOOL_S = 30
SPEECH_S = 12
TRIES = 5
BUDGET = 1.5


async def ping_on(server: Server) -> None:
    """Ping ten times a second."""
    while True:
        await server.ping()
        await asyncio.sleep(0.1)


async def measure(kind: str) -> tuple[Comparison, int, list[float], list[float], int, list[str]]:
    """Speech as it was heard, dry devices, pongs and interruptions in ms, missed pings, calls that were answered."""
    signal = locatable(SPEECH_S)
    with VirtualAudio() as audio:
        server = Server()
        url = await server.start()
        client = launch(kind, url, audio, str(TOOL_S) if kind == "tools" else "")
        recorder = audio.recorder()
        try:
            await asyncio.wait_for(server.greeted.wait(), 15)
            await asyncio.sleep(0.5)
            if kind == "tools":
                await server.call("slow")
                await server.call("flood")
            pinging = asyncio.ensure_future(ping_on(server))
            began = len(recorder.pcm) // 2
            await deliver(server, signal, 1)
            await until(lambda: len(recorder._pcm) // 2 > began + int((SPEECH_S + 1) * RATE), "it was played", 30.0)
            found, dry = compare(signal, recorder.pcm), underruns(audio)
            tries = [await one_try(server, recorder, number) for number in range(2, 2 + TRIES)]
            pinging.cancel()
            early = list(server.outputs)
            if kind == "tools":
                await until(lambda: "slow" in server.outputs, "the slow call is answered", TOOL_S + 10.0)
            await until(lambda: server.unanswered == 0, "all pings are answered", 5.0)
            return found, dry, [s * 1000 for s in server.pongs], tries, server.unanswered, early
        finally:
            end(client)
            await server.stop()


async def main() -> None:
    print(f"{SPEECH_S} s of speech and {TRIES} interruptions while one tool runs {TOOL_S} s and another floods\n")
    head = ("lost", "repeated", "underruns", "pong p50", "pong max", "silence p50", "ratio", "budget")
    print(f"{'client':<8}" + "".join(f"{name:>13}" for name in head))
    within, bare = True, 0.0
    for kind in ("bare", "tools"):
        found, dry, pongs, tries, missed, early = await measure(kind)
        middle = statistics.median(tries)
        bare = bare or middle
        cells = [found.lost, found.repeated, dry, f"{statistics.median(pongs):.1f} ms", f"{max(pongs):.1f} ms"]
        cells += [f"{middle:.1f} ms", f"{middle / bare:.2f}", BUDGET if kind == "tools" else "-"]
        print(f"{kind:<8}" + "".join(f"{cell:>13}" for cell in cells))
        if kind == "tools":
            answered = "slow" not in early
            within = not missed and middle <= BUDGET * bare and (found.whole or bool(dry)) and answered
            within = within and "flood" in early
            flooded = "flooded and was stopped" if "flood" in early else "did not flood"
            state = "still ran" if answered else "had ended"
            print(f"\nthe slow tool {state} meanwhile, the other {flooded}; {missed} pings missed")
            if dry and not found.whole:
                print(f"lost {found.lost} samples while the device itself ran dry {dry} times")
    print("within budget" if within else "OVER BUDGET")


if __name__ == "__main__":
    asyncio.run(main())
