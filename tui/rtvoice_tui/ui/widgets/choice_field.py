"""Field in which one of a few values is chosen, with all of them in sight."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from rtvoice_tui.ui.widgets.lines import Inked, Piece


class ChoiceField(Inked, can_focus=True):
    """One of several words. Arrow keys and a click choose the next one; letters choose the word that begins with them.

    Args:
        choices: the words.
        value: the word that is chosen first.
        id: id of the widget.
    """

    DEFAULT_CSS = "ChoiceField { height: 1; width: 1fr; padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "The value before", show=False),
        Binding("right,space", "step(1)", "The next value", show=False),
        Binding("enter", "submit", "The next field", show=False),
    ]

    class Changed(Message):
        """Posted when another word is chosen."""

        def __init__(self, field: "ChoiceField") -> None:
            super().__init__()
            self.field = field

    class Submitted(Message):
        """Posted to go to the next field."""

    def __init__(self, choices: Sequence[str], value: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.choices = tuple(choices)
        self._value = value if value in self.choices else self.choices[0]
        self._typed = ""

    @property
    def value(self) -> str:
        """The chosen word."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value in self.choices and value != self._value:
            self._value = value
            self.refresh()
            self.post_message(self.Changed(self))

    def action_step(self, step: int) -> None:
        """Choose the next word (``step`` 1), or the one before (-1)."""
        self._typed = ""
        self.value = self.choices[(self.choices.index(self._value) + step) % len(self.choices)]

    def action_submit(self) -> None:
        """Go to the next field."""
        self.post_message(self.Submitted())

    def on_key(self, event: events.Key) -> None:
        """Choose the word that begins with the typed letters."""
        letter = event.character or ""
        if not letter.isalnum():
            return
        event.stop()
        for typed in (self._typed + letter.lower(), letter.lower()):
            if found := next((choice for choice in self.choices if choice.startswith(typed)), ""):
                self._typed = typed
                self.value = found
                return

    def on_blur(self) -> None:
        """The next letters begin a new word."""
        self._typed = ""

    def on_click(self) -> None:
        """Choose the next word."""
        self.action_step(1)

    def render_line(self, y: int) -> Strip:
        """Draw the chosen word, and the others behind it."""
        ink = "key" if self.has_focus else "plain"
        pieces: list[Piece] = []
        for choice in self.choices:
            chosen = choice == self._value
            pieces.append((f"[{choice}]" if chosen else f" {choice} ", ink if chosen else "dim"))
        return self.strip(pieces, self.size.width)
