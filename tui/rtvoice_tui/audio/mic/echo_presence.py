"""Detects whether the microphone picks up the speaker at all.

With a headset there is no echo, and a canceller would mistake the user's voice for it. The level of an echo follows
the level of the speaker with a short delay; the user's voice and noise do not.
"""

from collections import deque

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

WINDOW = 300
LAGS = 50
EVERY = 25
FLOOR_DB = -90.0
FAR_DB = -60.0
SILENT_DB = -70.0
SILENT_FRAMES = 100
LOUD_DB = -45.0
"""Above this level the user may mask the echo, so a low correlation does not prove that there is none."""

PRESENT_CORRELATION, ABSENT_CORRELATION = 0.65, 0.25


class EchoPresence:
    """Compares the levels of microphone and speaker, in frames of 10 ms.

    Attributes:
        present: whether there is echo; ``None`` while unknown.
    """

    def __init__(self) -> None:
        self.present: bool | None = None
        self._near: deque[float] = deque(maxlen=WINDOW)
        self._far: deque[float] = deque(maxlen=WINDOW + LAGS)
        self._silent = 0
        self._count = 0

    def add_frame(self, near_db: float, far_db: float) -> None:
        """Add one frame: RMS levels of the microphone and of the speaker, in dBFS."""
        self._near.append(max(FLOOR_DB, near_db))
        self._far.append(max(FLOOR_DB, far_db))
        self._count += 1
        if near_db > SILENT_DB:
            self._silent = 0
        elif far_db > FAR_DB:
            self._silent += 1
        if self._silent >= SILENT_FRAMES:
            self.present = False
        elif self._count % EVERY == 0 and len(self._far) == WINDOW + LAGS:
            self._compare()

    def _compare(self) -> None:
        near, far = np.array(self._near), np.array(self._far)
        if np.mean(far > FAR_DB) < 0.3 or far.std() < 3:
            return
        alike = max_correlation(near, far)
        if alike > PRESENT_CORRELATION:
            self.present = True
        elif alike < ABSENT_CORRELATION and np.percentile(near, 90) < LOUD_DB:
            self.present = False


def max_correlation(near: NDArray[np.float64], far: NDArray[np.float64]) -> float:
    """Return the highest correlation of two level curves over all lags: 1 is identical, 0 unrelated.

    Args:
        near: levels of the microphone in dB, shape (n,).
        far: levels of the speaker in dB, shape (n + lags,).
    """
    windows = sliding_window_view(far, len(near))
    windows = windows - windows.mean(axis=1, keepdims=True)
    near = near - near.mean()
    norms = np.linalg.norm(windows, axis=1) * np.linalg.norm(near)
    return float(np.max(windows @ near / np.maximum(norms, 1e-9)))
