"""Channel conversion for devices that do not support mono: output is duplicated, input is mixed down."""

import numpy as np


def to_mono(pcm: bytes, channels: int) -> bytes:
    """Mix interleaved PCM16 down to mono: the mean of all channels."""
    if channels == 1:
        return pcm
    frames = np.frombuffer(pcm, "<i2").reshape(-1, channels)
    return bytes(frames.astype(np.int32).mean(axis=1).astype("<i2").tobytes())


def from_mono(pcm: bytes, channels: int) -> bytes:
    """Copy mono PCM16 to every channel, interleaved."""
    if channels == 1:
        return pcm
    return bytes(np.repeat(np.frombuffer(pcm, "<i2"), channels).tobytes())
