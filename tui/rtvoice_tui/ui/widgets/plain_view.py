"""View of a few lines that are all laid out, for reading and copying."""

from typing import ClassVar

from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.wrapping import wrapped


class PlainView(FollowView):
    """A list of lines: fixed, or laid out again in `refresh_from_model` of a subclass."""

    GROWS: ClassVar[bool] = False

    def __init__(self, lines: list[list[Piece]], *, id: str = "plain") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines = lines

    def refresh_from_model(self) -> bool:
        """Returns False: the lines never change."""
        return False

    @property
    def line_count(self) -> int:
        """Number of lines."""
        return len(self._lines)

    def pieces(self, line: int) -> list[Piece]:
        """Content of a line."""
        return self._lines[line]

    def copy_text(self) -> str:
        """All lines."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)


class WrappedView(PlainView):
    """Lines that are wrapped to the width of the view.

    Args:
        lines: the lines.
        indent: indent of the wrapped parts in cells.
    """

    def __init__(self, lines: list[list[Piece]], indent: int) -> None:
        super().__init__(lines)
        self._source = lines
        self._indent = indent
        self._width = 0

    def refresh_from_model(self) -> bool:
        """Wrap again for another width."""
        if self._width == self.text_width:
            return False
        self._width = self.text_width
        self._lines = [row for line in self._source for row in wrapped(line, self._width, self._indent)]
        return True
