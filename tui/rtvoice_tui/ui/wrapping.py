"""Words into lines of so many cells, fit for text that grows: only the last line is wrapped again."""

from collections.abc import Sequence

from rich.cells import cell_len

from rtvoice_tui.ui.widgets.lines import Piece


class GrowingLines:
    """The wrapped lines of one paragraph.

    Args:
        width: cells of a line.
    """

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self.lines: list[str] = [""]
        self.starts: list[int] = [0]

    def append(self, text: str) -> None:
        """Add text at the end. Costs what the added text costs, however long the paragraph is."""
        rest = self.lines.pop() + text
        base = self.starts.pop()
        at = 0
        while True:
            cut, skip = _break(rest[at : at + 4 * self.width + 1], self.width)
            self.lines.append(rest[at : at + cut])
            self.starts.append(base + at)
            at += cut + skip
            if at >= len(rest) and not skip:
                return

    @classmethod
    def of(cls, text: str, width: int) -> "GrowingLines":
        """A whole paragraph."""
        lines = cls(width)
        lines.append(text)
        return lines


def wrapped(pieces: Sequence[Piece], width: int, indent: int) -> list[list[Piece]]:
    """One line of pieces as several: those after the first begin ``indent`` cells further to the right.

    Where that leaves no room it stays one.
    """
    text = "".join(part for part, _ in pieces)
    first = GrowingLines.of(text, width)
    if len(first.lines) == 1 or indent >= width // 2:
        return [list(pieces)]
    at = first.starts[1]
    rest = GrowingLines.of(text[at:], width - indent)
    lines = [_cut(pieces, at + start, len(line)) for start, line in zip(rest.starts, rest.lines, strict=True)]
    return [_cut(pieces, 0, len(first.lines[0])), *([(" " * indent, "plain"), *line] for line in lines)]


def _cut(pieces: Sequence[Piece], start: int, length: int) -> list[Piece]:
    """So many characters of a line."""
    cut: list[Piece] = []
    at = 0
    for text, ink in pieces:
        part = text[max(0, start - at) : max(0, start + length - at)]
        if part:
            cut.append((part, ink))
        at += len(text)
    return cut


def _break(window: str, width: int) -> tuple[int, int]:
    """Where the line at the head of ``window`` ends, and how many characters of white space after it vanish."""
    size = fits = 0
    for character in window:
        if character == "\n":
            return fits, 1
        size += cell_len(character)
        if size > width:
            break
        fits += 1
    else:
        return fits, 0
    if window[fits] == " ":
        return fits, 1
    space = window.rfind(" ", 0, fits)
    if space > 0:
        return space, 1
    return max(1, fits), 0
