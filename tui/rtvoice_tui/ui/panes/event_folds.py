"""The folded list of events: which row of the log is on which line, with some groups unfolded.

A line is a row without a group, the head line of a group, or a row of an unfolded group below its head line.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from rtvoice_tui.store.event_groups import EventGroups


class Place(NamedTuple):
    """What a line shows.

    Attributes:
        row: number of the row; of a head line the first row of the group.
        group: number of the row's group; 0 if it has none.
        head: whether it is the head line of the group.
    """

    row: int
    group: int = 0
    head: bool = False


class EventFolds:
    """Maps lines to rows and back in O(log n), n being the number of rows for a row, of unfolded groups for a line.

    Lines are added at the end as the log grows. Rows that are added to an unfolded group appear with `update`.

    Args:
        groups: the groups of the log.
    """

    def __init__(self, groups: EventGroups) -> None:
        self._groups = groups
        self._unfolded: dict[int, array[int]] = {}  # the rows of each unfolded group
        # of unfolded groups in order of their lines: the number, the place among the heads, the head line
        self._order: list[int] = []
        self._places: list[int] = []
        self._lines: list[int] = []
        self._more = 0

    def __len__(self) -> int:
        """Number of lines."""
        return len(self._groups.heads) + self._more

    def unfolded(self, group: int) -> bool:
        """Whether the rows of a group are shown."""
        return group in self._unfolded

    def rows_below(self, group: int) -> int:
        """Number of lines below the head line of a group that show its rows."""
        return len(self._unfolded.get(group, ()))

    def unfold(self, group: int) -> None:
        """Show the rows of a group below its head line."""
        if group not in self._unfolded:
            self._unfolded[group] = array("I", self._groups.rows(group))
            self._arrange()

    def fold(self, group: int) -> None:
        """Show a group as its head line alone."""
        if self._unfolded.pop(group, None) is not None:
            self._arrange()

    @property
    def behind(self) -> bool:
        """Whether unfolded groups have new rows, which `update` shows."""
        return any(self._groups.goes_on(rows[-1]) for rows in self._unfolded.values())

    def update(self) -> None:
        """Show the rows that were added to unfolded groups."""
        for group, rows in self._unfolded.items():
            rows.extend(self._groups.rows(group, after=rows[-1]))
        self._arrange()

    def at(self, line: int) -> Place:
        """What a line shows.

        Raises:
            IndexError: there is no such line.
        """
        if line < 0:
            raise IndexError(line)
        nearest = bisect_right(self._lines, line) - 1
        place = line
        if nearest >= 0:
            group = self._order[nearest]
            below = line - self._lines[nearest]
            rows = self._unfolded[group]
            if 0 < below <= len(rows):
                return Place(rows[below - 1], group)
            place = self._places[nearest] + below - (len(rows) if below else 0)
        row = self._groups.heads[place]
        group = self._groups.of_row[row]
        return Place(row, group, bool(group))

    def line_of(self, row: int, head: bool = False) -> int:
        """The line that shows a row: the head line if its group is folded.

        Args:
            row: number of the row.
            head: whether the head line of the row's group is meant.
        """
        group = self._groups.of_row[row]
        line = self.line_from(self._groups.first(group) if group else row)
        rows = self._unfolded.get(group)
        return line if rows is None or head else line + 1 + bisect_left(rows, row)

    def line_from(self, row: int) -> int:
        """The line of the first head at or behind a row; the number of lines if there is none."""
        place = bisect_left(self._groups.heads, row)
        above = bisect_left(self._places, place)
        if not above:
            return place
        return self._lines[above - 1] + len(self._unfolded[self._order[above - 1]]) + place - self._places[above - 1]

    def places(self, after: int) -> Iterator[Place]:
        """All places as if every group were unfolded, once around from behind a line, which comes last.

        Args:
            after: the line; -1 begins at the first one.
        """
        count = len(self)
        if after >= 0:
            yield from self._inside(after)
        for step in range(1, count + 1):
            line = (after + step) % count
            yield self.at(line)
            if line != after:
                yield from self._inside(line)

    def _inside(self, line: int) -> Iterator[Place]:
        """The rows that a line hides."""
        _, group, head = self.at(line)
        if head and group not in self._unfolded:
            yield from (Place(row, group) for row in self._groups.rows(group))

    def _arrange(self) -> None:
        """Compute the lines of all unfolded groups."""
        self._order = sorted(self._unfolded, key=self._groups.first)
        self._places = [bisect_left(self._groups.heads, self._groups.first(group)) for group in self._order]
        self._lines = []
        self._more = 0
        for group, place in zip(self._order, self._places, strict=True):
            self._lines.append(place + self._more)
            self._more += len(self._unfolded[group])
