"""The text area of the message field. Imported when it is first used."""

from collections.abc import Callable

from textual import events
from textual.widgets import TextArea

from rtvoice_tui.controller.typed_history import Recall
from rtvoice_tui.ui.widgets.plain_fields import PlainArea
from rtvoice_tui.ui.widgets.submitted import MessageSubmitted

MOST_LINES = 6
"""Number of lines up to which the field grows."""

_NEW_LINE = frozenset(("alt+enter", "shift+enter", "ctrl+enter", "ctrl+j"))
"""Keys that begin a new line; which of them arrive depends on the terminal."""


class MessageArea(PlainArea):
    """Enter sends; the arrow keys leave the text at its first and last line for messages typed earlier.

    Args:
        recall: the messages typed earlier.
        emptied: called when enter has emptied the field.
    """

    def __init__(self, recall: Recall, emptied: Callable[[], None]) -> None:
        super().__init__(id="composer", soft_wrap=True, tab_behavior="focus", compact=True)
        self._recall = recall
        self._emptied = emptied

    @property
    def value(self) -> str:
        """The text."""
        return self.text

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            text = self.text
            self.clear()  # at once: what is typed next is the next message
            self._emptied()
            self.post_message(MessageSubmitted(text))
        elif event.key in _NEW_LINE:
            event.stop()
            event.prevent_default()
            self.insert("\n")
        else:
            await super()._on_key(event)

    def action_cursor_up(self, select: bool = False) -> None:
        """Move the cursor up, or show an earlier message."""
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        else:
            self._show(self._recall.earlier(self.text))

    def action_cursor_down(self, select: bool = False) -> None:
        """Move the cursor down, or show a later message."""
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        else:
            self._show(self._recall.later(self.text))

    def _show(self, text: str | None) -> None:
        if text is not None:
            self.replace(text, (0, 0), self.document.end)  # keeps what was there for undo
            self.move_cursor(self.document.end)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """As high as the text, up to `MOST_LINES`."""
        event.stop()
        self.fit()

    def on_resize(self) -> None:
        """The text may wrap in another way."""
        self.fit()

    def fit(self) -> None:
        """Make the field as high as its text."""
        height = max(1, min(MOST_LINES, self.wrapped_document.height))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
