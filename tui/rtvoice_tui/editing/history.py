"""History of all edits of the agent: time, turn, state before and after, and outcome."""

from dataclasses import dataclass, field
from typing import Any

from rtvoice_tui.editing.agent import Agent, differences
from rtvoice_tui.protocol.realtime.session_echo import differs, tool_name
from rtvoice_tui.session.facts import EditChanged, EditState

IN_FORCE = frozenset({EditState.ACKNOWLEDGED, EditState.CHANGED})


@dataclass
class Change:
    """One edit of the agent.

    Attributes:
        number: number of the change, counted from 1.
        at: time in seconds on the store's clock.
        turn: the turn in which it was made; 0 before the first.
        before: the agent before the change.
        after: the agent after the change, as requested.
        undoes: number of the change that it undoes, or 0.
        saved: whether it was saved in the profile; otherwise it is for this session only.
        state: its outcome; ``None`` until it is known.
        detail: the server's explanation, or why nothing was sent.
    """

    number: int
    at: float
    turn: int
    before: Agent
    after: Agent
    undoes: int = 0
    saved: bool = True
    state: EditState | None = None
    detail: str = ""

    @property
    def edit_id(self) -> str:
        """Id of the edit in the session's commands and facts."""
        return f"change-{self.number}"

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the settings that it changed."""
        return differences(self.before, self.after)


@dataclass
class EditHistory:
    """All changes since the profile was opened, oldest first."""

    start: Agent
    changes: list[Change] = field(default_factory=list)
    _by_id: dict[str, Change] = field(default_factory=dict, repr=False)

    def add(self, at: float, turn: int, before: Agent, after: Agent, undoes: int = 0) -> Change:
        """Add a change; returns it."""
        change = Change(len(self.changes) + 1, at, turn, before, after, undoes)
        self.changes.append(change)
        self._by_id[change.edit_id] = change
        return change

    def record_outcome(self, fact: EditChanged) -> Change | None:
        """Record the outcome of a change; returns the change, or ``None`` if it is unknown.

        If only a part is deferred to the next session (``LATER``), the outcome of the rest is kept.
        """
        change = self._by_id.get(fact.edit_id)
        if change is not None and (fact.state is not EditState.LATER or change.state is None):
            change.state, change.detail = fact.state, fact.detail
        return change

    def last_undoable(self) -> Change | None:
        """Return the last change in force that was not undone yet; ``None`` if there is none."""
        undone = {c.undoes for c in self.changes if c.undoes and c.state is not EditState.REFUSED}
        wanted = (c for c in reversed(self.changes) if c.state in IN_FORCE and not c.undoes and c.number not in undone)
        return next(wanted, None)


def compared(agent: Agent, session: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Compare an agent with a server's session: returns setting, the server's value and ours for each difference."""
    found = []
    for name, theirs in session.items():
        if name == "tools":
            named = [tool_name(tool) for tool in (theirs if isinstance(theirs, list) else []) if isinstance(tool, dict)]
            ours = [spec.name for spec in agent.tool_specs]
            if set(named) != set(ours):
                found.append((name, named, ours))
        elif name in agent.settings.__struct_fields__ and agent.settings.is_set(name):
            mine = getattr(agent.settings, name)
            if differs(name, mine, theirs):
                found.append((name, theirs, mine))
    return found
