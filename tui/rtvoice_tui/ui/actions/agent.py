"""Actions of pane 5: send, undo, restore, and the user's own editor."""

import asyncio
from typing import TYPE_CHECKING

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.edits import ActionResult, Tone
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.session.facts import EditChanged, Level, Notice
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.panes.agent import AgentPane

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp

_INKS = {Tone.QUIET: "dim", Tone.WARNING: "warn"}


class AgentActions:
    """Carries out the actions that edit the agent.

    Args:
        app: shows screens and notifications.
        controller: carries the actions out.
    """

    def __init__(self, app: "RtvoiceApp", controller: Controller) -> None:
        self._app = app
        self._controller = controller
        self._edits = controller.edits

    @property
    def pane(self) -> AgentPane:
        """Pane 5."""
        return self._app.screen_stack[0].query_one(AgentPane)

    @property
    def editor(self) -> AgentEditor:
        """The agent of the open profile."""
        return self._edits.editor

    @property
    def unsent(self) -> str:
        """What was typed in pane 5 and not sent, in a sentence; empty if nothing was. Quitting would lose it."""
        names = ", ".join(self.editor.changed)
        if not names:
            return ""
        send, leave = BY_ID["send-edit"].shown, BY_ID["quit-f"].shown
        return f"typed and not sent: {names} ({send} sends and saves it, {leave} once more discards it)"

    def warn(self, sentence: str) -> None:
        """Show a warning, and write it to the log pane."""
        self._app.notify(sentence, severity="warning", markup=False, timeout=10)
        self._controller.session.report(Notice(Level.WARNING, sentence))

    def show(self, answer: ActionResult) -> None:
        """Show the result of an action in pane 5."""
        self.warn_of(answer)
        self.pane.show_message(answer.words, _INKS[answer.tone])

    def show_later(self, saving: asyncio.Future[ActionResult]) -> None:
        """Show the result once the profile is written; keys act meanwhile.

        An outcome of the change that arrived before stays in the last line: it says more than "saved".
        """
        pane, before = self.pane, self.pane.last_line

        async def shown() -> None:
            answer = await saving
            self.warn_of(answer)
            if answer.save_note:
                self._app.notify(answer.save_note, severity="warning", markup=False, timeout=10)
            if not pane.display and answer.profile and not answer.save_note:
                self._app.notify(f"{answer.words} in {answer.profile}.toml", markup=False)
            if answer.save_note or answer.problems or pane.last_line is before:
                pane.show_message(answer.words, _INKS[answer.tone])
            else:
                pane.describe()

        self._app.run_worker(shown(), description="saving the profile")

    def warn_of(self, answer: ActionResult) -> None:
        """Show the problems of a result."""
        for problem in answer.problems:
            self.warn(problem)

    # --- sending

    def send_edit(self) -> None:
        """Send what was typed in pane 5; where the pane is not in sight, what comes of it is notified."""
        pane = self.pane
        pane.send_edit()
        if not pane.display and not (pane.unsaved or self.editor.unanswered):
            self._app.notify(f"nothing was edited: {BY_ID['edit-f'].shown} opens the agent", markup=False)

    def send(self) -> None:
        """Send and save; asks first if a change needs a new session."""
        names = self._edits.needs_session
        if not names:
            self.show_later(self._edits.send())
            return
        from rtvoice_tui.ui.screens.ask import AskScreen

        words = " and ".join(names)
        lines = [f"{words[0].upper()}{words[1:]} cannot change in a running session."]
        answers = {
            "k": "connect again and keep the conversation",
            "n": "connect again with a new conversation",
            "l": "send the rest now; this comes with the next session",
        }
        self._app.push_screen(AskScreen("A new session is needed", lines, answers), self._send_with)

    def _send_with(self, answer: str | None) -> None:
        if not answer:
            self.pane.show_message("not sent: still as typed", "dim")
            return
        self.show_later(self._edits.send())
        if answer in "kn":
            self.warn_of(self._edits.reopen(self._edits.said() if answer == "k" else ()))

    def outcome(self, at: float, fact: EditChanged) -> None:
        """Handle the outcome of a change."""
        self._edits.outcome(fact)
        self.pane.show_edit(at, fact)
        self.pane.reload()

    # --- history

    def undo(self) -> None:
        """Undo the last change that is in force."""
        saving = self._edits.undo()
        if saving is None:
            self.pane.show_message("there is no acknowledged change to take back", "dim")
            return
        self.show_later(saving)
        self.pane.reload()

    def discard(self) -> None:
        """Discard what was typed and not sent."""
        self.editor.discard()
        self.pane.show_message("what was typed is forgotten", "dim")
        self.pane.reload()

    def history(self) -> None:
        """Show all changes; one may be restored."""
        from rtvoice_tui.ui.screens.history import HistoryScreen

        self._app.push_screen(HistoryScreen(self.editor, self._controller.store), self._restored)

    def _restored(self, number: int | None) -> None:
        if number is None:
            return
        self._edits.restore(number)
        self.pane.show_message(f"state {number} is typed: {BY_ID['send-edit'].shown} sends it", "dim")
        self.pane.reload()

    # --- tools, and the user's own editor

    def open_tool(self, name: str) -> None:
        """Edit a tool, or a new one where the name is empty."""
        from rtvoice_tui.ui.screens.tool import ToolScreen

        tool = self.editor.draft.tool(name)
        others = {entry.name for entry in self.editor.draft.tools} - {name}

        def done(result: tuple[ToolEntry | None] | None) -> None:
            if result is not None:
                self.editor.put_tool(name, result[0])
                self.pane.reload()

        self._app.push_screen(ToolScreen(tool, others), done)

    def open_external_editor(self) -> None:
        """Open the instructions, or the tool under the cursor, in the user's editor; the session runs on."""
        from rtvoice_tui.ui.terminal.external_editor import edited

        if tool := self.editor.draft.tool(self.pane.chosen_tool):
            self._edit_tool_outside(tool)
            return
        value = self.editor.draft.settings.instructions
        text = edited(self._app, value if isinstance(value, str) else "", ".md")
        if text is not None:
            self.editor.instruct(text)
            self.pane.reload()

    def _edit_tool_outside(self, tool: ToolEntry) -> None:
        from rtvoice_tui.editing.schema import tool_of, tool_text
        from rtvoice_tui.errors import SchemaRefused
        from rtvoice_tui.ui.terminal.external_editor import edited

        text = edited(self._app, tool_text(tool), ".json")
        if text is None:
            return
        try:
            changed = tool_of(text, {entry.name for entry in self.editor.draft.tools} - {tool.name})
        except SchemaRefused as refused:
            self.warn(f"{tool.name} stays as it was: {refused}")
            return
        self.editor.put_tool(tool.name, changed)
        self.pane.reload()
