"""The microphone's side: blocks of any size come from the device, frames of 20 ms go to the session.

Bounded: when the session stalls for longer than the ring, the *oldest* sound is dropped and counted, because old
sound that arrives in a burst confuses the server's sense of time.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from rtvoice_tui.audio.pcm.gain import Gain
from rtvoice_tui.audio.pcm.levels import measure
from rtvoice_tui.audio.pcm.ring import BYTES
from rtvoice_tui.media import Level

FRAME_MS = 20
KEPT_BLOCKS = 500
"""Blocks that wait at most: 5 s at the usual 10 ms a block."""

FROZEN_S = 0.5
"""A device that brought nothing for so long was frozen; what it kept meanwhile may come at once."""

BURST_S = 0.1
"""So long after a freeze it is waited for all of it."""

KEPT_S = 1.0
"""What is older after a freeze is dropped."""


class Capture:
    """Everything between "the device has a block" and "the session takes a frame".

    Args:
        rate: the session's input rate in Hz.
        wake: called from the device's thread when a frame waits and nobody was told yet.

    Attributes:
        clean: what each frame goes through before it is measured and sent: echo is taken out there.
        gain: how much louder the microphone is made, after that.
    """

    def __init__(self, rate: int, wake: Callable[[], None] = lambda: None) -> None:
        self.rate = rate
        self.frame_bytes = rate * FRAME_MS // 1000 * BYTES
        self.muted = False
        self.dropped = 0
        self.overflows = 0
        self.blocks = 0
        self.clean: Callable[[bytes], bytes] | None = None
        self._waiting: deque[bytes] = deque(maxlen=KEPT_BLOCKS)
        self._rest = b""
        self._unheard = 0
        self.gain = Gain()
        self._wake = wake
        self._told = False
        self._silence = bytes(self.frame_bytes)
        self._silent_frames = 0
        self._offered_at = 0.0
        self._burst_ends = 0.0

    def offer(self, pcm: bytes) -> None:
        """One block from the device. Only for the device's thread."""
        self.blocks += 1
        now = time.perf_counter()
        if self._offered_at and now - self._offered_at > FROZEN_S:
            self._burst_ends = now + BURST_S
        self._offered_at = now
        if len(self._waiting) == KEPT_BLOCKS:
            self.dropped += 1
        self._waiting.append(pcm)
        self._unheard += len(pcm)
        if self._unheard >= self.frame_bytes and not self._told and now >= self._burst_ends:
            self._told = True
            self._wake()

    def frames(self) -> list[tuple[bytes, Level]]:
        """All whole frames that wait, with their loudness before muting. Only for the session's thread.

        While muted a frame is silence: the server must hear that the user fell silent, or a turn would stay open.
        """
        if self._burst_ends:
            if time.perf_counter() < self._burst_ends:
                return []
            self._burst_ends = 0.0
            self._drop_old()
        self._told = False
        blocks = [self._rest]
        while self._waiting:
            blocks.append(self._waiting.popleft())
        pcm = b"".join(blocks)
        whole = len(pcm) - len(pcm) % self.frame_bytes
        self._rest = pcm[whole:]
        self._unheard = len(self._rest)
        frames = []
        for start in range(0, whole, self.frame_bytes):
            raw = pcm[start : start + self.frame_bytes]
            self._silent_frames = self._silent_frames + 1 if raw == self._silence else 0
            frame, level = self._finish(raw)
            frames.append((bytes(len(frame)) if self.muted else frame, level))
        return frames

    @property
    def silent_s(self) -> float:
        """For how long the device has brought exact zeros only. Only for the session's thread."""
        return self._silent_frames * FRAME_MS / 1000

    def _drop_old(self) -> None:
        most = int(self.rate * KEPT_S) * BYTES
        waiting = sum(len(block) for block in list(self._waiting))
        while self._waiting and waiting > most:
            waiting -= len(self._waiting.popleft())
            self.dropped += 1

    def _finish(self, raw: bytes) -> tuple[bytes, Level]:
        frame = raw if self.clean is None else self.clean(raw)
        frame = self.gain.apply(frame, self.gain.factor)
        level = measure(frame)
        if frame is not raw and measure(raw).clipped:  # what clipped in the device stays spoilt, however low it is now
            level = replace(level, clipped=True)
        return frame, level
