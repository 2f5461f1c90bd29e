"""Editing the agent: send, undo, restore and save changes, and start sessions with them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from msgspec import structs

from rtvoice_tui.controller.planner import Planner
from rtvoice_tui.controller.saves import Saves
from rtvoice_tui.editing.agent import NEEDS_SESSION
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.profile_file import SaveResult
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import EditChanged, EditState, Level, Notice, Phase
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Speaker

FOR_SESSION = "for this session, not saved"


class Tone(StrEnum):
    """How a result is shown."""

    QUIET = "quiet"
    WARNING = "warning"


@dataclass(frozen=True)
class ActionResult:
    """The result of a user's action, in a few words.

    Attributes:
        words: for the user.
        tone: how they are shown.
        problems: sentences that the user must see, such as tools that cannot be offered.
        sent: the result of the change that was sent for it.
        save_note: a sentence about the save that the user must see; it is in the log already.
        profile: the profile that holds the changes; empty if nothing was saved.
    """

    words: str
    tone: Tone = Tone.QUIET
    problems: tuple[str, ...] = ()
    sent: "ActionResult | None" = None
    save_note: str = ""
    profile: str = ""


class Edits:
    """The agent of the open profile, as it is edited. For the thread of the head's asyncio loop.

    What saves returns a future: the change goes to the session at once, and the future is done when the profile is
    written, which can take seconds while another program holds the file. It is saved even if nobody waits.

    Args:
        session: whose agent it is.
        store: the session's store.
        editor: the agent.
        planner: makes plans.

    Attributes:
        editor: the agent of the open profile.
        planner: makes plans.
        saves: the saves that are under way.
        changed: called on the loop when name, model or voice may be another.
        needs_plan: whether the profile connects in another way than the session's plan: see `reopen`.
    """

    def __init__(self, session: SessionHandle, store: Store, editor: AgentEditor, planner: Planner) -> None:
        self._session = session
        self._store = store
        self.editor = editor
        self.planner = planner
        self.changed: Callable[[], None] = lambda: None
        self.saves = Saves()
        self.needs_plan = False

    @property
    def live(self) -> bool:
        """Whether there is a session."""
        return self._store.session.phase is not Phase.OFFLINE

    @property
    def needs_session(self) -> tuple[str, ...]:
        """Changed settings that need a new session; empty if there is no session."""
        return self.editor.needs_session(self._store.session.spoken) if self.live else ()

    @property
    def edited_profile(self) -> Profile:
        """The profile with all changes that were sent."""
        agent = self.editor.kept
        return structs.replace(
            self.editor.profile,
            model=agent.model,
            url=agent.url,
            session=agent.settings,
            tools=list(agent.tools),
            tool_policy=agent.tool_policy,
        )

    # --- sending

    def send(self) -> asyncio.Future[ActionResult]:
        """Send what was typed, and save it."""
        if not self.editor.changed and not self.editor.unanswered:  # all of it was sent before, by keys of pane 4
            return self._when_saved(self.editor.save(), ActionResult("saved"))
        command, saving = self.editor.send(self._session.clock, self._store.session.turn)
        return self._when_saved(saving, self._post(command, "saved"))

    def send_tool(self, name: str, entry: ToolEntry | None) -> ActionResult:
        """Change one tool for this session, or remove it (``None``). Does not write the profile."""
        command = self.editor.send_tool(name, entry, self._session.clock, self._store.session.turn)
        return self._post(command, FOR_SESSION)

    def undo(self) -> asyncio.Future[ActionResult] | None:
        """Undo the last change that is in force; ``None`` if there is none."""
        undone = self.editor.undo(self._session.clock, self._store.session.turn)
        if undone is None:
            return None
        command, saving = undone
        words = "saved" if self.editor.history.changes[-1].saved else FOR_SESSION
        return self._when_saved(saving, self._post(command, words))

    def restore(self, number: int) -> None:
        """Make an earlier state the draft: the one after change ``number``, or with 0 the one at opening."""
        history = self.editor.history
        self.editor.restore(history.changes[number - 1].after if number else history.start)

    def _post(self, command: EditSession, words: str) -> ActionResult:
        toolset, problems = self.planner.toolset(self.edited_profile)
        change, tone = self.editor.history.changes[-1], Tone.QUIET
        later = [name for name in change.fields if name in NEEDS_SESSION]
        if later and len(later) == len(change.fields):
            change.state = EditState.LATER
            words, tone = "it comes with the next session", Tone.WARNING
        source = None
        if later:
            source = self.planner.plan(self.edited_profile, self._session.plan.source)[0].source
            self.needs_plan = self.needs_plan or later != ["model"]
        self._session.edit(command, toolset, source)
        self.changed()
        return ActionResult(words, tone, tuple(problems))

    def outcome(self, fact: EditChanged) -> None:
        """Handle the outcome of a change; saves again without a change that was refused."""
        saving = self.editor.outcome(fact)
        if fact.state is EditState.REFUSED:
            self.changed()  # the voice is the old one again
        if saving is not None:
            self._when_saved(saving, ActionResult(""))

    # --- saving

    def _when_saved(
        self, saving: Future[SaveResult], result: ActionResult, quiet: bool = False
    ) -> asyncio.Future[ActionResult]:
        return self.saves.start(self._saved(saving, result, quiet))

    async def _saved(self, saving: Future[SaveResult], result: ActionResult, quiet: bool) -> ActionResult:
        saved = await asyncio.wrap_future(saving)
        self.changed()
        if saved.sentence:
            if saved.failed or not quiet:  # reported here, because nobody may be waiting for the result any more
                self._session.report(Notice(Level.WARNING, saved.sentence))
            result = replace(result, words=saved.sentence, save_note=saved.sentence)
        if saved.failed:
            self.saves.failed.append(saved.sentence)
        return replace(result, profile=saved.name)

    def keep_audio(self, **chosen: Any) -> asyncio.Future[ActionResult]:
        """Keep devices or switches of the ``[audio]`` table in the profile."""
        return self._when_saved(self.editor.keep_audio(**chosen), ActionResult(""), quiet=True)

    # --- a new session

    def reopen(self, history: tuple[HistoryMessage, ...] = (), connect: bool = True) -> ActionResult:
        """Start a session with the edited agent.

        Args:
            history: the earlier conversation to pass on.
            connect: whether to connect at once.
        """
        plan, problems = self.planner.plan(self.edited_profile, self._session.plan.source, self.editor.name)
        self.needs_plan = False
        self._session.reopen(plan, history, connect)
        words = f"a new session; {len(history)} messages go with it" if history else "a new session"
        self._session.report(Notice(Level.INFO, words))
        self.changed()
        return ActionResult(words, problems=tuple(problems))

    def said(self) -> tuple[HistoryMessage, ...]:
        """The conversation so far, without sessions before one that began anew; of a cut response what was heard."""
        lines = []
        for entry in self._store.transcript.conversation():
            if entry.speaker not in (Speaker.YOU, Speaker.AGENT) or entry.out_of_band:
                continue
            text = entry.text
            if entry.heard is not None:
                text = text[: round(entry.heard * len(text))]
            if text.strip():
                lines.append(HistoryMessage(entry.speaker is Speaker.AGENT, text.strip()))
        return tuple(lines)
