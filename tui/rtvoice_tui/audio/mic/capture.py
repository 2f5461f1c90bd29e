"""Capture: takes blocks of any size from the input device and returns frames of 20 ms to the session.

The queue is bounded: if the session stalls for longer, the *oldest* blocks are dropped and counted, because old audio
that arrives in a burst confuses the server's timing.
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
"""Maximum number of queued blocks: 5 s at the usual 10 ms a block."""

FROZEN_S = 0.5
"""A device that delivered nothing for this long was frozen; its buffered audio may then arrive in a burst."""

BURST_S = 0.1
"""After a freeze, frames are held back for this long so that the whole burst arrives."""

KEPT_S = 1.0
"""After a freeze, only this much of the latest audio is kept."""


class Capture:
    """Passes PCM16 mono from the device thread to the session thread.

    Args:
        rate: the session's input rate in Hz.
        wake: called on the device thread when a frame is waiting, once until `frames` is called.

    Attributes:
        muted: `frames` returns silence.
        dropped: blocks dropped because the session stalled or the device was frozen.
        overflows: overflows that the device reported.
        blocks: blocks received so far.
        clean: removes echo from each frame (PCM16) before it is measured and sent; None: no echo handling.
        gain: gain applied to the microphone after ``clean``.
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
        """Queue one block from the device, PCM16 mono at ``rate``. Device thread only."""
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
        """Return all complete frames that are waiting, each with its level before muting. Session thread only.

        A muted frame is sent as silence: the server must hear that the user stopped, or the turn would stay open.
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
        """For how long the device has delivered only zeros, in seconds. Session thread only."""
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
        if frame is not raw and measure(raw).clipped:  # clipping in the device still distorts, at any level
            level = replace(level, clipped=True)
        return frame, level
