"""All panes: a new one costs a class and a row here.

Layout, tabs, bridge and help go by `PANES`; `panes` makes the widgets.
"""

from dataclasses import dataclass
from enum import StrEnum

from textual.widget import Widget

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.calls import ToolsPane
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.log import LogView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView


class Column(StrEnum):
    """Which side of a large screen a pane is on."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class PaneRow:
    """What is known of a pane without making it.

    Attributes:
        number: the digit that leads to it.
        title: in its border.
        short: in the tabs of a small screen.
        column: where it is on a large screen.
        keys: its best keys, in its lower border.
    """

    number: int
    title: str
    short: str
    column: Column
    keys: str


PANES = (
    PaneRow(1, "Transcript", "Talk", Column.LEFT, "/ search  y copy  [ ] turn"),
    PaneRow(3, "Timing", "Timing", Column.LEFT, "[ ] turn  y copy"),
    PaneRow(6, "Log", "Log", Column.LEFT, "y copy  esc close"),
    PaneRow(2, "Events", "Events", Column.RIGHT, "f filter  ␣ freeze  ⏎ open"),
    PaneRow(4, "Tools", "Tools", Column.RIGHT, "a yes  x no  r again  s send  m mock  t test  d off"),
    PaneRow(5, "Agent", "Agent", Column.RIGHT, "F7 send  ⏎ edit  u undo  h history  ^e editor"),
)
"""In the order in which they stand in their columns."""

TABS = tuple((row.number, row.short) for row in sorted(PANES, key=lambda row: row.number))
"""Number and short name of each pane, as a small screen shows them."""


def panes(controller: Controller, hints: tuple[str, ...]) -> tuple[list[Widget], list[Widget]]:
    """The widgets of the left and of the right column.

    Args:
        controller: the session and its store.
        hints: what an empty transcript says.
    """
    made = {row.number: _made(row, controller, hints) for row in PANES}
    left = [made[row.number] for row in PANES if row.column is Column.LEFT]
    return left, [made[row.number] for row in PANES if row.column is Column.RIGHT]


def _made(row: PaneRow, controller: Controller, hints: tuple[str, ...]) -> Widget:
    session, store = controller.session, controller.store
    plan = session.plan
    fixed, settings = plan.dialect.fixed_rate, plan.settings
    rates = (fixed or settings.output_rate, fixed or settings.input_rate)

    def silence_ms() -> float:
        detection = session.settings.turn_detection
        return float(detection.get("silence_duration_ms") or 0) if isinstance(detection, dict) else 0.0

    match row.number:
        case 1:
            return Pane(row.number, row.title, TranscriptView(store, hints), row.keys)
        case 2:
            return Pane(row.number, row.title, EventsView(store.events, rates), row.keys)
        case 3:
            return Pane(row.number, row.title, TimingView(store, silence_ms), row.keys)
        case 4:
            return ToolsPane(store, lambda: session.clock)
        case 5:
            return AgentPane(controller.edits.editor, store)
        case _:
            return Pane(row.number, row.title, LogView(store), row.keys)
