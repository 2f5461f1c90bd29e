"""A question with a key for every answer."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView


class AskScreen(ModalScreen[str]):
    """Closes with the key of the answer, or with nothing.

    Args:
        title: what it is about.
        lines: what the person should know.
        answers: key and what it does.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Leave it", show=False, priority=True)]

    def __init__(self, title: str, lines: list[str], answers: dict[str, str]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._answers = answers

    def compose(self) -> ComposeResult:
        """The text and the answers."""
        with Vertical(classes="dialog question") as dialog:
            dialog.border_title = self._title.replace("[", "\\[")
            dialog.border_subtitle = "esc leave it as it is"
            lines: list[list[Piece]] = [[(line, "plain")] for line in self._lines]
            lines.append([("", "plain")])
            lines += [[(f"  {key}  ", "key"), (words, "plain")] for key, words in self._answers.items()]
            view = PlainView(lines)
            dialog.styles.height = min(20, len(lines) + 2)
            yield view

    def on_mount(self) -> None:
        """Take the keys."""
        self.query_one(PlainView).focus()

    def on_key(self, event: events.Key) -> None:
        """An answer's key answers."""
        if event.character in self._answers:
            event.stop()
            event.prevent_default()
            self.dismiss(event.character or "")
