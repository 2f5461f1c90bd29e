"""Devices that vanish while both sides talk: 100 rounds; 500 times opening and closing; and what watching costs.

    python devices.py [ROUNDS] [TIMES]

Each round unplugs the speaker or the microphone, freezes one, lets the server hang, or kills it, and brings it back.
The agent speaks a signal in which every sample can be found again, and the person speaks into the microphone.
Reference: how long the bare event takes, which is the recovery that is possible.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tui"), str(ROOT / "tests"), str(ROOT / "tests" / "support"), str(ROOT / "benchmarks")]

import numpy as np
from reporting import Row, print_table

from talking import Talking, is_, lost_runs
from virtual_audio import MICROPHONE, SPEAKER, VirtualAudio, compare, locatable, places

PER_ROUND_S = 3.0
ROUNDS_PER_RUN = 10


class Room:
    """The virtual devices, somebody who speaks into the microphone, and one who listens; servers may die."""

    def __init__(self, audio: VirtualAudio) -> None:
        self.audio = audio
        self.recorded: list[bytes] = []
        self.recorder = audio.recorder()
        self._mouth: subprocess.Popen[bytes] | None = None

    def mouth(self) -> None:
        """Begin to speak into the microphone."""
        self._mouth = subprocess.Popen(
            ["pacat", "--playback", "--device=mouth", "--raw", "--format=s16le", "--channels=1", "--rate=24000",
             "/dev/urandom"],
            env=self.audio.environment,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def quiet(self) -> None:
        """Stop to speak."""
        if self._mouth is not None:
            self._mouth.kill()
            self._mouth.wait()

    def server_dies(self) -> None:
        """Kill the server; what was recorded is kept."""
        self.audio.kill()
        self.quiet()
        self.recorded.append(self.recorder.stop())

    def server_returns(self) -> None:
        """Start another; listening begins as soon as it is there."""
        self.audio.restart()
        self.recorder = self.audio.recorder()
        self.mouth()

    def heard(self) -> bytes:
        """All that was recorded."""
        return b"".join([*self.recorded, self.recorder.stop()])


Event = tuple[str, Callable[[], None], Callable[[], None], str, str, str]
"""What it is, how it comes and goes, and which direction's state tells: its state and the name that is back."""


def events_of(room: Room) -> list[Event]:
    """What may happen to devices, one after the other."""
    audio = room.audio

    def both(what: str, direction: str, state: str, act: Callable[[str, bool], None]) -> Event:
        part, name = {"output": ("speaker", SPEAKER), "input": ("microphone", MICROPHONE)}[direction]
        return f"{what} {part}", partial(act, part, True), partial(act, part, False), direction, state, name

    def unplug(part: str, gone: bool) -> None:
        audio.unplug(part) if gone else audio.replug(part)

    return [
        both("unplugged", "output", "gone", unplug),
        both("unplugged", "input", "gone", unplug),
        both("frozen", "output", "frozen", audio.freeze),
        both("frozen", "input", "frozen", audio.freeze),
        ("hanging server", partial(audio.hang, True), partial(audio.hang, False), "output", "frozen", SPEAKER),
        ("dead server", room.server_dies, room.server_returns, "output", "gone", SPEAKER),
    ]


def rounds(count: int, backend: str, seed: int) -> dict[str, list]:
    """So many rounds in one process; recovery times by event, losses, repeated samples."""
    found: dict[str, list] = {"recovery": [], "lost": [], "repeated": [], "noticed": [], "told": [], "cpu": []}
    signal = locatable(count * PER_ROUND_S + 3.0, seed)
    with VirtualAudio(pluggable=True) as audio, tempfile.TemporaryDirectory() as folder:
        room = Room(audio)
        room.mouth()
        events = events_of(room)
        with Talking(audio, Path(folder), signal, backend) as talk:
            for direction, name in (("input", MICROPHONE), ("output", SPEAKER)):
                talk.until(is_(direction, "open", name), "both are open")
            talk.until(lambda told: all(told["seen"]), "both are watched")
            for round_ in range(count):
                what, harm, mend, direction, state, name = events[round_ % len(events)]
                time.sleep(0.4)
                since = len(talk.states)
                began = time.monotonic()
                harm()
                noticed = talk.until(is_(direction, state), f"{what} is told", since=since)
                found["noticed"].append((what, noticed - began))
                time.sleep(0.2)
                since = len(talk.states)
                mend()
                mended = time.monotonic()
                back = talk.until(is_(direction, "open", name), f"{what} is mended", since=since)
                if what == "dead server":
                    other = talk.until(is_("input", "open", MICROPHONE), f"{what} is mended", since=since)
                    back = max(back, other)
                found["recovery"].append((what, max(0.0, back - mended)))
            talk.until(lambda told: told["drained"], "all was said", deadline_s=len(signal) / 48_000 + 10)
            told = talk.end()
        room.quiet()
        heard = room.heard()
        compared = compare(signal, heard)
        lost = lost_runs(signal, heard)
        found["spoilt"] = [run for run in lost if spoilt_in_place(signal, heard, *run)]
        found["lost"] = [run for run in lost if run not in found["spoilt"]]
        found["repeated"].append(compared.repeated)
        found["changed"] = [compared.changed]
        found["held"] = [(told["threads"], told["descriptors"])]
        found["ran dry"] = [told["underruns"]]
        found["deaths"] = [len(room.recorded)]
    return found


