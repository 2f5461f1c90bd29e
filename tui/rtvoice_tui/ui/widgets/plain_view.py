"""A few lines that are laid out whole, to be read and copied."""

from typing import ClassVar

from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import Piece


class PlainView(FollowView):
    """A list of lines: laid out in advance, or anew by a subclass whenever something may have changed."""

    GROWS: ClassVar[bool] = False

    def __init__(self, lines: list[list[Piece]], *, id: str = "plain") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines = lines

    def update_model(self) -> bool:
        """Nothing ever changes here."""
        return False

    @property
    def line_count(self) -> int:
        """How many lines."""
        return len(self._lines)

    def pieces(self, line: int) -> list[Piece]:
        """A line."""
        return self._lines[line]

    def copy_text(self) -> str:
        """All lines."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)
