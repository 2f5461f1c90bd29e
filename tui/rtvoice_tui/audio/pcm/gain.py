"""Gain without clicks: a change is ramped over one block. Samples that exceed full scale are clipped, not wrapped."""

import numpy as np

LEAST_DB = -40.0
MOST_DB = 12.0


def factor(db: float) -> float:
    """Convert dB to a linear factor; exactly 1 at 0 dB."""
    return float(10.0 ** (db / 20.0))


class Gain:
    """One gain stage for PCM16. At 0 dB samples pass unchanged.

    Attributes:
        factor: linear factor of `db`.
    """

    def __init__(self) -> None:
        self.factor = 1.0
        self._db = 0.0
        self._at = 1.0

    @property
    def db(self) -> float:
        """Gain in dB, limited to -40 to +12."""
        return self._db

    @db.setter
    def db(self, db: float) -> None:
        self._db = min(max(db, LEAST_DB), MOST_DB)
        self.factor = factor(self._db)

    def apply(self, pcm: bytes, target: float, jump: bool = False) -> bytes:
        """Return a PCM16 block scaled to ``target``, ramped from the last block's factor unless ``jump``."""
        before = target if jump else self._at
        self._at = target
        if not pcm or before == target == 1.0:
            return pcm
        if before == target == 0.0:
            return bytes(len(pcm))
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        samples *= target if before == target else np.linspace(before, target, len(samples), dtype=np.float32)
        return bytes(np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes())
