"""The small rows: tabs and ticker of a small screen, the notice, and the footer with its keys."""

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.strip import Strip

from rtvoice_tui.session.facts import CallState, Level
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.clock import precise
from rtvoice_tui.ui.footer import Focus, FooterKey, fitting, footer_keys
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


class NoticeRow(FixedLine):
    """The worst notice that the user has not hidden; of several, the newest."""

    def __init__(self, store: Store) -> None:
        super().__init__(id="notice")
        self._store = store
        self._hidden_until = -1.0
        self._second: list[Piece] = []

    def sync(self, now: float) -> None:
        """Show the notice; ``now``: seconds on the store's clock."""
        notice = self._store.notices.worst(now, self._hidden_until, self._store.session.connected_from)
        if notice is None:
            self._show([], [])
            return
        ink = {Level.ERROR: "error", Level.WARNING: "warn"}.get(notice.level, "plain")
        mark = {Level.ERROR: "✗", Level.WARNING: "!"}.get(notice.level, "·")
        pieces: list[Piece] = [(f" {mark} ", ink), (one_line(notice.text, 300), ink)]
        remedy: list[Piece] = [(f" — {one_line(notice.remedy, 200)}", "plain")] if notice.remedy else []
        hint: list[Piece] = [("   6 all  esc hide", "dim")]
        if _width([*pieces, *remedy]) <= self.size.width:
            self._show([*pieces, *remedy, *hint], [])
        else:
            self._show(pieces, [*remedy, *hint])

    def _show(self, first: list[Piece], second: list[Piece]) -> None:
        """Show one or two lines; a remedy that does not fit gets a line of its own, so that it is not cut off."""
        self.write(first)
        if second != self._second:
            self._second = second
            self.styles.height = 2 if second else 1
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        return self.strip(self._second, self.size.width) if y else super().render_line(y)

    def hide(self) -> bool:
        """Hide the notice; returns False if none is shown."""
        if not self._pieces:
            return False
        self._hidden_until = self._store.notices.newest
        self._show([], [])
        return True


def _width(pieces: list[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)


class KeyRow(FixedLine):
    """The footer: the keys that act where the focus is, as many as fit. A click presses a key."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._focus = Focus.PANES
        self._keys: list[FooterKey] = []

    def show(self, focus: Focus) -> None:
        """Show the keys for what has the focus."""
        self._focus = focus
        self.fill()

    @property
    def keys(self) -> list[FooterKey]:
        """The keys that are shown."""
        return self._keys

    def fill(self) -> None:
        """Choose the keys that fit."""
        self._keys = fitting(footer_keys(self._focus), self.size.width)
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
