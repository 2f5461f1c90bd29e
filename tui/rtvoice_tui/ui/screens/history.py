"""All changes of the agent: restore a state, or compare it with the session as the server created it."""

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from rtvoice_tui.editing.agent import Agent
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.history import compared
from rtvoice_tui.editing.values import shown
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.field_table import MARKS
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView


class HistoryScreen(ModalScreen[int | None]):
    """Dialog that returns the number of the state to restore, or ``None``; 0 is the profile as it was opened.

    Args:
        editor: source of the changes.
        store: source of the session as the server created it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,h", "dismiss(None)", "Close", show=False, priority=True),
        Binding("c", "compare", "Compare", show=False, priority=True),
    ]

    def __init__(self, editor: AgentEditor, store: Store) -> None:
        super().__init__()
        self._editor = editor
        self._store = store

    def compose(self) -> ComposeResult:
        """The list of changes."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Changes of the agent"
            dialog.border_subtitle = signs(self, "⏎ restore  c compare with the server  h q esc close")
            yield PlainView(self._lines())

    def on_mount(self) -> None:
        """Select the newest change."""
        view = self.query_one(PlainView)
        view.focus()
        view.cursor = len(self._editor.history.changes)

    def _lines(self) -> list[list[Piece]]:
        lines: list[list[Piece]] = [[("  0  as it was when the profile was opened", "plain")]]
        for change in self._editor.history.changes:
            glyph, ink, words = MARKS[str(change.state) if change.state else "sent"]
            taken = f"takes back {change.undoes}: " if change.undoes else ""
            lines.append(
                [(f"{change.number:>3}  ", "key"), (f"{minutes(change.at):>5}  turn {change.turn:<3} ", "dim"),
                 (f"{glyph} {words}  ", ink), (f"{taken}{one_line(', '.join(change.fields), 60)}", "plain")]
            )  # fmt: skip
        return lines

    def _state(self, number: int) -> Agent:
        history = self._editor.history
        return history.changes[number - 1].after if number else history.start

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """Close with the selected state."""
        message.stop()
        self.dismiss(message.line)

    def action_compare(self) -> None:
        """Show the differences between the selected state and the session as the server created it."""
        from rtvoice_tui.ui.screens.detail import DetailScreen

        number = self.query_one(PlainView).cursor or 0
        created = self._store.session.at_start
        lines = [
            f"{name}\n    server  {one_line(theirs, 300)}\n    state   {one_line(ours, 300)}"
            for setting, server, state in compared(self._state(number), created)
            for name, theirs, ours in _parts(setting, server, state)
        ]
        if not created:
            lines = ["no session was opened yet"]
        text = "\n".join(lines or ["nothing differs"]).split("\n")
        self.app.push_screen(DetailScreen(f"state {number} against session.created", text))


def _parts(name: str, server: Any, state: Any) -> list[tuple[str, str, str]]:
    """The name and both values of each part of a setting that differs, as text."""
    if not (isinstance(server, dict) and isinstance(state, dict)):
        return [(name, shown(server), shown(state))]
    keys = [key for key in {**state, **server} if server.get(key) != state.get(key) and key in state]
    return [(f"{name} {key}", shown(server.get(key)), shown(state.get(key))) for key in keys]
