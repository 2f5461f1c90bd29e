"""Base widgets that draw lines of styled text; every pane and row uses them. Text is never parsed as markup."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from rtvoice_tui.store.plain import line_of
from rtvoice_tui.ui.glyphs import ASCII
from rtvoice_tui.ui.inks import OVERLAYS, mix

Piece = tuple[str, str]
"""Text and the name of its ink."""


class Inked(Widget):
    """Widget that draws with named inks, whose styles come from the theme."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._inks: dict[str, Style] = {}

    @property
    def ascii_only(self) -> bool:
        """Whether to draw ASCII characters only."""
        return bool(getattr(self.app, "ascii_only", False))

    def ink(self, name: str) -> Style:
        """The style of an ink on this widget's background."""
        style = self._inks.get(name)
        if style is None:
            style = mix(name, self.app.theme_variables)
            if name not in OVERLAYS:
                style += Style(bgcolor=self.rich_style.bgcolor)
            self._inks[name] = style
        return style

    def notify_style_update(self) -> None:
        """Clear the cached styles, because the theme or the widget's state changed."""
        super().notify_style_update()
        self._inks = {}

    def strip(self, pieces: Sequence[Piece], width: int, over: str = "") -> Strip:
        """Pieces as one line of exactly ``width`` cells; ``over`` is an ink laid over all of them."""
        segments = []
        texts = [line_of(text) for text, _ in pieces]
        left = width
        if width > 1 and _overflows(texts, width):
            left -= 1  # room for the mark of what is cut
        cover = self.ink(over) if over else None
        ascii_only = self.ascii_only
        marked = left < width
        for text, (_, name) in zip(texts, pieces, strict=True):
            if ascii_only:
                text = text.translate(ASCII)
            size = cell_len(text)
            if size > left:
                text = set_cell_size(text, left)
                size = left
            style = self.ink(name)
            segments.append(Segment(text, style + cover if cover and name not in OVERLAYS else style))
            left -= size
            if left <= 0:
                break
        if marked:
            style = self.ink("dim")
            left += 1
            if left > 1:
                segments.append(Segment(" " * (left - 1), style + cover if cover else style))
            segments.append(Segment("~" if ascii_only else "…", style + cover if cover else style))
            left = 0
        if left > 0:
            blank = self.ink("plain")
            segments.append(Segment(" " * left, blank + cover if cover else blank))
        return Strip(segments, width)


def _overflows(texts: Sequence[str], width: int) -> bool:
    """Whether more than blanks stands behind the width."""
    room = width
    for place, text in enumerate(texts):
        size = cell_len(text)
        if size > room:
            rest = text[room:] if size == len(text) else text[len(set_cell_size(text, room).rstrip()) :]
            return bool(rest.strip()) or any(later.strip() for later in texts[place + 1 :])
        room -= size
    return False


class FixedLine(Inked):
    """One line that is repainted only when its words change."""

    DEFAULT_CSS = "FixedLine { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._pieces: list[Piece] = []
        self._painted = False

    def write(self, pieces: list[Piece]) -> None:
        """Show these pieces."""
        if pieces != self._pieces:
            self._pieces = pieces
            if self._painted:
                self.refresh()

    def fill(self) -> None:
        """Hook to write the first content when the size is known, so that one paint completes the first frame."""

    @property
    def words(self) -> str:
        """The text shown, without styles."""
        return "".join(text for text, _ in self._pieces)

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        if not self._painted:
            self.fill()
            self._painted = True
        return self.strip(self._pieces, self.size.width) if y == 0 else Strip.blank(self.size.width)
