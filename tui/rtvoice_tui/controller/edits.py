"""Editing the agent: sending, undoing and restoring changes, and sessions that are made of what was edited."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from rtvoice_tui.controller.planner import Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import EditChanged, EditState, Level, Notice, Phase
from rtvoice_tui.session.recap import Said
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Speaker

FOR_SESSION = "for this session, not saved"


class Tone(StrEnum):
    """How an answer is meant."""

    QUIET = "quiet"
    WARNING = "warning"


@dataclass(frozen=True)
class Answer:
    """What became of something that was asked for, in a few words.

    Attributes:
        words: for the user.
        tone: how they are meant.
        problems: sentences that the user must see, such as tools that cannot be offered.
        sent: what became of the change that was sent for it.
    """

    words: str
    tone: Tone = Tone.QUIET
    problems: tuple[str, ...] = ()
    sent: "Answer | None" = None


class Edits:
    """The agent of one profile after the other, as it is edited. For one thread at a time.

    Args:
        session: whose agent it is.
        store: what the session leaves behind.
        editor: the agent.
        planner: makes plans.

    Attributes:
        editor: the agent that is edited now.
        planner: makes plans.
        changed: called when name, model or voice may be another.
    """

    def __init__(self, session: SessionHandle, store: Store, editor: AgentEditor, planner: Planner) -> None:
        self._session = session
        self._store = store
        self.editor = editor
        self.planner = planner
        self.changed: Callable[[], None] = lambda: None

    @property
    def live(self) -> bool:
        """Whether there is a session."""
        return self._store.session.phase is not Phase.OFFLINE

    @property
    def needs_session(self) -> tuple[str, ...]:
        """Changed settings that only a new session can have; none where there is no session."""
        return self.editor.needs_session(self._store.session.spoken) if self.live else ()

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

    # --- sending

    def send(self) -> Answer:
        """Send what was typed, and save it."""
        if not self.editor.changed and not self.editor.unanswered:  # all of it was sent before, by keys of pane 4
            words = self.editor.save() or "saved"
            self.changed()
            return Answer(words)
        return self._post(*self.editor.send(self._session.clock, self._store.session.turn), saved="saved")

    def send_tool(self, name: str, entry: ToolEntry | None) -> Answer:
        """Change one tool for this session, or take it away (``None``); the profile's file stays as it is."""
        command = self.editor.send_tool(name, entry, self._session.clock, self._store.session.turn)
        return self._post(command, "", saved=FOR_SESSION)

    def undo(self) -> Answer | None:
        """Take the last change in force back; ``None`` if there is none."""
        undone = self.editor.undo(self._session.clock, self._store.session.turn)
        if undone is None:
            return None
        return self._post(*undone, saved="saved" if self.editor.history.changes[-1].saved else FOR_SESSION)

    def restore(self, number: int) -> None:
        """Type a whole earlier state: the one after a change, or 0 for the one that the profile was opened with."""
        history = self.editor.history
        self.editor.restore(history.changes[number - 1].after if number else history.start)

    def _post(self, command: EditSession, sentence: str, saved: str) -> Answer:
        toolset, problems = self.planner.toolset(self.edited_profile)
        change = self.editor.history.changes[-1]
        words, tone = sentence or saved, Tone.QUIET
        if change.fields == ("model",):
            change.state = EditState.LATER
            words, tone = sentence or "the model comes with the next session", Tone.WARNING
        source = None
        if "model" in change.fields:
            source = self.planner.plan(self.edited_profile, self._session.plan.source)[0].source
        self._session.edit(command, toolset, source)
        self.changed()
        return Answer(words, tone, tuple(problem for problem in (sentence, *problems) if problem))

    def settled(self, fact: EditChanged) -> None:
        """Something became of a change."""
        self.editor.take(fact)
        if fact.state is EditState.REFUSED:
            self.changed()  # the voice is the old one again

    # --- a new session

    def reopen(self, history: tuple[Said, ...] = (), connect: bool = True) -> Answer:
        """Begin a session with what is edited now.

        Args:
            history: what the new session is told of the old one.
            connect: whether to connect at once.
        """
        plan, problems = self.planner.plan(self.edited_profile, self._session.plan.source)
        self._session.reopen(plan, history, connect)
        words = f"a new session; {len(history)} messages go with it" if history else "a new session"
        self._session.report(Notice(Level.INFO, words))
        self.changed()
        return Answer(words, problems=tuple(problems))

    def said(self) -> tuple[Said, ...]:
        """The conversation so far; of a response that was cut only what was heard."""
        lines = []
        for entry in self._store.transcript.entries:
            if entry.speaker is Speaker.TOOL or entry.out_of_band:
                continue
            text = entry.text
            if entry.heard is not None:
                text = text[: round(entry.heard * len(text))]
            if text.strip():
                lines.append(Said(entry.speaker is Speaker.AGENT, text.strip()))
        return tuple(lines)
