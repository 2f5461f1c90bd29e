"""Which panes are visible: all on a large screen, one of each side on a wide and low one, else one pane."""

from enum import Enum, auto
from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.widget import Widget

from rtvoice_tui.ui.columns import Columns
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.registry import ROWS, Column
from rtvoice_tui.ui.sizes import TALL, THREE, WIDE

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


class Room(Enum):
    """How many panes there is room for."""

    ONE = auto()
    ROW = auto()
    """One of each side."""
    ALL = auto()
    """Two columns; the agent's pane takes the place of the right one."""
    THREE = auto()
    """The agent's pane has a column of its own."""


def room_of(size: Size) -> Room:
    """The room for panes on a screen."""
    if size.width < WIDE:
        return Room.ONE
    if size.height < TALL:
        return Room.ROW
    return Room.THREE if size.width >= THREE else Room.ALL


FIRST = {Column.LEFT: 1, Column.RIGHT: 2}
"""The pane of each side that is shown where there is room for one of each."""


def _side(number: int) -> Column:
    """The side of the screen that a pane is on where there is room for two columns."""
    return Column.LEFT if ROWS[number].column is Column.LEFT else Column.RIGHT


AGENT = 5
"""Number of the agent pane, which has its own key to open and close it."""


class Layout:
    """Shows and hides panes, and tracks the active one.

    Args:
        app: the app that holds the panes.

    Attributes:
        active: number of the active pane.
        room: the room for panes.
        columns: the widths of the columns.
    """

    def __init__(self, app: "RtvoiceApp", columns: Columns) -> None:
        self._app = app
        self.columns: Columns = columns
        self.active = 1
        self.room = Room.ALL
        self._zoomed = False
        self._beside = dict(FIRST)  # the last active pane of each side
        self._open: set[int] = set()  # open panes that replace others (`PaneRow.over`)

    def resized(self, size: Size) -> None:
        """Rearrange the panes when the room for them changes."""
        room = room_of(size)
        if room is not self.room:
            self.room = room
            screen = self._app.screen_stack[0]
            screen.set_class(room is Room.ONE, "-narrow")
            screen.set_class(room is Room.ROW, "-low")
            self.arrange()

    @property
    def narrow(self) -> bool:
        """Whether not all panes are in sight, so that tabs show what there is."""
        return self.room in (Room.ONE, Room.ROW)

    def focused(self, widget: Widget | None) -> None:
        """Make the pane that contains the focused widget the active one."""
        while widget is not None and not isinstance(widget, Pane | AgentPane):
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        if widget is not None:
            self.active = widget.number
            self._beside[_side(self.active)] = self.active

    async def go(self, number: int, typing: bool = False) -> None:
        """Open a pane if it is closed, make it active and focus it, before the next key is handled.

        Args:
            number: its number.
            typing: whether the instructions get the focus in pane 5; else its table, where keys act.
        """
        self.active = number
        self._open = {other for other in self._open if number not in ROWS[other].over}
        if ROWS[number].over:
            self._open.add(number)
        self.arrange()
        await self._focus(typing)

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
            await self.go(AGENT, typing=True)

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
        self._beside[_side(self.active)] = self.active
        for side, number in self._beside.items():
            if ROWS[number].over and number not in self._open:
                self._beside[side] = FIRST[side]
        shown = self._in_sight()
        if self._zoomed or self.room is Room.ONE:
            shown = {self.active}
        elif self.room is Room.ROW:
            shown = set(self._beside.values())
        for pane in (*screen.query(Pane), screen.query_one(AgentPane)):
            pane.display = pane.number in shown
        self.columns.show({ROWS[number].column for number in shown})
        if AGENT in shown and self.room is Room.THREE:
            self._app.call_after_refresh(screen.query_one(AgentPane).make)

    def _in_sight(self) -> set[int]:
        """Panes visible on a large screen: the open ones, and the default ones that none of them replaces."""
        beside = {AGENT} if self.room is Room.THREE else set()
        hidden = {number for other in self._open - beside for number in ROWS[other].over}
        return beside | self._open | {row.number for row in ROWS.values() if not row.over and row.number not in hidden}

    async def _focus(self, typing: bool = False) -> None:
        screen = self._app.screen_stack[0]
        if self.active == AGENT:
            await screen.query_one(AgentPane).open(typing=typing)
            return
        for pane in screen.query(Pane):
            if pane.number == self.active:
                screen.set_focus(pane.view)
