"""Echo: what the speaker was given, kept in step with what the microphone hears, and what is left of it afterwards.

The reference is taken at the moment a device's callback hands samples over, silence included, so the echo is always
later than its reference by the devices' delays and the way through the room; AEC3 finds 10 to 480 ms by itself.
"""

import math
from collections import deque

import numpy as np

from rtvoice_tui.audio.mic.echo_cancellers import FRAME_MS, SPEAKS, Canceller, Samples
from rtvoice_tui.audio.mic.echo_presence import EchoPresence
from rtvoice_tui.audio.pcm.resample import Resampler

START_FRAMES = 2
MOST_FRAMES = 10
"""More reference than that waits only after a stall: what is too old is left out."""

SPARE_FRAMES = 2
URGENT_FRAMES = 4
WATCHED_FRAMES = 100
"""Reference that never falls below so many spare frames for a second comes from a faster clock: one is left out.

It is done in a pause, if there is one before it is urgent, because the canceller has to find the delay anew.
Were it left to pile up, a reference would in the end be later than its echo, and nothing could be cancelled.
"""

TAIL_FRAMES = 50
"""Half a second after the agent's last sound its echo may still be heard."""

FORGET = 0.995
CONVERGED_DB = 10.0
ECHO_RMS = 32768 * 10 ** (-55 / 20)
"""What is quieter says nothing of how well echo is taken away."""


class EchoControl:
    """Cleans the microphone of one session.

    Args:
        canceller: how.
        rate: of the microphone's frames in Hz.
        far_rate: of what the speaker is given in Hz.

    Attributes:
        slips: how often a frame of reference was left out or missing while the agent spoke.
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
        """The speaker was given this. Only for the device's thread."""
        self._arrived.append(pcm)

    def clean(self, pcm: bytes) -> bytes:
        """Frames of the microphone (a multiple of 10 ms) without echo. Only for the session's thread."""
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
            if self._spare > SPARE_FRAMES and (not self.far_speaks or self._spare > URGENT_FRAMES):
                self._leave_out(1)

    def _frame(self, near: Samples) -> Samples:
        far = self._reference[: self._size]
        self._reference = self._reference[self._size :]
        if len(far) < self._size:
            far = np.concatenate([far, np.zeros(self._size - len(far), np.int16)])
            self.slips += self.far_speaks
        if len(near) < self._size:
            return near
        self._follow_clock()
        clean = self._canceller.process(near, far)
        self._account(near, far, clean)
        return near if self._no_echo else clean

    def _account(self, near: Samples, far: Samples, clean: Samples) -> None:
        before, played = _rms(near), _rms(far)
        self._presence.feed(_db(before), _db(played))
        self._tail = TAIL_FRAMES if played > SPEAKS else max(0, self._tail - 1)
        if self.far_speaks and before > ECHO_RMS:
            # a mean of decibels: while the user talks too, loud frames that must stay count no more than others
            self._echo_frames += 1
            reduction = 20 * math.log10(before / max(_rms(clean), before / 1000))
            self._reduction_db += max(1 - FORGET, 1 / self._echo_frames) * (reduction - self._reduction_db)

    @property
    def far_speaks(self) -> bool:
        """Whether the agent's voice, or its echo, may be in the room now."""
        return self._tail > 0

    @property
    def open(self) -> bool:
        """Whether the microphone goes through; always, where echo is cancelled."""
        return self._canceller.open

    @property
    def waiting(self) -> int:
        """Frames of reference that wait."""
        return len(self._reference) // self._size

    @property
    def reduction_db(self) -> float | None:
        """How much quieter the echo became; ``None`` before a second of it was heard."""
        return self._reduction_db if self._echo_frames >= 100 else None

    @property
    def word(self) -> str:
        """How it goes: ``cancelling``, ``converging``, ``no echo``, ``gate`` or ``half-duplex``."""
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
        """Whether what is left can be taken for the user's own voice."""
        return self.word != "converging"


def _db(rms: float) -> float:
    return 20 * math.log10(max(rms, 1e-3) / 32768)


def _rms(samples: Samples) -> float:
    floats = samples.astype(np.float32)
    return float(np.sqrt(floats @ floats / max(1, len(floats))))
