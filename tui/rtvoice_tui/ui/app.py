"""The cockpit app: connects panes, keys and the controller. The session runs in a thread worker of its own."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget

from rtvoice_tui import garbage
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.planner import Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.recording.handle import RecordingHandle
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui import themes
from rtvoice_tui.ui.actions.agent import AgentActions
from rtvoice_tui.ui.actions.calls import CallActions
from rtvoice_tui.ui.actions.events import EventActions
from rtvoice_tui.ui.actions.panes import PaneActions
from rtvoice_tui.ui.actions.profiles import ProfileActions
from rtvoice_tui.ui.actions.quitting import QuitActions
from rtvoice_tui.ui.actions.table import with_actions
from rtvoice_tui.ui.actions.talk import TalkActions
from rtvoice_tui.ui.bindings import BY_ID, PANE_ACTIONS, bindings, rebind
from rtvoice_tui.ui.bridge import PULSE_HZ, Bridge
from rtvoice_tui.ui.columns import Columns
from rtvoice_tui.ui.commands import commands
from rtvoice_tui.ui.describing import about
from rtvoice_tui.ui.glyphs import ascii_only
from rtvoice_tui.ui.keymap import Keymap, keymap_file, load_keymap
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.registry import ROWS, TABS, Column, panes
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.sizes import ROOMY
from rtvoice_tui.ui.terminal.app import TerminalApp
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.composer import Composer
from rtvoice_tui.ui.widgets.divider import Divider
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.meters import MeterRow
from rtvoice_tui.ui.widgets.rows import KeyRow, NoticeRow, TabRow, TickerRow
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel
from rtvoice_tui.ui.widgets.status import StatusRow
from rtvoice_tui.ui.widgets.submitted import MessageSubmitted

if TYPE_CHECKING:
    from rtvoice_tui.recording.replay_session import ReplaySession


@with_actions
class RtvoiceApp(TerminalApp):
    """The dashboard of one session. Runs on Textual's event loop; the session has a thread of its own.

    Args:
        session: handle of the session.
        store: state of the session, which the widgets show.
        editor: editor of the open profile's agent.
        planner: makes plans for new sessions.
        remember: stores a choice of the user; called with the keyword ``theme``, ``profile`` or ``columns``.
        theme_name: name of the initial theme; if it is unknown, the default theme is used.
        columns: shares of the columns of panes; others than three numbers are ignored.
        recording: the recording of the session; ``None`` if there is none.
        replay: the session, if it is a replay; see `ReplayApp`.

    Attributes:
        controller: the operations on the session.
    """

    CSS_PATH = "app.tcss"
    TITLE = "rtvoice-tui"
    ENABLE_COMMAND_PALETTE = True
    NOTIFICATION_TIMEOUT = 4
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
        columns: Sequence[int] = (),
        recording: RecordingHandle | None = None,
        replay: "ReplaySession | None" = None,
    ) -> None:
        self.session = session
        self.store = store
        self.controller = Controller(
            session, store, editor, planner, lambda name: remember(profile=name), recording, replay
        )
        self.own_keys, self._key_problems = load_keymap(keymap_file())
        rebind(self.own_keys)
        super().__init__(session, self.controller.talk)
        self.controller.edits.changed = self._profile_changed
        self._remember = remember
        self.talk: TalkActions = TalkActions(self, self.controller)
        self.agent: AgentActions = AgentActions(self, self.controller)
        self.profiles: ProfileActions = ProfileActions(self, self.controller, self.agent)
        self.calls: CallActions = CallActions(self, self.controller, self.agent)
        self.events: EventActions = EventActions(self, self.controller)
        widths = Columns(self, columns, lambda shares: remember(columns=shares))
        self.panes: PaneActions = PaneActions(self, store, widths)
        self.quitting = QuitActions(self, self.controller, self.agent)
        self._bridge = Bridge(store, lambda: session.clock, self.agent.outcome)
        self.ascii_only = ascii_only(os.environ)
        self.own_themes = self._register_themes()
        known = [name for name in (theme_name, themes.DEFAULT) if name in self.available_themes]
        self.theme = known[0] if known else "textual-dark"

    @property
    def editor(self) -> AgentEditor:
        """Editor of the open profile's agent."""
        return self.controller.edits.editor

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Defaults of our own theme variables, for themes that do not define them."""
        return themes.VARIABLES

    def _register_themes(self) -> set[str]:
        loaded, self._theme_problems = themes.load_themes()
        for theme in loaded:
            self.register_theme(theme)
        return {theme.name for theme in loaded}

    # --- the screen

    def compose(self) -> ComposeResult:
        """Status and meter rows, panes in two columns, question and notice rows, composer, footer."""
        store, clock = self.store, lambda: self.session.clock
        yield StatusRow(store, self.editor.name, about(self.editor))
        yield MeterRow(store)
        yield SoundPanel(store)
        yield TabRow(TABS)
        with Horizontal(id="body"):
            for place, column in enumerate(Column):
                if place:
                    yield Divider(column)
                with Vertical(id=str(column)):
                    yield from panes(self.controller, column)
        yield TickerRow(id="ticker")
        yield FixedLine(id="summary")
        yield AskRow(store, clock)
        yield NoticeRow(store)
        yield Composer(self.controller.typed)
        yield from self.foot()
        yield KeyRow(id="keys")

    def foot(self) -> Iterable[Widget]:
        """Rows between the message field and the footer."""
        return ()

    def on_mount(self) -> None:
        """Paint the first frame, then start the session: nothing heavy is imported before."""
        self.set_class(self.ascii_only, "-ascii")
        self.began()
        self.set_keymap(self.own_keys)
        self._bridge.attach(self.screen)
        self.panes.layout.arrange()
        self.query_one(TranscriptView).focus()
        for problem in (*self._theme_problems, *self._key_problems):
            self.session.report(Notice(Level.WARNING, problem))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if garbage.waits():  # startup is complete
            garbage.enable_tuned_gc()
        self.run_session()
        self.profiles.watch_file()
        self.set_interval(1 / PULSE_HZ, self.pulse)

    @work(thread=True, exit_on_error=False, description="session")
    async def run_session(self) -> None:
        """Run the session in a thread with its own event loop, so that the screen never delays audio."""
        await self.session.run()

    def pulse(self) -> None:
        """Update all visible widgets. Called `PULSE_HZ` times a second, after some actions, and by tests."""
        if not self.is_running:
            return
        self.keys.follow_mode()
        self.panes.show_keys()
        self._bridge.recording = self.controller.recordings.sound
        self.panes.show_question()
        self._bridge.pulse(self.panes.layout.narrow, self.panes.layout.active)

    def on_resize(self, event: events.Resize) -> None:
        """Rearrange the panes if the new size requires it; dialogs take the whole width of a slim screen."""
        self.panes.layout.resized(event.size)
        for screen in self.screen_stack[1:]:
            screen.set_class(event.size.width < ROOMY, "-slim")

    def push_screen(self, screen: Any, *arguments: Any, **options: Any) -> Any:
        """Show a dialog, at the whole width of a slim screen. Textual's breakpoints would style all panes again."""
        self.capture_mouse(None)  # what is dragged is let go
        if isinstance(screen, Screen):
            screen.set_class(self.size.width < ROOMY, "-slim")
        return super().push_screen(screen, *arguments, **options)

    def on_descendant_focus(self) -> None:
        """Make the focused pane the active one."""
        if not self.screen_stack:
            return  # the app is exiting
        self.panes.layout.focused(self.focused)
        self.panes.show_keys()
        self.call_after_refresh(self._place_cursor)

    def _place_cursor(self) -> None:
        """Move the terminal's cursor to the text cursor. Called after a refresh: a new field has no position before."""
        if self.types:
            self.cursor_position = self.focused.cursor_screen_offset  # type: ignore[union-attr]

    def _profile_changed(self) -> None:
        """Follow the open profile's file and update the status row: name, model or voice may have changed."""
        if not self.screen_stack:
            return  # a save that ended after the app
        self.profiles.follow_file()
        for row in self.screen_stack[0].query(StatusRow):
            row.describe(self.editor.name, about(self.editor))

    # --- messages of the panes

    def on_agent_pane_sent(self) -> None:
        """Send the edits of pane 5."""
        self.agent.send()

    def on_agent_pane_tool_opened(self, message: AgentPane.ToolOpened) -> None:
        """Edit a tool."""
        self.agent.open_tool(message.name)

    def on_agent_pane_devices_opened(self) -> None:
        """Choose a microphone or a speaker."""
        self.talk.devices()

    def on_divider_dragged(self, message: Divider.Dragged) -> None:
        """Move the border between two columns."""
        self.panes.layout.columns.move(Column(message.right), message.x)

    def on_divider_dropped(self, message: Divider.Dropped) -> None:
        """Remember the widths."""
        if message.reset:
            self.panes.layout.columns.reset()
        else:
            self.panes.layout.columns.keep()

    def on_text_selected(self) -> None:
        """Copy what was selected with the mouse."""
        if self.screen.get_selected_text():
            self.panes.copy(again=False)

    def on_follow_view_followed(self) -> None:
        """Show the last turn again: a pane follows its end."""
        self.panes.followed()

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """Open an event as JSON, or show the turn of the opened line in all panes."""
        self.panes.opened(message)

    def on_message_submitted(self, message: MessageSubmitted) -> None:
        """Send the typed message, and follow the conversation; it stays in the field if it cannot be sent."""
        text = message.text.strip()
        if text and self.talk.send(text):
            self.composer.sent(text)
            self.panes.follow()
        else:
            self.composer.restore(message.text)

    # --- actions

    @property
    def composer(self) -> Composer:
        """The message field."""
        return self.screen_stack[0].query_one(Composer)

    async def go_to_time(self, at: float) -> None:
        """Show what happened at a time, in seconds."""
        await self.panes.go_to_time(at)

    async def action_type(self) -> None:
        """Focus the message field."""
        await self.composer.open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the actions of panes while a dialog is open; actions on the session stay enabled."""
        top = self.screen_stack[-1] if self.screen_stack else None
        if getattr(top, "captures", False):
            return False  # the key is to be the new one of another action
        if action in ("agree", "deny") and (getattr(top, "ANSWERS", False) or isinstance(top, CommandPalette)):
            return False  # it answers a call already, or hides the question
        if action == "suspend" and self.undoes:
            return False  # ctrl+z undoes what was typed first
        return len(self.screen_stack) <= 1 or action not in PANE_ACTIONS

    def action_help(self) -> None:
        """Show all keys, or hide them again."""
        from rtvoice_tui.ui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
            return
        self.push_screen(HelpScreen(ROWS[self.panes.layout.active].help, self.controller.replay is not None))

    def action_help_quit(self) -> None:
        """Ctrl+c, which ends other programs: say how this one ends."""
        self.notify(f"{BY_ID['quit'].shown} quits, {BY_ID['quit-f'].shown} also while you type", markup=False)

    def action_change_keys(self) -> None:
        """Give keys other keys."""
        from rtvoice_tui.ui.screens.keys import KeysScreen

        self.push_screen(KeysScreen(self.own_keys, self._use_keys))

    def _use_keys(self, keymap: Keymap) -> None:
        self.own_keys = keymap
        rebind(keymap)
        self.set_keymap(keymap)
        self.panes.keys_changed()

    def preview_themes(self) -> None:
        """Choose a theme while each is shown."""
        from rtvoice_tui.ui.screens.themes import ThemesScreen

        def chosen(name: str | None) -> None:
            if name is not None:
                self.choose_theme(name)

        names = sorted(self.own_themes)
        self.push_screen(ThemesScreen(names, self.theme, lambda name: setattr(self, "theme", name)), chosen)

    def choose_theme(self, name: str) -> None:
        """Switch to a theme and store the choice."""
        self.theme = name
        self._remember(theme=name)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Commands of the command palette."""
        return commands(self)

    # --- quitting

    async def action_quit(self) -> None:
        """Exit, unless something would be lost: see `QuitActions`."""
        self.quitting.quit()
