"""Line filter before the terminal: replaces control characters in the output of all widgets."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from rtvoice_tui.store.plain import line_of


class HarmlessLines(LineFilter):
    """Replaces control characters in the text of every line by symbols; the line keeps its width in cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace control characters; returns the same list if nothing has to be changed."""
        if all(text.isascii() and text.isprintable() for text, _, _ in segments):
            return segments
        harmless = [
            segment if segment.control else Segment(line_of(segment.text), segment.style) for segment in segments
        ]
        if harmless == segments:
            return segments
        return Segment.adjust_line_length(harmless, Segment.get_line_length(segments), pad=False)


HARMLESS = HarmlessLines()
