"""A level as a bar from -60 to 0 dBFS, with its held peak, in eighths of a cell or in ASCII."""

from collections.abc import Iterable

from rtvoice_tui.store.levels import FLOOR_DB, Meter
from rtvoice_tui.ui.widgets.lines import Piece

WARN_DB, CLIP_DB = -18.0, -6.0

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(meter: Meter, cells: int, ascii_only: bool = False) -> list[Piece]:
    """The bar in ``cells`` cells between two edges; the part that is empty is a line up to full scale."""
    filled = share(meter.level_db) * cells
    whole, part = int(filled), 0 if ascii_only else int(filled % 1 * 8)
    peak = min(cells - 1, int(share(meter.peak_db) * cells)) if meter.peak_db > FLOOR_DB else -1
    if ascii_only:
        glyphs = ["#"] * whole + ["-"] * max(0, peak - whole)
        glyphs += [" "] * (cells - len(glyphs))
    else:
        glyphs = ["█"] * whole + ([_EIGHTHS[part]] if part and whole < cells else [])
        glyphs += ["─"] * (cells - len(glyphs))
    marked = peak >= whole + (part > 0)
    if marked:
        glyphs[peak] = "|" if ascii_only else "┃"
    warn, clip = int(share(WARN_DB) * cells), int(share(CLIP_DB) * cells)
    inks = ["meter-ok"] * warn + ["meter-warn"] * (clip - warn) + ["meter-clip"] * (cells - clip)
    for cell in range(whole + (part > 0), cells):
        if not (marked and cell == peak):
            inks[cell] = "meter-off"
    edges = ("[", "]") if ascii_only else ("▕", "▏")
    return [(edges[0], "dim"), *runs(zip(glyphs, inks, strict=True)), (edges[1], "dim")]


def level_words(meter: Meter) -> str:
    """The level in dBFS as a number, four cells wide."""
    return f"{meter.level_db:4.0f}" if meter.level_db > FLOOR_DB else "   ·"


def peak_words(meter: Meter) -> str:
    """The held peak in dBFS as a number, three cells wide."""
    return f"{meter.peak_db:3.0f}" if meter.peak_db > FLOOR_DB else "  ·"


def share(db: float) -> float:
    """How far a level is up the bar."""
    return min(1.0, max(0.0, (db - FLOOR_DB) / -FLOOR_DB))


def runs(cells: Iterable[Piece]) -> list[Piece]:
    """Neighbours of one ink together."""
    found: list[Piece] = []
    for glyph, ink in cells:
        if found and found[-1][1] == ink:
            found[-1] = (found[-1][0] + glyph, ink)
        else:
            found.append((glyph, ink))
    return found
