"""Server turn detection: where speech begins and ends in the stream of a microphone."""

from collections.abc import Callable
from dataclasses import dataclass

from rtvoice_tui.local_agent.speech import RATE

FRAME_MS = 32.0
START_FRAMES = 2
HYSTERESIS = 0.15
KEPT_SILENCE_MS = 200.0
"""So much of the pause after speech belongs to it."""

MAX_TURN_MS = 15_000.0
"""The recogniser loops on longer pieces, so a turn is ended here."""


@dataclass(frozen=True)
class Started:
    """Speech began at this offset of the stream."""

    at_ms: int


@dataclass(frozen=True)
class Stopped:
    """Speech ended: its offset, its samples, how much of them was speech, and where the last of it was."""

    at_ms: int
    pcm: bytes
    speech_ms: float
    speech_end_ms: float


class TurnDetector:
    """Follows one stream.

    Args:
        probability: how likely each next 32 ms are speech, given PCM16 at 24 kHz.
        threshold: from when on it counts as speech, 0 to 1.
        silence_ms: how long a pause ends the turn.
        prefix_ms: how much of what came before is kept.
    """

    def __init__(
        self,
        probability: Callable[[bytes], list[float]],
        threshold: float = 0.5,
        silence_ms: float = 500.0,
        prefix_ms: float = 300.0,
    ) -> None:
        self._probability = probability
        self.threshold = threshold
        self.silence_ms = silence_ms
        self.prefix_ms = prefix_ms
        self.speaking = False
        self._kept = bytearray()
        self._kept_from_ms = 0.0
        self._judged_ms = 0.0
        self._loud = 0
        self._speech_ms = 0.0
        self._last_speech_ms = 0.0

    def feed(self, pcm: bytes) -> list[Started | Stopped]:
        """Take in the next samples; tells what they decided."""
        self._kept += pcm
        found: list[Started | Stopped] = []
        for probability in self._probability(pcm):
            self._judged_ms += FRAME_MS
            decided = self._speaking_frame(probability) if self.speaking else self._quiet_frame(probability)
            if decided is not None:
                found.append(decided)
        if not self.speaking:
            self._forget_before(self._judged_ms - self.prefix_ms - START_FRAMES * FRAME_MS)
        return found

    @property
    def open_speech(self) -> bytes:
        """What was said so far in the turn that is open."""
        return bytes(self._kept) if self.speaking else b""

    @property
    def paused(self) -> Stopped | None:
        """What the turn would be if the pause that has begun ends it; nothing while there is none."""
        pausing = self.speaking and self._judged_ms - self._last_speech_ms >= KEPT_SILENCE_MS
        return self._stopped() if pausing else None

    def _quiet_frame(self, probability: float) -> Started | None:
        self._loud = self._loud + 1 if probability >= self.threshold else 0
        if self._loud < START_FRAMES:
            return None
        self.speaking = True
        self._speech_ms = self._loud * FRAME_MS
        self._last_speech_ms = self._judged_ms
        start = max(0.0, self._judged_ms - self._loud * FRAME_MS - self.prefix_ms)
        self._forget_before(start)
        return Started(int(start))

    def _speaking_frame(self, probability: float) -> Stopped | None:
        if probability >= self.threshold - HYSTERESIS:
            self._last_speech_ms = self._judged_ms
            self._speech_ms += FRAME_MS
        too_long = self._judged_ms - self._kept_from_ms >= MAX_TURN_MS
        if self._judged_ms - self._last_speech_ms < self.silence_ms and not too_long:
            return None
        return self.end()

    def end(self) -> Stopped:
        """End the turn that is open, without waiting for the pause."""
        stopped = self._stopped()
        self.speaking = False
        self._loud = 0
        self._forget_before(self._judged_ms)
        return stopped

    def _stopped(self) -> Stopped:
        end = min(self._last_speech_ms + KEPT_SILENCE_MS, self._judged_ms)
        pcm = bytes(self._kept[: self._size(end - self._kept_from_ms)])
        return Stopped(int(end), pcm, self._speech_ms, self._last_speech_ms)

    def _forget_before(self, at_ms: float) -> None:
        if at_ms > self._kept_from_ms:
            size = min(self._size(at_ms - self._kept_from_ms), len(self._kept))
            del self._kept[:size]
            self._kept_from_ms += size * 500 / RATE

    @staticmethod
    def _size(ms: float) -> int:
        return int(ms * RATE / 1000) * 2
