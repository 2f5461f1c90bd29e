"""An hour of talk with a speaker and a microphone whose clocks differ, run as fast as it goes.

Playback, echo control and capture as the session uses them; only the two devices' clocks are simulated. The reference
is the same hour with one clock for both.

    python benchmarks/drift.py [MINUTES] [PPM]
"""

import sys
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import clients  # noqa: F401 - brings the checkout onto the path
import numpy as np
import samplerate

from rooms import BLOCK, RATE, Room, agent_speech, loudness_db
from rtvoice_tui.audio.mic import capture as capture_module
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.mic.echo_cancellers import Aec3
from rtvoice_tui.audio.mic.echo_control import EchoControl
from rtvoice_tui.audio.playout.playback import Playback

ANSWER_S, PAUSE_S = 20, 4
BUDGET_DB = 20.0


@dataclass
class Hour:
    """What was seen, minute by minute."""

    reduction_db: list[float] = field(default_factory=list)
    most_waiting: int = 0
    most_unsent: int = 0
    slips: int = 0
    heard_s: float = 0.0


class Devices:
    """A speaker and a microphone in one room; the speaker's clock is so many ppm faster."""

    def __init__(self, playback: Playback, capture: Capture, ppm: float) -> None:
        self._playback, self._capture = playback, capture
        self._room = Room(60, -10, reverberation_s=0.1)
        self._ratio = 1 / (1 + ppm * 1e-6)
        self._clock = samplerate.Resampler("sinc_fastest", channels=1)
        self._air = np.zeros(0, np.float32)
        self._random = np.random.default_rng(4)
        self.microphone = bytearray()

    def tick(self) -> None:
        """10 ms of the speaker's clock."""
        played = np.frombuffer(self._playback.fill(BLOCK), "<i2")
        heard = self._clock.process(self._room(played).astype(np.float32), self._ratio)
        self._air = np.concatenate([self._air, heard])
        while len(self._air) >= BLOCK:
            block, self._air = self._air[:BLOCK], self._air[BLOCK:]
            noise = self._random.standard_normal(BLOCK) * 33
            pcm = (block + noise).clip(-32768, 32767).astype("<i2").tobytes()
            self.microphone += pcm
            self._capture.offer(pcm)


def talk(minutes: int, ppm: float) -> Hour:
    """Responses with pauses, for so long."""
    playback, capture, hour = Playback(RATE), Capture(RATE), Hour()
    steady = 0.0
    capture_module.time = SimpleNamespace(perf_counter=lambda: steady)  # a pause of this process is none of the device
    control = EchoControl(Aec3(RATE), RATE, RATE)
    playback.taps, capture.clean = (control.played,), control.clean
    devices = Devices(playback, capture, ppm)
    speech, left = agent_speech(ANSWER_S), bytearray()
    for tick in range(minutes * 6000):
        if tick % ((ANSWER_S + PAUSE_S) * 100) == 0:
            item = f"answer {tick}"
            playback.play(item, speech)
            playback.end(item)
        steady = tick / 100
        devices.tick()
        if tick % 2:
            for pcm, _ in capture.frames():
                left += pcm
            played = playback.report().played_ms
            hour.heard_s = max([hour.heard_s, *(tick / 100 for ms in played.values() if ms)])
            hour.most_waiting = max(hour.most_waiting, control.waiting)
            hour.most_unsent = max(hour.most_unsent, int(playback.buffered_ms))
        if tick % 6000 == 5999:
            hour.reduction_db.append(loudness_db(bytes(devices.microphone)) - loudness_db(bytes(left)))
            devices.microphone.clear()
            left.clear()
    hour.slips = control.slips
    return hour


def main() -> None:
    given = sys.argv[1:]
    minutes, ppm = int(given[0]) if given else 60, float(given[1]) if given[1:] else 100.0
    print(f"{minutes} minutes of talk, simulated; echo at -10 dB after 60 ms\n")
    print(
        f"{'clocks':<14}{'reduction: first':>17}{'worst':>8}{'last':>8}{'reference, most':>24}{'slips':>8}{'took':>8}"
    )
    within = True
    for apart in (0.0, ppm):
        began = time.perf_counter()
        hour = talk(minutes if apart else max(2, minutes // 6), apart)
        first, *rest = hour.reduction_db
        numbers = f"{first:>14.0f} dB{min(rest):>5.0f} dB{rest[-1]:>5.0f} dB{hour.most_waiting:>21} fr{hour.slips:>8}"
        print(f"{apart:>6.0f} ppm    {numbers}{time.perf_counter() - began:>6.0f} s", flush=True)
        within = within and min(rest) >= BUDGET_DB and hour.most_waiting <= 12 and hour.most_unsent <= 1000 * ANSWER_S
    print("\nwithin budget" if within else "\nOVER BUDGET")


if __name__ == "__main__":
    main()
