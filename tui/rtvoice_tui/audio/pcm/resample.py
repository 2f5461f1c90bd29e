"""Resampling between the session's rate and the device's, in a stream (0.8 ms delay) or as a whole."""

import numpy as np

DELAY_S = 0.001
"""Upper bound of the audio that a `Resampler` holds back, in seconds."""


class Resampler:
    """Resamples a stream of PCM16 mono, in blocks of any size.

    Args:
        source: input rate in Hz.
        target: output rate in Hz.
    """

    def __init__(self, source: int, target: int) -> None:
        import samplerate

        self.ratio = target / source
        self._converter = samplerate.Resampler("sinc_fastest", channels=1) if source != target else None

    def __call__(self, pcm: bytes) -> bytes:
        """Resample a block; the first blocks return slightly fewer samples because of the delay."""
        if self._converter is None:
            return pcm
        floats = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        converted = self._converter.process(floats, self.ratio)
        return bytes((np.clip(converted, -1, 32767 / 32768) * 32768).astype("<i2").tobytes())


def convert(pcm: bytes, source: int, target: int) -> bytes:
    """Resample a complete PCM16 mono recording from ``source`` to ``target`` Hz."""
    if source == target:
        return pcm
    import samplerate

    floats = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    converted = samplerate.resample(floats, target / source, "sinc_fastest")
    return bytes((np.clip(converted, -1, 32767 / 32768) * 32768).astype("<i2").tobytes())
