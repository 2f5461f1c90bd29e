"""The last ten seconds of sound in columns of 100 ms: how loud both directions were, who spoke, what waited."""

from collections import deque
from dataclasses import dataclass, replace

from rtvoice_tui.media import Level
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.levels import HISTORY_S, Meter
from rtvoice_tui.store.store import Store

COLUMNS_PER_S = 10
COLUMNS = round(HISTORY_S * COLUMNS_PER_S)

_KEPT = COLUMNS + 4
"""Ten seconds that have ended, and what has only begun."""


@dataclass
class SoundColumn:
    """What happened during one column.

    Attributes:
        near: the local detector heard the user.
        heard: the server heard the user.
        spoke: the agent was speaking.
        ducked: the agent was lowered meanwhile.
        buffered_ms: the most that waited to be heard.
        underruns: how often the speaker had to do without.
        lost: frames of the microphone that were lost.
    """

    near: bool = False
    heard: bool = False
    spoke: bool = False
    ducked: bool = False
    buffered_ms: float = 0.0
    underruns: int = 0
    lost: int = 0

    def add(self, other: "SoundColumn") -> None:
        """Let another column be a part of this one."""
        self.near |= other.near
        self.heard |= other.heard
        self.spoke |= other.spoke
        self.ducked |= other.ducked
        self.buffered_ms = max(self.buffered_ms, other.buffered_ms)
        self.underruns += other.underruns
        self.lost += other.lost


class SoundHistory:
    """Sampled by the screen; the levels need no sampling, their meters keep every frame.

    Columns begin at whole multiples of their length, so that they move by whole columns and never change their shape.

    Args:
        store: whose sound it is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._columns: deque[tuple[int, SoundColumn]] = deque(maxlen=_KEPT)
        self._counted = (0, 0)
        self._levels: dict[int, LevelColumns] = {}

    def sample(self, now: float) -> None:
        """Take down what is now; called about 15 times a second."""
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
        """Ten seconds, the newest last; ``merge`` columns become one. Only to be read."""
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
        """The loudest of each column, the newest last; ``None`` where no frame came."""
        levels = self._levels.get(id(meter))
        if levels is None:
            levels = self._levels[id(meter)] = LevelColumns(meter)
        levels.take()
        return levels.window(now, merge)


_NOTHING = SoundColumn()


class LevelColumns:
    """A meter's frames as columns: the greatest RMS and peak of each, and whether it clipped.

    Args:
        meter: whose frames; each is looked at once.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._last: tuple[float, Level] | None = None
        self._columns: deque[tuple[int, Level]] = deque(maxlen=_KEPT)

    def take(self) -> None:
        """Fold the frames that came since the last time."""
        fresh = []
        for frame in reversed(tuple(self._meter.history)):  # a copy: the session's thread goes on adding
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

    def window(self, now: float, merge: int) -> list[Level | None]:
        """Ten seconds, the newest last; ``None`` where no frame came."""
        first, count = _window(now, merge)
        found: list[Level | None] = [None] * count
        for index, level in self._columns:
            place = index // merge - first
            if 0 <= place < count:
                other = found[place]
                found[place] = level if other is None else _louder(other, level)
        return found


def _louder(one: Level, other: Level) -> Level:
    """Both levels at once; the same object where nothing is louder."""
    if other.rms_db <= one.rms_db and other.peak_db <= one.peak_db and other.clipped <= one.clipped:
        return one
    return Level(max(one.rms_db, other.rms_db), max(one.peak_db, other.peak_db), one.clipped or other.clipped)


def _window(now: float, merge: int) -> tuple[int, int]:
    """The first column's number, and how many there are."""
    count = COLUMNS // merge
    return int(now * COLUMNS_PER_S) // merge - count + 1, count
