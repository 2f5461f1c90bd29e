"""The user's own words for a call: a result to be sent, or a reason not to agree."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece
from rtvoice_tui.ui.widgets.plain_fields import PlainArea


class ResultScreen(ModalScreen[str | None]):
    """Closes with the result as typed, or with nothing.

    Args:
        title: whose result it is.
        text: to begin with.
        hint: what becomes of it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False, priority=True),
        Binding("f7", "send", "Send", show=False, priority=True),
        Binding("ctrl+e", "external", "Editor", show=False, priority=True),
    ]

    def __init__(self, title: str, text: str, hint: str) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._hint = hint
        self._left = False

    def compose(self) -> ComposeResult:
        """A line that says what happens, and the text."""
        with Vertical(classes="dialog form") as dialog:
            dialog.border_title = one_line(self._title, 80).replace("[", "\\[")
            dialog.border_subtitle = "F7 send  ^e editor  esc leave"
            line = FixedLine(id="result-hint")
            line.write([(self._hint, "dim")])
            yield line
            yield PlainArea(self._text, id="result-text", tab_behavior="focus")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(TextArea).focus()

    def action_send(self) -> None:
        """Take it over."""
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        """Leave; what was typed is only thrown away when asked twice."""
        if self._left or self.query_one(TextArea).text == self._text:
            self.dismiss(None)
            return
        self._left = True
        self.query_one("#result-hint", FixedLine).write(
            [("F7 sends what was typed; esc once more throws it away", "warn")]
        )

    def action_external(self) -> None:
        """Write it in the user's own editor."""
        from rtvoice_tui.ui.terminal.external_editor import edited

        area = self.query_one(TextArea)
        text = edited(self.app, area.text, ".txt")
        if text is not None:
            area.load_text(text)


class ReasonScreen(ModalScreen[str | None]):
    """Closes with a reason, which may be empty, or with nothing.

    Args:
        lines: what is refused.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Leave", show=False, priority=True)]

    def __init__(self, lines: list[list[Piece]]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        """What it is about, and a line for the reason."""
        with Vertical(classes="dialog question form") as dialog:
            dialog.border_title = "Do not run it"
            dialog.border_subtitle = "enter refuse  esc leave it waiting"
            dialog.styles.height = len(self._lines) + 4
            for pieces in self._lines:
                line = FixedLine()
                line.write(pieces)
                yield line
            yield Input(id="reason", placeholder="reason for the model, or nothing")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter refuses."""
        event.stop()
        self.dismiss(event.value.strip())
