"""Field for a query: completes it, and brings saved ones back."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from rtvoice_tui.controller.saved_queries import SavedQueries
from rtvoice_tui.store.query import FIELDS

_VALUES = {"dir": ("down", "up")}


class QueryField(Input):
    """Input of a query. ``right`` at its end takes the completion over, ``up`` and ``down`` show the saved ones.

    Args:
        queries: the saved queries.
        types: returns the types of all events, to complete ``type:``.
        id: id of the widget.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "saved(-1)", "The saved query before", show=False),
        Binding("down", "saved(1)", "The next saved query", show=False),
        Binding("ctrl+s", "save", "Save the query, or forget it", show=False),
    ]

    def __init__(self, queries: SavedQueries, types: Callable[[], Sequence[str]], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, classes="field", suggester=_Completion(queries, types))
        self._queries = queries
        self._typed = ""

    def action_saved(self, step: int) -> None:
        """Show the saved query before (-1) or after (1) this one; beyond the last is what was typed."""
        texts = self._queries.texts
        if not texts:
            self.app.notify("no query is saved yet: ctrl+s saves this one", markup=False)
            return
        place = texts.index(self.value) if self.value in texts else len(texts)
        if place == len(texts):
            self._typed = self.value
        place += step
        if place >= len(texts):
            self.value = self._typed
        elif place >= 0:
            self.value = texts[place]
        self.cursor_position = len(self.value)

    def action_save(self) -> None:
        """Save the query, or forget it if it is saved."""
        self.app.notify(self._queries.toggle(self.value), markup=False)


class _Completion(Suggester):
    """Completes a saved query, the name of a field, or the value of one."""

    def __init__(self, queries: SavedQueries, types: Callable[[], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._queries = queries
        self._types = types

    async def get_suggestion(self, value: str) -> str | None:
        """The completed query; ``None`` if there is nothing to complete."""
        if whole := next((text for text in self._queries.texts if text.startswith(value) and text != value), ""):
            return whole
        before, space, last = value.rpartition(" ")
        word = last.removeprefix("-")
        if not word:
            return None
        field, colon, begun = word.partition(":")
        found = _first(self._values(field), begun, f"{field}:") if colon else _first(FIELDS, word, "", ":")
        return f"{before}{space}{last[: len(last) - len(word)]}{found}" if found else None

    def _values(self, field: str) -> Iterable[str]:
        return self._types() if field == "type" else _VALUES.get(field, ())


def _first(words: Iterable[str], begun: str, before: str, behind: str = "") -> str:
    """The first word that begins so, with what is around it; empty if there is none, or it is complete."""
    return next(
        (f"{before}{word}{behind}" for word in words if begun and word.startswith(begun) and word + behind != begun), ""
    )
