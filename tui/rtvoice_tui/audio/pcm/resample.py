"""Rates that a device insists on, converted on the fly (0.8 ms of delay)."""

import numpy as np

DELAY_S = 0.001
"""So much at most of what a `Resampler` was given has not come out of it yet."""


class Resampler:
    """PCM16 from one rate to another, in blocks of any size.

    Args:
        source: Hz of what goes in.
        target: Hz of what comes out.
    """

    def __init__(self, source: int, target: int) -> None:
        import samplerate

        self.ratio = target / source
        self._converter = samplerate.Resampler("sinc_fastest", channels=1) if source != target else None

    def __call__(self, pcm: bytes) -> bytes:
        """Convert a block; the first blocks give a little less than they take."""
        if self._converter is None:
            return pcm
        floats = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        converted = self._converter.process(floats, self.ratio)
        return bytes((np.clip(converted, -1, 32767 / 32768) * 32768).astype("<i2").tobytes())


def convert(pcm: bytes, source: int, target: int) -> bytes:
    """A whole recording of PCM16 at another rate."""
    if source == target:
        return pcm
    import samplerate

    floats = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    converted = samplerate.resample(floats, target / source, "sinc_fastest")
    return bytes((np.clip(converted, -1, 32767 / 32768) * 32768).astype("<i2").tobytes())
