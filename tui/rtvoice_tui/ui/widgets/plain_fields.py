"""Fields for text that others wrote: it is kept as it is, and what a terminal would obey is drawn as a symbol."""

from rich.text import Text
from textual.widgets import Input, TextArea

from rtvoice_tui.store.plain import visible


def drawn(text: str) -> str:
    """The text as it is drawn, character for character."""
    return visible(text.replace("\r", "\u240d").replace("\n", "\u240a"))


class PlainInput(Input):
    """A line."""

    @property
    def _value(self) -> Text:
        return Text(drawn(self.value), no_wrap=True, overflow="ignore", end="")


class PlainArea(TextArea):
    """Several lines."""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        return Text(drawn(self.document.get_line(line_index)), end="", no_wrap=True)
