"""The cockpit: wiring of panes, keys and the controller. The session runs as a worker with a thread of its own."""

import os
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input

from rtvoice_tui import garbage
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.planner import Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui import themes
from rtvoice_tui.ui.actions.agent import AgentActions
from rtvoice_tui.ui.actions.calls import CallActions
from rtvoice_tui.ui.actions.panes import PaneActions
from rtvoice_tui.ui.actions.profiles import ProfileActions
from rtvoice_tui.ui.actions.table import with_actions
from rtvoice_tui.ui.actions.talk import TalkActions
from rtvoice_tui.ui.bindings import OF_PANES, bindings
from rtvoice_tui.ui.bridge import PULSE_HZ, Bridge
from rtvoice_tui.ui.commands import commands
from rtvoice_tui.ui.describing import about
from rtvoice_tui.ui.glyphs import ascii_only
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.registry import ROWS, TABS, Column, panes
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.terminal.app import TerminalApp
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.composer import Composer
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.meters import MeterRow
from rtvoice_tui.ui.widgets.rows import KeyRow, NoticeRow, TabRow, TickerRow
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel
from rtvoice_tui.ui.widgets.status import StatusRow


@with_actions
class RtvoiceApp(TerminalApp):
    """One dashboard over one session's store.

    Args:
        session: runs the conversation.
        store: what it leaves behind.
        editor: the agent as it is edited.
        planner: makes plans for new sessions.
        remember: called with what was chosen, as ``theme`` or ``profile``.
        theme_name: the theme to begin with.

    Attributes:
        controller: what can be done with the session.
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
        self.session = session
        self.store = store
        self.controller = Controller(session, store, editor, planner, lambda name: remember(profile=name))
        super().__init__(session, self.controller.talk)
        self.controller.edits.changed = self._profile_changed
        self._remember = remember
        self.talk: TalkActions = TalkActions(self, self.controller)
        self.agent: AgentActions = AgentActions(self, self.controller)
        self.profiles: ProfileActions = ProfileActions(self, self.controller, self.agent)
        self.calls: CallActions = CallActions(self, self.controller, self.agent)
        self.panes: PaneActions = PaneActions(self, store)
        self._bridge = Bridge(store, lambda: session.clock, self.agent.outcome)
        self._quit_warned = False
        self.ascii_only = ascii_only(os.environ)
        self.own_themes = self._register_themes()
        known = [name for name in (theme_name, themes.DEFAULT) if name in self.available_themes]
        self.theme = known[0] if known else "textual-dark"

    @property
    def editor(self) -> AgentEditor:
        """The agent of the open profile."""
        return self.controller.edits.editor

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
        store, clock = self.store, lambda: self.session.clock
        yield StatusRow(store, self.editor.name, about(self.editor))
        yield MeterRow(store)
        yield SoundPanel(store)
        yield TabRow(TABS)
        with Horizontal(id="body"):
            for column in Column:
                with Vertical(id=str(column)):
                    yield from panes(self.controller, column)
        yield TickerRow(id="ticker")
        yield FixedLine(id="summary")
        yield AskRow(store, clock)
        yield NoticeRow(store)
        yield Composer(id="composer", placeholder="› type a message (t), enter sends", select_on_focus=False)
        yield KeyRow(id="keys")

    def on_mount(self) -> None:
        """Show the first frame, then begin: nothing heavy is loaded before."""
        self.set_class(self.ascii_only, "-ascii")
        self.began()
        self._bridge.attach(self.screen)
        self.panes.layout.arrange()
        self.query_one(TranscriptView).focus()
        for problem in self._theme_problems:
            self.notify(problem, severity="warning", markup=False)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if garbage.waits():  # the start is over
            garbage.collect_seldom()
        self.run_session()
        self.profiles.watch_file()
        self.set_interval(1 / PULSE_HZ, self.pulse)

    @work(thread=True, exit_on_error=False, description="session")
    async def run_session(self) -> None:
        """Run the session on a thread and a loop of its own, so that the screen never delays sound."""
        await self.session.run()

    def pulse(self) -> None:
        """Bring everything in sight up to date; also called by tests."""
        if not self.is_running:
            return
        self.keys.follow_mode()
        self._bridge.pulse(self.panes.layout.narrow, self.panes.layout.active)

    def on_resize(self, event: events.Resize) -> None:
        """Another size may mean another arrangement."""
        self.panes.layout.resized(event.size)

    def on_descendant_focus(self) -> None:
        """The pane that has the focus is the active one."""
        if not self.screen_stack:
            return  # the app ends
        self.panes.layout.focused(self.focused)
        self.call_after_refresh(self._place_cursor)

    def _place_cursor(self) -> None:
        """Put the terminal's cursor where letters appear; a field that was just opened had no place before."""
        if self.types:
            self.cursor_position = self.focused.cursor_screen_offset  # type: ignore[union-attr]

    def _profile_changed(self) -> None:
        """Name, model or voice may be another."""
        if not self.screen_stack:
            return  # a save that ended after the app
        self.profiles.follow_file()
        for row in self.screen_stack[0].query(StatusRow):
            row.describe(self.editor.name, about(self.editor))

    # --- messages of the panes

    def on_agent_pane_sent(self) -> None:
        """Send what was typed in pane 5."""
        self.agent.send()

    def on_agent_pane_tool_opened(self, message: AgentPane.ToolOpened) -> None:
        """Edit a tool."""
        self.agent.open_tool(message.name)

    def on_follow_view_followed(self) -> None:
        """A pane follows the last turn again."""
        self.panes.followed()

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """A line was opened."""
        self.panes.opened(message)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send what was typed; it stays when there is nobody to send it to."""
        if event.input.id == "composer" and event.value.strip() and self.talk.send(event.value.strip()):
            event.input.value = ""

    # --- actions

    def action_type(self) -> None:
        """Go to the composer."""
        self.screen.set_focus(self.query_one("#composer", Input))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Under a dialog only what concerns the session acts: panes are out of reach."""
        return len(self.screen_stack) <= 1 or action not in OF_PANES

    def action_help(self) -> None:
        """Show all keys, or hide them again."""
        from rtvoice_tui.ui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
            return
        self.push_screen(HelpScreen(ROWS[self.panes.layout.active].help))

    def choose_theme(self, name: str) -> None:
        """Change all colours, and remember that."""
        self.theme = name
        self._remember(theme=name)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers."""
        return commands(self)

    # --- the end

    async def action_quit(self) -> None:
        """End the session, then the app; what is typed and not sent is only thrown away when asked twice."""
        unsent = self.agent.unsent
        if unsent and not self._quit_warned:
            self._quit_warned = True
            self.notify(unsent, severity="warning", markup=False, timeout=10)
            return
        if unsaved := await self.controller.edits.finish_saving():
            self.notify("\n".join(unsaved), severity="warning", markup=False, timeout=10)
            return
        self.session.stop()
        self.exit()
