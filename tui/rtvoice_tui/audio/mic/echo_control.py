"""Echo control: aligns the speaker reference with the microphone, runs the canceller and measures the reduction.

The reference is what the device callback hands to the speaker, silence included. So the echo is always later than its
reference, by the latency of both devices and the path through the room; AEC3 finds 10 to 480 ms by itself.
"""

import math
from collections import deque

import numpy as np

from rtvoice_tui.audio.mic.echo_cancellers import FRAME_MS, SPEECH_RMS, Canceller, Samples
from rtvoice_tui.audio.mic.echo_presence import EchoPresence
from rtvoice_tui.audio.pcm.resample import Resampler

START_FRAMES = 2
MOST_FRAMES = 10
"""More reference frames than this wait only after a stall; the oldest are dropped."""

SPARE_FRAMES = 2
URGENT_FRAMES = 4
WATCHED_FRAMES = 100
"""Clock drift: if more than SPARE_FRAMES of reference wait throughout this many frames, one is dropped.

That happens while the agent is silent, or else above URGENT_FRAMES, because the canceller must find the delay again.
If the surplus grew, a reference frame would be used later than its echo arrives, and nothing could be cancelled.
"""

TAIL_FRAMES = 50
"""How long the echo may last after the agent's last audible frame: 0.5 s."""

FORGET = 0.995
CONVERGED_DB = 10.0
ECHO_RMS = 32768 * 10 ** (-55 / 20)
"""Quieter microphone frames are not used to measure the echo reduction."""


class EchoControl:
    """Removes the agent's echo from the microphone of one session.

    Args:
        canceller: the method.
        rate: sample rate of the microphone frames in Hz.
        far_rate: sample rate of the speaker's blocks in Hz.

    Attributes:
        slips: how often reference frames were dropped, or one was missing while the agent spoke.
    """

    def __init__(self, canceller: Canceller, rate: int, far_rate: int) -> None:
        self.slips = 0
        self._canceller = canceller
        self._size = rate * FRAME_MS // 1000
        self._convert = Resampler(far_rate, rate)
        self._arrived: deque[bytes] = deque(maxlen=600)
        self._reference = np.zeros(0, np.int16)
        self._running = False
        self._spare = self._watched = 0
        self._tail = 0
        self._presence = EchoPresence()
        self._reduction_db = 0.0
        self._echo_frames = 0
        self._converged = False

    def played(self, pcm: bytes) -> None:
        """Add a PCM16 block that the speaker got to the reference. Device thread only."""
        self._arrived.append(pcm)

    def clean(self, pcm: bytes) -> bytes:
        """Return microphone PCM16 (a multiple of 10 ms) without echo. Session thread only."""
        self._take_reference()
        near = np.frombuffer(pcm, "<i2")
        cleaned = [self._frame(near[at : at + self._size]) for at in range(0, len(near), self._size)]
        return b"".join(frame.astype("<i2").tobytes() for frame in cleaned)

    def _take_reference(self) -> None:
        arrived = [self._reference]
        while self._arrived:
            arrived.append(np.frombuffer(self._convert(self._arrived.popleft()), "<i2"))
        self._reference = np.concatenate(arrived)
        if not self._running:
            self._running = True
            self._reference = self._reference[-START_FRAMES * self._size :]
        if self.waiting > MOST_FRAMES:
            self._leave_out(self.waiting - START_FRAMES)

    def _leave_out(self, frames: int) -> None:
        self._reference = self._reference[frames * self._size :]
        self.slips += 1

    def _follow_clock(self) -> None:
        self._spare = min(self._spare, self.waiting) if self._watched else self.waiting
        self._watched += 1
        if self._watched == WATCHED_FRAMES:
            self._watched = 0
            if self._spare > SPARE_FRAMES and (not self.agent_audible or self._spare > URGENT_FRAMES):
                self._leave_out(1)

    def _frame(self, near: Samples) -> Samples:
        far = self._reference[: self._size]
        self._reference = self._reference[self._size :]
        if len(far) < self._size:
            far = np.concatenate([far, np.zeros(self._size - len(far), np.int16)])
            self.slips += self.agent_audible
        if len(near) < self._size:
            return near
        self._follow_clock()
        clean = self._canceller.process(near, far)
        self._account(near, far, clean)
        return near if self._no_echo else clean

    def _account(self, near: Samples, far: Samples, clean: Samples) -> None:
        before, played = _rms(near), _rms(far)
        self._presence.add_frame(_db(before), _db(played))
        self._tail = TAIL_FRAMES if played > SPEECH_RMS else max(0, self._tail - 1)
        if self.agent_audible and before > ECHO_RMS:
            # averaged in dB, so that loud frames of the user do not outweigh the others
            self._echo_frames += 1
            reduction = 20 * math.log10(before / max(_rms(clean), before / 1000))
            self._reduction_db += max(1 - FORGET, 1 / self._echo_frames) * (reduction - self._reduction_db)

    @property
    def agent_audible(self) -> bool:
        """Whether the agent's voice or its echo may be audible now."""
        return self._tail > 0

    @property
    def open(self) -> bool:
        """Whether the microphone is passed; always True with AEC3."""
        return self._canceller.open

    @property
    def waiting(self) -> int:
        """Complete reference frames (10 ms) that are waiting."""
        return len(self._reference) // self._size

    @property
    def reduction_db(self) -> float | None:
        """Mean echo reduction in dB; ``None`` until one second of echo was measured."""
        return self._reduction_db if self._echo_frames >= 100 else None

    @property
    def word(self) -> str:
        """The state: ``cancelling``, ``converging``, ``no echo``, ``gate`` or ``half-duplex``."""
        if self._canceller.name != "aec":
            return self._canceller.name
        if self._no_echo:
            return "no echo"
        enough = CONVERGED_DB / 2 if self._converged else CONVERGED_DB
        self._converged = self.reduction_db is not None and self.reduction_db >= enough
        return "cancelling" if self._converged else "converging"

    @property
    def _no_echo(self) -> bool:
        return self._canceller.name == "aec" and self._presence.present is False

    @property
    def trustworthy(self) -> bool:
        """Whether the cleaned microphone can be taken for the user's voice alone."""
        return self.word != "converging"


def _db(rms: float) -> float:
    return 20 * math.log10(max(rms, 1e-3) / 32768)


def _rms(samples: Samples) -> float:
    floats = samples.astype(np.float32)
    return float(np.sqrt(floats @ floats / max(1, len(floats))))
