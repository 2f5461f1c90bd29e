"""The border between two columns, which can be dragged."""

from textual import events
from textual.message import Message
from textual.strip import Strip

from rtvoice_tui.ui.widgets.lines import Inked


class Divider(Inked):
    """A vertical line. Dragging it moves the border; a double click puts it back.

    Args:
        right: name of the column at its right.
    """

    class Dragged(Message):
        """Posted while the line is dragged: ``x`` is where the mouse is on the screen, in cells."""

        def __init__(self, right: str, x: int) -> None:
            super().__init__()
            self.right = right
            self.x = x

    class Dropped(Message):
        """Posted at the end; ``reset``: the line was double-clicked."""

        def __init__(self, reset: bool) -> None:
            super().__init__()
            self.reset = reset

    def __init__(self, right: str) -> None:
        super().__init__()
        self.right = right
        self._dragged = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        event.stop()
        self.capture_mouse()
        self._dragged = True
        self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag, as long as a button is held."""
        if self._dragged and not event.button:
            self._drop()
        elif self._dragged:
            event.stop()
            self.post_message(self.Dragged(self.right, int(event.screen_x)))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Drop."""
        if self._dragged:
            event.stop()
            self._drop()

    def on_mouse_release(self) -> None:
        """Something else has the mouse now."""
        self._drop()

    def on_hide(self) -> None:
        """There is no border any more."""
        self._drop()

    def _drop(self) -> None:
        if self._dragged:
            self._dragged = False
            self.release_mouse()
            self.refresh()
            self.post_message(self.Dropped(reset=False))

    def on_click(self, event: events.Click) -> None:
        """A double click puts the line back to its usual place."""
        if event.chain == 2:
            self.post_message(self.Dropped(reset=True))

    def on_enter(self) -> None:
        """Show that it can be dragged."""
        self.refresh()

    def on_leave(self) -> None:
        """The mouse is elsewhere."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        return self.strip([("│", "key" if self._dragged or self.mouse_hover else "pane-border")], 1)
