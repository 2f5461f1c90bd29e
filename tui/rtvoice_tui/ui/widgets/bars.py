"""A level as a bar from -60 to 0 dBFS, with its held peak, in eighths of a cell or in ASCII."""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from rtvoice_tui.media import FLOOR_DB
from rtvoice_tui.store.levels import MeterReading
from rtvoice_tui.ui.widgets.lines import Piece

WARN_DB, CLIP_DB = -18.0, -6.0

_EIGHTHS = " ▏▎▍▌▋▊▉"


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
