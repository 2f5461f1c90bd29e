"""Device tests: a tone on the speaker, and the microphone monitored on the speaker. Not part of a conversation.

Both are played only while no speech is played: speech has priority.
"""

from collections import deque

import numpy as np

from rtvoice_tui.audio.pcm.resample import Resampler
from rtvoice_tui.audio.pcm.ring import BYTES
from rtvoice_tui.audio.playout.playback import Playback

TONE_S = 1.0
TONE_HZ = 440.0
TONE_DBFS = -20.0
FADE_S = 0.02

MYSELF_S = 30.0
"""The microphone monitor switches itself off after this time."""

BEHIND_S = 0.2
"""Maximum delay of the microphone monitor; older samples are dropped."""


class Tryout:
    """Plays the device tests through `Playback.aside`. Session thread only, except `_next`.

    Args:
        playback: the speaker's playback.
        input_rate: sample rate of the microphone frames, in Hz.
    """

    def __init__(self, playback: Playback, input_rate: int) -> None:
        self._playback = playback
        self._input_rate = input_rate
        self._tone = b""
        self._tones = 0  # how many were requested
        self._tones_begun = 0  # how many were started; device thread
        self._tone_left = b""
        self._myself_until: float | None = None
        self._waiting: deque[bytes] = deque()
        self._rest = b""
        self._convert: Resampler | None = None
        playback.aside = self._next

    @property
    def sounds(self) -> str:
        """The running test: ``tone``, ``microphone`` or an empty string."""
        if self._tone_left or self._tones != self._tones_begun:
            return "tone"
        return "microphone" if self._myself_until is not None else ""

    def play_tone(self) -> bool:
        """Play the tone for one second. Returns False and does nothing while speech is queued."""
        if self._playback.buffered_ms > 0:
            return False
        self._tone = self._tone or tone(self._playback.rate)
        self._tones += 1
        return True

    def monitor_microphone(self, on: bool, now: float) -> bool:
        """Switch the microphone monitor on or off; on returns False and does nothing while speech is queued."""
        if on and self._playback.buffered_ms > 0:
            return False
        self._waiting.clear()
        self._myself_until = now + MYSELF_S if on else None
        if on:
            self._convert = Resampler(self._input_rate, self._playback.rate)
        return True

    def microphone(self, pcm: bytes, now: float) -> None:
        """Queue a microphone frame (PCM16 at ``input_rate``) while the monitor is on; ``now`` in seconds."""
        if self._myself_until is None or self._convert is None:
            return
        if now >= self._myself_until:
            self.monitor_microphone(False, now)
        elif self._playback.buffered_ms > 0:
            self._waiting.clear()
        else:
            self._waiting.append(self._convert(pcm))
            while sum(map(len, list(self._waiting))) > BEHIND_S * self._playback.rate * BYTES:
                self._waiting.popleft()

    def _next(self, count: int) -> bytes:
        """Return up to ``count`` samples of PCM16. Device thread only."""
        wanted = count * BYTES
        if self._tones != self._tones_begun:
            self._tones_begun, self._tone_left = self._tones, self._tone
        if self._tone_left:
            pcm, self._tone_left = self._tone_left[:wanted], self._tone_left[wanted:]
            return pcm
        if self._myself_until is None:
            self._rest = b""
            return b""
        pcm = self._rest
        while len(pcm) < wanted:
            try:
                pcm += self._waiting.popleft()
            except IndexError:  # the session thread may have emptied the queue
                break
        self._rest = pcm[wanted:]
        return pcm[:wanted]


def tone(rate: int) -> bytes:
    """Return one second of 440 Hz at -20 dBFS (peak) as PCM16, faded in and out."""
    at = np.arange(int(rate * TONE_S)) / rate
    wave = np.sin(2 * np.pi * TONE_HZ * at) * 10 ** (TONE_DBFS / 20)
    wave *= np.clip(np.minimum(at, TONE_S - at) / FADE_S, 0, 1)
    return bytes((wave * 32767).astype("<i2").tobytes())
