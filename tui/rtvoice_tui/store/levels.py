"""Meter ballistics: a level rises at once and falls slowly, its peak holds, clipping stays marked for a while."""

from collections import deque

from rtvoice_tui.media import FLOOR_DB, Level

FALL_DB_PER_S = 24.0
PEAK_HOLD_S = 1.0
CLIP_HOLD_S = 1.5
HISTORY_S = 10.0


class Meter:
    """One direction's meter. Times are in seconds.

    Attributes:
        level_db: what the bar shows, in dBFS.
        peak_db: the held peak, in dBFS.
        history: the frames of the last ten seconds with their times.
    """

    def __init__(self) -> None:
        self.history: deque[tuple[float, Level]] = deque()
        self.level_db = FLOOR_DB
        self.peak_db = FLOOR_DB
        self._at = 0.0
        self._peak_at = -PEAK_HOLD_S
        self._clip_at = -CLIP_HOLD_S

    def update(self, level: Level, now: float) -> None:
        """Take in a frame."""
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
        """Let the meter fall as time goes by. A time that is already past changes nothing."""
        fall = max(0.0, now - self._at) * FALL_DB_PER_S
        self._at = max(self._at, now)
        self.level_db = max(FLOOR_DB, self.level_db - fall)
        if now - self._peak_at > PEAK_HOLD_S:
            self.peak_db = max(self.level_db, self.peak_db - fall, FLOOR_DB)

    def clipped(self, now: float) -> bool:
        """Whether clipping is to be shown."""
        return now - self._clip_at < CLIP_HOLD_S
