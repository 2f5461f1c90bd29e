"""Words into lines of so many cells, fit for text that grows: only the last line is wrapped again."""

from rich.cells import cell_len


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
