"""The keys of a dialog, in as many lines as they take."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip

from rtvoice_tui.ui.widgets.lines import Inked, Piece

_GAP = 3
"""Cells between two entries."""


class KeyBlock(Inked):
    """Keys with what they do. An entry that does not fit into a line begins the next one.

    Args:
        entries: keys as they are shown, and what they do.
    """

    DEFAULT_CSS = "KeyBlock { height: auto; }"

    def __init__(self, entries: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._entries = tuple(entries)

    @property
    def entries(self) -> tuple[tuple[str, str], ...]:
        """The keys that are shown, with what they do."""
        return self._entries

    def show(self, entries: Sequence[tuple[str, str]]) -> None:
        """Show other keys."""
        if tuple(entries) != self._entries:
            self._entries = tuple(entries)
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Number of lines at a width."""
        return len(self._rows(width))

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        rows = self._rows(self.size.width)
        return self.strip(rows[y] if y < len(rows) else [], self.size.width)

    def _rows(self, width: int) -> list[list[Piece]]:
        rows: list[list[Piece]] = [[]]
        room = width
        for keys, words in self._entries:
            size = cell_len(keys) + 1 + cell_len(words)
            if rows[-1] and size + _GAP > room:
                rows.append([])
                room = width
            if rows[-1]:
                rows[-1].append((" " * _GAP, "plain"))
                room -= _GAP
            rows[-1] += [(keys, "key"), (f" {words}", "dim")]
            room -= size
        return rows
