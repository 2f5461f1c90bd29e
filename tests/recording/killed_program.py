"""Records sessions in children that are killed at random moments: ``killed_program.py FOLDER SEED COUNT``.

Prints a line of JSON for each: its folder, how many writings were complete, and what they held at least.
"""

import json
import mmap
import os
import random
import signal
import struct
import sys
import threading
import time
from pathlib import Path

from recording.scripted import Scripted, sound
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording import sink
from rtvoice_tui.recording.session_recording import SessionRecording

STATE = struct.Struct("=dq")
"""Time of the last input that a complete writing holds, and how many writings were complete."""


def slowly(descriptor: int, data: bytes) -> None:
    """A disk that is slow enough to be interrupted in the middle."""
    middle = len(data) // 2
    for half in (data[:middle], data[middle:]):
        os.write(descriptor, half)
        time.sleep(0.001)


def record(root: Path, state: mmap.mmap) -> None:
    """Record a spoken session for ever, without pause: it is written all the time."""
    sink.EVERY_S = 0.002
    seen = [0.0]
    write = sink.Sink._write

    def noted(self: sink.Sink) -> None:
        before = seen[0]
        write(self)
        state[: STATE.size] = STATE.pack(before, STATE.unpack(state[: STATE.size])[1] + 1)

    sink.Sink._write = noted  # type: ignore[method-assign]
    sink._write_all = slowly
    session: list[Scripted] = []
    recording = SessionRecording(
        root, RealtimeWire(), lambda: session[0].at if session else 0.0, print, True, RecordingSettings()
    )

    def play() -> None:
        for number in range(100_000):
            recording.heard(sound(number, 0.01), number / 100, 24_000)
            time.sleep(0.001)

    session.append(Scripted([recording, lambda observed, at: seen.__setitem__(0, at)]))
    threading.Thread(target=play, daemon=True).start()
    session[0].open()
    for number in range(1, 100_000):
        session[0].turn(number)
        time.sleep(0.001)  # the other threads


def main(root: Path, seed: int, count: int) -> None:
    """Start, and kill."""
    chance = random.Random(seed)
    for number in range(count):
        state, folder = mmap.mmap(-1, STATE.size), root / str(number)
        child = os.fork()
        if child == 0:
            record(folder, state)
        least = chance.randint(0, 6)
        while STATE.unpack(state[: STATE.size])[1] < least:
            time.sleep(0.001)
        time.sleep(chance.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        held_until, writings = STATE.unpack(state[: STATE.size])
        print(json.dumps({"root": str(folder), "held_until": held_until, "writings": writings}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
