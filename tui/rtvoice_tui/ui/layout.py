"""Which panes are visible: both columns on a large screen, one pane on a small screen or when zoomed."""

from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.widget import Widget

from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.registry import ROWS, Column
from rtvoice_tui.ui.sizes import TALL, WIDE

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp

AGENT = 5
"""Number of the agent pane, which has its own key to open and close it."""


class Layout:
    """Shows and hides panes, and tracks the active one.

    Args:
        app: the app that holds the panes.

    Attributes:
        active: number of the active pane.
        narrow: whether the screen has room for one pane only.
    """

    def __init__(self, app: "RtvoiceApp") -> None:
        self._app = app
        self.active = 1
        self.narrow = False
        self._zoomed = False
        self._open: set[int] = set()  # open panes that replace others (`PaneRow.over`)

    def resized(self, size: Size) -> None:
        """Rearrange the panes when the terminal's size crosses `WIDE` or `TALL`."""
        narrow = size.width < WIDE or size.height < TALL
        if narrow != self.narrow:
            self.narrow = narrow
            self._app.screen_stack[0].set_class(narrow, "-narrow")
            self.arrange()

    def focused(self, widget: Widget | None) -> None:
        """Make the pane that contains the focused widget the active one."""
        while widget is not None and not isinstance(widget, Pane | AgentPane):
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        if widget is not None:
            self.active = widget.number

    async def go(self, number: int) -> None:
        """Open a pane if it is closed, make it active and focus it, before the next key is handled."""
        self.active = number
        self._open = {other for other in self._open if number not in ROWS[other].over}
        if ROWS[number].over:
            self._open.add(number)
        self.arrange()
        await self._focus()

    def zoom(self) -> None:
        """Toggle zoom: show only the active pane, or all again."""
        self._zoomed = not self._zoomed
        self.arrange()

    async def toggle_agent(self) -> None:
        """Open the agent pane, or go back to the transcript."""
        if self.active == AGENT and AGENT in self._open:
            self._open.discard(AGENT)
            await self.go(1)
        else:
            await self.go(AGENT)

    async def back(self) -> bool:
        """End zoom, or close the active pane if it was opened; returns False if neither applies."""
        if self._zoomed:
            self._zoomed = False
        elif self.active in self._open:
            self._open.discard(self.active)
            self.active = 1
        else:
            return False
        self.arrange()
        await self._focus()
        return True

    def arrange(self) -> None:
        """Show and hide panes and columns for the current state."""
        screen = self._app.screen_stack[0]
        alone = self.narrow or self._zoomed
        shown = {self.active} if alone else self._in_sight()
        for pane in (*screen.query(Pane), screen.query_one(AgentPane)):
            pane.display = pane.number in shown
        for column in Column:
            screen.query_one(f"#{column}").display = any(ROWS[number].column is column for number in shown)

    def _in_sight(self) -> set[int]:
        """Panes visible on a large screen: the open ones, and the default ones that none of them replaces."""
        hidden = {number for other in self._open for number in ROWS[other].over}
        return self._open | {row.number for row in ROWS.values() if not row.over and row.number not in hidden}

    async def _focus(self) -> None:
        screen = self._app.screen_stack[0]
        if self.active == AGENT:
            await screen.query_one(AgentPane).open()
            return
        for pane in screen.query(Pane):
            if pane.number == self.active:
                screen.set_focus(pane.view)
