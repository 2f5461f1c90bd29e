"""The filter of the event stream: which rows of the log pass a query, found a part at a time."""

from bisect import bisect_left
from collections.abc import Iterator

from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.event_search import EventSearch
from rtvoice_tui.store.query import NO_QUERY, QueryError, parse
from rtvoice_tui.ui.panes.event_words import short_name


class EventFilter:
    """Rows of the log that pass a filter.

    Attributes:
        words: the filter, as it was typed.
        hits: the rows that passed so far, in order.
        problem: why the search has ended, or could not begin; empty if neither.

    Args:
        log: the events.
        words: a query, see `store.query`; nothing passes one that cannot be understood.
    """

    def __init__(self, log: EventLog, words: str) -> None:
        self.problem = ""
        try:
            self._query = parse(words)
        except QueryError as error:
            self._query, self.problem = NO_QUERY, str(error)
        self._search = EventSearch(log, self._query, short_name)
        self.words = words.strip()

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return bool(self._query or self.problem)

    @property
    def hits(self) -> list[int]:
        """The rows that passed so far, in order."""
        return [] if self.problem and not self._query else self._search.hits

    @property
    def behind(self) -> bool:
        """Whether there are events that were not searched yet."""
        return self._search.behind and not self.problem

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
        """Search as much as one pulse has time for; returns where hits were added (+1) or removed (-1), in order."""
        try:
            return [] if self.problem else self._search.scan()
        except QueryError as error:
            self.problem = str(error)
            return []
