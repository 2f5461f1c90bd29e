"""The question row for a call that waits for the user: the call, what would run, and the keys to decide."""

from collections.abc import Callable

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.strip import Strip

from rtvoice_tui.session.facts import CallChanged
from rtvoice_tui.store.calls import CallRecord
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import arguments_shown
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.footer import Focus
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece

KEY_GUARD_S = 0.3
"""Seconds for which a new question ignores keys: they were meant for something else."""


LEAST_WHAT = 12
"""Cells that what would run takes at least; where there is no room for them only the keys are shown."""


class AskRow(FixedLine):
    """Two lines while a call waits for the user, hidden otherwise.

    Args:
        store: source of the waiting calls.
        clock: returns seconds on the store's clock.

    Attributes:
        asks: whether a waiting call can be answered; else nothing is shown.
        meant: returns the waiting call selected in pane 4, or ``None``; keys act on that call, so the row shows it.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        super().__init__(id="ask")
        self.meant: Callable[[], CallRecord | None] = lambda: None
        self.asks = True
        self._store = store
        self._clock = clock
        self._second: list[Piece] = []
        self._key = ""
        self._asked = ("", "", "")
        self._since = 0.0
        self._seen: tuple[object, ...] = ()
        self._focus = Focus.PANES
        self.display = False

    def again(self) -> "AskRow":
        """A row that shows the same question, for a dialog."""
        row = AskRow(self._store, self._clock)
        row.meant = lambda: self.record
        row.add_class("over")
        row.show_keys(Focus.DIALOG)
        return row

    @property
    def record(self) -> CallRecord | None:
        """The call shown in the row; ``None`` if it does not wait any more."""
        return next((record for record in self._store.calls.asking if record.call.key == self._key), None)

    @property
    def accepts_keys(self) -> bool:
        """Whether the question has been shown for at least `KEY_GUARD_S`."""
        return self._clock() - self._since >= KEY_GUARD_S

    def show_keys(self, focus: Focus) -> None:
        """Show the keys that answer where the focus is."""
        self._focus = focus
        self._seen = ()
        self.sync()

    def sync(self) -> None:
        """Show the call of `meant`, else the call shown before if it still waits, else the one that waits longest."""
        meant = self.meant()
        seen = (self._store.calls.version, self.size.width, meant.call.key if meant is not None else "")
        if seen == self._seen:
            return
        self._seen = seen
        waiting = self._store.calls.asking
        record = meant or self.record or (waiting[0] if waiting else None)
        if record is None or not self.asks:
            self._key, self._asked = "", ("", "", "")
            self.display = False
            return
        call = record.call
        if (call.key, call.name, call.arguments) != self._asked:
            self._asked = (call.key, call.name, call.arguments)
            self._key, self._since = call.key, self._clock()
        first: list[Piece] = [(" ? ", "warn"), (one_line(call.name, 60), "tool")]
        first.append((f"({arguments_shown(call.arguments)})", "plain"))
        second = self._answers(call, len(waiting) - 1)
        if second != self._second:
            self._second = second
            self.refresh()
        self.write(first)
        if not self.display:
            self.display = True

    def _answers(self, call: CallChanged, more: int) -> list[Piece]:
        """What would run, cut to the available width, and the keys, which are never cut."""
        width = self.size.width or 80
        hints: list[Piece] = []
        for key, words in self._keys(call):
            hints += [(f"  {key}", "key"), (f" {words}", "dim")]
        if more:
            hints.append((f"  {more} more", "warn"))
        verb = f"   {'asks' if call.kind == 'ask' else 'would run'} "
        what = one_line(call.preview, 400) or call.kind
        if sum(len(text) for text, _ in hints) + len(verb) + LEAST_WHAT > width:
            return [
                piece
                for key, words in self._keys(call)
                if words != "always"
                for piece in ((f" {key}", "key"), (f" {words}", "dim"))
            ]
        room = width - len(verb) - sum(len(text) for text, _ in hints) - 1
        if cell_len(what) > room:
            whole: list[Piece] = [("  4", "key"), (" shows all", "dim")] if self._letters and room > 24 else []
            hints = [*whole, *hints]
            what = set_cell_size(what, max(1, room - 1 - sum(len(text) for text, _ in whole))).rstrip() + "…"
        return [(verb, "dim"), (what, "plain"), *hints]

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        start = 0
        pieces = self._second if event.y else []
        for place, (text, ink) in enumerate(pieces):
            words = pieces[place + 1][0] if ink == "key" and place + 1 < len(pieces) else ""
            if ink == "key" and start <= event.x < start + len(text) + len(words):
                self.app.simulate_key(_pressed(text.strip()))
            start += cell_len(text)

    @property
    def _letters(self) -> bool:
        """Whether letters and digits are keys where the focus is."""
        return self._focus in (Focus.PANES, Focus.TABLE)

    def _keys(self, call: CallChanged) -> list[tuple[str, str]]:
        """The keys that answer, with what they do; letters do not act in a text field or a dialog."""
        if self._focus in (Focus.ANSWER, Focus.NEW_KEY):
            return []
        letters = self._letters
        yes, no = BY_ID["agree" if letters else "agree-f"].shown, BY_ID["deny" if letters else "deny-f"].shown
        if call.kind == "ask":
            return [(BY_ID["send-result"].shown if letters else yes, "type the result"), (no, "no")]
        always = [(BY_ID["always"].shown, "always")] if letters else []
        return [(yes, "yes"), *always, (no, "no")]

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        return self.strip(self._second, self.size.width) if y else super().render_line(y)


def _pressed(shown: str) -> str:
    """Textual's name of a key that the row shows."""
    ids = ("agree", "agree-f", "deny", "deny-f", "always", "send-result")
    return next((BY_ID[key_id].names[0] for key_id in ids if BY_ID[key_id].shown == shown), shown)
