"""The cockpit over a recording: the same panes, a time line in place of the message field, and keys of their own."""

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.recording.places import NoPlace, time_of
from rtvoice_tui.recording.replay_session import ReplaySession
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.bindings import bindings
from rtvoice_tui.ui.commands import keyed, looks
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.status import StatusRow
from rtvoice_tui.ui.widgets.time_line import TimeLine

_OF_A_SESSION = frozenset(
    "interrupt mute talk connect talk_mode devices record sessions send_edit undo_edit discard_edit edit_history"
    " external_editor profiles agree deny send_result run_again run_edited test_tool toggle_mock toggle_tool edit_agent"
    " type".split()
)
"""Actions that do nothing in a replay."""


class ReplayApp(RtvoiceApp, inherit_bindings=False):
    """The cockpit of a replay.

    Args:
        replay: the replay.
        store: what it fills.
        name: name of the recording.
        look: further arguments of `RtvoiceApp`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("replay"),
        Binding("ctrl+q", "quit", show=False, priority=True),
        Binding("ctrl+z", "suspend", show=False, priority=True),
    ]

    def __init__(self, replay: ReplaySession, store: Store, name: str, **look: Any) -> None:
        from rtvoice_tui.controller.planner import Options, Planner

        plan = replay.plan
        model = replay.recording.manifest.model
        profile = Profile(provider=plan.dialect.name, model=model, session=plan.settings, trusted=False)  # type: ignore[arg-type]
        planner = Planner(Options(no_audio=True, no_connect=True))
        super().__init__(replay, store, AgentEditor(name, profile), planner, replay=replay, **look)
        self.replay = replay
        replay.changed = self._jumped

    def foot(self) -> Iterable[Widget]:
        """The time line."""
        yield TimeLine(self.replay)

    def on_mount(self) -> None:
        """Nothing is asked, typed or edited here."""
        self.composer.display = False
        self.query_one("#message").display = False
        self.query_one(AskRow).asks = False
        self.query_one(StatusRow).replay = True
        self.query_one(AgentPane).disabled = True

    def _begin(self) -> None:
        super()._begin()
        self.replay.play()

    def _jumped(self) -> None:
        """Something is to be shown. Called on the session's thread."""
        if self._own_loop is not None and not self._own_loop.is_closed():
            self._own_loop.call_soon_threadsafe(self.pulse)

    def pulse(self) -> None:
        """Show what a jump has prepared, then all that changed."""
        if not self.is_running:
            return
        if self.replay.take():
            self._bridge.reset()
        super().pulse()
        self.screen_stack[0].query_one(TimeLine).sync()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what only a session can do."""
        if action in _OF_A_SESSION or (action == "pane" and parameters == (5,)):
            return False
        return super().check_action(action, parameters)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Commands of the command palette."""
        yield SystemCommand("Replay: play or pause", keyed("Let time go on or stand still", "play"), self.action_play)
        yield SystemCommand("Replay: go to", keyed("A time, a turn or an event", "go-to"), self.action_go_to)
        for step, word, key in ((1, "faster", "faster"), (-1, "slower", "slower")):
            yield SystemCommand(
                f"Replay: {word}", keyed("From 0.25 to 16 times", key), lambda step=step: self.action_speed(step)
            )
        yield from looks(self)

    # --- actions

    def action_play(self) -> None:
        """Play, or pause."""
        self.replay.toggle()
        self.pulse()

    def action_skip(self, seconds: float) -> None:
        """Go back or forward."""
        self.replay.seek(self.replay.clock + seconds)

    def action_turn(self, step: int) -> None:
        """Go to the turn before or after."""
        if not self.replay.seek_turn(step):
            self.notify("there is no turn after this one" if step > 0 else "this is the beginning", markup=False)

    def action_speed(self, step: int) -> None:
        """Play faster or slower."""
        self.replay.use_speed(step)
        self.pulse()

    def action_from_here(self) -> None:
        """Go to the time of the line under the cursor."""
        view, at = self.focused, None
        if isinstance(view, EventsView) and view.cursor is not None and view.cursor < view.line_count:
            at = view.row_at(view.cursor).at
        elif isinstance(view, TranscriptView) and view.cursor is not None and self.store.transcript.entries:
            at = view.entry_at(view.cursor)[0].at
        if at is None:
            self.notify("choose a line of the transcript or of the events first", markup=False)
        else:
            self.replay.seek(at)

    def action_go_to(self) -> None:
        """Ask where to go."""
        from rtvoice_tui.ui.screens.go_to import GoToScreen

        self.push_screen(GoToScreen(self._go))

    def _go(self, words: str) -> str:
        try:
            self.replay.seek(time_of(words, self.replay.timeline))
        except NoPlace as error:
            return str(error)
        return ""

    async def go_to_time(self, at: float) -> None:
        """Go to a time, in seconds."""
        self.replay.seek(at)

    def on_time_line_sought(self, message: TimeLine.Sought) -> None:
        """Go to the time that was clicked."""
        self.replay.seek(message.at)
