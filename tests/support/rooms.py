"""A room between loudspeaker and microphone: delay, level and reverberation, block by block; and who talks in it."""

import wave
from pathlib import Path

import numpy as np

RATE = 24_000
BLOCK = RATE // 100
LOUD = 800


class Room:
    """Filters what a loudspeaker plays into what a microphone hears of it. PCM16 mono at 24 kHz.

    Args:
        delay_ms: of the direct sound.
        level_db: how loud the echo is beside what was played.
        reverberation_s: until the room has swallowed 60 dB.
    """

    def __init__(self, delay_ms: float = 80.0, level_db: float = -10.0, reverberation_s: float = 0.3) -> None:
        random = np.random.default_rng(7)
        tail = np.arange(int(reverberation_s * RATE))
        response = random.standard_normal(len(tail)) * 10 ** (-3 * tail / len(tail)) * 0.12
        response[0] = 1.0
        response[1 : RATE // 500] = 0.0
        response *= 10 ** (level_db / 20) / np.sqrt(response @ response)
        self._response = np.concatenate([np.zeros(int(delay_ms * RATE / 1000)), response])
        self._size = 1 << int(np.ceil(np.log2(len(self._response) + 2 * BLOCK)))
        self._spectrum = np.fft.rfft(self._response, self._size)
        self._coming = np.zeros(len(self._response))

    def __call__(self, played: np.ndarray) -> np.ndarray:
        """What the microphone hears of the next block, as floats."""
        driven = 20_000 * np.tanh(played.astype(float) / 20_000)  # a loudspeaker is not linear
        heard = np.zeros(len(played) + len(self._response))
        for at in range(0, len(played), BLOCK):
            block = driven[at : at + BLOCK]
            echo = np.fft.irfft(np.fft.rfft(block, self._size) * self._spectrum, self._size)
            length = len(block) + len(self._response) - 1
            heard[at : at + length] += echo[:length]
        heard[: len(self._coming)] += self._coming
        self._coming = heard[len(played) :]
        return heard[: len(played)]


def loudness_db(pcm: bytes | np.ndarray) -> float:
    """RMS in dBFS."""
    samples = (np.frombuffer(pcm, "<i2") if isinstance(pcm, bytes) else pcm).astype(float)
    return float(20 * np.log10(max(1e-9, np.sqrt(np.mean(samples**2)) / 32768))) if len(samples) else -180.0


def at_level(pcm: bytes, level_db: float) -> bytes:
    """A recording made so loud (dBFS)."""
    gain = 10 ** ((level_db - loudness_db(pcm)) / 20)
    return (np.frombuffer(pcm, "<i2") * gain).clip(-32768, 32767).astype("<i2").tobytes()


def agent_speech(seconds: float, level_db: float = -20.0) -> bytes:
    """The built-in agent's voice, telling a story."""
    from rtvoice_tui.local_agent.speech import Voice

    story = (
        "Once upon a time there was a lighthouse at the end of a long road. The keeper had a cat, two boats and a "
        "clock that was always late. Every evening he climbed the stairs, lit the lamp and looked for ships. One night "
        "no ship came, but a voice called from the water, and it asked him what the time was. "
    )
    pcm = bytearray()
    voice = Voice()
    while len(pcm) < seconds * RATE * 2:
        for chunk in voice.say(story, ""):
            pcm += chunk
    return at_level(bytes(pcm[: int(seconds * RATE) * 2]), level_db)


def recording() -> bytes:
    """A human being, recorded, reading for a minute."""
    from moonshine_voice.utils import get_assets_path

    from rtvoice_tui.audio.pcm.resample import convert

    with wave.open(str(Path(get_assets_path()) / "two_cities.wav")) as wav:
        return convert(wav.readframes(wav.getnframes()), wav.getframerate(), RATE)


def phrases(count: int, seconds: float, level_db: float = -23.0) -> list[bytes]:
    """So many beginnings of phrases, each after a breath, from its first loud sample on."""
    pcm = recording()
    samples = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32))
    loud = np.flatnonzero(samples > LOUD)
    after_breath = loud[np.flatnonzero(np.diff(loud, prepend=-RATE) > RATE // 5)]
    size = int(seconds * RATE)
    found: list[int] = []
    for start in after_breath:
        spoken = (samples[start : start + size] > LOUD).mean()
        if spoken > 0.1 and (not found or start > found[-1] + size):
            found.append(int(start))
    return [at_level(pcm[start * 2 : (start + size) * 2], level_db) for start in found[:count]]


def person_speech(seconds: float, level_db: float = -23.0) -> bytes:
    """A human being who begins to speak at once."""
    return phrases(1, seconds, level_db)[0]
