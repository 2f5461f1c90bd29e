"""Help: all keys, generated from the key table."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from rtvoice_tui.ui.bindings import BY_ID, Key, acts
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import WrappedView

_SECTIONS = (
    ("app", "Everywhere outside text fields"),
    ("anywhere", "Everywhere, also while typing"),
    ("composer", "In the message field"),
    ("lines", "In every pane of lines"),
    ("events", "In the event stream"),
    ("tools", "In the tool inspector"),
    ("agent", "While editing the agent"),
    ("fields", "In the agent's table"),
    ("replay", "In a replay"),
)


INDENT = 10
"""Where the explanation of a key begins, in cells."""

_MOUSE = (
    ("click", "Put the cursor on a line, go to a tab or a pane, press a key of the footer or of a question"),
    ("double click", "Open the line"),
    ("drag", "Select text and copy it; esc ends the selection"),
    ("shift+drag", "The terminal's own selection (option+drag in some terminals)"),
    ("wheel", "Scroll; at the end a pane follows again"),
)


def _section(key: Key) -> str:
    return "anywhere" if key.anywhere and key.where == "app" else key.where


class HelpScreen(ModalScreen[None]):
    """Lists the keys of the focused pane first, then all others.

    Args:
        focused: section of the focused pane (`Key.where`).
        replay: whether a recording is replayed; else the keys of replays come last.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "Close", show=False, priority=True),
        Binding("c", "change", "Change keys", show=False, priority=True),
    ]

    def __init__(self, focused: str, replay: bool = False) -> None:
        super().__init__()
        self._focused = focused
        self._replay = replay

    def compose(self) -> ComposeResult:
        """The list of keys."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Keys"
            dialog.border_subtitle = "c change keys  ? q esc close"
            yield WrappedView(self._lines(), INDENT)

    def action_change(self) -> None:
        """Close, and change keys."""
        self.dismiss()
        self.app.call_later(self.app.run_action, "change_keys")

    def on_mount(self) -> None:
        """Focus the list, so that keys scroll it."""
        self.query_one(WrappedView).focus()

    def _shows(self, key: Key) -> bool:
        return acts(key, self._replay) or (key.where == "replay" and not self._replay)

    def _lines(self) -> list[list[Piece]]:
        first = ("replay", self._focused) if self._replay else (self._focused,)
        order = sorted(_SECTIONS, key=lambda section: section[0] not in first)
        lines: list[list[Piece]] = []
        for where, title in order:
            keys = [key for key in BY_ID.values() if _section(key) == where and self._shows(key)]
            if not keys:
                continue
            lines.append([(title, "title")])
            lines += [[(f"  {key.shown:<8}", "key"), (key.help, "plain")] for key in keys]
            lines.append([("", "plain")])
        lines += [
            [("With the mouse", "title")],
            *([(f"  {what:<14}", "key"), (does, "plain")] for what, does in _MOUSE),
        ]
        return lines
