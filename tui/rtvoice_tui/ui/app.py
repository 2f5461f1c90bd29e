"""The cockpit: bindings, panes, wiring. The session runs as a worker with a thread and a loop of its own."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.filter import LineFilter
from textual.screen import Screen

from rtvoice_tui import garbage
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui import themes
from rtvoice_tui.ui.bindings import OF_PANES, bindings
from rtvoice_tui.ui.bridge import PULSE_HZ, Bridge
from rtvoice_tui.ui.commands import commands
from rtvoice_tui.ui.describing import about, hints
from rtvoice_tui.ui.devices_app import DevicesApp
from rtvoice_tui.ui.editing_app import Planner
from rtvoice_tui.ui.glyphs import ascii_only
from rtvoice_tui.ui.layout import Layout
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.calls import ToolsPane
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.log import LogView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.terminal.harmless import HARMLESS
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.composer import Composer
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.meters import MeterRow
from rtvoice_tui.ui.widgets.rows import KeyRow, NoticeRow, TabRow, TickerRow
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel
from rtvoice_tui.ui.widgets.status import StatusRow


class RtvoiceApp(DevicesApp):
    """One dashboard over one session's store.

    Args:
        session: runs the conversation.
        store: what it leaves behind.
        editor: the agent as it is edited.
        planner: makes plans for new sessions.
        remember: called with what was chosen, as ``theme`` or ``profile``.
        theme_name: the theme to begin with.
    """

    CSS_PATH = "app.tcss"
    TITLE = "rtvoice-tui"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("app"),
        Binding("ctrl+q", "quit", show=False, priority=True),
        Binding("ctrl+z", "suspend", show=False, priority=True),
    ]

    def __init__(
        self,
        session: SessionHandle,
        store: Store,
        editor: AgentEditor,
        planner: Planner,
        remember: Callable[..., None] = lambda **chosen: None,
        theme_name: str = themes.DEFAULT,
    ) -> None:
        super().__init__(session, store, editor, planner)
        self._remember = remember
        self.remember_profile = lambda name: remember(profile=name)
        self._bridge = Bridge(store, lambda: session.clock, self.edit_settled)
        self._panes_layout = Layout(self)
        self._turn: int | None = None
        self.ascii_only = ascii_only(os.environ)
        self.own_themes = self._register_themes()
        known = [name for name in (theme_name, themes.DEFAULT) if name in self.available_themes]
        self.theme = known[0] if known else "textual-dark"

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Whatever a widget draws, no control character of it reaches the terminal."""
        return [*super().get_line_filters(), HARMLESS]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for themes that do not set them."""
        return themes.VARIABLES

    def _register_themes(self) -> set[str]:
        loaded, self._theme_problems = themes.load_themes()
        for theme in loaded:
            self.register_theme(theme)
        return {theme.name for theme in loaded}

    # --- the screen

    def compose(self) -> ComposeResult:
        """Two rows on top, panes in two columns, notice, composer, keys."""
        store, plan = self.store, self.session.plan
        yield StatusRow(store, self.editor.name, about(self.editor))
        yield MeterRow(store)
        yield SoundPanel(store)
        yield TabRow(id="tabs")
        fixed, settings = plan.dialect.fixed_rate, plan.settings
        rates = (fixed or settings.output_rate, fixed or settings.input_rate)
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Pane(1, "Transcript", TranscriptView(store, hints(self.editor)), "/ search  y copy  [ ] turn")
                yield Pane(3, "Timing", TimingView(store, self._silence_ms), "[ ] turn  y copy")
                yield Pane(6, "Log", LogView(store), "y copy  esc close")
            with Vertical(id="right"):
                yield Pane(2, "Events", EventsView(store.events, rates), "f filter  ␣ freeze  ⏎ open")
                yield ToolsPane(store, lambda: self.session.clock)
                yield AgentPane(self.editor, store)
        yield TickerRow(id="ticker")
        yield FixedLine(id="summary")
        yield AskRow(store, lambda: self.session.clock)
        yield NoticeRow(store)
        yield Composer(id="composer", placeholder="› type a message (t), enter sends", select_on_focus=False)
        yield KeyRow(id="keys")

    def on_mount(self) -> None:
        """Show the first frame, then begin: nothing heavy is loaded before."""
        self.set_class(self.ascii_only, "-ascii")
        self.began()
        self._bridge.attach(self.screen)
        self._panes_layout.arrange()
        self.query_one(TranscriptView).focus()
        for problem in self._theme_problems:
            self.notify(problem, severity="warning", markup=False)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if garbage.waits():  # the start is over
            garbage.collect_seldom()
        self.run_session()
        self.watch_profile()
        self.set_interval(1 / PULSE_HZ, self.pulse)

    def pulse(self) -> None:
        """Bring everything in sight up to date; also called by tests."""
        if not self.is_running:
            return
        self.follow_talk_mode()
        self._bridge.pulse(self._panes_layout.narrow, self._panes_layout.active)

    def on_resize(self, event: events.Resize) -> None:
        """Another size may mean another arrangement."""
        self._panes_layout.resized(event.size)

    def on_descendant_focus(self) -> None:
        """The pane that has the focus is the active one."""
        if not self.screen_stack:
            return  # the app ends
        self._panes_layout.focused(self.focused)
        self.call_after_refresh(self._place_cursor)

    def _place_cursor(self) -> None:
        """Put the terminal's cursor where letters appear; a field that was just opened had no place before."""
        if self.types:
            self.cursor_position = self.focused.cursor_screen_offset  # type: ignore[union-attr]

    # --- panes

    async def action_pane(self, number: int) -> None:
        """Go to a pane."""
        await self._panes_layout.go(number)

    def action_zoom(self) -> None:
        """Give the whole screen to the active pane, or back."""
        self._panes_layout.zoom()

    async def action_edit_agent(self) -> None:
        """Open or close the agent pane."""
        await self._panes_layout.toggle_agent()

    async def action_back(self) -> None:
        """Give a selection up, leave a field, hide the notice, close what was opened: one level at a time."""
        if self.screen.selections:
            self.screen.clear_selection()
            return
        if any(pane.close_field() for pane in (self.agent_pane, *self.query(Pane))):
            return
        if self.focused is not None and self.focused.id == "composer":
            await self._panes_layout.go(1)
        elif (panel := self.query_one(SoundPanel)).display:
            panel.toggle()
        elif not await self._panes_layout.back() and not self.query_one(NoticeRow).hide() and self._turn is not None:
            self._follow_last_turn()

    def action_turn(self, step: int) -> None:
        """Move all panes to the turn before or after."""
        last = self.store.session.turn
        if not last:
            return
        self._show_turn(max(1, min(last, (self._turn or last + (step < 0)) + step)))

    def _show_turn(self, turn: int) -> None:
        self._turn = turn
        for view in self.query(FollowView):
            view.show_turn(turn)

    def _follow_last_turn(self) -> None:
        for view in (TranscriptView, EventsView):
            self.query_one(view).action_follow()

    def on_follow_view_followed(self) -> None:
        """Back to the last turn."""
        self._turn = None
        self.query_one(TimingView).show_turn(0)

    async def action_filter(self) -> None:
        """Open the filter of the event stream."""
        await self.query_one("#events-pane", Pane).ask("filter")

    async def action_filter_events(self) -> None:
        """Go to the event stream and open its filter."""
        await self._panes_layout.go(2)
        await self.action_filter()

    async def action_search(self) -> None:
        """Open the search of the active pane."""
        pane = next((p for p in self.query(Pane) if p.number == self._panes_layout.active), None)
        if pane is not None:
            await pane.ask("search")

    def action_copy(self) -> None:
        """Copy what is under the cursor."""
        text = self.focused.copy_text() if isinstance(self.focused, FollowView) else ""
        if text:
            self.copy_to_clipboard(text)
            self.notify(f"copied {len(text)} characters", markup=False)

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """An event opens as JSON; a line elsewhere brings its turn into all panes."""
        if isinstance(message.view, EventsView):
            from rtvoice_tui.ui.screens.detail import DetailScreen

            self.push_screen(DetailScreen(*message.view.details(message.line)))
        elif turn := message.view.turn_at(message.line):
            self._show_turn(turn)

    # --- the agent, help, themes

    def profile_changed(self) -> None:
        """Name, model or voice may be another."""
        super().profile_changed()
        self.screen_stack[0].query_one(StatusRow).describe(self.editor.name, about(self.editor))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Under a dialog only what concerns the session acts: panes are out of reach."""
        return len(self.screen_stack) <= 1 or action not in OF_PANES

    def action_help(self) -> None:
        """Show all keys, or hide them again."""
        from rtvoice_tui.ui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
            return
        focused = {2: "events", 4: "tools", 5: "agent"}.get(self._panes_layout.active, "lines")
        self.push_screen(HelpScreen(focused))

    def choose_theme(self, name: str) -> None:
        """Change all colours, and remember that."""
        self.theme = name
        self._remember(theme=name)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers."""
        return commands(self)
