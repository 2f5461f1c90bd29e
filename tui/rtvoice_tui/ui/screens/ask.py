"""Dialog with a question and a key for each choice."""

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from rtvoice_tui.store.plain import line_of
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.plain_view import PlainView
from rtvoice_tui.ui.wrapping import wrapped


class WrappedLines(PlainView):
    """Lines that are wrapped to the width instead of cut.

    Args:
        entries: the lines.
        fit: called with the number of wrapped lines.
    """

    def __init__(self, entries: list[str], fit: Callable[[int], None]) -> None:
        super().__init__([])
        self._entries = [line_of(entry) for entry in entries]
        self._fit = fit
        self._width = 0

    def refresh_from_model(self) -> bool:
        """Wrap again if the width has changed."""
        width = self.text_width
        if width == self._width:
            return False
        self._width = width
        self._lines = []
        for entry in self._entries:
            indent = len(entry) - len(entry.lstrip()) + 2
            self._lines += wrapped([(entry, "plain")], width, indent)
        self.call_later(self._fit, len(self._lines))
        return True

    def copy_text(self) -> str:
        """All lines, not wrapped."""
        return "\n".join(self._entries)


class Answer(FixedLine):
    """A choice of a question; a click presses its key.

    Args:
        number: place among the choices.
        press: Textual's name of the key.
        shown: the key as it is displayed.
        words: what is chosen.
    """

    def __init__(self, number: int, press: str, shown: str, words: str) -> None:
        super().__init__(id=f"answer-{number}")
        self._press = press
        self.write([(f"{shown:>5}", "key"), (f"  {words}", "plain")])

    def on_click(self) -> None:
        """Press the key."""
        self.app.simulate_key(self._press)


class AskScreen(ModalScreen[str]):
    """Dialog that returns the key of the choice; empty if it was cancelled.

    Args:
        title: title of the dialog.
        lines: text of the question; long lines are wrapped.
        answers: description of each choice by its key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Leave it", show=False, priority=True)]

    def __init__(self, title: str, lines: list[str], answers: dict[str, str]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines
        self._answers = answers

    def compose(self) -> ComposeResult:
        """The text, and below it the choices, which stay visible when the text is scrolled."""
        with Vertical(classes="dialog question") as dialog:
            dialog.border_title = self._title.replace("[", "\\[")
            yield WrappedLines(self._lines, self._fit)
            yield FixedLine()
            for number, (key, words) in enumerate(self._answers.items()):
                yield Answer(number, key, key, words)
            yield Answer(len(self._answers), "escape", "esc", "cancel")

    def on_mount(self) -> None:
        """Focus the text."""
        self._fit(len(self._lines))
        self.query_one(WrappedLines).focus()

    def _fit(self, lines: int) -> None:
        """Make the dialog as high as its lines, and no higher than the screen."""
        self.query_one(".dialog").styles.height = min(self.app.size.height - 2, lines + len(self._answers) + 4)

    def on_key(self, event: events.Key) -> None:
        """Close with the choice whose key was pressed."""
        if event.character in self._answers:
            event.stop()
            event.prevent_default()
            self.dismiss(event.character or "")
