"""Carries what changed from the store to the widgets: one pulse, 15 times a second, compares versions."""

from collections.abc import Callable, Iterable

from rtvoice_tui.session.facts import EditChanged
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.widgets.agent import AgentPane
from rtvoice_tui.ui.widgets.pane import Pane
from rtvoice_tui.ui.widgets.rows import NoticeRow, TabRow, TickerRow
from rtvoice_tui.ui.widgets.status import MeterRow, StatusRow

PULSE_HZ = 15


class Bridge:
    """Knows which widget reads which part of the store.

    Args:
        store: what the session leaves behind.
        clock: seconds on the store's clock.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._edits_seen = 0

    def pulse(
        self,
        status: StatusRow,
        meters: MeterRow,
        notice: NoticeRow,
        panes: Iterable[Pane],
        agent: AgentPane,
        tabs: TabRow | None,
        ticker: TickerRow | None,
        active: int,
    ) -> None:
        """Bring everything that is in sight up to date."""
        now = self._clock()
        status.unsaved = agent.unsaved
        status.sync(now)
        meters.sync(now)
        notice.sync()
        for pane in panes:
            pane.sync()
        if tabs is not None:
            tabs.sync(self._store, active, agent.unsaved)
        if ticker is not None:
            ticker.sync(self._store)
        for at, edit in self._new_edits():
            agent.show_edit(at, edit)

    def _new_edits(self) -> list[tuple[float, EditChanged]]:
        edits = self._store.edits[self._edits_seen :]
        self._edits_seen += len(edits)
        return edits
