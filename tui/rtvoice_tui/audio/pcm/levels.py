"""Level of a frame."""

import numpy as np

from rtvoice_tui.media import Level, dbfs

CLIPPED_SAMPLES = 2
"""This many full-scale samples in one frame count as clipping; a single one may be a legitimate peak."""


def measure(pcm: bytes) -> Level:
    """Return RMS and peak in dBFS, and clipping, of PCM16 samples."""
    samples = np.frombuffer(pcm, "<i2")
    if not len(samples):
        return Level()
    floats = samples.astype(np.float32)
    rms = float(np.sqrt(floats @ floats / len(floats)))
    high, low = int(samples.max()), int(samples.min())
    peak = max(high, -low)
    clipped = peak >= 32767 and int(np.count_nonzero((samples >= 32767) | (samples <= -32767))) >= CLIPPED_SAMPLES
    return Level(dbfs(rms / 32768), dbfs(peak / 32768), clipped)
