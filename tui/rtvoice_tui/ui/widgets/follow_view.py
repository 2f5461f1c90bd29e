"""A scrolling view over lines that grow at the end: it follows, or stands still and counts what is new below."""

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from rtvoice_tui.ui.bindings import bindings
from rtvoice_tui.ui.widgets.lines import Inked, Piece

FOUND_WITHIN = 50_000
"""Lines that one search looks at, so that keys are answered."""


class FollowView(Inked, ScrollView, can_focus=True):
    """Base of all panes of lines. Subclasses say how many lines there are and what is in each.

    Attributes:
        follow: whether the last line is kept in sight.
        cursor: the chosen line, if any.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("lines")
    GROWS: ClassVar[bool] = True
    """Whether lines come at the end; a view that is laid out anew each time starts at the top and follows nothing."""

    DEFAULT_CSS = """
    FollowView { overflow-y: scroll; overflow-x: hidden; scrollbar-gutter: stable; scrollbar-size-vertical: 1; }
    """

    class Followed(Message):
        """The user went to the end: no earlier turn is chosen any more."""

    class Opened(Message):
        """A line was opened with enter.

        Attributes:
            view: where.
            line: its number when the key was pressed.
            name: what the line stood for then.
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
        self._needle = ""

    # --- for subclasses

    def update_model(self) -> bool:
        """Take over what changed; true if anything did. Called up to 15 times a second."""
        raise NotImplementedError

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def pieces(self, line: int) -> list[Piece]:
        """What is in a line."""
        raise NotImplementedError

    def copy_text(self) -> str:
        """What `y` copies."""
        return ""

    def show_turn(self, turn: int) -> None:
        """Bring a turn into sight, where lines belong to turns."""

    def turn_at(self, line: int) -> int:
        """The turn a line belongs to, 0 where there is none."""
        return 0

    # --- painting

    @property
    def shows_cursor(self) -> bool:
        """Whether the chosen line is marked now."""
        return True

    @property
    def text_width(self) -> int:
        """Cells a line may take."""
        return max(1, self.scrollable_content_region.width)

    @property
    def new_below(self) -> int:
        """Lines that came since following stopped."""
        return 0 if self.follow or not self.GROWS else max(0, self.line_count - self.seen_lines)

    def changed_lines(self) -> list[int] | None:
        """The lines that changed where only those must be repainted; ``None`` means all."""
        return None

    def sync(self, force: bool = False, calm: bool = True) -> None:
        """Bring the view up to date with its model.

        Args:
            force: repaint even if nothing changed.
            calm: whether this is a pulse in which mere counters are repainted.
        """
        changed = self.update_model() or force
        size = Size(self.text_width, self.line_count)
        if not self.size or not (changed or size != self.virtual_size):
            return
        lines = self.changed_lines()
        if size == self.virtual_size and not force and lines is not None:
            for line in lines if calm else ():
                self.refresh_line(line)
            return
        self._growing = True
        if size != self.virtual_size:
            # virtual_size would ask for a layout of the whole screen with every line
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        if self.follow:
            self.scroll_y = self.scroll_target_y = self.max_scroll_y
            self.seen_lines = self.line_count
        self._growing = False
        if changed:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the window."""
        if self._painted_width != self.text_width:
            self._painted_width = self.text_width
            self.update_model()  # before any message says so: the first frame and a resize are painted once
        line = y + self.scroll_offset.y
        if line >= self.line_count:
            return self.strip([], self.text_width)
        pieces = self.pieces(line)
        if self._needle:
            pieces = _marked(pieces, self._needle)
        chosen = line == self.cursor and self.shows_cursor
        return self.strip(pieces, self.text_width, "cursor" if chosen else "")

    def on_resize(self) -> None:
        """Follow the end of what was wrapped again."""
        self.sync(force=self._painted_width != self.text_width)

    def on_show(self) -> None:
        """A pane that was hidden has something to catch up with."""
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
        """Go to the end and stay there."""
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
        """Open the chosen line, or else the last."""
        line = self.cursor if self.cursor is not None else self.line_count - 1
        if line >= 0:
            self.post_message(self.Opened(self, line))

    def name_of(self, line: int) -> str:
        """What a line stands for, where lines may come and go."""
        return ""

    def move_cursor(self, line: int) -> None:
        """Choose a line and bring it into sight."""
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

    # --- search

    def find(self, needle: str) -> bool:
        """Go to the next line that holds a word; after the last line comes the first again."""
        self._needle = needle.lower()
        if not needle:
            self.refresh()
            return False
        start = -1 if self.cursor is None else self.cursor
        for step in range(1, min(self.line_count, FOUND_WITHIN) + 1):
            line = (start + step) % self.line_count
            if self._needle in "".join(text for text, _ in self.pieces(line)).lower():
                self.move_cursor(line)
                return True
        self.refresh()
        return False


def _marked(pieces: list[Piece], needle: str) -> list[Piece]:
    """Lay the search ink over every hit."""
    marked: list[Piece] = []
    for text, ink in pieces:
        lowered = text.lower()
        if needle not in lowered or len(lowered) != len(text):
            marked.append((text, ink))
            continue
        at = 0
        while (found := lowered.find(needle, at)) >= 0:
            marked += [(text[at:found], ink), (text[found : found + len(needle)], "hit")]
            at = found + len(needle)
        marked.append((text[at:], ink))
    return marked


def right_aligned(left: list[Piece], right: list[Piece], width: int) -> list[Piece]:
    """Two groups of pieces at both ends of a line; the right one is kept whole."""
    taken = sum(cell_len(text) for text, _ in right)
    room = max(0, width - taken)
    kept: list[Piece] = []
    for text, ink in left:
        size = cell_len(text)
        if size > room:
            text = set_cell_size(text, room)
            size = room
        kept.append((text, ink))
        room -= size
        if room <= 0:
            break
    return [*kept, (" " * max(0, room), "plain"), *right]
