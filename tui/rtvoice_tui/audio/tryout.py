"""Trying the devices: a tone on the speaker, and the microphone on the speaker. No part of any conversation.

Both sound only while there is nothing to say: speech always goes first.
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
"""Nobody hears themselves for longer without asking again."""

BEHIND_S = 0.2
"""The microphone is heard so late at most."""


class Tryout:
    """What sounds aside. For the session's thread, except where said.

    Args:
        playback: whose speaker sounds.
        input_rate: of the microphone's frames, in Hz.
    """

    def __init__(self, playback: Playback, input_rate: int) -> None:
        self._playback = playback
        self._input_rate = input_rate
        self._tone = b""
        self._tones = 0  # how often it was asked for
        self._tones_begun = 0  # the device's side
        self._tone_left = b""
        self._myself_until: float | None = None
        self._waiting: deque[bytes] = deque()
        self._rest = b""
        self._convert: Resampler | None = None
        playback.aside = self._next

    @property
    def sounds(self) -> str:
        """``tone``, ``microphone`` or nothing."""
        if self._tone_left or self._tones != self._tones_begun:
            return "tone"
        return "microphone" if self._myself_until is not None else ""

    def play_tone(self) -> bool:
        """Sound for a second; False, and nothing is done, while something is being said."""
        if self._playback.buffered_ms > 0:
            return False
        self._tone = self._tone or tone(self._playback.rate)
        self._tones += 1
        return True

    def hear_myself(self, on: bool, now: float) -> bool:
        """Begin or end to hear the microphone; False, and nothing is done, while something is being said."""
        if on and self._playback.buffered_ms > 0:
            return False
        self._waiting.clear()
        self._myself_until = now + MYSELF_S if on else None
        if on:
            self._convert = Resampler(self._input_rate, self._playback.rate)
        return True

    def microphone(self, pcm: bytes, now: float) -> None:
        """A frame of the microphone."""
        if self._myself_until is None or self._convert is None:
            return
        if now >= self._myself_until:
            self.hear_myself(False, now)
        elif self._playback.buffered_ms > 0:
            self._waiting.clear()
        else:
            self._waiting.append(self._convert(pcm))
            while sum(map(len, list(self._waiting))) > BEHIND_S * self._playback.rate * BYTES:
                self._waiting.popleft()

    def _next(self, count: int) -> bytes:
        """The next samples. On the device's thread."""
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
            except IndexError:  # the other thread may take them too
                break
        self._rest = pcm[wanted:]
        return pcm[:wanted]


def tone(rate: int) -> bytes:
    """A second of 440 Hz at -20 dBFS (peak) that begins and ends softly, as PCM16."""
    at = np.arange(int(rate * TONE_S)) / rate
    wave = np.sin(2 * np.pi * TONE_HZ * at) * 10 ** (TONE_DBFS / 20)
    wave *= np.clip(np.minimum(at, TONE_S - at) / FADE_S, 0, 1)
    return bytes((wave * 32767).astype("<i2").tobytes())
