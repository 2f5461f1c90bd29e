"""Lines of coloured text drawn by hand: the base of every pane and row. Text is never markup."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

Piece = tuple[str, str]
"""Text and the name of its ink."""

INKS = frozenset(
    "plain dim you agent tool unheard sent received live ok warn error cursor hit key title"
    " meter-ok meter-warn meter-clip meter-off".split()
)


OVERLAYS = frozenset({"cursor", "hit"})
"""Inks that are laid over others."""


class Inkwell(Widget):
    """Holds the inks' colours for a whole app: once, because styling a component class costs at every start."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{name}" for name in INKS}
    DEFAULT_CSS = "Inkwell { display: none; }"

    def __init__(self) -> None:
        super().__init__(id="inkwell")
        self._inks: dict[str, Style] = {}

    def ink(self, name: str) -> Style:
        """The style of an ink on the screen's background; those that are laid over others have only what is theirs."""
        style = self._inks.get(name)
        if style is None:
            style = self._inks[name] = self.get_component_rich_style(f"ink--{name}", partial=name in OVERLAYS)
        return style

    def notify_style_update(self) -> None:
        """The theme changed: forget what was mixed."""
        super().notify_style_update()
        self._inks = {}


class Inked(Widget):
    """A widget that paints with named inks, whose colours are the theme's."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._inks: dict[str, Style] = {}

    def ink(self, name: str) -> Style:
        """The style of an ink on this widget's background."""
        style = self._inks.get(name)
        if style is None:
            style = self.app.screen_stack[0].query_one("#inkwell", Inkwell).ink(name)
            if name not in OVERLAYS:
                style += Style(bgcolor=self.rich_style.bgcolor)
            self._inks[name] = style
        return style

    def notify_style_update(self) -> None:
        """The theme or the state changed: forget what was mixed."""
        super().notify_style_update()
        self._inks = {}

    def strip(self, pieces: Sequence[Piece], width: int, over: str = "") -> Strip:
        """Pieces as one line of exactly ``width`` cells; ``over`` is an ink laid over all of them."""
        segments = []
        left = width
        cover = self.ink(over) if over else None
        for text, name in pieces:
            size = cell_len(text)
            if size > left:
                text = set_cell_size(text, left)
                size = left
            style = self.ink(name)
            segments.append(Segment(text, style + cover if cover else style))
            left -= size
            if left <= 0:
                break
        if left > 0:
            blank = self.ink("plain")
            segments.append(Segment(" " * left, blank + cover if cover else blank))
        return Strip(segments, width)


class FixedLine(Inked):
    """One line that is repainted only when its words change."""

    DEFAULT_CSS = "FixedLine { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._pieces: list[Piece] = []

    def write(self, pieces: list[Piece]) -> None:
        """Show these pieces."""
        if pieces != self._pieces:
            self._pieces = pieces
            self.refresh()

    @property
    def words(self) -> str:
        """What is shown, without colour."""
        return "".join(text for text, _ in self._pieces)

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        return self.strip(self._pieces, self.size.width) if y == 0 else Strip.blank(self.size.width)
