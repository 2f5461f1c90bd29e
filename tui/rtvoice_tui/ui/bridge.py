"""Updates the widgets from the store: at each pulse, 15 times a second, versions are compared."""

from collections.abc import Callable

from textual.screen import Screen

from rtvoice_tui.session.facts import EditChanged
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.meters import MeterRow
from rtvoice_tui.ui.widgets.rows import NoticeRow, TabRow, TickerRow
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel
from rtvoice_tui.ui.widgets.status import StatusRow

PULSE_HZ = 15

COUNTERS_EVERY = 7
"""Counters are repainted only at every seventh pulse, about twice a second."""


class Bridge:
    """Updates each widget from its part of the store. Called on Textual's event loop.

    Args:
        store: state of the session.
        clock: returns seconds on the store's clock.
        settled: called with the time (s) and the outcome of each change of the agent.

    Attributes:
        recording: whether the session's sound is recorded.
    """

    def __init__(self, store: Store, clock: Callable[[], float], settled: Callable[[float, EditChanged], None]) -> None:
        self._store = store
        self._clock = clock
        self._settled = settled
        self.recording = False
        self._edits_seen = 0
        self._pulses = -1
        self._phase = store.session.phase

    def attach(self, screen: Screen[object]) -> None:
        """Query the widgets of the main screen. Called once, when they are mounted."""
        self._status = screen.query_one(StatusRow)
        self._meters = screen.query_one(MeterRow)
        self._sound = screen.query_one(SoundPanel)
        self._notice = screen.query_one(NoticeRow)
        self._ask = screen.query_one(AskRow)
        self._panes = list(screen.query(Pane))
        self._agent = screen.query_one(AgentPane)
        self._tabs = screen.query_one(TabRow)
        self._ticker = screen.query_one(TickerRow)
        self._summary = screen.query_one("#summary", FixedLine)
        self._timing = screen.query_one(TimingView)

    def reset(self) -> None:
        """Show the store from the beginning: it holds something else, as after a jump in a replay."""
        self._edits_seen = self._store.edit_count
        self._meters.reset()
        self._sound.reset()
        for pane in self._panes:
            for view in pane.query(FollowView):
                view.reset()

    def pulse(self, narrow: bool, active: int) -> None:
        """Update the visible widgets, and report new outcomes of edits.

        Counters are repainted only every `COUNTERS_EVERY` pulses and when the session's phase changes.

        Args:
            narrow: whether the screen has room for one pane only.
            active: number of the active pane.
        """
        now = self._clock()
        self._pulses += 1
        with_counters = self._pulses % COUNTERS_EVERY == 0 or self._phase is not self._store.session.phase
        self._phase = self._store.session.phase
        self._meters.sync(now)
        self._sound.sync(now)
        self._notice.sync(now)
        self._ask.sync()
        for pane in self._panes:
            if pane.display:
                pane.sync(with_counters)
        if with_counters:
            self._status.unsaved = self._agent.unsaved
            self._status.recording = self.recording
            self._status.sync(now)
        if narrow:
            self._tabs.sync(self._store, active, self._agent.unsaved)
            self._ticker.sync(self._store)
            self._summary.write(self._timing.summary())
        for at, edit in self._new_edits():
            self._settled(at, edit)

    def _new_edits(self) -> list[tuple[float, EditChanged]]:
        told = self._store.edit_count
        if told == self._edits_seen:
            return []
        edits = list(self._store.edits)[-(told - self._edits_seen) :]
        self._edits_seen = told
        return edits
