"""Asks for a place in a replay: a time, a turn or an event."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.lines import FixedLine

HINT = "1:23 or 83 s · turn 4 · event 120"


class GoToScreen(ModalScreen[None]):
    """Goes to the place that is typed.

    Args:
        go: goes to a place; returns what is wrong with it, empty if nothing is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close", show=False, priority=True)]

    def __init__(self, go: Callable[[str], str]) -> None:
        super().__init__()
        self._go = go

    def compose(self) -> ComposeResult:
        """A field, and a line for what is wrong."""
        with Vertical(classes="dialog question form") as dialog:
            dialog.border_title = "Go to"
            dialog.border_subtitle = signs(self, "⏎ go  esc close")
            dialog.styles.height = 5
            yield Input(id="place")
            yield FixedLine(id="place-said")

    def on_mount(self) -> None:
        """Focus the field."""
        self.query_one(Input).focus()
        self.query_one("#place-said", FixedLine).write([(HINT, "dim")])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go there, and close."""
        event.stop()
        if wrong := self._go(event.value):
            self.query_one("#place-said", FixedLine).write([(wrong, "error")])
        else:
            self.dismiss()