def spoilt_in_place(signal: bytes, heard: bytes, first: int, count: int) -> bool:
    """Whether lost samples left a gap of just their length: the sound server spoils 5 ms where it moves a stream.

    What a client loses is missing without a gap, or with one of another length, and comes in whole blocks.
    """
    found = places(np.frombuffer(signal, "<i2"), np.frombuffer(heard, "<i2"))
    before = np.flatnonzero(found == first - 1)
    after = before[-1] + 1 + count if len(before) else len(found)
    return bool(after < len(found) and found[after] == first + count)


def in_rounds(total: int) -> list[Row]:
    """All rounds, in runs of ten."""
    recovery: list[tuple[str, float]] = []
    noticed: list[tuple[str, float]] = []
    rows, lost, spoilt, repeated, crashes, done = [], [], [], 0, 0, 0
    while done < total:
        count = min(ROUNDS_PER_RUN, total - done)
        backend = "miniaudio" if (done // ROUNDS_PER_RUN) % 5 == 4 else "portaudio"
        try:
            found = rounds(count, backend, seed=done + 1)
        except (RuntimeError, TimeoutError) as error:
            crashes += 1
            print(f"{backend}: after {done} rounds: {error}", flush=True)
        else:
            recovery += found["recovery"]
            noticed += found["noticed"]
            lost += found["lost"]
            spoilt += found["spoilt"]
            repeated += found["repeated"][0]
            of_run = {key: found[key] for key in ("lost", "spoilt", "repeated", "changed", "deaths", "ran dry", "held")}
            print(f"{backend}: {count} rounds, {of_run}", flush=True)
        done += count
    for what in dict.fromkeys(name for name, _ in recovery):
        times = [seconds * 1000 for name, seconds in recovery if name == what]
        told = [seconds * 1000 for name, seconds in noticed if name == what]
        print(
            f"  {what:<22} told after {statistics.median(told):5.0f} ms (max {max(told):5.0f}), well "
            f"{statistics.median(times):5.0f} ms after its return (max {max(times):5.0f}), {len(times)} rounds"
        )
    rows.append(Row("runs of ten rounds that broke down", "", None, crashes, limit=0))
    rows.append(Row("longest time to be told", "ms", None, max(t for _, t in noticed) * 1000, limit=1000))
    rows.append(Row("longest recovery after the return", "ms", None, max(t for _, t in recovery) * 1000, limit=1000))
    rows.append(Row("samples lost", "ms", None, sum(count for _, count in lost) / 24, limit=0))
    rows.append(Row("samples that the sound server spoilt", "ms", None, sum(count for _, count in spoilt) / 24))
    rows.append(Row("samples heard twice, per round", "ms", None, repeated / 24 / max(done, 1), limit=100))
    return rows


def reopened(times: int) -> list[Row]:
    """Opening and closing again and again while reading and playing."""
    rows = []
    for backend in ("portaudio", "miniaudio"):
        with VirtualAudio() as audio:
            program = [sys.executable, str(ROOT / "tests/audio/device_programs.py"), "reopen", backend, str(times)]
            done = subprocess.run(
                [*program, MICROPHONE, SPEAKER],
                env=audio.environment | {"PYTHONPATH": str(ROOT / "tui")},
                capture_output=True,
                text=True,
            )
        told = json.loads(done.stdout) if done.returncode == 0 else {"rounds": 0, "before": {}, "after": {"?": 1}}
        print(
            f"{backend}: {told['rounds']} of {times}, held before {told['before']}, after {told['after']}", flush=True
        )
        rows.append(Row(f"{backend}: times opened, read, played, closed", "", None, told["rounds"], least=times))
        leaked = sum(max(0, told["after"][key] - told["before"].get(key, 0)) for key in told["after"])
        rows.append(Row(f"{backend}: threads and descriptors leaked", "", None, leaked, limit=0))
    return rows


WATCHING = """
import os, time
from rtvoice_tui.audio.supervisor.hotplug import Hotplug

def used():
    words = open(f"/proc/{presence._server._process.pid}/stat").read().rpartition(")")[2].split()
    return time.process_time() + (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

presence = Hotplug(lambda: None)
presence.watch(watching=True, missing=False)
time.sleep(2)
before, began = used(), time.monotonic()
time.sleep(20)
print(100 * (used() - before) / (time.monotonic() - began))
presence.close()
"""


def cost() -> list[Row]:
    """Processor time of looking for named devices while all is well, of both processes."""
    with VirtualAudio() as audio:
        environment = audio.environment | {"PYTHONPATH": str(ROOT / "tui")}
        done = subprocess.run([sys.executable, "-c", WATCHING], env=environment, capture_output=True, check=True)
    return [Row("processor time of looking for named devices", "%", None, float(done.stdout), limit=1.0)]


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    rows = in_rounds(numbers[0] if numbers else 100)
    rows += reopened(numbers[1] if len(numbers) > 1 else 500)
    rows += cost()
    print()
    print_table("Devices lost and found", "none", rows)
