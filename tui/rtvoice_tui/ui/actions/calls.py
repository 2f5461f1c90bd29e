"""Actions on calls: approving, rejecting, manual runs, mocks, switching tools off."""

from typing import TYPE_CHECKING, Any

from rtvoice_tui.controller.calls import arguments_of
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.edits import ActionResult
from rtvoice_tui.session.facts import CallState
from rtvoice_tui.store.calls import CallRecord, waits
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.transcript import arguments_shown
from rtvoice_tui.ui.actions.agent import AgentActions
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.panes.call_text import bounded_lines
from rtvoice_tui.ui.panes.calls import ToolsPane
from rtvoice_tui.ui.widgets.ask_row import AskRow

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


class CallActions:
    """Actions on the selected call, or on the call in the question row.

    Args:
        app: shows screens and notifications.
        controller: performs the operations.
        agent: actions of pane 5, which shows changed tools.
    """

    def __init__(self, app: "RtvoiceApp", controller: Controller, agent: AgentActions) -> None:
        self._app = app
        self._controller = controller
        self._calls = controller.calls
        self._agent = agent

    @property
    def pane(self) -> ToolsPane:
        """Pane 4."""
        return self._app.screen_stack[0].query_one(ToolsPane)

    def _notify(self, sentence: str) -> None:
        """Show a notification that is not kept in the log."""
        self._app.notify(sentence, markup=False)

    # --- a call that waits

    def _asked_about(self) -> CallRecord | None:
        """The waiting call to act on: the selected one in pane 4, else the one in the question row.

        Notifies the user and returns ``None`` if no call waits, or if the question has only just appeared.
        """
        meant = self.pane.meant
        row = self._app.screen_stack[0].query_one(AskRow)
        if meant is None and row.record is None:
            self._notify("no call waits for you")
            return None
        if not (row.accepts_keys if meant is None else self.pane.calls.accepts_keys):
            self._notify("the question has just appeared: press again")
            return None
        return meant if meant is not None else row.record

    def approve(self, always: bool) -> None:
        """Approve the waiting call (``always``: all calls of its tool), or enter its result if it asks for one."""
        record = self._asked_about()
        if record is None:
            return
        if record.call.kind == "ask":
            self._give_result(record)
        else:
            self._calls.approve(record.call, always)

    def reject(self) -> None:
        """Reject the waiting call, or stop the selected call if it is running."""
        calls = self.pane.calls
        chosen = self.pane.chosen
        runs = chosen is not None and chosen.call.state is CallState.RUNNING and not waits(chosen.call)
        in_pane = len(self._app.screen_stack) == 1  # in a dialog the key is for the call of the question row
        if chosen is not None and runs and in_pane and not (calls.follows and self._controller.store.calls.asking):
            self._calls.stop(chosen.call)
            return
        record = self._asked_about()
        if record is None:
            return
        from rtvoice_tui.ui.screens.result import ReasonScreen

        call = record.call

        def refuse(reason: str | None) -> None:
            if reason is not None:
                self._calls.reject(call, reason)

        words = f"({arguments_shown(call.arguments)})"
        self._app.push_screen(ReasonScreen([[(one_line(call.name, 60), "tool"), (words, "plain")]]), refuse)

    def send_result(self) -> None:
        """Enter a result for a call: it replaces the tool's own while that is pending, else it is sent as a message."""
        record = self.pane.chosen
        record = record or self._asked_about()
        if record is not None:
            self._give_result(record)

    def _give_result(self, record: CallRecord) -> None:
        from rtvoice_tui.ui.screens.result import ResultScreen

        call = record.call
        replaces = self._calls.replaces_result(call)
        hint = "goes to the model in place of the tool's own" if replaces else "goes to the model as a new message"

        def send(text: str | None) -> None:
            if text is not None:
                self._calls.send_result(call, text)

        self._app.push_screen(ResultScreen(f"Result of {call.name}", call.output, hint), send)

    # --- the chosen call

    def _chosen_call(self) -> CallRecord | None:
        by_hand = BY_ID["test-tool"].shown
        if (tool := self.pane.calls.chosen_tool) is not None:
            self._notify(f"{one_line(tool.name, 60)} is a tool: choose one of its calls, or {by_hand} runs it by hand")
            return None
        record = self.pane.calls.chosen
        if record is None:
            self._notify(f"there is no call yet: {BY_ID['down'].shown} chooses a tool, {by_hand} runs it by hand")
        return record

    def _runs_here(self, name: str) -> bool:
        why = self._calls.cannot_run(name)
        if why:
            self._notify(why)
        return not why

    def run_again(self) -> None:
        """Start a manual run with the selected call's tool and arguments; the model does not see it."""
        if (record := self._chosen_call()) is not None and self._runs_here(record.call.name):
            self._controller.session.start_manual_run(record.call.name, record.call.arguments or "{}")
            self.pane.calls.choose("")

    def run_edited(self) -> None:
        """Open the form for a manual run with the selected call's arguments."""
        if (record := self._chosen_call()) is not None and self._runs_here(record.call.name):
            self._open_form(record.call.name, arguments_of(record.call.arguments))

    def test_tool(self) -> None:
        """Open the form for a manual run of the tool under the cursor, or of any that runs here."""
        names = list(self._calls.local_specs())
        if (tool := self.pane.calls.chosen_tool) is not None:
            if self._runs_here(tool.name):
                self._open_form(tool.name, {})
            return
        chosen = self.pane.calls.chosen
        if not names:
            self._notify(f"the profile has no tool that runs here: {BY_ID['edit'].shown}, then 'add a tool'")
            return
        self._open_form(chosen.call.name if chosen is not None and chosen.call.name in names else names[0], {})

    def _open_form(self, name: str, arguments: dict[str, Any]) -> None:
        from rtvoice_tui.ui.screens.manual_run import ManualRunScreen

        session = self._controller.session
        specs, store = self._calls.local_specs(), self._controller.store
        screen = ManualRunScreen(specs, name, arguments, store, lambda: session.clock, session.start_manual_run)
        self._app.push_screen(screen)

    def show_whole(self) -> None:
        """Show everything about the selected call, or the tool under the cursor, as JSON that folds."""
        from rtvoice_tui.ui.screens.detail import DetailScreen

        tool, record = self.pane.calls.chosen_tool, self.pane.calls.chosen
        name = tool.name if tool is not None else record.call.name if record is not None else ""
        if not name:
            self._notify("there is no call yet")
            return
        title = f"{one_line(name, 60)} · {'tool' if tool is not None else 'call'}"
        self._app.push_screen(DetailScreen(title, bounded_lines(self.pane.calls.copy_text())))

    def next_view(self) -> None:
        """Switch the call's view: tree, JSON, wire."""
        self.pane.detail.next_view()
        self.pane.sync()

    # --- its tool

    def toggle_mock(self) -> None:
        """Replace the tool by a mock that returns this result; a mock is replaced by the real tool."""
        if (record := self._chosen_call()) is not None:
            self._tool_changed(self._calls.toggle_mock(record))

    def toggle_tool(self) -> None:
        """Switch the tool under the cursor, or that of the selected call, off or on again."""
        if (tool := self.pane.calls.chosen_tool) is not None:
            for answer in self._calls.toggle_tool(tool.name):
                self._tool_changed(answer)
        elif (record := self._chosen_call()) is not None:
            for answer in self._calls.toggle_tool(record.call.name):
                self._tool_changed(answer)

    def _tool_changed(self, answer: ActionResult) -> None:
        if answer.sent:
            self._agent.show(answer.sent)
        self._agent.pane.reload()
        self._notify(answer.words)
