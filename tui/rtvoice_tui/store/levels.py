"""Meter ballistics: instant attack, slow release, and hold times for peak and clipping."""

from collections import deque

from rtvoice_tui.media import FLOOR_DB, Level

FALL_DB_PER_S = 24.0
PEAK_HOLD_S = 1.0
CLIP_HOLD_S = 1.5
HISTORY_S = 10.0


class Meter:
    """Level meter of one direction. Times are in seconds on the store's clock.

    The session's thread calls `update`, the screen's thread `settle`.

    Attributes:
        level_db: level of the bar in dBFS.
        peak_db: held peak in dBFS.
        history: time and level of each frame of the last `HISTORY_S` seconds.
    """

    def __init__(self) -> None:
        self.history: deque[tuple[float, Level]] = deque()
        self.level_db = FLOOR_DB
        self.peak_db = FLOOR_DB
        self._at = 0.0
        self._peak_at = -PEAK_HOLD_S
        self._clip_at = -CLIP_HOLD_S

    def update(self, level: Level, now: float) -> None:
        """Update the meter with the level of a frame."""
        self.settle(now)
        self.history.append((now, level))
        while self.history[0][0] < now - HISTORY_S:
            self.history.popleft()
        self.level_db = max(self.level_db, level.rms_db)
        if level.peak_db >= self.peak_db:
            self.peak_db, self._peak_at = level.peak_db, now
        if level.clipped:
            self._clip_at = now

    def settle(self, now: float) -> None:
        """Apply the release up to ``now``. A time before the last one changes nothing."""
        fall = max(0.0, now - self._at) * FALL_DB_PER_S
        self._at = max(self._at, now)
        self.level_db = max(FLOOR_DB, self.level_db - fall)
        if now - self._peak_at > PEAK_HOLD_S:
            self.peak_db = max(self.level_db, self.peak_db - fall, FLOOR_DB)

    def clipped(self, now: float) -> bool:
        """Whether a frame clipped within the last `CLIP_HOLD_S` seconds."""
        return now - self._clip_at < CLIP_HOLD_S
