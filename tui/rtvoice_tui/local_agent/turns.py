"""Server VAD: detects the start and the end of turns in the input audio stream."""

from collections.abc import Callable
from dataclasses import dataclass

from rtvoice_tui.local_agent.speech import RATE

FRAME_MS = 32.0
START_FRAMES = 2
HYSTERESIS = 0.15
KEPT_SILENCE_MS = 200.0
"""Milliseconds of silence that are kept after the last speech frame of a turn."""

MAX_TURN_MS = 15_000.0
"""Maximum length of a turn, in ms: the recogniser repeats itself on longer audio."""


@dataclass(frozen=True)
class SpeechStarted:
    """Speech has started.

    Attributes:
        at_ms: offset in the stream, in ms; includes the prefix padding.
    """

    at_ms: int


@dataclass(frozen=True)
class SpeechStopped:
    """A turn has ended.

    Attributes:
        at_ms: end of the turn, as an offset in the stream in ms.
        pcm: the audio of the turn, PCM16 mono at 24 kHz.
        speech_ms: duration of the frames that were speech, in ms.
        speech_end_ms: end of the last speech frame, as an offset in the stream in ms.
    """

    at_ms: int
    pcm: bytes
    speech_ms: float
    speech_end_ms: float


class TurnDetector:
    """Turn detection for one stream of PCM16 mono at 24 kHz. Called on the event loop.

    Args:
        probability: returns the speech probability of each completed 32 ms frame.
        threshold: probability from which a frame counts as speech, 0 to 1.
        silence_ms: length of the pause that ends a turn.
        prefix_ms: audio before the first speech frame that is part of the turn.

    Attributes:
        speaking: whether a turn is in progress.
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

    def process(self, pcm: bytes) -> list[SpeechStarted | SpeechStopped]:
        """Process the next samples (PCM16); returns the starts and ends of turns in them, in order."""
        self._kept += pcm
        found: list[SpeechStarted | SpeechStopped] = []
        for probability in self._probability(pcm):
            self._judged_ms += FRAME_MS
            decided = self._speaking_frame(probability) if self.speaking else self._quiet_frame(probability)
            if decided is not None:
                found.append(decided)
        if not self.speaking:
            self._forget_before(self._judged_ms - self.prefix_ms - START_FRAMES * FRAME_MS)
        return found

    @property
    def turn_audio(self) -> bytes:
        """The audio of the turn in progress (PCM16); empty if there is none."""
        return bytes(self._kept) if self.speaking else b""

    @property
    def paused(self) -> SpeechStopped | None:
        """The turn as it would be if the current pause ends it; ``None`` while there is no pause."""
        pausing = self.speaking and self._judged_ms - self._last_speech_ms >= KEPT_SILENCE_MS
        return self._stopped() if pausing else None

    def _quiet_frame(self, probability: float) -> SpeechStarted | None:
        self._loud = self._loud + 1 if probability >= self.threshold else 0
        if self._loud < START_FRAMES:
            return None
        self.speaking = True
        self._speech_ms = self._loud * FRAME_MS
        self._last_speech_ms = self._judged_ms
        start = max(0.0, self._judged_ms - self._loud * FRAME_MS - self.prefix_ms)
        self._forget_before(start)
        return SpeechStarted(int(start))

    def _speaking_frame(self, probability: float) -> SpeechStopped | None:
        if probability >= self.threshold - HYSTERESIS:
            self._last_speech_ms = self._judged_ms
            self._speech_ms += FRAME_MS
        too_long = self._judged_ms - self._kept_from_ms >= MAX_TURN_MS
        if self._judged_ms - self._last_speech_ms < self.silence_ms and not too_long:
            return None
        return self.end()

    def end(self) -> SpeechStopped:
        """End the turn in progress immediately, without waiting for a pause."""
        stopped = self._stopped()
        self.speaking = False
        self._loud = 0
        self._forget_before(self._judged_ms)
        return stopped

    def _stopped(self) -> SpeechStopped:
        end = min(self._last_speech_ms + KEPT_SILENCE_MS, self._judged_ms)
        pcm = bytes(self._kept[: self._size(end - self._kept_from_ms)])
        return SpeechStopped(int(end), pcm, self._speech_ms, self._last_speech_ms)

    def _forget_before(self, at_ms: float) -> None:
        if at_ms > self._kept_from_ms:
            size = min(self._size(at_ms - self._kept_from_ms), len(self._kept))
            del self._kept[:size]
            self._kept_from_ms += size * 500 / RATE

    @staticmethod
    def _size(ms: float) -> int:
        return int(ms * RATE / 1000) * 2
