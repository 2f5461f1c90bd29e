"""The last ten seconds of sound in columns of 100 ms: how loud both directions were, who spoke, what waited."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.levels import FLOOR_DB, HISTORY_S, Level, Meter
from rtvoice_tui.store.store import Store

COLUMNS_PER_S = 10
COLUMNS = round(HISTORY_S * COLUMNS_PER_S)


@dataclass
class SoundColumn:
    """What was during one column.

    Attributes:
        near: the local detector heard the person.
        heard: the server heard the person.
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
        self._columns: deque[tuple[int, SoundColumn]] = deque(maxlen=COLUMNS + 1)
        self._counted = (0, 0)

    def sample(self, now: float) -> None:
        """Take down what is now; called about 15 times a second."""
        audio, phase = self._store.audio, self._store.session.phase
        counted = (audio.underruns, audio.dropped + audio.overflows)
        column = SoundColumn(
            audio.near_speech,
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
        """Ten seconds, the newest last; ``merge`` columns become one."""
        first, count = _window(now, merge)
        found = [SoundColumn() for _ in range(count)]
        for index, column in self._columns:
            place = index // merge - first
            if 0 <= place < count:
                found[place].add(column)
        return found

    def levels(self, meter: Meter, now: float, merge: int = 1) -> list[Level | None]:
        """The loudest of each column, the newest last; ``None`` where no frame came."""
        return folded(tuple(meter.history), now, merge)


def folded(frames: Iterable[tuple[float, Level]], now: float, merge: int = 1) -> list[Level | None]:
    """Frames with their times (s) as columns: the greatest RMS and peak of each, and whether it clipped."""
    first, count = _window(now, merge)
    rms, peaks = [FLOOR_DB] * count, [FLOOR_DB] * count
    came, clipped = [False] * count, [False] * count
    for at, level in frames:
        place = int(at * COLUMNS_PER_S) // merge - first
        if not 0 <= place < count:
            continue
        came[place] = True
        if level.rms_db > rms[place]:
            rms[place] = level.rms_db
        if level.peak_db > peaks[place]:
            peaks[place] = level.peak_db
        if level.clipped:
            clipped[place] = True
    return [Level(rms[n], peaks[n], clipped[n]) if came[n] else None for n in range(count)]


def _window(now: float, merge: int) -> tuple[int, int]:
    """The first column's number, and how many there are."""
    count = COLUMNS // merge
    return int(now * COLUMNS_PER_S) // merge - count + 1, count
