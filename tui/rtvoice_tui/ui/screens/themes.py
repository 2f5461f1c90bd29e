"""Dialog in which a theme is chosen: the screen behind it shows each as the cursor goes through them."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.plain_view import PlainView


class ThemeList(PlainView):
    """Names of themes.

    Args:
        names: the names.
        current: the theme in use.
    """

    class Moved(Message):
        """Posted when the cursor is on another theme."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.theme = name

    def __init__(self, names: Sequence[str], current: str) -> None:
        marks = ("● " if name == current else "  " for name in names)
        super().__init__([[(mark, "key"), (name, "plain")] for mark, name in zip(marks, names, strict=True)])
        self.names = tuple(names)
        self.cursor = self.names.index(current) if current in names else 0

    def move_cursor(self, line: int) -> None:
        """Move the cursor and post `Moved`."""
        super().move_cursor(line)
        self.post_message(self.Moved(self.names[self.cursor or 0]))


class ThemesScreen(ModalScreen[str | None]):
    """Returns the chosen theme, or ``None``; then the one before is in use again.

    Args:
        names: the themes.
        current: the theme in use.
        preview: uses a theme for now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", "Close", show=False, priority=True)]

    def __init__(self, names: Sequence[str], current: str, preview: Callable[[str], None]) -> None:
        super().__init__()
        self._names = names
        self._current = current
        self._preview = preview
        self._left = False

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(classes="dialog themes") as dialog:
            dialog.border_title = "Themes"
            dialog.border_subtitle = signs(self, "⏎ keep  q esc back")
            dialog.styles.height = len(self._names) + 2
            yield ThemeList(self._names, self._current)

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one(ThemeList).focus()

    def on_theme_list_moved(self, message: ThemeList.Moved) -> None:
        """Show the theme; not any more once the dialog was left."""
        if not self._left:
            self._preview(message.theme)

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """Keep the theme under the cursor."""
        message.stop()
        self._left = True
        self.dismiss(self._names[message.line])

    def action_leave(self) -> None:
        """Use the theme from before again."""
        self._left = True
        self._preview(self._current)
        self.dismiss(None)
