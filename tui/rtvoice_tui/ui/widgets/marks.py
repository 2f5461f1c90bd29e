"""Marks what a search has found in lines."""

from collections.abc import Sequence

from rtvoice_tui.store.query import QueryError, Text
from rtvoice_tui.ui.widgets.lines import Piece


def marked(pieces: list[Piece], wanted: Sequence[Text]) -> list[Piece]:
    """Use the search ink for every match of a text.

    Args:
        pieces: a line.
        wanted: the texts.
    """
    found: list[Piece] = []
    for text, ink in pieces:
        at = 0
        for start, end in _places(text, wanted):
            found += [(text[at:start], ink), (text[start:end], "hit")]
            at = end
        found.append((text[at:], ink))
    return found


def _places(text: str, wanted: Sequence[Text]) -> list[tuple[int, int]]:
    """Where a text holds what is wanted, in order and without overlaps."""
    lowered = text.lower()
    if len(lowered) != len(text):
        return []
    spans: list[tuple[int, int]] = []
    for each in wanted:
        try:
            spans += each.places(lowered)
        except QueryError:
            return []
    places: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not places or start >= places[-1][1]:
            places.append((start, end))
        elif end > places[-1][1]:
            places[-1] = (places[-1][0], end)
    return places
