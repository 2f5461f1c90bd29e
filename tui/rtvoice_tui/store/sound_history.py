"""The last ten seconds of audio in columns of 100 ms: levels, speech of both sides, and buffer state."""

from collections import deque
from dataclasses import dataclass, replace

from rtvoice_tui.media import Level
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.levels import HISTORY_S, Meter
from rtvoice_tui.store.store import Store

COLUMNS_PER_S = 10
COLUMNS = round(HISTORY_S * COLUMNS_PER_S)

_KEPT = COLUMNS + 4
"""Columns that are kept: ten seconds, and a margin for the current column."""


@dataclass
class SoundColumn:
    """What happened during one column.

    Attributes:
        near: whether the local VAD detected speech.
        heard: whether the server detected speech.
        spoke: whether the agent was speaking.
        ducked: whether the agent's volume was lowered.
        buffered_ms: maximum of the playback buffer in ms.
        underruns: number of underruns.
        lost: number of microphone frames that were lost.
    """

    near: bool = False
    heard: bool = False
    spoke: bool = False
    ducked: bool = False
    buffered_ms: float = 0.0
    underruns: int = 0
    lost: int = 0

    def add(self, other: "SoundColumn") -> None:
        """Merge another column into this one."""
        self.near |= other.near
        self.heard |= other.heard
        self.spoke |= other.spoke
        self.ducked |= other.ducked
        self.buffered_ms = max(self.buffered_ms, other.buffered_ms)
        self.underruns += other.underruns
        self.lost += other.lost


class SoundHistory:
    """History of the store's audio status in columns. Used on the screen's thread only.

    The status is sampled; levels come from the meters, which keep every frame. Columns start at multiples of their
    length, so the graph scrolls by full columns and a past column never changes.

    Args:
        store: the store to sample.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._columns: deque[tuple[int, SoundColumn]] = deque(maxlen=_KEPT)
        self._counted = (0, 0)
        self._levels: dict[int, LevelColumns] = {}

    def sample(self, now: float) -> None:
        """Sample the current status at ``now`` seconds; called about 15 times per second."""
        audio, phase = self._store.audio, self._store.session.phase
        counted = (audio.underruns, audio.dropped + audio.overflows)
        column = SoundColumn(
            audio.local_speech,
            phase is Phase.HEARING,
            phase is Phase.SPEAKING,
            audio.ducked,
            audio.buffered_ms,
            max(0, counted[0] - self._counted[0]),
            max(0, counted[1] - self._counted[1]),
        )
        self._counted = counted
        index = int(now * COLUMNS_PER_S)
        if self._columns and self._columns[-1][0] >= index:
            self._columns[-1][1].add(column)
        else:
            self._columns.append((index, column))

    def columns(self, now: float, merge: int = 1) -> list[SoundColumn]:
        """Return the columns of the last ten seconds, newest last, ``merge`` columns merged into one. Read only."""
        first, count = _window(now, merge)
        found = [_NOTHING] * count
        for index, column in self._columns:
            place = index // merge - first
            if not 0 <= place < count:
                continue
            if found[place] is _NOTHING:
                found[place] = column if merge == 1 else replace(column)
            else:
                found[place].add(column)
        return found

    def levels(self, meter: Meter, now: float, merge: int = 1) -> list[Level | None]:
        """Return the maximum level of each column of a meter, newest last; ``None`` for a column without frames."""
        levels = self._levels.get(id(meter))
        if levels is None:
            levels = self._levels[id(meter)] = LevelColumns(meter)
        levels.update()
        return levels.window(now, merge)


_NOTHING = SoundColumn()


class LevelColumns:
    """A meter's frames in columns: maximum RMS and peak of each column, and whether it clipped.

    Args:
        meter: the meter; each of its frames is read once.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._last: tuple[float, Level] | None = None
        self._columns: deque[tuple[int, Level]] = deque(maxlen=_KEPT)

    def update(self) -> None:
        """Add the meter's frames since the last call to the columns."""
        fresh = []
        for frame in reversed(tuple(self._meter.history)):  # a copy: the session's thread keeps appending
            if frame is self._last:
                break
            fresh.append(frame)
        for at, level in reversed(fresh):
            index = int(at * COLUMNS_PER_S)
            if self._columns and self._columns[-1][0] == index:
                self._columns[-1] = (index, _louder(self._columns[-1][1], level))
            else:
                self._columns.append((index, level))
        if fresh:
            self._last = fresh[0]

    def latest(self, now: float, count: int) -> list[Level | None]:
        """Return the last ``count`` columns, the current one last; ``None`` for a column without frames."""
        found: list[Level | None] = [None] * count
        last = int(now * COLUMNS_PER_S)
        for index, level in reversed(self._columns):
            place = count - 1 - (last - index)
            if place < 0:
                break
            if place < count:
                found[place] = level
        return found

    def window(self, now: float, merge: int) -> list[Level | None]:
        """Return the levels of the last ten seconds, newest last; ``None`` for a column without frames."""
        first, count = _window(now, merge)
        found: list[Level | None] = [None] * count
        for index, level in self._columns:
            place = index // merge - first
            if 0 <= place < count:
                other = found[place]
                found[place] = level if other is None else _louder(other, level)
        return found


def _louder(one: Level, other: Level) -> Level:
    """Return the maximum of both levels; ``one`` itself if nothing in ``other`` is louder."""
    if other.rms_db <= one.rms_db and other.peak_db <= one.peak_db and other.clipped <= one.clipped:
        return one
    return Level(max(one.rms_db, other.rms_db), max(one.peak_db, other.peak_db), one.clipped or other.clipped)


def _window(now: float, merge: int) -> tuple[int, int]:
    """Return the number of the first (merged) column, and the number of columns."""
    count = COLUMNS // merge
    return int(now * COLUMNS_PER_S) // merge - count + 1, count
