"""The small rows: tabs and ticker of a small screen, the notice, and the footer with its keys."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.strip import Strip

from rtvoice_tui.session.facts import CallState, Level, Notice
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.clock import precise
from rtvoice_tui.ui.footer import Focus, FooterKey, Now, fitting, footer_keys
from rtvoice_tui.ui.own_keys import with_own_keys
from rtvoice_tui.ui.sizes import TALL
from rtvoice_tui.ui.widgets.follow_view import right_aligned
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece


class TabRow(FixedLine):
    """Tabs of the panes with counts, shown if there is room for one pane only.

    Args:
        tabs: number and short name of each pane.
    """

    def __init__(self, tabs: Sequence[tuple[int, str]]) -> None:
        super().__init__(id="tabs")
        self._tabs = tabs

    def sync(self, store: Store, active: int, unsaved: bool) -> None:
        """Show the active pane, and counts and markers of the others."""
        waiting = len(store.calls.asking)
        busy = any(r.call.state in (CallState.RUNNING, CallState.STREAMING) for r in store.calls.open.values())
        calls = f" {len(store.calls.records)}{'?' if waiting else '!' if busy else ''}"
        marks = {2: f" {len(store.events)}", 4: calls}
        marks[5] = "*" if unsaved else ""
        pieces: list[Piece] = [(" ", "plain")]
        for number, name in self._tabs:
            words = f"{number} {name}{marks.get(number, '')}"
            pieces.append((f"[{words}]" if number == active else f" {words} ", "title" if number == active else "dim"))
        self.write(pieces)

    def on_click(self, event: events.Click) -> None:
        """Go to the pane whose tab was clicked."""
        start = 0
        for (text, _), number in zip(self._pieces, (0, *(number for number, _ in self._tabs)), strict=False):
            if start <= event.x < start + cell_len(text) and number:
                self.app.simulate_key(str(number))
            start += cell_len(text)


class TickerRow(FixedLine):
    """The last event, shown if there is room for one pane only."""

    def sync(self, store: Store) -> None:
        """Show the newest row of the log."""
        if not len(store.events):
            self.write([])
            return
        row = store.events.row(len(store.events) - 1)
        count = f" ×{row.count}" if row.count > 1 else ""
        arrow, ink = ("↑", "sent") if row.sent else ("↓", "received")
        self.write([(f" {arrow} ", ink), (f"{precise(row.at)} {one_line(row.name, 60)}{count}", "dim")])


_NOTICE_INKS = {Level.ERROR: "error", Level.WARNING: "warn"}
_NOTICE_MARKS = {Level.ERROR: "✗", Level.WARNING: "!"}


class NoticeRow(FixedLine):
    """The notices that are neither hidden nor solved, worst first, in as many lines as there is room for."""

    MOST = 3
    """Number of lines on a large screen; a small one has two."""

    def __init__(self, store: Store) -> None:
        super().__init__(id="notice")
        self._store = store
        self._rows: list[list[Piece]] = [[]]
        self._seen: tuple[object, ...] = ()

    @property
    def words(self) -> str:
        """The text shown, without styles."""
        return "\n".join("".join(text for text, _ in row) for row in self._rows)

    def sync(self, now: float) -> None:
        """Show the notices; ``now``: seconds on the store's clock."""
        notices = self._store.notices.current(now, self._store.session.connected_from)
        width, most = self.size.width, self.MOST if self.screen.size.height >= TALL else 2
        if (seen := (tuple(notices), width, most)) == self._seen:
            return
        self._seen = seen
        if not notices:
            self._show([[]])
        elif len(notices) == 1:
            self._show(_alone(notices[0], width))
        else:
            rows = [_one_line(notice, width) for notice in notices[:most]]
            more = len(notices) - len(rows)
            hint = f"   {more} more: 6 log  esc hide" if more else "   6 log  esc hide"
            rows[-1] = right_aligned(_one_line(notices[len(rows) - 1], width - len(hint)), [(hint, "dim")], width)
            self._show(rows)

    def show_keys(self) -> None:
        """Name the keys again at the next pulse: they have changed."""
        self._seen = ()

    def _show(self, rows: list[list[Piece]]) -> None:
        if rows == self._rows:
            return
        if len(rows) != len(self._rows):
            self.styles.height = len(rows)
        self._rows = rows
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        return self.strip(self._rows[y] if y < len(self._rows) else [], self.size.width)

    def hide(self) -> bool:
        """Hide the notices; returns False if none is shown."""
        if not self._rows[0]:
            return False
        self._store.notices.hide()
        self._seen = ()
        self._show([[]])
        return True


def _said(notice: Notice) -> list[Piece]:
    ink = _NOTICE_INKS.get(notice.level, "plain")
    return [(f" {_NOTICE_MARKS.get(notice.level, '·')} ", ink), (one_line(notice.text, 300), ink)]


def _alone(notice: Notice, width: int) -> list[list[Piece]]:
    """A notice in one or two lines: a remedy that does not fit gets a line of its own, so that it is not cut off."""
    pieces = _said(notice)
    remedy: list[Piece] = [(f" — {one_line(with_own_keys(notice.remedy), 200)}", "plain")] if notice.remedy else []
    hint: list[Piece] = [("   6 log  esc hide", "dim")]
    if _width([*pieces, *remedy]) <= width:
        return [[*pieces, *remedy, *hint]]
    return [_fitted(pieces, width), _fitted([*remedy, *hint], width)]


def _one_line(notice: Notice, width: int) -> list[Piece]:
    """A notice in one line, cut with a mark."""
    remedy: list[Piece] = [(f" — {one_line(with_own_keys(notice.remedy), 200)}", "plain")] if notice.remedy else []
    return _fitted([*_said(notice), *remedy], width)


def _fitted(pieces: list[Piece], width: int) -> list[Piece]:
    """Pieces that fit into a width; what is cut has a mark."""
    if _width(pieces) <= width:
        return pieces
    fitted: list[Piece] = []
    room = max(0, width - 1)
    for text, ink in pieces:
        text = text if cell_len(text) <= room else set_cell_size(text, room).rstrip()
        fitted.append((text, ink))
        room -= cell_len(text)
        if room <= 0:
            break
    return [*fitted, ("…", "dim")]


def _width(pieces: list[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)


class KeyRow(FixedLine):
    """The footer: the keys that act where the focus is, as many as fit. A click presses a key."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._focus = Focus.PANES
        self._now = Now()
        self._keys: list[FooterKey] = []

    def show(self, focus: Focus, now: Now) -> None:
        """Show the keys for what has the focus; ``now``: what some keys do now."""
        self._focus, self._now = focus, now
        self.fill()

    @property
    def keys(self) -> list[FooterKey]:
        """The keys that are shown."""
        return self._keys

    def fill(self) -> None:
        """Choose the keys that fit."""
        self._keys = fitting(footer_keys(self._focus, self._now), self.size.width)
        pieces: list[Piece] = [(" ", "plain")]
        for key in self._keys:
            pieces += [(key.shown, "key"), (f" {key.label}  ", "dim")]
        self.write(pieces)

    def on_resize(self) -> None:
        """Choose the keys again for the new width."""
        self.fill()

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        start = 1
        for key in self._keys:
            if start <= event.x < start + key.width - 2 and key.press:
                self.app.simulate_key(key.press)
            start += key.width
