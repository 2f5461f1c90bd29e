"""Pane 2: all events of both directions; those of a response or an utterance fold into one line. A filter by words."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import ClassVar, NamedTuple

from textual.binding import BindingType
from textual.cache import FIFOCache

from rtvoice_tui.store.causes import cause_of
from rtvoice_tui.store.event_log import Row
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.query import QueryError
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import bindings
from rtvoice_tui.ui.panes.event_filter import EventFilter
from rtvoice_tui.ui.panes.event_folds import EventFolds, Place
from rtvoice_tui.ui.panes.event_rows import EventRows
from rtvoice_tui.ui.panes.event_words import short_name
from rtvoice_tui.ui.widgets.follow_view import COUNTED, FOUND_WITHIN, FollowView
from rtvoice_tui.ui.widgets.lines import Piece

CAUSE_WITHIN = 20_000
"""Maximum number of rows that are searched for the cause of an event."""

COPIED_EVENTS = 10_000
"""Maximum number of a group's events that are copied."""

TURN_WITHIN = 200
"""Maximum number of a turn's rows that are searched for the first that has a line of its own."""


class Compared(NamedTuple):
    """How two events differ, as title and lines; and the same of the session's settings at their times."""

    events: tuple[str, list[str]]
    settings: Callable[[], tuple[str, list[str]]]


