"""Meter ballistics: instant attack, slow release, and hold times for peak and clipping."""

from collections import deque

import msgspec

from rtvoice_tui.media import FLOOR_DB, Level

FALL_DB_PER_S = 24.0
PEAK_HOLD_S = 1.0
CLIP_HOLD_S = 1.5
HISTORY_S = 10.0


class MeterReading(msgspec.Struct, frozen=True):
    """A meter at one moment.

    Attributes:
        level_db: level of the bar in dBFS.
        peak_db: held peak in dBFS.
    """

    level_db: float = FLOOR_DB
    peak_db: float = FLOOR_DB


class _State(msgspec.Struct, frozen=True):
    """A meter after a frame: its reading then, that time, and the time of the peak."""

    reading: MeterReading
    at: float
    peak_at: float


class Meter:
    """Level meter of one direction. Times are in seconds on the store's clock.

    The session's thread calls `update`; any thread may call `read`.

    Attributes:
        history: time and level of each frame of the last `HISTORY_S` seconds.
    """

    def __init__(self) -> None:
        self.history: deque[tuple[float, Level]] = deque()
        self._state = _State(MeterReading(), 0.0, -PEAK_HOLD_S)  # replaced as a whole
        self._clip_at = -CLIP_HOLD_S

    @property
    def peak_db(self) -> float:
        """The held peak after the last frame, in dBFS."""
        return self._state.reading.peak_db

    def update(self, level: Level, now: float) -> None:
        """Update the meter with the level of a frame."""
        before, state = self.read(now), self._state
        self.history.append((now, level))
        while self.history[0][0] < now - HISTORY_S:
            self.history.popleft()
        louder = level.peak_db >= before.peak_db
        reading = MeterReading(max(before.level_db, level.rms_db), level.peak_db if louder else before.peak_db)
        self._state = _State(reading, max(now, state.at), now if louder else state.peak_at)
        if level.clipped:
            self._clip_at = now

    def read(self, now: float) -> MeterReading:
        """The meter at a time. A time before the last frame is that of the frame."""
        state = self._state
        level = state.reading.level_db - max(0.0, now - state.at) * FALL_DB_PER_S
        fall_s = max(0.0, now - max(state.at, state.peak_at + PEAK_HOLD_S))
        peak = state.reading.peak_db - fall_s * FALL_DB_PER_S
        return MeterReading(max(FLOOR_DB, level), max(FLOOR_DB, level, peak))

    def clipped(self, now: float) -> bool:
        """Whether a frame clipped within the last `CLIP_HOLD_S` seconds."""
        return now - self._clip_at < CLIP_HOLD_S
