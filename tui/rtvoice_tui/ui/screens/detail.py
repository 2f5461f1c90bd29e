"""Dialog with read-only text, such as an event as JSON."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from rtvoice_tui.ui.copying import Copying
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.json_view import JsonView


class DetailScreen(ModalScreen[None]):
    """Shows lines of text under a title.

    Args:
        title: says what it is.
        lines: the text.
        changes: whether the text tells how two others differ.
        settings: title and text of how the session's settings differ, which a key shows; ``None`` without.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close", show=False, priority=True),
        Binding("y", "copy", "Copy", show=False, priority=True),
        Binding("s", "settings", "Settings", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        lines: list[str],
        changes: bool = False,
        settings: Callable[[], tuple[str, list[str]]] | None = None,
    ) -> None:
        super().__init__()
        self._changes = changes
        self._settings = settings
        self._title = title
        self._lines = lines
        self._copying: Copying | None = None

    def compose(self) -> ComposeResult:
        """The text."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = self._title.replace("[", "\\[")
            view = JsonView(self._lines, self._changes)
            fold, settings = "⏎ fold  " if view.folds else "", "s settings at the times  " if self._settings else ""
            dialog.border_subtitle = signs(self, f"{fold}{settings}y copy  q esc close")
            yield view

    def on_mount(self) -> None:
        """Focus the text, so that keys scroll it."""
        self.query_one(JsonView).focus()

    def action_settings(self) -> None:
        """Show the settings."""
        if self._settings is not None:
            self.app.push_screen(DetailScreen(*self._settings(), changes=True))

    def action_copy(self) -> None:
        """Copy everything."""
        if self._copying is None:
            self._copying = Copying(self.app)
        self._copying.copy("\n".join(self._lines))
