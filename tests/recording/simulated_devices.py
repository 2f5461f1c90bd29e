"""Devices on a clock of the test's own, and an ear that notes when each of their samples sounds."""

import random
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from rtvoice_tui.audio.backends.latency import Latency, Setting
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import DeviceState

RATE = 24_000
BLOCK = 240
BLOCK_S = BLOCK / RATE
EMPTIED_OVER_MS = 40.0
"""A device that holds more throws away what it holds when it is told to be silent, as that of PortAudio does."""


class Clock:
    """Stands for the module `time` where a session looks at the time; it moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        """The time, in seconds."""
        return self.now

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class Devices:
    """A microphone and a speaker, as a `Backend`.

    Args:
        clock: their time.
        latency_ms: how long the speaker holds sound before it is heard.
        late_ms: a speaker asks for its sound up to so much later than it could; what is heard is not later for it.
        drift: by how much the speaker is slower than the clock, as a share.

    Attributes:
        mouth: what is said into the microphone from now on.
        there: whether each can be opened.
        openings: how often each was opened.
        microphone_blocks: how many blocks came from the microphone.
    """

    def __init__(self, clock: Clock, latency_ms: float = 30.0, late_ms: float = 0.0, drift: float = 0.0) -> None:
        self.clock = clock
        self.latency_ms, self.late_ms, self.drift = latency_ms, late_ms, drift
        self.mouth = bytearray()
        self.there = {"input": True, "output": True}
        self.microphone_blocks = 0
        self.openings = {"input": 0, "output": 0}
        self.speaker: Speaker | None = None
        self.microphone: Microphone | None = None
        self._heard: list[tuple[float, bytes]] = []

    # --- as a backend

    def Microphone(
        self, name: str, capture: Capture, lost: Callable[[str], None], block_ms: int, latency: Latency
    ) -> Any:
        """Opens the microphone."""
        self._refuse("input", name)
        return Microphone(self, capture, lost)

    def Speaker(
        self, name: str, playback: Playback, lost: Callable[[str], None], block_ms: int, latency: Latency
    ) -> Any:
        """Opens the speaker."""
        self._refuse("output", name)
        return Speaker(self, playback, lost)

    def _refuse(self, direction: str, name: str) -> None:
        if not self.there[direction] or name:
            raise AudioError(f"there is no {direction} device", "", DeviceState.GONE)

    def renew(self) -> "Devices":
        """There is no list to renew."""
        return self

    def abandon(self) -> None:
        """No call hangs."""

    # --- what the test does

    def block(self) -> None:
        """Let a block of time pass: 10 ms."""
        self.clock.now += BLOCK_S
        if self.microphone is not None:
            self.microphone.block()
        if self.speaker is not None:
            self.speaker.play_until(self.clock.now)

    def vanish(self, direction: str) -> None:
        """Unplug a device; what a speaker holds is not heard any more."""
        device = self.speaker if direction == "output" else self.microphone
        assert device is not None
        self.there[direction] = False
        device.vanish()

    def stall(self, direction: str, seconds: float) -> None:
        """Let a device stand still for a moment: what comes next comes so much later."""
        device = self.speaker if direction == "output" else self.microphone
        assert device is not None
        device.stall(seconds)

    def heard(self, at: float, pcm: bytes) -> None:
        """A stretch sounds from a time on."""
        self._heard.append((at, pcm))

    def ear(self, begins: float) -> np.ndarray:
        """All that was heard, as samples from a time on."""
        placed = [(round((at - begins) * RATE), np.frombuffer(pcm, "<i2")) for at, pcm in self._heard]
        sound = np.zeros(max((at + len(part) for at, part in placed), default=0), np.int16)
        for at, part in placed:
            if at >= 0:
                sound[at : at + len(part)] = part
        return sound


class Microphone:
    """Hears the mouth, and silence when nothing is said."""

    host_api, rate, name, latency_ms, setting = "Simulated", RATE, "microphone", 0.0, Setting()

    def __init__(self, devices: Devices, capture: Capture, lost: Callable[[str], None]) -> None:
        self._devices, self._capture, self._lost = devices, capture, lost
        self._stalled = 0

    def start(self) -> None:
        """Begin."""
        self._devices.microphone = self
        self._devices.openings["input"] += 1

    def stall(self, seconds: float) -> None:
        """Pass nothing on for a moment."""
        self._stalled = round(seconds / BLOCK_S)

    def block(self) -> None:
        """Pass a block on."""
        if self._stalled:
            self._stalled -= 1
            return
        self._devices.microphone_blocks += 1
        mouth = self._devices.mouth
        pcm = bytes(mouth[: BLOCK * 2])
        del mouth[: BLOCK * 2]
        self._capture.offer(pcm + bytes(BLOCK * 2 - len(pcm)))

    def vanish(self) -> None:
        """Be unplugged."""
        self._devices.microphone = None
        self._lost("the input device microphone is gone")

    def close(self) -> None:
        """End."""
        self._devices.microphone = None


class Speaker:
    """Asks for a block every 10 ms and lets it be heard a fixed time later."""

    host_api, rate, name, setting = "Simulated", RATE, "speaker", Setting()

    def __init__(self, devices: Devices, playback: Playback, lost: Callable[[str], None]) -> None:
        self._devices, self._playback, self._lost = devices, playback, lost
        self.latency_ms = devices.latency_ms
        self._held: list[tuple[float, bytes]] = []
        self._sounds_at = 0.0
        self._late = random.Random(7)
        self._asks_at = 0.0

    def start(self) -> None:
        """Begin, and be told when to be silent."""
        devices = self._devices
        self._playback.latency_ms = self.latency_ms
        self._playback.silencer = self._empty if self.latency_ms > EMPTIED_OVER_MS else None
        devices.speaker = self
        devices.openings["output"] += 1
        self._restart()

    def _restart(self) -> None:
        self._sounds_at = self._devices.clock.now + BLOCK_S + self.latency_ms / 1000
        self._plan()

    def _plan(self) -> None:
        late_s = self._late.uniform(0.0, self._devices.late_ms / 1000)
        self._asks_at = self._sounds_at - self.latency_ms / 1000 + late_s

    def play_until(self, now: float) -> None:
        """Ask for what is due, at its time."""
        while self._asks_at <= now + 1e-9:
            self._devices.clock.now = self._asks_at
            self._held.append((self._sounds_at, self._playback.fill(BLOCK, self._sounds_at)))
            self._sounds_at += BLOCK_S * (1 + self._devices.drift)
            self._plan()
        self._devices.clock.now = now
        self._sound(now)

    def stall(self, seconds: float) -> None:
        """Stand still: what comes next is heard so much later."""
        self._sounds_at += seconds
        self._plan()

    def _sound(self, now: float) -> None:
        """Whatever it holds for a time before now was heard."""
        held, self._held = self._held, []
        for at, pcm in held:
            count = min(max(0, round((now - at) * RATE)), len(pcm) // 2)
            if count:
                self._devices.heard(at, pcm[: count * 2])
            if rest := pcm[count * 2 :]:
                self._held.append((at + count / RATE, rest))

    def _empty(self) -> None:
        now = self._devices.clock.now
        self._sound(now)
        self._held.clear()
        self._playback.stopped(now)
        self._restart()

    def vanish(self) -> None:
        """Be unplugged."""
        self._sound(self._devices.clock.now)
        self._devices.speaker = None
        self._lost("the output device speaker is gone")

    def close(self) -> None:
        """End; what it holds is not heard any more."""
        self._playback.silencer = None
        self._devices.speaker = None


def use(devices: Devices, modules: tuple[ModuleType, ...], monkeypatch: Any) -> None:
    """Let sessions open these devices and no others, and these modules read their clock."""
    from rtvoice_tui.audio.backends import choosing
    from rtvoice_tui.audio.supervisor import thread
    from rtvoice_tui.audio.supervisor.hotplug import DeviceNames

    class NothingChanges:
        present, polled_at = DeviceNames(), 0.0

        def __init__(self, changed: Callable[[], None]) -> None:
            self.watch: Callable[..., None] = lambda watching, missing: None
            self.close: Callable[[], None] = lambda: None

    monkeypatch.setattr(choosing, "choose_backend", lambda: devices)
    monkeypatch.setattr(choosing, "rescan", devices.renew)
    monkeypatch.setattr(thread, "Hotplug", NothingChanges)
    for module in modules:
        monkeypatch.setattr(module, "time", devices.clock)