class EventsView(FollowView):
    """Lines of the event log, laid out when they are drawn.

    The lines are folded groups and single events; with `flat`, or with a filter, all events.

    Attributes:
        flat: whether every event has a line of its own.

    Args:
        store: holds the events.
        rates: returns the sample rates in Hz of received and of sent audio, to compute its duration.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("events")

    def __init__(self, store: Store, rates: Callable[[], tuple[int, int]]) -> None:
        super().__init__(id="events")
        self._store = store
        self._rates = rates
        self.flat = False
        self._use_log("")

    def _use_log(self, words: str) -> None:
        """Show the log that the store holds now; ``words``: those of the filter."""
        self._log = self._store.events
        self._rows = EventRows(self._log, self._rates)
        self._folds = EventFolds(self._log.groups)
        self._filter = EventFilter(self._log, words)
        self._seen = -1
        self._returns: tuple[int, int] | None = None  # the rows of the cause that was gone to, and of where from
        self._sought = EventFilter(self._log, "")  # what the search asks for
        self._marked: int | None = None  # the row that another is to be compared with
        self._painted: FIFOCache[tuple[int, bool], int] = FIFOCache(512)  # an LRUCache keeps the first value

    def reset(self) -> None:
        """Begin again with the log that the store holds now."""
        super().reset()
        self._use_log(self.filter)

    # --- lines and places

    @property
    def line_count(self) -> int:
        """Number of lines."""
        if self._filter:
            return len(self._filter.hits)
        return len(self._log) if self.flat else len(self._folds)

    def place_at(self, line: int) -> Place:
        """What a line shows."""
        if self._filter:
            return Place(self._filter.hits[line])
        return Place(line) if self.flat else self._folds.at(line)

    def line_of(self, row: int, head: bool = False) -> int | None:
        """The line that shows a row, which is the head line if its group is folded; ``None`` if it is filtered out.

        Args:
            row: number of the row.
            head: whether the head line of its group is meant.
        """
        if self._filter:
            return self._filter.line_of(row)
        return row if self.flat else self._folds.line_of(row, head)

    def row_at(self, line: int) -> Row:
        """The event of a line; of a group its first one."""
        return self._log.row(self.place_at(line).row)

    def turn_at(self, line: int) -> int:
        """The turn a line belongs to."""
        return self._log.turn_of(self.place_at(line).row)

    def refresh_from_model(self) -> bool:
        """Check for new rows, filter them, and show those of unfolded groups."""
        behind = self.filtered and self._filter.behind
        if self._log.version == self._seen and not behind:
            return False
        self._seen = self._log.version
        self._rows.note_rates()
        if self._filter:
            for line, step in self._filter.scan():
                self._moved(line, step)
        elif not self.flat and self._folds.behind:
            self._rearrange(self._folds.update)
        return True

    def changed_lines(self) -> list[int] | None:
        """Visible lines whose event count has grown since they were painted."""
        top = int(self.scroll_offset.y)
        lines = range(top, min(top + self.size.height, self.line_count))
        return [line for line in lines if self._is_stale(self.place_at(line))]

    def _is_stale(self, place: Place) -> bool:
        return self._painted.get((place.row, place.head)) != self._events_of(place)

    def _events_of(self, place: Place) -> int:
        return self._log.groups.events(place.group) if place.head else self._log.count(place.row)

    def _moved(self, line: int, step: int) -> None:
        """A line was added or removed: the cursor stays on its event, or goes to the one that took its place."""
        if self.cursor is not None:
            self.cursor += step if line < self.cursor or (step > 0 and line == self.cursor) else 0
            self.cursor = min(self.cursor, self.line_count - 1) if self.line_count else None

    def _rearrange(self, change: Callable[[], object]) -> None:
        """Change which lines there are; the cursor and the first visible line stay on what they show."""
        count, top = self.line_count, int(self.scroll_offset.y)
        first = self.place_at(top) if top < count else None
        chosen = self.place_at(self.cursor) if self.cursor is not None and self.cursor < count else None
        change()
        if chosen is not None:
            self.cursor = self.line_of(chosen.row, chosen.head)
        line = self.line_of(first.row, first.head) if first is not None else None
        if line is not None and not self.follow:
            self.seen_lines += line - top
            self.shift(line - top)

    # --- painting

    def pieces(self, line: int) -> list[Piece]:
        """An event or a group in one line."""
        place = self.place_at(line)
        self._painted[place.row, place.head] = self._events_of(place)
        if place.head:
            return self._rows.group(place.group, self.text_width, self._folds.unfolded(place.group))
        return self._rows.event(place.row, self.text_width, inside=place.group > 0)

    @property
    def arrangement(self) -> str:
        """Whether events are folded, in one word; empty if there is nothing to fold."""
        return ("flat" if self.flat else "folded") if len(self._log.groups) else ""

    # --- folding

    def action_open(self) -> None:
        """Fold or unfold the group of the selected line, else open its event; without a selected line the last one."""
        place = self._chosen()
        if place is None or not place.head:
            super().action_open()
        elif self._folds.unfolded(place.group):
            self._fold(place)
        else:
            self._unfold(place)

    def action_unfold(self) -> None:
        """Show the events of the group of the selected line."""
        place = self._chosen()
        if place is not None and place.head:
            self._unfold(place)

    def action_fold(self) -> None:
        """Hide the events of the group of the selected line."""
        place = self._chosen()
        if place is not None and place.group:
            self._fold(place)

    def action_flat(self) -> None:
        """Show every event on a line of its own, or folded groups."""
        if self._filter:
            self.app.notify("a filter shows single events: esc ends it", markup=False)
            return
        unseen = self.place_at(self.seen_lines).row if self.seen_lines < self.line_count else None

        def change() -> None:
            self._folds.update()
            self.flat = not self.flat

        self._rearrange(change)
        if unseen is None:
            self.seen_lines = self.line_count
        else:
            self.seen_lines = unseen if self.flat else self._folds.line_from(unseen)
        self.sync(force=True)

    def _chosen(self) -> Place | None:
        """What the selected line shows, else the last one."""
        if not self.line_count:
            return None
        last = self.line_count - 1
        return self.place_at(last if self.cursor is None else min(self.cursor, last))

    def _unfold(self, place: Place) -> None:
        self._change_folds(place, self._folds.unfold)
        if self.cursor is not None:
            self.reveal(self.cursor, self._folds.rows_below(place.group))

    def _fold(self, place: Place) -> None:
        self._change_folds(place, self._folds.fold)

    def _change_folds(self, place: Place, change: Callable[[int], None]) -> None:
        """Fold or unfold a group; the cursor goes to its head line."""
        before = self.line_count
        change(place.group)
        self.seen_lines += self.line_count - before
        line = self.line_of(place.row, head=True)
        self.sync(force=True)
        if line is not None:
            self.move_cursor(line)

    # --- the filter

    def set_filter(self, text: str) -> None:
        """Show only rows that pass a query, see `store.query`; if it cannot be understood none, and the reason."""
        self._filter = EventFilter(self._log, text)
        self._returns = None
        self.cursor = None
        self.follow = True
        self._filter.scan()
        self._folds.update()
        self.sync(force=True)

    @property
    def filter(self) -> str:
        """The words of the filter, as they were typed."""
        return self._filter.words

    @property
    def labels(self) -> dict[str, str]:
        """The key that freezes follows again while the view is frozen."""
        return {} if self.follow else {"freeze": "follow"}

    @property
    def filtered(self) -> bool:
        """Whether a filter hides rows."""
        return bool(self._filter)

    @property
    def empty(self) -> list[Piece]:
        """What is shown in place of rows if the filter lets none pass."""
        if not self._filter:
            return []
        if self._filter.problem:
            return [(f" {one_line(self._filter.problem, 200)}", "warn"), ("   esc shows all", "dim")]
        words = "searching for" if self._filter.behind else "no event has"
        return [(f" {words}: ", "dim"), (one_line(self.filter, 60), "plain"), ("   esc shows all", "dim")]

    @property
    def total(self) -> int:
        """Number of rows without the filter."""
        return len(self._log)

    # --- going to an event

    def action_freeze(self) -> None:
        """Stop following, or follow again."""
        if self.follow:
            self._set_follow(False)
        else:
            self.action_follow()

    def action_cause(self) -> None:
        """Go from an event, or the last error, to the event that caused it, and back."""
        at = self.place_at(self.cursor).row if self.cursor is not None else self._last_error()
        if self._returns is not None and at == self._returns[0] and self.cursor is not None:
            self._go_to(self._returns[1])
            self._returns = None
            return
        cause = self._cause_of(at) if at is not None else None
        if at is None or cause is None:
            self.app.notify("no event is known that caused this one", markup=False)
            return
        self._returns = (cause, at)
        self._go_to(cause)

    def _go_to(self, row: int) -> None:
        line = self.line_of(row)
        if line is not None:
            self.move_cursor(line)

    def _rows_before(self, row: int) -> Iterable[int]:
        """The rows before one, the nearest first, without those that are filtered out."""
        rows = self._filter.before(row) if self._filter else range(row - 1, -1, -1)
        return islice(rows, CAUSE_WITHIN)

    def _last_error(self) -> int | None:
        return next((row for row in self._rows_before(len(self._log)) if self._log.row(row).error), None)

    def _cause_of(self, row: int) -> int | None:
        return cause_of(self._log, row, self._rows_before)

    def show_time(self, at: float) -> None:
        """Move the cursor to the first event at or after a time, in seconds."""
        row = self._log.first_from(at)
        line = self._filter.line_from(row) if self._filter else self.line_of(min(row, len(self._log) - 1))
        if line is not None and line < self.line_count:
            self.move_cursor(line)

    def show_turn(self, turn: int) -> None:
        """Move the cursor to the first line of a turn."""
        first = self._log.first_of_turn(turn)
        if first is None:
            return
        line = self._filter.line_from(first) if self._filter else self._first_line_of(turn, first)
        if line < self.line_count:
            self.move_cursor(line)

    def _first_line_of(self, turn: int, first: int) -> int:
        """The first line of a turn that does not show a group which began in an earlier one."""
        for row in range(first, min(first + TURN_WITHIN, len(self._log))):
            line = self.line_of(row)
            if line is not None and self.turn_at(line) == turn:
                return line
        return self.line_of(first) or 0

    def copy_text(self) -> str:
        """The JSON of the event, or of all events of the group, under the cursor; else of the last one."""
        place = self._chosen()
        if place is None:
            return ""
        if place.head:
            return "\n".join(self._log.texts_of_group(place.group, COPIED_EVENTS))
        return "\n".join(self._log.texts(place.row))

    def details(self, line: int) -> tuple[str, list[str]]:
        """A title and the event's JSON, indented, line by line."""
        return self._rows.details(self.place_at(line).row)

    def chosen_sent(self) -> str:
        """The JSON of the chosen event if it is one that was sent and holds no speech; else empty."""
        place = self._chosen()
        row = self._log.row(place.row) if place is not None else None
        return (
            self._log.text(place.row)
            if place is not None and row is not None and row.sent and not row.audio_bytes
            else ""
        )

    def compare(self) -> str | Compared:
        """Mark the chosen event, and return a sentence; or how it differs from the marked one, or from its cause."""
        place = self._chosen()
        if place is None:
            return "there is no event yet"
        marked, self._marked = self._marked, None
        if marked is None:
            self._marked = place.row
            name = short_name(self._log.name(place.row))
            return f"{name} is marked: the same key on another event compares them, on this one with its cause"
        if marked == place.row:
            cause = self._cause_of(place.row)
            if cause is None:
                return "no event is known that caused this one, and none is marked any more"
            marked = cause
        return Compared(
            self._rows.compared(marked, place.row), partial(self._rows.settings_compared, marked, place.row)
        )

    # --- search

    def _find_next(self) -> str | None:
        """Go to the next line that the query asks for; in folded groups, too, which unfolds them."""
        if self._filter or self.flat:
            return super()._find_next()
        places = islice(self._folds.places(-1 if self.cursor is None else self.cursor), FOUND_WITHIN)
        place = next((place for place in places if self._holds(place)), None)
        if place is None:
            return None
        if place.group and not place.head and not self._folds.unfolded(place.group):
            self._unfold(place)
        line = self.line_of(place.row, place.head)
        assert line is not None, "nothing is filtered out"
        self.move_cursor(line)
        return self._which_match(place, line)

    def holds(self, line: int) -> bool:
        """Whether the query asks for a line."""
        return self._holds(self.place_at(line))

    def _holds(self, place: Place) -> bool:
        """Whether the query asks for an event, as a filter would, or for what a line shows."""
        if not place.head and self._searched().line_of(place.row) is not None:
            return True
        unwanted = any(text.unwanted for text in self._query.texts)
        return (place.head or not unwanted) and self._rows.holds(place, self._query)

    def _searched(self) -> EventFilter:
        """The rows that a filter with the query would show; only events that came since the last time are searched."""
        if self._sought.words != self._query.words:
            self._sought = EventFilter(self._log, self._query.words)
        self._sought.scan()  # what is still growing, too
        while self._sought.behind:
            self._sought.scan()
        if self._sought.problem:
            raise QueryError(self._sought.problem)
        return self._sought

    def _which_match(self, place: Place, line: int) -> str:
        """Which match a place is, and of how many, where there are few enough rows to count them."""
        if len(self._log) > COUNTED:
            return f"line {line + 1}"
        hits = [each for each in self._folds.places(-1) if self._holds(each)]
        if place not in hits:
            return f"line {line + 1}"  # its count has grown meanwhile
        return f"{hits.index(place) + 1} of {len(hits)}"
