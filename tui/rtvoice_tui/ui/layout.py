"""Which panes are in sight: all on a large screen, one on a small one, one when zoomed."""

from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.widget import Widget

from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.sizes import TALL, WIDE

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp

AGENT, LOG = 5, 6


class Layout:
    """Shows and hides panes; knows the active one.

    Args:
        app: the app whose panes these are.
    """

    def __init__(self, app: "RtvoiceApp") -> None:
        self._app = app
        self.active = 1
        self.narrow = False
        self._zoomed = False
        self._agent_open = False
        self._log_open = False

    def resized(self, size: Size) -> None:
        """Follow the terminal's size."""
        narrow = size.width < WIDE or size.height < TALL
        if narrow != self.narrow:
            self.narrow = narrow
            self._app.screen_stack[0].set_class(narrow, "-narrow")
            self.arrange()

    def focused(self, widget: Widget | None) -> None:
        """The pane around the focused widget becomes the active one."""
        while widget is not None and not isinstance(widget, Pane | AgentPane):
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        if widget is not None:
            self.active = AGENT if isinstance(widget, AgentPane) else widget.number

    async def go(self, number: int) -> None:
        """Make a pane active, opening it if it is closed; the next key is already its own."""
        self.active = number
        self._agent_open = self._agent_open or number == AGENT
        if number in (2, 4) and not self.narrow:
            self._agent_open = False
        self._log_open = number == LOG or (self._log_open and number != 3)
        self.arrange()
        await self._focus()

    def zoom(self) -> None:
        """The active pane alone, or all again."""
        self._zoomed = not self._zoomed
        self.arrange()

    async def toggle_agent(self) -> None:
        """Open the agent pane, or go back to the transcript."""
        if self.active == AGENT and self._agent_open:
            self._agent_open = False
            await self.go(1)
        else:
            await self.go(AGENT)

    async def back(self) -> bool:
        """Undo the last opening; false if everything is as at the start."""
        if self._zoomed:
            self._zoomed = False
        elif self._agent_open and self.active == AGENT:
            self._agent_open = False
            self.active = 1
        elif self._log_open and self.active == LOG:
            self._log_open = False
            self.active = 1
        else:
            return False
        self.arrange()
        await self._focus()
        return True

    def arrange(self) -> None:
        """Show what belongs in sight."""
        screen = self._app.screen_stack[0]
        alone = self.narrow or self._zoomed
        shown = {self.active} if alone else self._panes()
        for pane in screen.query(Pane):
            pane.display = pane.number in shown
        screen.query_one(AgentPane).display = AGENT in shown
        screen.query_one("#left").display = bool(shown & {1, 3, LOG})
        screen.query_one("#right").display = bool(shown & {2, 4, AGENT})

    def _panes(self) -> set[int]:
        left = {1, LOG} if self._log_open else {1, 3}
        return left | ({AGENT} if self._agent_open else {2, 4})

    async def _focus(self) -> None:
        screen = self._app.screen_stack[0]
        if self.active == AGENT:
            await screen.query_one(AgentPane).open()
            return
        for pane in screen.query(Pane):
            if pane.number == self.active:
                screen.set_focus(pane.view)
