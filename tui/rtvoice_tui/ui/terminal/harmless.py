"""The last door before the terminal: no line of any widget carries a control character."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from rtvoice_tui.store.plain import line_of


class HarmlessLines(LineFilter):
    """Makes the text of every line harmless, whichever widget drew it; the line keeps its width in cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments where nothing has to be changed."""
        if all(text.isascii() and text.isprintable() for text, _, _ in segments):
            return segments
        harmless = [
            segment if segment.control else Segment(line_of(segment.text), segment.style) for segment in segments
        ]
        if harmless == segments:
            return segments
        return Segment.adjust_line_length(harmless, Segment.get_line_length(segments), pad=False)


HARMLESS = HarmlessLines()
