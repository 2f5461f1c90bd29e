"""Field in a row of a table, with a list of the values that are known for it."""

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from rtvoice_tui.editing.fields import Field, Kind
from rtvoice_tui.editing.values import stepped
from rtvoice_tui.ui.widgets.plain_view import PlainView

NOTHING = "· the server's default"
"""How the list shows the empty value."""


class KnownValues(PlainView, can_focus=False):
    """The known values that begin with, or else hold, what is typed; a click takes one.

    Args:
        chosen: called with the value that was clicked.
    """

    def __init__(self, chosen: Callable[[str], None]) -> None:
        super().__init__([], id="field-known")
        self._chosen = chosen
        self.values: tuple[str, ...] = ()

    def show(self, values: tuple[str, ...], marked: str) -> None:
        """Show these values, with one of them under the cursor; none if it is not among them."""
        self.values = values
        self._lines = [[(f" {value or NOTHING}", "plain" if value else "dim")] for value in values]
        self.cursor = None
        self.sync(force=True)
        if marked in values:
            self.move_cursor(values.index(marked))
        self.refresh()

    @property
    def width_wanted(self) -> int:
        """Width in cells that shows all values whole."""
        return max((cell_len(value or NOTHING) for value in self.values), default=0) + 3

    def show_marked(self) -> None:
        """Scroll to the value under the cursor."""
        if self.cursor is not None:
            self.move_cursor(self.cursor)

    def on_click(self, event: events.Click) -> None:
        """Take the value that was clicked."""
        event.stop()
        line = event.y + int(self.scroll_offset.y)
        if line < len(self.values):
            self._chosen(self.values[line])


class ValueField(Input):
    """Input of one field. The arrow keys go through the known values, or change a number.

    Args:
        known: the list that shows the known values.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "known(-1)", "The known value before, or a larger number", show=False),
        Binding("down", "known(1)", "The next known value, or a smaller number", show=False),
    ]

    class Listed(Message):
        """Posted when the list has another number of values."""

    def __init__(self, known: KnownValues) -> None:
        super().__init__(id="field-value", select_on_focus=True)
        self._known = known
        self._field = Field("", "", Kind.TEXT)
        self._put = ""

    def open(self, field: Field, text: str) -> None:
        """Begin with a field and its value."""
        self._field = field
        self.placeholder = "empty: the server's default"
        self._place(text)
        self._list(self._all)

    @property
    def accepted(self) -> str:
        """The value that enter takes: what is typed, or the one choice that it begins."""
        if self._field.kind not in (Kind.CHOICE, Kind.SWITCH) or not self.value.strip():
            return self.value
        begun = [choice for choice in self._field.choices if choice.startswith(self.value.strip())]
        return begun[0] if len(begun) == 1 else self.value

    @property
    def _all(self) -> tuple[str, ...]:
        return ("", *self._field.choices) if self._field.choices else ()

    def _place(self, text: str) -> None:
        self._put = self.value = text
        self.cursor_position = len(text)

    def _list(self, values: tuple[str, ...]) -> None:
        self._known.show(values, self._word)
        self.post_message(self.Listed())

    @property
    def _word(self) -> str:
        """What is typed; of a list the last entry."""
        return self.value.rpartition(",")[2].strip() if self._field.kind is Kind.LIST else self.value.strip()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List the values that fit to what was typed."""
        event.stop()
        if event.value != self.value or event.value == self._put:
            return
        self._put = event.value
        word = self._word.casefold()
        begun = tuple(value for value in self._all if value.casefold().startswith(word))
        self._list(begun or tuple(value for value in self._all if word in value.casefold()))

    def action_known(self, step: int) -> None:
        """Go to the next known value (``step`` 1) or the one before (-1), or change a number."""
        if self._field.step:
            self._place(stepped(self._field, self.value, -step))
            return
        values, word = self._known.values, self._word
        if not values:
            return
        place = values.index(word) if word in values else (-1 if step > 0 else 0)
        found = values[(place + step) % len(values)]
        before = self.value.rpartition(",")
        self._place(f"{before[0]}, {found}" if self._field.kind is Kind.LIST and before[1] and found else found)
        self._known.show(values, found)
