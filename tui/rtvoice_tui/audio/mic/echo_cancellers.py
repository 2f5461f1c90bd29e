"""Ways to keep the agent's own voice out of the microphone, behind one shape: 10 ms in, 10 ms out.

`Aec3` takes the echo away and lets both talk at once. `EnergyGate` needs no library, and lets the user through when
they are clearly louder than the echo. `HalfDuplex` listens only while the agent is silent.
"""

from collections import deque
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 10
SPEAKS = 32768 * 10 ** (-60 / 20)
"""RMS over which the far end counts as speaking."""

RATES = (8_000, 16_000, 24_000, 32_000, 48_000)
"""What AEC3 takes, in Hz."""

Samples = NDArray[np.int16]


class Canceller(Protocol):
    """Takes echo out of the microphone.

    Attributes:
        name: ``aec``, ``gate`` or ``half-duplex``.
        open: whether the microphone goes through, or silence instead.
    """

    name: str
    open: bool

    def process(self, near: Samples, far: Samples) -> Samples:
        """One frame of the microphone without the echo of what the speaker was given in ``far``."""


class Aec3:
    """WebRTC's echo canceller: finds delay and room by itself, and keeps the user's voice while both talk.

    Args:
        rate: of both directions, one of `RATES`.
        noise_suppression: whether noise is taken out as well; adds 6 ms.

    Raises:
        ImportError: the package is missing.
    """

    name = "aec"
    open = True

    def __init__(self, rate: int, noise_suppression: bool = False) -> None:
        from pywebrtc_audio import AudioProcessor

        self._processor = AudioProcessor(sample_rate=rate, echo_cancellation=True, noise_suppression=noise_suppression)

    def process(self, near: Samples, far: Samples) -> Samples:
        """One frame of the microphone without the echo of what the speaker was given in ``far``."""
        clean: Samples = self._processor.process(near, far)
        return clean


class EnergyGate:
    """Lets the microphone through while it is louder than the echo that is to be expected.

    The expected echo is how strongly the room couples (90th percentile over 3 s) times the loudest far frame of the
    last 400 ms. Where the echo is as loud as the user this hardly ever opens.
    """

    name = "gate"
    MARGIN = 2.5
    HOLD_FRAMES = 25

    def __init__(self) -> None:
        self.open = True
        self._ratios: deque[float] = deque(maxlen=300)
        self._far: deque[float] = deque(maxlen=40)
        self._open_for = 0
        self._coupling = 1.0

    def process(self, near: Samples, far: Samples) -> Samples:
        """The frame as it is, or silence."""
        near_energy, far_energy = _energy(near), _energy(far)
        self._far.append(far_energy)
        loudest = max(self._far)
        if loudest <= SPEAKS**2:
            self.open = True
            return near
        self._ratios.append(near_energy / loudest)
        if len(self._ratios) % 10 == 0:
            self._coupling = float(np.percentile(list(self._ratios), 90))
        if near_energy > self.MARGIN * self._coupling * loudest:
            self._open_for = self.HOLD_FRAMES
        self.open = self._open_for > 0
        self._open_for = max(0, self._open_for - 1)
        return near if self.open else np.zeros_like(near)


class HalfDuplex:
    """Listens only while the agent is silent: for rooms where nothing else helps, and nobody can interrupt by voice."""

    name = "half-duplex"
    TAIL_FRAMES = 30

    def __init__(self) -> None:
        self.open = True
        self._closed_for = 0

    def process(self, near: Samples, far: Samples) -> Samples:
        """The frame as it is, or silence."""
        self._closed_for = self.TAIL_FRAMES if _energy(far) > SPEAKS**2 else max(0, self._closed_for - 1)
        self.open = not self._closed_for
        return near if self.open else np.zeros_like(near)


def make_canceller(mode: str, rate: int, noise_suppression: bool) -> tuple[Canceller | None, str]:
    """The canceller for ``on``, ``half-duplex`` or ``off``, and a sentence where it is not the one that was wanted.

    Args:
        mode: what is to be done.
        rate: of the microphone's frames in Hz.
        noise_suppression: whether noise is taken out as well.
    """
    if mode == "off":
        return None, ""
    if mode == "half-duplex":
        return HalfDuplex(), ""
    if rate not in RATES:
        return EnergyGate(), f"echo cannot be cancelled at {rate} Hz: the microphone opens for loud speech only"
    try:
        return Aec3(rate, noise_suppression), ""
    except ImportError:
        return (
            EnergyGate(),
            "pywebrtc-audio is missing: the microphone opens for loud speech only while the agent talks",
        )


def _energy(samples: Samples) -> float:
    floats = samples.astype(np.float32)
    return float(floats @ floats) / max(1, len(floats))
