"""The filter of the event stream: which rows of the log hold the words that are wanted, found a few at a time."""

from bisect import bisect_left
from collections.abc import Iterator

from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.ui.panes.event_words import short_name

SCAN_ROWS = 4_000
SCAN_EVENTS = 4_000
"""Maximum number of rows, and of events in them, that a filter scans per pulse, so that the app stays responsive."""

WATCHED_EVENTS = 2_000
"""A row with more events is filtered again only when it has grown by half: all of its text is read."""

WATCHED_ROWS = 64
"""Number of last rows that are filtered again when they grow."""


class EventFilter:
    """Rows of the log that pass a filter.

    Attributes:
        words: the words of the filter, as they were typed.
        hits: the rows that passed so far, in order.

    Args:
        log: the events.
        words: words that a row must hold; a word after ``-`` hides rows.
    """

    def __init__(self, log: EventLog, words: str) -> None:
        self._log = log
        self.words = words.strip()
        each = words.lower().split()
        self._wanted = [word for word in each if not word.startswith("-")]
        self._unwanted = [word[1:] for word in each if word.startswith("-") and len(word) > 1]
        self.hits: list[int] = []
        self._scanned = 0
        self._counted: dict[int, int] = {}  # events of the last rows when they were filtered

    def __bool__(self) -> bool:
        """Whether it has any word."""
        return bool(self._wanted or self._unwanted)

    @property
    def behind(self) -> bool:
        """Whether there are rows that were not scanned yet."""
        return self._scanned < len(self._log)

    def line_of(self, row: int) -> int | None:
        """The place of a row among the hits; ``None`` if it is not among them."""
        line = self.line_from(row)
        return line if line < len(self.hits) and self.hits[line] == row else None

    def line_from(self, row: int) -> int:
        """The place of the first hit at or behind a row; the number of hits if there is none."""
        return bisect_left(self.hits, row)

    def before(self, row: int) -> Iterator[int]:
        """The hits before a row, the nearest first."""
        return (self.hits[line] for line in range(self.line_from(row) - 1, -1, -1))

    def scan(self) -> list[tuple[int, int]]:
        """Filter new rows, as many as one pulse has time for, and those that have grown since.

        Returns:
            Where hits were added (+1) or removed (-1), in this order.
        """
        changes: list[tuple[int, int]] = []
        for number, count in tuple(self._counted.items()):
            grown = self._log.count(number)
            if grown != count and (grown < WATCHED_EVENTS or grown >= 1.5 * count):
                self._judge(number, changes)
        end, events = min(len(self._log), self._scanned + SCAN_ROWS), 0
        while self._scanned < end and events < SCAN_EVENTS:
            events += self._log.count(self._scanned)
            self._judge(self._scanned, changes)
            self._scanned += 1
        return changes

    def _judge(self, number: int, changes: list[tuple[int, int]]) -> None:
        """Add a row to the hits, or remove it."""
        place = bisect_left(self.hits, number)
        was = place < len(self.hits) and self.hits[place] == number
        self._counted[number] = self._log.count(number)
        if len(self._counted) > WATCHED_ROWS:
            del self._counted[min(self._counted)]
        if self._log.matches(number, self._wanted, self._unwanted, short_name):
            if not was:
                self.hits.insert(place, number)
                changes.append((place, 1))
        elif was:
            del self.hits[place]
            changes.append((place, -1))
