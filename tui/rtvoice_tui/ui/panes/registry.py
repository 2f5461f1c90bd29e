"""Registry of all panes: a new pane needs a class and a row here.

Layout, tabs and help are derived from `PANES`; `panes` creates the widgets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from textual.widget import Widget

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.ui.bindings import TURNS, hint
from rtvoice_tui.ui.describing import hints
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.calls import ToolsPane
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.log import LogView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.phase_lines import phase_lines
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.lines import Piece


class Column(StrEnum):
    """Which column of a large screen a pane is in."""

    LEFT = "left"
    RIGHT = "right"
    FAR = "far"
    """Shown in place of the right one where there is no room for three."""


@dataclass(frozen=True)
class PaneRow:
    """Description of a pane, available without its widget.

    Attributes:
        number: the digit key that opens it.
        title: title in its border.
        short: title in the tabs of a small screen.
        column: its column on a large screen.
        keys_shown: ids of its main keys, shown in its lower border.
        make: creates its widget.
        help: its section of the help (`Key.where`).
        over: numbers of the panes it replaces while it is open; empty for panes that are shown by default.
    """

    number: int
    title: str
    short: str
    column: Column
    keys_shown: tuple[str, ...]
    make: "Callable[[PaneRow, Controller], Widget]"
    help: str = "lines"
    over: frozenset[int] = frozenset()

    @property
    def keys(self) -> str:
        """Its main keys with what they do."""
        return hint(*self.keys_shown)


_OF_A_SESSION = frozenset(("run-again", "send-result", "make-mock", "test-tool", "switch-tool"))
"""Keys that do nothing in a replay."""


def _keys(row: PaneRow, controller: Controller) -> tuple[str, ...]:
    """The keys in the lower border of a pane."""
    hidden = _OF_A_SESSION if controller.replay is not None else ()
    return tuple(key for key in row.keys_shown if key not in hidden)


def _transcript(row: PaneRow, controller: Controller) -> Widget:
    if controller.replay is not None:
        return Pane(row.number, row.title, TranscriptView(controller.store), _keys(row, controller))

    def below() -> list[list[Piece]]:
        editor = controller.edits.editor
        where = urlsplit(editor.kept.url).hostname or editor.dialect.title
        return phase_lines(controller.store, controller.session.clock, where, ", ".join(editor.changed))

    view = TranscriptView(controller.store, hints(controller.edits.editor), below)
    return Pane(row.number, row.title, view, row.keys_shown)


def _timing(row: PaneRow, controller: Controller) -> Widget:
    def silence_ms() -> float:
        detection = controller.session.settings.turn_detection
        return float(detection.get("silence_duration_ms") or 0) if isinstance(detection, dict) else 0.0

    return Pane(row.number, row.title, TimingView(controller.store, silence_ms), row.keys_shown)


def _log(row: PaneRow, controller: Controller) -> Widget:
    return Pane(row.number, row.title, LogView(controller.store), row.keys_shown)


def _events(row: PaneRow, controller: Controller) -> Widget:
    def rates() -> tuple[int, int]:
        plan = controller.session.plan
        fixed, settings = plan.dialect.fixed_rate, plan.settings
        return fixed or settings.output_rate, fixed or settings.input_rate

    return Pane(row.number, row.title, EventsView(controller.store, rates), row.keys_shown)


def _calls(row: PaneRow, controller: Controller) -> Widget:
    clock, offers = (lambda: controller.session.clock), controller.calls.offers
    return ToolsPane(row.number, row.title, controller.store, clock, _keys(row, controller), offers)


def _agent(row: PaneRow, controller: Controller) -> Widget:
    return AgentPane(row.number, row.title, controller.edits.editor, controller.store, row.keys)


PANES = (
    PaneRow(1, "Transcript", "Talk", Column.LEFT, ("search", "copy", TURNS), _transcript),
    PaneRow(3, "Timing", "Timing", Column.LEFT, (TURNS, "copy"), _timing),
    PaneRow(6, "Log", "Log", Column.LEFT, ("copy", "back"), _log, over=frozenset({3})),
    PaneRow(2, "Events", "Events", Column.RIGHT, ("filter", "flat", "unfold", "cause", "open"), _events, "events"),
    PaneRow(
        4,
        "Tools",
        "Tools",
        Column.RIGHT,
        ("run-again", "send-result", "make-mock", "test-tool", "switch-tool", "call-view", "whole-call"),
        _calls,
        "tools",
    ),
    PaneRow(
        5,
        "Agent",
        "Agent",
        Column.FAR,
        ("send-edit", "open", "undo", "history", "editor"),
        _agent,
        "agent",
        frozenset({2, 4}),
    ),
)
"""Ordered from top to bottom within each column."""

ROWS = {row.number: row for row in sorted(PANES, key=lambda row: row.number)}
"""Pane descriptions by number."""

TABS = tuple((row.number, row.short) for row in ROWS.values())
"""Number and short name of each pane, as a small screen shows them."""


def panes(controller: Controller, column: Column) -> list[Widget]:
    """Create the widgets of a column, from top to bottom."""
    return [row.make(row, controller) for row in PANES if row.column is column]
