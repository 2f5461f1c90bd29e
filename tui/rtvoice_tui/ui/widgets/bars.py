"""Levels from -60 to 0 dBFS: as a bar with its held peak, and the last seconds as a wave; also in ASCII."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from rtvoice_tui.media import FLOOR_DB, Level
from rtvoice_tui.store.levels import MeterReading
from rtvoice_tui.ui.widgets.lines import Piece

WARN_DB, CLIP_DB = -18.0, -6.0

_EIGHTHS = " ▏▎▍▌▋▊▉"

_RISING = "▁▂▃▄▅▆▇█"
_STEPS = "_.:=#"
"""The same in ASCII."""


def bar(meter: MeterReading, cells: int, ascii_only: bool = False) -> list[Piece]:
    """The bar in ``cells`` cells between two edges; the part that is empty is a line up to full scale."""
    filled = share(meter.level_db) * cells
    whole, part = int(filled), 0 if ascii_only else int(filled % 1 * 8)
    lit = "#" * whole if ascii_only else "█" * whole + (_EIGHTHS[part] if part else "")
    warn, clip = int(share(WARN_DB) * cells), int(share(CLIP_DB) * cells)
    left, right = ("[", "]") if ascii_only else ("▕", "▏")
    pieces: list[Piece] = [(left, "dim"), (lit[:warn], "meter-ok"), (lit[warn:clip], "meter-warn")]
    pieces.append((lit[clip:], "meter-clip"))
    peak = min(cells - 1, int(share(meter.peak_db) * cells)) if meter.peak_db > FLOOR_DB else -1
    below, above = ("-", " ") if ascii_only else ("─", "─")
    if peak < len(lit):
        pieces.append((above * (cells - len(lit)), "meter-off"))
    else:
        ink = "meter-clip" if peak >= clip else "meter-warn" if peak >= warn else "meter-ok"
        pieces += [(below * (peak - len(lit)), "meter-off"), ("|" if ascii_only else "┃", ink)]
        pieces.append((above * (cells - peak - 1), "meter-off"))
    return [*(piece for piece in pieces if piece[0]), (right, "dim")]


def wave(levels: Sequence[Level | None], ascii_only: bool = False) -> list[Piece]:
    """The last levels as one cell each, the newest at the right; without frames a cell is empty."""
    return runs(_column(level, ascii_only) for level in levels)


@lru_cache(512)
def _column(level: Level | None, ascii_only: bool) -> Piece:
    if level is None:
        return " ", "meter-off"
    if level.clipped:
        return "!" if ascii_only else "█", "meter-clip"
    steps = _STEPS if ascii_only else _RISING
    height = share(level.rms_db)
    ink = "meter-clip" if level.rms_db >= CLIP_DB else "meter-warn" if level.rms_db >= WARN_DB else "meter-ok"
    return steps[min(len(steps) - 1, int(height * len(steps)))], ink if height else "meter-off"


def rising(level_db: float, ascii_only: bool) -> str:
    """A level in dBFS as one cell; a blank where there is none."""
    steps = _STEPS if ascii_only else _RISING
    return steps[min(len(steps) - 1, int(share(level_db) * len(steps)))] if level_db > FLOOR_DB else " "


def level_words(meter: MeterReading) -> str:
    """The level in dBFS as a number, four cells wide."""
    return f"{meter.level_db:4.0f}" if meter.level_db > FLOOR_DB else "   ·"


def peak_words(meter: MeterReading) -> str:
    """The held peak in dBFS as a number, three cells wide."""
    return f"{meter.peak_db:3.0f}" if meter.peak_db > FLOOR_DB else "  ·"


def share(db: float) -> float:
    """A level in dBFS as a fraction of the bar, from 0 to 1."""
    return min(1.0, max(0.0, (db - FLOOR_DB) / -FLOOR_DB))


def runs(cells: Iterable[Piece]) -> list[Piece]:
    """Join neighbouring cells that have the same ink."""
    return [("".join([glyph for glyph, _ in group]), ink) for ink, group in groupby(cells, itemgetter(1))]
