"""The part of the cockpit that edits the agent: sending, undoing, restoring, and what needs a new session."""

from typing import Protocol

from msgspec.structs import replace

from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import EditChanged, EditState, Level, Notice, Phase
from rtvoice_tui.session.recap import Said
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Speaker
from rtvoice_tui.tools.registry import Toolset
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.talking import TalkingApp

FOR_SESSION = "for this session, not saved"


class Planner(Protocol):
    """Makes plans from profiles; what it knows of the command line stays its own."""

    def toolset(self, profile: Profile) -> tuple[Toolset, list[str]]:
        """The tools that can be offered, and a sentence for each that cannot."""

    def device_chosen(self, direction: str) -> None:
        """Another ``input`` or ``output`` device was chosen: what the command line says of it holds no more."""

    def plan(self, profile: Profile, source: EndpointSource | None) -> tuple[Plan, list[str]]:
        """A plan, and what is wrong with it; ``source`` is used again where it can be."""


class EditingApp(TalkingApp):
    """Edits one agent.

    Args:
        session: runs the conversation.
        store: what it leaves behind.
        editor: the agent as it is edited.
        planner: makes plans for new sessions.
    """

    def __init__(self, session: SessionHandle, store: Store, editor: AgentEditor, planner: Planner) -> None:
        super().__init__(session, store)
        self.editor = editor
        self.planner = planner

    @property
    def agent_pane(self) -> AgentPane:
        """Pane 5."""
        return self.screen_stack[0].query_one(AgentPane)

    def profile_changed(self) -> None:
        """Name, model or voice may be another."""

    @property
    def unsent(self) -> str:
        """What was typed in pane 5 and not sent."""
        names = ", ".join(self.editor.changed)
        return f"typed and not sent: {names} (F7 sends and saves it, q once more throws it away)" if names else ""

    # --- sending

    def on_agent_pane_sent(self) -> None:
        """Send and save, after asking about what needs a new session."""
        live = self.store.session.phase is not Phase.OFFLINE
        names = self.editor.needs_session(self.store.session.spoken) if live else ()
        if not names:
            self._send()
            return
        from rtvoice_tui.ui.screens.ask import AskScreen

        words = " and ".join(names)
        lines = [f"{words[0].upper()}{words[1:]} cannot change in a running session."]
        answers = {
            "k": "connect again and keep the conversation",
            "n": "connect again and begin anew",
            "l": "send the rest now; this comes with the next session",
        }
        self.push_screen(AskScreen("A new session is needed", lines, answers), self._send_with)

    def _send_with(self, answer: str | None) -> None:
        if not answer:
            self.agent_pane.tell("not sent: still as typed", "dim")
            return
        self._send()
        if answer in "kn":
            self.reopen(self.said() if answer == "k" else ())

    def _send(self) -> None:
        if not self.editor.changed and not self.editor.unanswered:  # all of it was sent before, by keys of pane 4
            self.agent_pane.tell(self.editor.save() or "saved", "dim")
            self.agent_pane.describe()
            self.profile_changed()
            return
        self._post(self.editor.send(self.session.clock, self.store.session.turn))

    def _post(self, told: tuple[EditSession, str], saved: str = "saved") -> None:
        """Change the session, and say what is to be known about that.

        Args:
            told: the change, and a sentence about its saving.
            saved: what is said if there is no sentence.
        """
        command, sentence = told
        toolset, problems = self.planner.toolset(self.edited_profile)
        for problem in (sentence, *problems):
            if problem:
                self.warn(problem)
        change = self.editor.history.changes[-1]
        if change.fields == ("model",):
            change.state = EditState.LATER
            self.agent_pane.tell(sentence or "the model comes with the next session", "warn")
        else:
            self.agent_pane.tell(sentence or saved, "dim")
        source = None
        if "model" in change.fields:
            plan, _ = self.planner.plan(self.edited_profile, self.session.plan.source)
            source = plan.source
        self.session.edit(command, toolset, source)
        self.profile_changed()

    def warn(self, sentence: str) -> None:
        """Tell, and keep it in the log."""
        self.notify(sentence, severity="warning", markup=False, timeout=10)
        self.session.report(Notice(Level.WARNING, sentence))

    def edit_settled(self, at: float, fact: EditChanged) -> None:
        """Something became of a change."""
        self.editor.take(fact)
        self.agent_pane.show_edit(at, fact)
        self.agent_pane.reload()
        if fact.state is EditState.REFUSED:
            self.profile_changed()  # the voice in the status row is the old one again

    # --- a new session

    @property
    def edited_profile(self) -> Profile:
        """The profile with all changes that were sent."""
        agent = self.editor.kept
        return replace(
            self.editor.profile,
            model=agent.model,
            session=agent.settings,
            tools=list(agent.tools),
            tool_policy=agent.tool_policy,
        )

    def said(self) -> tuple[Said, ...]:
        """The conversation so far; of an answer that was cut only what was heard."""
        lines = []
        for entry in self.store.transcript.entries:
            if entry.speaker is Speaker.TOOL or entry.out_of_band:
                continue
            text = entry.text
            if entry.heard is not None:
                text = text[: round(entry.heard * len(text))]
            if text.strip():
                lines.append(Said(entry.speaker is Speaker.AGENT, text.strip()))
        return tuple(lines)

    def reopen(self, history: tuple[Said, ...] = (), connect: bool = True) -> None:
        """Begin a session with what is edited now."""
        plan, problems = self.planner.plan(self.edited_profile, self.session.plan.source)
        for problem in problems:
            self.warn(problem)
        self.session.reopen(plan, history, connect)
        words = f"a new session; {len(history)} messages go with it" if history else "a new session"
        self.session.report(Notice(Level.INFO, words))
        self.profile_changed()

    # --- history

    def action_undo_edit(self) -> None:
        """Take back the last change that is in force."""
        told = self.editor.undo(self.session.clock, self.store.session.turn)
        if told is None:
            self.agent_pane.tell("there is no acknowledged change to take back", "dim")
            return
        self._post(told, "saved" if self.editor.history.changes[-1].saved else FOR_SESSION)
        self.agent_pane.reload()

    def action_discard_edit(self) -> None:
        """Forget what was typed and not sent."""
        self.editor.discard()
        self.agent_pane.tell("what was typed is forgotten", "dim")
        self.agent_pane.reload()

    def action_edit_history(self) -> None:
        """All changes; one may be restored."""
        from rtvoice_tui.ui.screens.history import HistoryScreen

        self.push_screen(HistoryScreen(self.editor, self.store), self._restored)

    def _restored(self, number: int | None) -> None:
        if number is None:
            return
        history = self.editor.history
        self.editor.restore(history.changes[number - 1].after if number else history.start)
        self.agent_pane.tell(f"state {number} is typed: F7 sends it", "dim")
        self.agent_pane.reload()

    # --- tools, and the person's own editor

    def on_agent_pane_tool_opened(self, message: AgentPane.ToolOpened) -> None:
        """Edit a tool, or a new one."""
        from rtvoice_tui.ui.screens.tool import ToolScreen

        tool = self.editor.draft.tool(message.name)
        others = {entry.name for entry in self.editor.draft.tools} - {message.name}

        def done(result: tuple[ToolEntry | None] | None) -> None:
            if result is not None:
                self.editor.put_tool(message.name, result[0])
                self.agent_pane.reload()

        self.push_screen(ToolScreen(tool, others), done)

    def _edit_tool_outside(self, tool: ToolEntry) -> None:
        from rtvoice_tui.editing.schema import tool_of, tool_text
        from rtvoice_tui.errors import SchemaRefused
        from rtvoice_tui.ui.terminal.external_editor import edited

        text = edited(self, tool_text(tool), ".json")
        if text is None:
            return
        try:
            changed = tool_of(text, {entry.name for entry in self.editor.draft.tools} - {tool.name})
        except SchemaRefused as refused:
            self.warn(f"{tool.name} stays as it was: {refused}")
            return
        self.editor.put_tool(tool.name, changed)
        self.agent_pane.reload()

    def action_external_editor(self) -> None:
        """Open the instructions, or the tool under the cursor, in the person's editor; the session runs on."""
        from rtvoice_tui.ui.terminal.external_editor import edited

        if tool := self.editor.draft.tool(self.agent_pane.chosen_tool):
            self._edit_tool_outside(tool)
            return

        value = self.editor.draft.settings.instructions
        text = edited(self, value if isinstance(value, str) else "", ".md")
        if text is not None:
            self.editor.instruct(text)
            self.agent_pane.reload()
