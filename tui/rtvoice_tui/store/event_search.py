"""Finds the rows of an event log that a query asks for, a part of the log's file at a time.

Bytes are searched, not rows: what a row costs is only paid where something is found.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from rtvoice_tui.store.event_log import EventLog, readable
from rtvoice_tui.store.query import Query, Text

PART_BYTES = 4 << 20
"""Bytes of the file that are searched at a time."""

PART_EVENTS = 20_000
"""The same in events."""


class EventSearch:
    """The rows that pass a query so far. Call `scan` until it is not `behind`.

    Args:
        log: the events.
        query: what they must be like.
        shown: returns how a type is shown; what must not be there is searched only as far as it is shown.

    Attributes:
        hits: the rows that passed so far, in order.
    """

    def __init__(self, log: EventLog, query: Query, shown: Callable[[str], str]) -> None:
        self.hits: list[int] = []
        self._log = log
        self._query = query
        self._shown = shown
        self._held: list[set[int]] = [set() for _ in query.texts]  # the rows whose text holds each text
        self._heads: dict[int, tuple[bool, ...]] = {}  # whether the head of a kind of row holds each text
        self._events = self._rows = self._joined = 0
        self._later: set[int] = set()  # rows that were found and cannot be read yet

    @property
    def behind(self) -> bool:
        """Whether there are events that were not searched yet."""
        return self._events < self._log.events or self._joined < self._log.joined.ended

    def scan(self) -> list[tuple[int, int]]:
        """Search the next part; returns where hits were added (+1) or removed (-1), in this order."""
        log = self._log
        end = min(log.events, self._events + PART_EVENTS)
        changed, self._later = self._later, set()
        if end > self._events:
            if any(not text.in_type for text in self._query.texts):
                end = self._search(self._events, end, changed)
            rows = log.rows_until(end)
            changed.update(self._possible(self._rows, rows))
            self._events, self._rows = end, rows
        self._search_joined(changed)
        self._later = {row for row in changed if row >= self._rows}
        return [change for row in sorted(changed - self._later) for change in self._judge(row)]

    # --- texts

    def _search(self, first: int, end: int, changed: set[int]) -> int:
        """Search the text of events; returns the event behind those that were searched."""
        part, start, end = self._log.part(first, end, PART_BYTES)
        escaped = b"\\" in part and b"\\u" in part  # the first is quick
        lowered = b"" if escaped else part.lower()
        for number, text in enumerate(self._query.texts):
            if text.in_type:
                continue
            if escaped or not text.in_bytes:
                events = self._lines_found(part, text, first)
            elif text.unwanted:
                events = self._found(self._without_types(lowered, text), start, text, first, end)
            else:
                events = self._found(lowered, start, text, first, end)
            rows = {self._log.row_of(event) for event in events}
            changed |= rows - self._held[number]
            self._held[number] |= rows
        return end

    def _found(self, lowered: bytes, start: int, text: Text, first: int, end: int) -> Iterator[int]:
        """The events whose bytes hold a text; start: where the bytes begin in the file."""
        at = text.find(lowered, 0)
        while at >= 0:
            event, ends = self._log.event_at(start + at, first, end)
            begins, ends = lowered.rfind(b"\n", 0, at) + 1, ends - start
            if text.find(lowered[begins : ends - 1], 0) >= 0:  # it does not lie across two events
                yield event
            at = text.find(lowered, ends)

    def _without_types(self, lowered: bytes, text: Text) -> bytes:
        """What must not be there may be a part of the type: only what is shown of that counts."""
        for name in self._log.names:
            if text.needle in name.lower():
                for spelled in _types(name.lower()):
                    lowered = lowered.replace(spelled.encode(), b"\0" * len(spelled.encode()))
        return lowered

    def _lines_found(self, part: bytes, text: Text, first: int) -> Iterator[int]:
        names = [name.lower() for name in self._log.names if text.unwanted and text.holds(name.lower())]
        types = [spelled for name in names for spelled in _types(name)]
        for event, line in enumerate(part.decode("utf-8", "replace").split("\n")[:-1], first):
            lowered = readable(line).lower()
            for spelled in types:
                lowered = lowered.replace(spelled, "")
            if text.holds(lowered):
                yield event

    def _search_joined(self, changed: set[int]) -> None:
        """Search what deltas say together: runs that ended once, those that grow each time."""
        part, starts, rows = self._log.joined.part(self._joined, PART_BYTES)
        self._joined += len(rows)
        lowered = part.lower()
        for number, text in enumerate(self._query.texts):
            if text.in_type:
                continue
            if text.in_bytes:
                found = {rows[place] for place in _lines_with(lowered, text, starts)}
            else:
                lines = part.decode("utf-8", "replace").lower().split("\n")
                found = {row for row, line in zip(rows, lines, strict=False) if text.holds(line)}
            found |= {
                row for row, said in self._log.joined.growing() if text.holds(said.decode("utf-8", "replace").lower())
            }
            changed |= found - self._held[number]
            self._held[number] |= found

    # --- rows

    def _possible(self, first: int, end: int) -> Iterator[int]:
        """The new rows that may pass without a text that was found: their heads hold all that must be there."""
        log = self._log
        wanted = [number for number, text in enumerate(self._query.texts) if not text.unwanted]
        enough: dict[int, bool] = {}
        for row in range(first, end):
            key = log.kind(row)
            passes = enough.get(key)
            if passes is None:
                head = self._head(row, key)
                passes = enough[key] = all(head[number] for number in wanted)
            if passes:
                yield row

    def _head(self, row: int, key: int) -> tuple[bool, ...]:
        known = self._heads.get(key)
        if known is None:
            shown, name = self._log.row(row), self._log.name(row)
            marks = f"{'up' if shown.sent else 'down'} {'error' if shown.error else ''} {self._shown(name)}".lower()
            head = f"{marks} {name.lower()}"
            known = self._heads[key] = tuple(
                text.holds(f"{self._shown(name)} {name}".lower() if text.in_type else marks if text.unwanted else head)
                for text in self._query.texts
            )
        return known

    def _judge(self, row: int) -> Iterator[tuple[int, int]]:
        """Add a row to the hits, or remove it."""
        place = bisect_left(self.hits, row)
        was = place < len(self.hits) and self.hits[place] == row
        passes = self._passes(row)
        if passes and not was:
            self.hits.insert(place, row)
            yield place, 1
        elif was and not passes:
            del self.hits[place]
            yield place, -1

    def _passes(self, row: int) -> bool:
        head = self._head(row, self._log.kind(row))
        for number, text in enumerate(self._query.texts):
            if (head[number] or row in self._held[number]) is text.unwanted:
                return False
        if not self._query.spans:
            return True
        shown = self._log.row(row)
        values = {"turn": self._log.turn_of(row), "since": shown.at, "slower": shown.gap_ms, "dir": shown.sent}
        return all(span.holds(values[span.name]) for span in self._query.spans)


def _types(name: str) -> tuple[str, str]:
    """How the type of an event is spelled in its JSON."""
    return f'"type":"{name}"', f'"type": "{name}"'


def _lines_with(lowered: bytes, text: Text, starts: list[int]) -> Iterator[int]:
    """The lines that hold a text. ``starts``: where each begins."""
    at = text.find(lowered, 0)
    while at >= 0:
        line = bisect_right(starts, at) - 1
        ends = starts[line + 1] if line + 1 < len(starts) else len(lowered)
        if text.find(lowered[starts[line] : ends - 1], 0) >= 0:
            yield line
        at = text.find(lowered, ends)
