"""Devices that take no single channel: what is spoken goes to all of them, and all that is heard is mixed."""

import numpy as np


def to_mono(pcm: bytes, channels: int) -> bytes:
    """The mean of interleaved channels of PCM16."""
    if channels == 1:
        return pcm
    frames = np.frombuffer(pcm, "<i2").reshape(-1, channels)
    return bytes(frames.astype(np.int32).mean(axis=1).astype("<i2").tobytes())


def from_mono(pcm: bytes, channels: int) -> bytes:
    """The same on every channel, interleaved."""
    if channels == 1:
        return pcm
    return bytes(np.repeat(np.frombuffer(pcm, "<i2"), channels).tobytes())
