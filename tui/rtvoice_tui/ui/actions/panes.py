"""Actions on panes: navigation, the turn that all panes show, search, filter and copy."""

from typing import TYPE_CHECKING

from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.columns import Columns
from rtvoice_tui.ui.copying import Copying
from rtvoice_tui.ui.footer import Focus, Now
from rtvoice_tui.ui.layout import Layout
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.rows import KeyRow, NoticeRow
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


class PaneActions:
    """Moves between panes and turns.

    Args:
        app: the app that holds the panes.
        store: source of the last turn's number.
        columns: the widths of the columns.

    Attributes:
        layout: which panes are visible.
        shown_turn: number of the selected turn; ``None`` while the last one is followed.
    """

    def __init__(self, app: "RtvoiceApp", store: Store, columns: Columns) -> None:
        self._app = app
        self._store = store
        self.layout: Layout = Layout(app, columns)
        self.shown_turn: int | None = None
        self._copying = Copying(app)
        self._shown_keys: tuple[Focus, Now] | None = None

    def show_keys(self) -> None:
        """Show the keys of what has the focus in the footer, and those of the question in its row."""
        live, talk = self._store.session.phase is not Phase.OFFLINE, self._app.controller.talk
        replay = self._app.controller.replay
        now = Now(live, talk.muted, talk.by_key, replay is not None, replay is not None and replay.playing)
        focus = self._focus()
        top, base = self._app.screen, self._app.screen_stack[0]
        if top is not base and not top.query(KeyRow):
            row = KeyRow(id="dialog-keys")  # a dialog dims the footer below it
            top.mount(row)
            row.show(focus, now)
        if (focus, now) != self._shown_keys:
            self._shown_keys = (focus, now)
            for row in {base.query_one(KeyRow), *top.query(KeyRow)}:
                row.show(focus, now)
            base.query_one(AskRow).show_keys(focus)

    def show_question(self) -> None:
        """Show a call that waits over a dialog as well: it hides the question's own row, and F8 and F9 act there."""
        top, base = self._app.screen, self._app.screen_stack[0]
        if top is base:
            return
        row = base.query_one(AskRow)
        shown = next(iter(top.query(AskRow)), None)
        if row.record is not None and shown is None and not getattr(top, "ANSWERS", False):
            top.mount(row.again())
        elif shown is not None:
            shown.sync()

    def keys_changed(self) -> None:
        """Show other keys in the footer, in the question's row, in notices and in the borders of the panes."""
        self._shown_keys = None
        self.show_keys()
        for pane in self._app.query(Pane):
            pane.show_keys()
        self._app.query_one(AgentPane).show_keys()
        self._app.composer.show_hint()
        self._app.screen_stack[0].query_one(SoundPanel).show_keys()
        self._app.screen_stack[0].query_one(NoticeRow).show_keys()

    def _focus(self) -> Focus:
        app = self._app
        if len(app.screen_stack) > 1:
            if getattr(app.screen, "captures", False):
                return Focus.NEW_KEY
            return Focus.ANSWER if getattr(app.screen, "ANSWERS", False) else Focus.DIALOG
        known = {"composer": Focus.COMPOSER, "instructions": Focus.INSTRUCTIONS}
        focused = app.focused
        if focused is None or not app.types:
            return Focus.TABLE if focused is not None and focused.id == "fields" else Focus.PANES
        if focused.id in known:
            return known[focused.id]
        if focused.id == "field-value":
            return app.query_one(AgentPane).value_focus
        return Focus.FILTER if isinstance(focused.parent, Pane) and focused.parent.filters else Focus.SEARCH

    async def back(self) -> None:
        """Go back one level.

        The first that applies: clear the selection, close a field, leave the composer, end the pane's filter and
        search, close the sound panel, end zoom or close a pane, hide the notice, follow the last turn again.
        """
        app = self._app
        if app.screen.selections:
            app.screen.clear_selection()
            return
        if any(pane.close_field() for pane in (app.query_one(AgentPane), *app.query(Pane))):
            return
        if app.composer.has_focus_within:
            await self.layout.go(1)
        elif any(pane.clear() for pane in app.query(Pane) if pane.number == self.layout.active):
            return
        elif (panel := app.query_one(SoundPanel)).display:
            panel.toggle()
        elif not await self.layout.back() and not app.query_one(NoticeRow).hide() and self.shown_turn is not None:
            self.follow()

    def turn(self, step: int) -> None:
        """Show the previous (``step`` -1) or the next turn (``step`` 1) in all panes."""
        last = self._store.session.turn
        if step > 0 and (self.shown_turn or last) >= last:
            self.follow()
        elif last:
            self.show_turn(max(1, min(last, (self.shown_turn or last + (step < 0)) + step)))

    def show_turn(self, turn: int) -> None:
        """Show a turn in all panes."""
        self.shown_turn = turn
        for view in self._app.query(FollowView):
            view.show_turn(turn)

    def follow(self) -> None:
        """Follow the conversation in all panes."""
        for view in (TranscriptView, EventsView):
            self._app.query_one(view).action_follow()

    def followed(self) -> None:
        """Show the last turn again, in all panes."""
        shown, self.shown_turn = self.shown_turn, None
        if shown is not None:
            self.follow()
        self._app.query_one(TimingView).show_turn(0)

    async def filter(self) -> None:
        """Open the filter of the event stream."""
        await self._ask(self._app.query_one("#events-pane", Pane), "filter")

    async def filter_events(self) -> None:
        """Go to the event stream and open its filter."""
        await self.layout.go(2)
        await self.filter()

    async def search(self) -> None:
        """Open the search of the active pane."""
        pane = next((p for p in self._app.query(Pane) if p.number == self.layout.active), None)
        if pane is not None:
            await self._ask(pane, "search")

    async def _ask(self, pane: Pane, purpose: str) -> None:
        from rtvoice_tui.ui.widgets.query_field import QueryField

        queries, events = self._app.controller.queries, self._store.events
        await pane.ask(purpose, lambda id_: QueryField(queries, lambda: events.names, id=id_))

    async def go_to_time(self, at: float) -> None:
        """Go to the events of a time, in seconds."""
        await self.layout.go(2)
        self._app.query_one(EventsView).show_time(at)

    def copy(self, again: bool = True) -> None:
        """Copy what is selected with the mouse, else what is under the cursor; ``again``: see `Copying.copy`."""
        if selected := self._app.screen.get_selected_text():
            self._copying.copy(selected, again=again)
            return
        focused = self._app.focused
        text = focused.copy_text() if isinstance(focused, FollowView) else ""
        if text:
            self._copying.copy(text)

    def opened(self, message: FollowView.Opened) -> None:
        """Open an event as JSON; for a line of another pane, show its turn in all panes."""
        if message.line >= message.view.line_count:
            return  # a filter has removed it meanwhile
        if isinstance(message.view, EventsView):
            from rtvoice_tui.ui.screens.detail import DetailScreen

            self._app.push_screen(DetailScreen(*message.view.details(message.line)))
        elif turn := message.view.turn_at(message.line):
            self.show_turn(turn)
