"""The installed command is killed in the middle of a spoken session that it records: a second is missing at most.

``RTVOICE_KILLS=50`` kills so many instead of 2.
"""

import os
import random
import subprocess
import time
from bisect import bisect_right
from pathlib import Path

import pytest

from realtime_server import Session, in_thread, plain
from recording.agreeing import assert_blocks_agree
from recording.replays import replayed
from rtvoice_tui.recording import library
from rtvoice_tui.recording.format import State, Track
from rtvoice_tui.recording.reader import Recording
from terminal import COMMAND
from virtual_audio import locatable, wait_until, write_wav

KILLS = int(os.environ.get("RTVOICE_KILLS", "2"))
MISSING_S = 1.0


class Passed:
    """How many bytes of sound had passed at which time."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._bytes: list[int] = []

    def add(self, total: int) -> None:
        """So many have passed now."""
        self._times.append(time.monotonic())
        self._bytes.append(total)

    def until(self, at: float) -> int:
        """How many had passed at a time."""
        place = bisect_right(self._times, at)
        return self._bytes[place - 1] if place else 0


@pytest.mark.parametrize("seed", range(KILLS))
def test_what_a_killed_command_recorded_opens_and_lacks_a_second_at_most(
    tmp_path: Path, environment: dict[str, str], seed: int
) -> None:
    chance = random.Random(seed)
    sent, received = Passed(), Passed()
    sound = locatable(0.04)

    async def talks(session: Session) -> None:
        total = 0
        await session.begin("resp_1")
        for number in range(1_000):
            await session.ready((number + 1) * 1_920)  # at the pace of the microphone
            await session.audio("resp_1", "item_1", sound)
            sent.add(len(session.microphone))
            total += 1_920
            received.add(total)

    spoken = write_wav(tmp_path / "spoken.wav", locatable(60))
    with in_thread(plain(talks)) as server:
        command = [COMMAND, "--plain", "--provider", "generic", "--url", server.url, "--record"]
        command += ["--input-file", str(spoken), "--output-file", str(tmp_path / "heard.wav")]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        with process:
            try:
                wait_until(lambda: received.until(time.monotonic()) > 0, "the agent speaks", 30)
                time.sleep(chance.uniform(0.0, 3.0))
            finally:
                process.kill()
                killed = time.monotonic()
    (folder,) = (Path(environment["XDG_DATA_HOME"]) / "rtvoice-tui" / "recordings").iterdir()
    recording = Recording(folder)
    assert recording.manifest.state is State.RECORDING
    assert not library.is_alive(folder, time.time())
    assert_blocks_agree(recording)
    replayed(folder)
    for track, passed in ((Track.SENT, sent), (Track.RECEIVED, received)):
        assert recording.size(track) >= passed.until(killed - MISSING_S), track
