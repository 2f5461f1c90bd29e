"""Input fields for untrusted text: the text is kept unchanged, and control characters are drawn as symbols."""

from rich.text import Text
from textual.widgets import Input, TextArea

from rtvoice_tui.store.plain import visible


def drawn(text: str) -> str:
    """The text with control characters replaced by symbols, one for one."""
    return visible(text.replace("\r", "\u240d").replace("\n", "\u240a"))


class PlainInput(Input):
    """Single-line field that draws control characters as symbols."""

    @property
    def _value(self) -> Text:
        return Text(drawn(self.value), no_wrap=True, overflow="ignore", end="")


class PlainArea(TextArea):
    """Text area that draws control characters as symbols."""

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn."""
        return Text(drawn(self.document.get_line(line_index)), end="", no_wrap=True)
