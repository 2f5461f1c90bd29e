"""Wraps text into lines of a given width in cells. When text is appended, only the last line is wrapped again."""

from collections.abc import Sequence

from rich.cells import cell_len

from rtvoice_tui.ui.widgets.lines import Piece


class GrowingLines:
    """The wrapped lines of one text that can grow.

    Args:
        width: maximum width of a line in terminal cells; at least 1 is used.

    Attributes:
        lines: the wrapped lines, without the white space at line breaks.
        starts: index of each line's first character in the whole text.
    """

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self.lines: list[str] = [""]
        self.starts: list[int] = [0]

    def append(self, text: str) -> None:
        """Append text. The cost depends on the appended text, not on the length of the whole."""
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
        """Wrap a complete text."""
        lines = cls(width)
        lines.append(text)
        return lines


def wrapped(pieces: Sequence[Piece], width: int, indent: int) -> list[list[Piece]]:
    """Wrap a line of pieces; lines after the first are indented by ``indent`` cells.

    The line is not wrapped if ``indent`` is half of ``width`` or more.
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
    """The pieces of ``length`` characters, counted from character ``start``."""
    cut: list[Piece] = []
    at = 0
    for text, ink in pieces:
        part = text[max(0, start - at) : max(0, start + length - at)]
        if part:
            cut.append((part, ink))
        at += len(text)
    return cut


def _break(window: str, width: int) -> tuple[int, int]:
    """Length of the first line of ``window`` in characters, and how many white-space characters to skip after it."""
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
