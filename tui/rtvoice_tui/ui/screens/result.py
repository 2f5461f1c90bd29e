"""Dialogs for a call: enter its result, or a reason to reject it."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece
from rtvoice_tui.ui.widgets.plain_fields import PlainArea


class ResultScreen(ModalScreen[str | None]):
    """Dialog that returns the result as typed, or ``None``.

    Args:
        title: title of the dialog.
        text: initial text.
        hint: how the result will be sent.
    """

    ANSWERS: ClassVar[bool] = True
    """It answers a call, so that the keys that answer calls do not act."""

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
        """The hint and the text area."""
        with Vertical(classes="dialog form") as dialog:
            dialog.border_title = one_line(self._title, 80).replace("[", "\\[")
            dialog.border_subtitle = "F7 send  ^e editor  esc cancel"
            line = FixedLine(id="result-hint")
            line.write([(self._hint, "dim")])
            yield line
            yield PlainArea(self._text, id="result-text", tab_behavior="focus")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(TextArea).focus()

    def action_send(self) -> None:
        """Close with the typed text."""
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        """Close without a result; typed text is discarded only at the second call."""
        if self._left or self.query_one(TextArea).text == self._text:
            self.dismiss(None)
            return
        self._left = True
        self.query_one("#result-hint", FixedLine).write(
            [("F7 sends what was typed; esc once more discards it", "warn")]
        )

    def action_external(self) -> None:
        """Edit the text in the user's own editor."""
        from rtvoice_tui.ui.terminal.external_editor import edited

        area = self.query_one(TextArea)
        text = edited(self.app, area.text, ".txt")
        if text is not None:
            area.load_text(text)


class ReasonScreen(ModalScreen[str | None]):
    """Dialog that returns a reason to reject a call, which may be empty, or ``None``.

    Args:
        lines: description of the call.
    """

    ANSWERS: ClassVar[bool] = True

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Leave", show=False, priority=True)]

    def __init__(self, lines: list[list[Piece]]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The description of the call, and a field for the reason."""
        with Vertical(classes="dialog question form") as dialog:
            dialog.border_title = "Do not run it"
            dialog.border_subtitle = signs(self, "⏎ reject  esc cancel")
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
        """Reject the call with the typed reason."""
        event.stop()
        self.dismiss(event.value.strip())
