"""Echo cancellers: keep the agent's voice out of the microphone. One interface, in frames of 10 ms.

`Aec3` removes the echo and allows double talk. `EnergyGate` needs no library and passes the user only when clearly
louder than the echo. `HalfDuplex` passes the microphone only while the agent is silent.
"""

from collections import deque
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 10
SPEECH_RMS = 32768 * 10 ** (-60 / 20)
"""RMS in sample units (-60 dBFS) above which the agent counts as speaking."""

RATES = (8_000, 16_000, 24_000, 32_000, 48_000)
"""Sample rates that AEC3 supports, in Hz."""

Samples = NDArray[np.int16]


class Canceller(Protocol):
    """Removes echo from the microphone.

    Attributes:
        name: ``aec``, ``gate`` or ``half-duplex``.
        open: the microphone is passed; otherwise silence.
    """

    name: str
    open: bool

    def process(self, near: Samples, far: Samples) -> Samples:
        """One frame of the microphone without the echo of what the speaker was given in ``far``."""


class Aec3:
    """WebRTC's AEC3: estimates delay and room by itself, and keeps the user's voice during double talk.

    Args:
        rate: sample rate of both directions in Hz, one of `RATES`.
        noise_suppression: suppress noise as well; adds 6 ms of delay.

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
    """Passes the microphone while it is louder than the expected echo.

    The expected echo is the coupling from speaker to microphone (90th percentile over 3 s) times the loudest speaker
    frame of the last 400 ms. If the echo is as loud as the user, this hardly ever opens.
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
        if loudest <= SPEECH_RMS**2:
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
    """Passes the microphone only while the agent is silent. Voice barge-in is impossible: a last resort."""

    name = "half-duplex"
    TAIL_FRAMES = 30

    def __init__(self) -> None:
        self.open = True
        self._closed_for = 0

    def process(self, near: Samples, far: Samples) -> Samples:
        """The frame as it is, or silence."""
        self._closed_for = self.TAIL_FRAMES if _energy(far) > SPEECH_RMS**2 else max(0, self._closed_for - 1)
        self.open = not self._closed_for
        return near if self.open else np.zeros_like(near)


def make_canceller(mode: str, rate: int, noise_suppression: bool) -> tuple[Canceller | None, str]:
    """Return the canceller for a mode, and a sentence for the user if it is not the requested one.

    Args:
        mode: ``on``, ``half-duplex`` or ``off``.
        rate: sample rate of the microphone frames in Hz.
        noise_suppression: suppress noise as well; needs AEC3.
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
