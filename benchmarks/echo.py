"""The agent in a room with its own echo: what the server hears of it in each mode, and how soon of a person.

The whole client on virtual devices, a room between speaker and microphone, and the built-in agent's turn detection as
the judge of what arrives at the server. The first row is the same person while no agent talks.

    python benchmarks/echo.py [MODE...]
"""

import asyncio
import statistics
import sys
import time
from dataclasses import dataclass

from clients import end, launch
from measured_server import Server

from rooms import RATE, Room, agent_speech, loudness_db, phrases
from rtvoice_tui.local_agent.speech import SpeechProbability
from rtvoice_tui.local_agent.turns import SpeechStarted, TurnDetector
from virtual_audio import MICROPHONE, Recorder, VirtualAudio
from virtual_room import VirtualRoom

ALONE = "no agent"
ROOMS = {
    ALONE: ((80, -10),),
    "off": ((80, -10), (80, 0)),
    "on": ((20, -10), (80, -10), (300, -10), (80, 0)),
    "gate": ((80, -10), (80, 0)),
    "half-duplex": ((80, -10),),
}
SETTLED_S, FIRST_S, EVERY_S, PHRASES, PHRASE_S = 3.0, 6.0, 2.4, 8, 1.5
END_S = FIRST_S + EVERY_S * PHRASES
BUDGET_DB, BUDGET_MS = 20.0, 300.0


@dataclass(frozen=True)
class Found:
    """What the judge says of one run: turns that nobody began, decibels, milliseconds until each phrase was found."""

    false_starts: int
    reduction_db: float
    found_ms: list[float]

    @property
    def within(self) -> bool:
        """Whether the budget for -10 dB is met."""
        heard = len(self.found_ms) == PHRASES and statistics.median(self.found_ms) <= BUDGET_MS
        return heard and not self.false_starts and self.reduction_db >= BUDGET_DB


class Judge:
    """Listens at the server, as its turn detection would."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._detector = TurnDetector(SpeechProbability(), silence_ms=400)
        self.starts: list[float] = []

    async def listen(self) -> None:
        """Judge what arrives until cancelled."""
        taken, judged = 0, 0
        while True:
            for at, size in self._server.heard_at[taken:]:
                events = self._detector.process(bytes(self._server.heard[judged:size]))
                taken, judged = taken + 1, size
                self.starts += [at for event in events if isinstance(event, SpeechStarted)]
            await asyncio.sleep(0.005)


async def one_run(mode: str, delay_ms: float, level_db: float, speech: bytes, people: list[bytes]) -> Found:
    """The agent tells a story in a room, and a person speaks into it again and again."""
    with VirtualAudio() as audio:
        server = Server()
        room = VirtualRoom(audio, Room(delay_ms, level_db))
        client = launch("ours", await server.start(), audio, MICROPHONE, echo="on" if mode == ALONE else mode)
        judge, ear = Judge(server), audio.recorder("microphone")
        listening = asyncio.create_task(judge.listen())
        try:
            await asyncio.wait_for(server.greeted.wait(), 20)
            await asyncio.sleep(1.0)
            began, heard_from, room_from = time.perf_counter(), len(server.heard), len(room.microphone)
            if mode != ALONE:
                await tell(server, speech)
            said = []
            for number, phrase in enumerate(people):
                await asyncio.sleep(began + FIRST_S + EVERY_S * number - time.perf_counter())
                said.append(await asyncio.to_thread(room.say, phrase))
            await asyncio.sleep(began + END_S - time.perf_counter())
            echo, left = (
                bytes(pcm[start + _bytes(SETTLED_S) : start + _bytes(FIRST_S - 0.3)])
                for pcm, start in ((room.microphone, room_from), (server.heard, heard_from))
            )
            begins = [arrived(ear, phrase, at) for phrase, at in zip(people, said, strict=True)]
            return judged(judge.starts, begins, began, loudness_db(echo) - loudness_db(left))
        finally:
            listening.cancel()
            end(client)
            await asyncio.to_thread(room.close)
            await server.stop()


def arrived(ear: Recorder, phrase: bytes, said_at: float) -> float:
    """When the first sample of a phrase came out of the microphone."""
    return ear.when(ear.find(phrase[:RATE], said_at - 0.1))


def judged(starts: list[float], begins: list[float], began: float, reduction_db: float) -> Found:
    """Which turns a person began, and which nobody did."""
    found_ms, own = [], set()
    for begin in begins:
        hits = [at for at in starts if begin <= at < begin + PHRASE_S + 0.3]
        own |= set(hits)
        found_ms += [(hits[0] - begin) * 1000] if hits else []
    return Found(sum(at > began + SETTLED_S for at in set(starts) - own), reduction_db, found_ms)


async def tell(server: Server, speech: bytes) -> None:
    """One answer, in one burst."""
    await server.begin_response(1)
    for start in range(0, len(speech), 9600):
        await server.speech(1, speech[start : start + 9600])
    await server.end_response(1)


def _bytes(seconds: float) -> int:
    return int(seconds * RATE) * 2


async def main() -> None:
    speech, people = agent_speech(END_S), phrases(PHRASES, PHRASE_S)
    print(f"agent {loudness_db(speech):.0f} dBFS, person {loudness_db(people[0]):.0f} dBFS, noise -60 dBFS\n")
    heads = f"{'mode':<13}{'delay':>8}{'echo':>8}{'false turns':>13}{'reduction':>11}{'found':>8}"
    print(f"{heads}{'after, median (worst)':>23}")
    runs = [(mode, *room) for mode in (ALONE, *(sys.argv[1:] or list(ROOMS)[1:])) for room in ROOMS[mode]]
    within = True
    for first in range(0, len(runs), 2):  # two at a time, each with a sound server of its own
        pair = runs[first : first + 2]
        told = await asyncio.gather(*(one_run(*run, speech, people) for run in pair))
        for (mode, delay, level), found in zip(pair, told, strict=True):
            after = "never"
            if found.found_ms:
                after = f"{statistics.median(found.found_ms):.0f} ms ({max(found.found_ms):.0f})"
            row = f"{mode:<13}{delay:>5} ms{level:>5} dB{found.false_starts:>13}{found.reduction_db:>8.0f} dB"
            budget = mode == "on" and level <= -10
            within = within and (found.within or not budget)
            verdict = ("  within budget" if found.within else "  OVER BUDGET") if budget else ""
            print(f"{row}{len(found.found_ms):>4} of {PHRASES}{after:>20}{verdict}", flush=True)
    print("\nwithin budget" if within else "\nOVER BUDGET")


if __name__ == "__main__":
    asyncio.run(main())
