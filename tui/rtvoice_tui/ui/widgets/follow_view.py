"""A scrolling view of lines that grow at the end: it follows the end, or is frozen and counts new lines below."""

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.query import NO_QUERY, QueryError, parse
from rtvoice_tui.ui.bindings import bindings
from rtvoice_tui.ui.widgets.lines import Inked, Piece
from rtvoice_tui.ui.widgets.marks import marked

COUNTED = 3_000
"""Maximum number of lines in which all matches are counted."""

MOST_SELECTED = 5_000
"""Maximum number of lines that a selection copies."""

FOUND_WITHIN = 50_000
"""Maximum number of lines per search, so that the app stays responsive."""


class FollowView(Inked, ScrollView, can_focus=True):
    """Base of all views of lines. Subclasses provide the number of lines and the content of each.

    Attributes:
        follow: whether the view scrolls to the last line when lines are added.
        cursor: index of the selected line; ``None`` if there is none.
        seen_lines: number of lines when following stopped.
        hit: whether the last search found something.
        found: what is searched for and what was found, in words; empty while nothing is searched.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("lines")
    GROWS: ClassVar[bool] = True
    """Whether lines are added at the end. Other views are laid out as a whole, start at the top and do not follow."""

    DEFAULT_CSS = """
    FollowView { overflow-y: scroll; overflow-x: hidden; scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    """

    class Followed(Message):
        """Posted when the user goes to the end: no earlier turn is selected any more."""

    class Opened(Message):
        """Posted when a line is opened with enter.

        Attributes:
            view: the view of the line.
            line: index of the line when the key was pressed.
            name: `FollowView.name_of` the line at that time.
        """

        def __init__(self, view: "FollowView", line: int) -> None:
            super().__init__()
            self.view = view
            self.line = line
            self.name = view.name_of(line)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.follow = self.GROWS
        self.cursor: int | None = None
        self.seen_lines = 0
        self._painted_width = 0
        self._growing = False
        self._query = NO_QUERY
        self.found = ""
        self.hit = False
        self._pointed_at = False
        self._shift = 0
        self._counters_due = False

    # --- for subclasses

    def refresh_from_model(self) -> bool:
        """Read changes from the model; returns whether there were any. Called up to 15 times a second."""
        raise NotImplementedError

    @property
    def line_count(self) -> int:
        """Number of lines."""
        raise NotImplementedError

    def pieces(self, line: int) -> list[Piece]:
        """Content of a line."""
        raise NotImplementedError

    def reset(self) -> None:
        """Begin again: the model holds something else, as after a jump in a replay."""
        self.cursor = None
        self.follow = self.GROWS
        self.seen_lines = self._shift = 0
        self.found, self.hit = "", False

    def copy_text(self) -> str:
        """Text that `y` copies."""
        return ""

    @property
    def labels(self) -> dict[str, str]:
        """What keys do now, by id, where it is not what the table says."""
        return {}

    def show_turn(self, turn: int) -> None:
        """Move the cursor to a turn, if lines belong to turns."""

    def turn_at(self, line: int) -> int:
        """The turn a line belongs to, 0 where there is none."""
        return 0

    @property
    def empty(self) -> list[Piece]:
        """What is shown in place of lines if there are none."""
        return []

    # --- painting

    @property
    def shows_cursor(self) -> bool:
        """Whether the selected line is highlighted now."""
        return True

    @property
    def text_width(self) -> int:
        """Width of a line in cells."""
        return max(1, self.scrollable_content_region.width)

    @property
    def new_below(self) -> int:
        """Number of lines added since following stopped."""
        return 0 if self.follow or not self.GROWS else max(0, self.line_count - self.seen_lines)

    def changed_lines(self) -> list[int] | None:
        """The lines to repaint if no others changed; ``None`` repaints all."""
        return None

    def sync(self, force: bool = False, with_counters: bool = True) -> None:
        """Update the view from its model.

        Args:
            force: repaint even if nothing changed.
            with_counters: whether lines in which only a counter changed are repainted at this pulse.
        """
        changed = self.refresh_from_model() or force
        size = Size(self.text_width, self.line_count)
        due = self._counters_due and with_counters
        if not self.size or not (changed or due or size != self.virtual_size):
            return
        lines = self.changed_lines()
        self._counters_due = False
        if size == self.virtual_size and not force and lines is not None:
            self._counters_due = bool(lines) and not with_counters
            for line in lines if with_counters else ():
                self.refresh_line(line)
            if self.follow and self.end != self.scroll_offset.y:
                self._go_to_end()
            return
        self._growing = True
        if size != self.virtual_size:
            # assigning virtual_size would trigger a layout of the whole screen for every line
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        if self.follow:
            self._go_to_end()
            self.seen_lines = self.line_count
        elif self._shift:
            self.scroll_y = self.scroll_target_y = self.scroll_offset.y + self._shift
        self._shift = 0
        self._growing = False
        if changed:
            self.refresh()

    def shift(self, lines: int) -> None:
        """Scroll by so many lines with the next `sync`, which knows the new size: lines were added or removed above."""
        self._shift += lines

    @property
    def end(self) -> int:
        """Where the view is scrolled to while it follows."""
        return self.max_scroll_y

    def _go_to_end(self) -> None:
        growing, self._growing = self._growing, True
        self.scroll_y = self.scroll_target_y = self.end
        self._growing = growing

    def render_line(self, y: int) -> Strip:
        """Draw one line of the visible region."""
        if self._painted_width != self.text_width:
            self._painted_width = self.text_width
            self.refresh_from_model()  # before the resize message: the first frame and a resize are painted once
        line = y + self.scroll_offset.y
        if line >= self.line_count:
            return self.strip(self.empty if line == 0 else [], self.text_width)
        pieces = self.pieces(line)
        if self._query:
            pieces = marked(pieces, self._query.wanted)
        chosen = line == self.cursor and self.shows_cursor
        strip = self.strip(pieces, self.text_width, "cursor" if chosen else "")
        return self._selected(strip, line).apply_offsets(0, line) if self._pointed_at else strip

    # --- the mouse

    def on_enter(self) -> None:
        """The mouse is over the view: from now on each character says where it is, which takes time."""
        if not self._pointed_at:
            self._pointed_at = True
            self.refresh()

    def on_leave(self) -> None:
        """The mouse is elsewhere; what is selected stays marked."""
        self._pointed_at = bool(self.text_selection)

    def _selected(self, strip: Strip, line: int) -> Strip:
        """A line with what is selected in it marked."""
        selection = self.text_selection
        span = selection.get_span(line) if selection is not None else None
        if span is None:
            return strip
        text = strip.text
        start, end = (cell_len(text[:place]) if place >= 0 else strip.cell_length for place in span)
        style = self.screen.get_component_rich_style("screen--selection")
        marked = Strip(Segment.apply_style(strip.crop(start, end), post_style=style))
        return Strip.join((strip.crop(0, start), marked, strip.crop(end)))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that was selected with the mouse, without the blanks behind each line."""
        first = selection.start.y if selection.start is not None else 0
        last = min(selection.end.y, self.line_count - 1) if selection.end is not None else self.line_count - 1
        first = max(first, last - MOST_SELECTED)
        lines = ["".join(text for text, _ in self.pieces(line)) for line in range(first, last + 1)]
        if lines and selection.end is not None and selection.end.y == last:
            lines[-1] = lines[-1][: selection.end.x]
        if lines and selection.start is not None and selection.start.y == first:
            lines[0] = lines[0][selection.start.x :]
        return "\n".join(line.rstrip() for line in lines), "\n"

    def text_select_all(self) -> None:
        """A double click opens the line: it does not select the whole pane, as it does in Textual."""

    def selection_updated(self, selection: Selection | None) -> None:
        """Another part is selected."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where was clicked; a double click opens the line."""
        if self.screen.selections:
            return  # it ended a selection
        offset = event.get_content_offset(self)
        line = offset.y + int(self.scroll_offset.y) if offset is not None else self.line_count
        if line < self.line_count:
            self.move_cursor(line)
            if event.chain == 2:
                self.action_open()

    def on_resize(self) -> None:
        """Update after lines were wrapped to a new width."""
        self.sync(force=self._painted_width != self.text_width)
        if self.follow:
            self._go_to_end()  # the view may be lower now, as when a notice takes a line

    def on_show(self) -> None:
        """Update a view that was hidden."""
        self.sync()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up freezes; scrolling to the end follows again."""
        super().watch_scroll_y(old_value, new_value)
        if not self._growing and round(old_value) != round(new_value):
            self._set_follow(new_value >= self.max_scroll_y)

    def _set_follow(self, follow: bool) -> None:
        if self.follow and not follow:
            self.seen_lines = self.line_count
        self.follow = follow and self.GROWS

    # --- keys

    def action_follow(self) -> None:
        """Go to the end and follow it."""
        self.cursor = None
        self._set_follow(True)
        self.sync(force=True)
        self.post_message(self.Followed())

    def action_top(self) -> None:
        """Go to the first line."""
        self.move_cursor(0)

    def action_cursor(self, step: int) -> None:
        """Move the cursor, which freezes the view."""
        start = self.cursor
        if start is None:
            start = min(self.line_count, int(self.scroll_offset.y) + self.size.height) - (0 if step < 0 else 1)
        self.move_cursor(start + step)

    def action_page(self, step: int) -> None:
        """Move by a page."""
        self.action_cursor(step * max(1, self.size.height - 1))

    def action_open(self) -> None:
        """Open the selected line, else the last one."""
        line = min(self.cursor, self.line_count - 1) if self.cursor is not None else self.line_count - 1
        if line >= 0:
            self.post_message(self.Opened(self, line))

    def name_of(self, line: int) -> str:
        """Name of what a line represents, for views whose lines may come and go; empty by default."""
        return ""

    def move_cursor(self, line: int) -> None:
        """Select a line and scroll to it; stops following."""
        if not self.line_count:
            return
        line = max(0, min(line, self.line_count - 1))
        self.cursor = line
        self._set_follow(False)
        top, height = int(self.scroll_offset.y), max(1, self.size.height)
        if line < top:
            self.scroll_y = self.scroll_target_y = line
        elif line >= top + height:
            self.scroll_y = self.scroll_target_y = line - height + 1
        self._set_follow(False)
        self.refresh()

    def reveal(self, line: int, below: int) -> None:
        """Scroll down to bring the lines below a line into sight, as many as fit together with it."""
        top = min(line, line + below - max(1, self.size.height) + 1)
        if top > self.scroll_offset.y:
            growing, self._growing = self._growing, True
            self.scroll_y = self.scroll_target_y = top
            self._growing = growing

    # --- search

    def find(self, words: str) -> bool:
        """Go to the next line that a query asks for; continues at the first line after the last.

        Args:
            words: a query, see `store.query`; empty ends the search.

        Returns:
            Whether a line was found, within `FOUND_WITHIN` lines.
        """
        self.found, self._query = "", NO_QUERY
        try:
            self._query = parse(words)
            found = self._find_next() if self._query else None
        except QueryError as problem:
            self._query = NO_QUERY
            self._tell_found(words, str(problem), hit=False)
            return False
        if not self._query:
            self.refresh()
        elif found is None:
            self._tell_found(words, "no match", hit=False)
        else:
            self._tell_found(words, found, hit=True)
        return found is not None

    def _find_next(self) -> str | None:
        """Go to the next line that the query asks for; returns which match it is, ``None`` if there is none."""
        start = -1 if self.cursor is None else self.cursor
        for step in range(1, min(self.line_count, FOUND_WITHIN) + 1):
            line = (start + step) % self.line_count
            if self.holds(line):
                self.move_cursor(line)
                return self._place_of(line)
        return None

    def holds(self, line: int) -> bool:
        """Whether the query asks for a line."""
        words = "".join(text for text, _ in self.pieces(line)).lower()
        return self._query.holds(words, {"turn": self.turn_at(line)})

    def _tell_found(self, words: str, what: str, hit: bool) -> None:
        """Say what the search found, and mark every match in sight."""
        self.found = f"find: {one_line(words, 40)} · {what}"
        self.hit = hit
        self.refresh()

    def _place_of(self, line: int) -> str:
        """Which match a line is, and of how many, where the lines are few enough to count them."""
        if self.line_count > COUNTED:
            return f"line {line + 1}"
        hits = [n for n in range(self.line_count) if self.holds(n)]
        if line not in hits:
            return f"line {line + 1}"  # its counter or its clock has gone on meanwhile
        return f"{hits.index(line) + 1} of {len(hits)}"


def right_aligned(left: list[Piece], right: list[Piece], width: int) -> list[Piece]:
    """Place two groups of pieces at both ends of a line; if they do not fit, the left one is cut."""
    taken = sum(cell_len(text) for text, _ in right)
    room = max(0, width - taken)
    kept: list[Piece] = []
    for text, ink in left:
        size = cell_len(text)
        if size > room:
            text = f"{set_cell_size(text, room - 1)}…" if room > 0 else ""
            size = room
        kept.append((text, ink))
        room -= size
        if room <= 0:
            break
    return [*kept, (" " * max(0, room), "plain"), *right]
