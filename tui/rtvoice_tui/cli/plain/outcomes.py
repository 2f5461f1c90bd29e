"""What came of each change of the agent, said once: when the server's answer and the save are known."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from rtvoice_tui.cli.plain.pace import Pace
from rtvoice_tui.cli.plain.wording import line, typed
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.edits import FOR_SESSION, ActionResult
from rtvoice_tui.session.facts import EditChanged, EditState
from rtvoice_tui.session.realtime.edits import TOOLS_CHANGED_ID

Say = Callable[[str], None]

_LATER = "/reconnect begins one and keeps the conversation"


@dataclass
class _Change:
    """A change whose outcome was not said yet.

    Attributes:
        names: what is changed, in words.
        asked: whether the session has got it.
        sent: whether the server was asked, so that it has to answer.
        answer: the server's answer.
        later: what comes with the next session alone.
        saved: what came of the save; ``None`` while it is under way.
    """

    names: str
    asked: bool = False
    sent: bool = False
    answer: EditChanged | None = None
    later: list[EditChanged] = field(default_factory=list)
    saved: ActionResult | None = None

    @property
    def known(self) -> bool:
        """Whether its outcome is known."""
        answered = self.answer is not None or (self.asked and not self.sent)
        return answered and self.saved is not None


class Outcomes:
    """Waits for the outcomes of changes. For the thread of the head's loop.

    Args:
        controller: has sent the changes.
        pace: is told how many outcomes are not known: until then nothing else of a pipe acts.
        say: prints a line.
    """

    def __init__(self, controller: Controller, pace: Pace, say: Say) -> None:
        self._controller = controller
        self._pace = pace
        self._say = say
        self._changes: dict[str, _Change] = {}

    def begin(self, names: str) -> str:
        """The last change of the agent was sent just now; returns its id.

        Args:
            names: what it changes, in words.
        """
        edit_id = self._controller.edits.editor.history.changes[-1].edit_id
        self._changes[edit_id] = _Change(names)
        self._pace.outcomes += 1
        loop = asyncio.get_running_loop()

        def passed_on() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._asked, edit_id)

        self._controller.session.after_requests(passed_on)
        return edit_id

    def saved(self, edit_id: str, result: ActionResult) -> None:
        """A change was saved, or not."""
        change = self._changes.get(edit_id)
        if change is not None:
            change.saved = result
            self._settle(edit_id, change)

    def _asked(self, edit_id: str) -> None:
        change = self._changes.get(edit_id)
        if change is not None:
            change.asked = True
            self._settle(edit_id, change)

    def observe(self, fact: EditChanged) -> None:
        """Take note of what the session reports about a change."""
        change = self._changes.get(fact.edit_id)
        if change is None:
            self._say_afterwards(fact)
        elif fact.state is EditState.SENT:
            change.sent = True
        elif fact.state is EditState.LATER:
            change.later.append(fact)
        else:
            change.answer = fact
            self._settle(fact.edit_id, change)

    def _settle(self, edit_id: str, change: _Change) -> None:
        if not change.known or change.saved is None:
            return
        del self._changes[edit_id]
        self._pace.outcomes -= 1
        for problem in change.saved.problems:
            self._say(line(f"warning: {problem}"))
        for words in _said(change, _kept(change.saved), self._needs_session(change)):
            self._say(words)

    def _needs_session(self, change: _Change) -> bool:
        """Whether a session goes on without the change."""
        assert change.saved is not None
        return self._controller.edits.live and change.saved.words == "it comes with the next session"

    def _say_afterwards(self, fact: EditChanged) -> None:
        """What is reported of a change whose outcome was said, or that the user did not make."""
        quiet = fact.state in (EditState.SENT, EditState.LATER)
        by_itself = fact.edit_id == TOOLS_CHANGED_ID and fact.state is EditState.ACKNOWLEDGED
        if fact.edit_id and not quiet and not by_itself:
            self._say(_answered(", ".join(fact.fields), fact, ""))


def _kept(result: ActionResult) -> str:
    """Where a change is kept; empty if a notice has said why it is not."""
    if result.words == FOR_SESSION:
        return FOR_SESSION
    return f"saved in {result.profile}.toml" if result.profile and not result.save_note else ""


def _said(change: _Change, kept: str, needs_session: bool) -> list[str]:
    assert change.saved is not None
    found = []
    if change.answer is not None:
        found.append(_answered(change.names, change.answer, kept))
    elif needs_session:
        words = f"{kept} for the next session" if kept else "it comes with the next session"
        found.append(f"note: {change.names}: {words}; {_LATER}")
    elif not change.later and (kept or not change.saved.save_note):
        found.append(line(f"note: {change.names}: {kept or typed(change.saved.words)}"))
    for fact in change.later:
        words = f"{kept} for the next session" if kept else "it comes with the next session"
        found.append(line(f"note: {', '.join(fact.fields)}: {words}: {fact.detail}"))
    return found


def _answered(names: str, fact: EditChanged, kept: str) -> str:
    """The server's answer to a change, with where the change is kept."""
    match fact.state:
        case EditState.REFUSED:
            return line(f"warning: {names}: the server refused it, and it is not saved: {fact.detail}")
        case EditState.CHANGED:
            made = ", ".join(f"{name} {value}" for name, value in fact.made.items())
            also = f"; yours is {kept}" if kept else ""
            return line(f"warning: {names}: the server applied another value: {made}{also}")
        case EditState.UNANSWERED:
            why = f": {fact.detail}" if fact.detail else ""
            also = f"; it is {kept}" if kept else ""
            return line(f"warning: {names}: the server has not answered{why}{also}")
    return line(f"note: {names}: acknowledged{f' and {kept}' if kept else ''}")
