"""Panel with the last ten seconds of sound: levels of both directions, who spoke, buffered audio, and losses."""

from functools import lru_cache

from textual.content import Content
from textual.strip import Strip

from rtvoice_tui.media import FLOOR_DB, Level
from rtvoice_tui.store.levels import Meter
from rtvoice_tui.store.sound_history import COLUMNS, COLUMNS_PER_S, SoundColumn, SoundHistory
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.widgets.bars import CLIP_DB, WARN_DB, level_words, peak_words, runs, share
from rtvoice_tui.ui.widgets.lines import Inked, Piece

AXIS = 8
BESIDE = 9
"""Cells for the axis to the left and the numbers to the right of the columns."""

_EIGHTHS = "▁▂▃▄▅▆▇█"
_STEPS = "_.:=#"
"""The same in ASCII, in steps of a fifth of a cell."""

Cell = tuple[str, str]


class SoundPanel(Inked):
    """History of the sound; repainted when a column ends, and only while it is open.

    Args:
        store: source of levels and audio status.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(id="sound")
        self._store = store
        self._history = SoundHistory(store)
        self._lines: list[list[Piece]] = []
        self._shown = (-1, 0, 0)
        self.display = False
        self.border_title = "Sound · the last 10 s, now at the right"
        self.show_keys()

    def reset(self) -> None:
        """Begin again with what the store holds now."""
        self._history = SoundHistory(self._store)
        self._shown = (-1, 0, 0)

    def sync(self, now: float) -> None:
        """Record the current audio status; while the panel is open, also show the columns that have ended."""
        self._history.sample(now)
        if not self.display or not self.size.width:
            return
        merge = 1 if self.size.width >= AXIS + COLUMNS + BESIDE else 2
        ended = int(now * COLUMNS_PER_S) // merge
        shown = (ended, *self.size)
        if shown != self._shown:
            self._shown = shown
            self._lines = self._laid_out((ended * merge - 0.5) / COLUMNS_PER_S, merge)
            self.refresh()

    def show_keys(self) -> None:
        """Show the key that closes the panel, as the user has it."""
        self.border_subtitle = Content(f"{BY_ID['sound'].shown} close")

    def toggle(self) -> None:
        """Open or close the panel."""
        self.display = not self.display
        self._shown = (-1, 0, 0)

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        return self.strip(self._lines[y] if y < len(self._lines) else [], self.size.width)

    @property
    def words(self) -> str:
        """What is shown, without colour."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def _laid_out(self, now: float, merge: int) -> list[list[Piece]]:
        store = self._store
        rows = max(1, (self.size.height - 4) // 2)
        columns = self._history.columns(now, merge)
        wide = merge == 1
        lines = self._graph("MIC", store.mic, now, merge, rows)
        lines.append(_strip_line("you", [_user(c) for c in columns], "" if wide else "  ━ local ─ server"))
        lines += self._graph("OUT", store.speaker, now, merge, rows)
        lines.append(_strip_line("agent", [_agent(c) for c in columns], "" if wide else "  ━ spoke ┄ lowered"))
        most = max(column.buffered_ms for column in columns)
        ascii_only = self.ascii_only
        waits = [_waiting(c, most, ascii_only) for c in columns]
        lines.append(_strip_line("buffer", waits, f"  {_short(most)}" if wide else f"  at most {_short(most)}"))
        lines.append(self._facts(wide))
        return lines

    def _graph(self, name: str, meter: Meter, now: float, merge: int, rows: int) -> list[list[Piece]]:
        levels = self._history.levels(meter, now, merge)
        clips = sum(level.clipped for level in levels if level)
        reading = meter.read(now)
        beside: list[Piece] = [(f"  {level_words(reading)} dB", "plain"), (f"  pk {peak_words(reading)}", "dim")]
        if clips:
            beside = [(f" CLIP ×{clips}", "error"), *beside] if rows < 3 else [*beside, (f" CLIP ×{clips}", "error")]
        ascii_only = self.ascii_only
        cells = [_cells(level, rows, ascii_only) for level in levels]
        lines = []
        for row in range(rows):
            top = FLOOR_DB * row / rows
            axis = f"{name if not row else '':<3}{top or 0:4.0f}│"
            aside = [beside[row]] if row < len(beside) else []
            lines.append([(axis, "dim"), *runs(column[row] for column in cells), *aside])
        return lines

    def _facts(self, wide: bool) -> list[Piece]:
        audio = self._store.audio
        low, high = audio.jitter_buffer_bounds_ms
        bounds = f" ({low:.0f}–{high:.0f})" if high else ""
        lost = audio.dropped + audio.overflows
        pieces: list[Piece] = [
            (f" buf {_short(audio.buffered_ms)}", "plain"),
            (f"  pre {audio.jitter_buffer_ms:.0f} ms{bounds}", "plain"),
            (f"  jitter {audio.jitter_ms:.0f} ms", "plain"),
            (f"  under {audio.underruns}", "warn" if audio.underruns else "dim"),
            (f"  lost {lost}", "error" if lost else "dim"),
        ]
        if wide:
            pieces.append(("   ━ local VAD  ─ server VAD  ┄ lowered", "dim"))
        return pieces


@lru_cache(1024)
def _cells(level: Level | None, rows: int, ascii_only: bool) -> tuple[Cell, ...]:
    """Cells of a graph column, from full scale down. Cached, because most columns stay the same as the graph moves."""
    return tuple(_cell(level, row, rows, ascii_only) for row in range(rows))


def _cell(level: Level | None, row: int, rows: int, ascii_only: bool) -> Cell:
    """One cell of a graph; row 0 is full scale. RMS is filled, the peak is a line above it."""
    if level is None:
        return " ", "plain"
    if level.clipped and row == 0:
        return "!", "error"
    below = rows - 1 - row
    filled = share(level.rms_db) * rows - below
    peak = min(rows - 1, int(share(level.peak_db) * rows))
    if filled > 0 or below == 0:
        top = min(level.rms_db, FLOOR_DB * row / rows)
        ink = "meter-clip" if top >= CLIP_DB else "meter-warn" if top >= WARN_DB else "meter-ok"
        steps = _STEPS if ascii_only else _EIGHTHS
        return steps[max(0, min(len(steps) - 1, int(filled * len(steps))))], ink
    return ("─", "dim") if below == peak else (" ", "plain")


def _user(column: SoundColumn) -> Cell:
    if column.lost:
        return "x", "error"
    return ("━", "you") if column.near else ("─", "you") if column.heard else (" ", "plain")


def _agent(column: SoundColumn) -> Cell:
    if column.spoke and column.ducked:
        return "┄", "warn"
    return ("━", "agent") if column.spoke else (" ", "plain")


def _waiting(column: SoundColumn, most: float, ascii_only: bool) -> Cell:
    if column.underruns:
        return "u", "error"
    if not column.buffered_ms:
        return " ", "plain"
    steps = _STEPS if ascii_only else _EIGHTHS
    return steps[min(len(steps) - 1, int(column.buffered_ms / (most or 1.0) * len(steps)))], "agent"


def _strip_line(name: str, cells: list[Cell], beside: str) -> list[Piece]:
    return [(f"{name:<{AXIS - 1}}│", "dim"), *runs(cells), (beside, "dim")]


def _short(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
