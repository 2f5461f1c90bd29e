"""A bordered pane: number and state in its title, its keys in its lower border, a field for filter or search."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.bindings import hint
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.widgets.follow_view import FollowView

if TYPE_CHECKING:
    from textual.widgets import Input


class Pane(Vertical):
    """One view in a border.

    Args:
        number: the digit key that opens it.
        name: its title.
        view: the view inside.
        keys: ids of its main keys, shown in the lower border.
    """

    def __init__(self, number: int, name: str, view: FollowView, keys: Sequence[str]) -> None:
        super().__init__(id=f"{view.id}-pane", classes="pane")
        self.number = number
        self.title = name
        self.view = view
        self._keys = tuple(keys)
        self._shown_keys = ""
        self._purpose = ""
        self._shown_title = ""
        self._field: Input | None = None
        self.border_title = f"{number} {name}"
        self.show_keys()

    def show_keys(self) -> None:
        """Show the keys in the lower border, with what they do now; without the focus they do nothing."""
        words = hint(*self._keys, labels=self.view.labels) if self.has_focus_within else ""
        if words != self._shown_keys:
            self._shown_keys = words
            self.border_subtitle = Content(signs(self, words))  # a [ is a key, not markup

    def compose(self) -> ComposeResult:
        """The view; `ask` adds the field when it is first needed."""
        yield self.view

    def on_descendant_focus(self) -> None:
        """The keys act here."""
        self.show_keys()

    def on_descendant_blur(self) -> None:
        """The keys may act elsewhere."""
        self.show_keys()

    def sync(self, with_counters: bool = True) -> None:
        """Update view and title. Without ``with_counters``, lines in which only a counter changed are not repainted."""
        self.view.sync(with_counters=with_counters)
        self.show_keys()
        state = ""
        if isinstance(self.view, EventsView) and self.view.filtered:
            hits = self.view.line_count
            state = f" · filter: {one_line(self.view.filter, 40)} · "
            state += f"{hits} of {self.view.total}" if hits else "no match"
        elif isinstance(self.view, EventsView) and self.view.arrangement:
            state = f" · {self.view.arrangement}"
        if self.view.found:
            state += f" · {self.view.found}"
        if self.view.GROWS and (self.view.virtual_size.height > self.view.size.height or not self.view.follow):
            new = self.view.new_below
            follow = "follow" if self.view.follow else (f"{new} new below" if new else "frozen")
            state += f" · {follow}"
        title = f"{self.number} {self.title}{state}"
        if self._shown_title != title:
            self._shown_title = title
            self.border_title = Content(title)  # words of a filter are no markup

    async def ask(self, purpose: str, make_field: "Callable[[str], Input]") -> None:
        """Open the input field.

        Args:
            purpose: ``filter`` or ``search``.
            make_field: makes the field, with an id.
        """
        if self._field is None:
            self._field = make_field(f"{self.view.id}-field")
            await self.mount(self._field)
        field = self._field
        field.placeholder = (
            'words to show, "a phrase", /regex/, type: dir: turn: item: call: code: since: slower: (- hides)'
            if purpose == "filter"
            else 'words to find, "a phrase", /regex/, turn: since: slower: dir: (- leaves out)'
        )
        field.display = True
        self._purpose = purpose
        if purpose == "search":
            field.value = ""
        self.screen.set_focus(field)

    @property
    def filters(self) -> bool:
        """Whether the field is open for a filter."""
        return self._purpose == "filter"

    def clear(self) -> bool:
        """End the filter and the search; returns False if there is neither."""
        filtered = isinstance(self.view, EventsView) and self.view.filtered
        if not (filtered or self.view.found):
            return False
        self.view.find("")
        if isinstance(self.view, EventsView) and filtered:
            self.view.set_filter("")
            if self._field is not None:
                self._field.value = ""
        return True

    def close_field(self) -> bool:
        """Close the input field; returns False if it is not open."""
        if self._field is None or not self._field.display:
            return False
        if self._purpose == "search" and not self.view.hit:
            self.view.find("")  # nothing was found: there is nothing to go on with
        self.screen.set_focus(self.view)  # before the field is hidden, so that the next key goes to the view
        self._field.display = False
        return True

    def on_input_changed(self, event: "Input.Changed") -> None:
        """Apply a filter while it is typed."""
        event.stop()
        if self._purpose == "filter" and isinstance(self.view, EventsView):
            self.view.set_filter(event.value)
            self.sync()

    def on_input_submitted(self, event: "Input.Submitted") -> None:
        """Enter finds the next match, or keeps the filter and closes the field."""
        event.stop()
        if self._purpose == "search":
            found = self.view.find(event.value)
            if event.value and not found:
                self.app.bell()
            if event.value:
                return
        self.close_field()
