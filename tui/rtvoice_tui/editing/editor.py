"""The agent as it is edited: what is typed, what was sent, what is in force, and where it is kept."""

from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.editing.agent import Agent, agent_of, differences, dig, value_at
from rtvoice_tui.editing.fields import Field, fields_of, has
from rtvoice_tui.editing.history import IN_FORCE, Change, EditHistory
from rtvoice_tui.editing.values import shown, with_value
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.model import Policy, Profile, ToolEntry
from rtvoice_tui.profiles.store import parse_profile
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.realtime.session_echo import tool_name
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import EditChanged, EditState

if TYPE_CHECKING:
    from rtvoice_tui.profiles.writing import Changes

_CAN_BE_OFF = frozenset({"turn_detection", "transcription", "noise_reduction"})
"""Settings of which a server's null says that they are off; of others it says nothing."""


_NAMED_BY = frozenset({"transcription.model"})
"""Fields that say off for the whole setting that they are in."""


class AgentEditor:
    """Holds the draft, and knows what became of everything that was sent.

    Args:
        name: the profile that keeps the agent.
        profile: what it holds, with the command line's overrides.
        text: the profile's text as it was read; empty where nothing is to be saved.

    Attributes:
        draft: the agent as typed.
        kept: the agent as last sent. What a key of pane 4 changed of it lasts for the session, until it is saved.
    """

    def __init__(self, name: str, profile: Profile, text: str = "") -> None:
        self.name = name
        self.profile = profile
        self._fields = fields_of(profile.dialect)
        self.draft = self.kept = agent_of(profile)
        self.history = EditHistory(self.kept)
        self._text = text
        self._written = self.kept
        self._latest: dict[str, EditChanged] = {}
        self._model_waits = False
        self._under_way: set[str] = set()
        self._policies: dict[str, Policy] = {tool.name: tool.policy for tool in self.kept.tools if tool.policy != "off"}

    @property
    def dialect(self) -> Dialect:
        """Who is spoken to."""
        return self.profile.dialect

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields but instructions and tools."""
        return self._fields

    @property
    def saves(self) -> bool:
        """Whether edits are kept in the profile."""
        return bool(self._text)

    @property
    def text(self) -> str:
        """The profile's text as it was last read or written."""
        return self._text

    # --- the draft

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the settings that were typed and not sent."""
        return differences(self.kept, self.draft)

    @property
    def held(self) -> bool:
        """Whether something was sent that is not in the profile's file."""
        return self.saves and bool(differences(self._written, self.kept))

    def written_tool(self, name: str) -> ToolEntry | None:
        """A tool as the profile's file has it."""
        return self._written.tool(name)

    @property
    def unanswered(self) -> bool:
        """Whether something was sent and not answered: it may be sent again."""
        return any(fact.state is EditState.UNANSWERED and fact.edit_id for fact in self._latest.values())

    def type(self, field: Field, text: str) -> None:
        """Take over what was typed into a field.

        Raises:
            ValueRefused: it is no value of this field.
        """
        self.draft = with_value(self.draft, field, text)

    def instruct(self, text: str) -> None:
        """Take over instructions; none is the same as empty ones where there were none."""
        before = self.kept.settings.instructions
        value = UNSET if not text and before is UNSET else text
        self.draft = _with_setting(self.draft, "instructions", value)

    def switch_tool(self, name: str) -> None:
        """Switch a tool on or off."""
        tool = self.draft.tool(name)
        if tool is not None:
            self.put_tool(name, self.switched(tool))

    def switched(self, tool: ToolEntry) -> ToolEntry:
        """The tool with its switch turned. One that comes back asks as it did before, and if nobody knows, it asks."""
        if self.draft.policy(tool) != "off":
            self._policies[tool.name] = tool.policy
            return replace(tool, policy="off")
        known = self._policies.get(tool.name, "ask")
        return replace(tool, policy=known if known != "default" or self.draft.tool_policy != "off" else "ask")

    def put_tool(self, name: str, tool: ToolEntry | None) -> None:
        """A tool as typed in place of the one of that name; ``None`` takes it away."""
        self.draft = self.draft.with_tool(name, tool)

    def session_opened(self) -> None:
        """A session began with everything as it is kept."""
        self._model_waits = False

    def discard(self) -> None:
        """Forget what was typed and not sent."""
        self.draft = self.kept

    # --- sending

    def needs_session(self, spoken: bool) -> tuple[str, ...]:
        """Changed settings that only a new session can have.

        Args:
            spoken: whether the agent has made a sound in this session.
        """
        frozen = ("model", "voice") if spoken and self.dialect.freezes_voice else ("model",)
        return tuple(name for name in self.changed if name in frozen)

    def send(self, at: float, turn: int) -> tuple[EditSession, str]:
        """Everything that changed, as a command for the session; and what the user should know about its saving.

        What was only sent before is saved with it.

        Args:
            at: seconds on the store's clock.
            turn: the turn it is.
        """
        command, _ = self._begin(at, turn)
        return command, self.save()

    def save(self) -> str:
        """Write what was sent into the profile; a sentence if the user should know more about that."""
        if not self.saves:
            return "sent, not saved: options of the command line override the profile"
        return self._write(self._written, self.kept)

    def _begin(self, at: float, turn: int, undoes: int = 0) -> tuple[EditSession, Change]:
        change = self.history.begin(at, turn, self.kept, self.draft, undoes)
        self.kept = self.draft
        self._under_way |= set(change.fields)
        self._model_waits = self._model_waits or "model" in change.fields
        return EditSession(self.kept.settings, self.kept.tool_specs, change.edit_id), change

    def undo(self, at: float, turn: int) -> tuple[EditSession, str] | None:
        """Take the last change in force back; ``None`` if there is none. What was typed meanwhile stays typed."""
        change = self.history.to_undo()
        if change is None:
            return None
        typed, names = self.draft, self.changed
        self.draft = _taken_over(self.kept, change.before, change.fields)
        command, undoing = self._begin(at, turn, undoes=change.number)
        undoing.saved = change.saved
        self.draft = _taken_over(self.kept, typed, names)
        if not change.saved:
            return command, ""
        return command, self._write(undoing.before, undoing.after) if self.saves else self.save()

    def send_tool(self, name: str, tool: ToolEntry | None, at: float, turn: int) -> EditSession:
        """Change one tool at once for this session, or take it away, and nothing else.

        The profile's file stays as it is until the agent is saved, and what was typed meanwhile stays typed.
        """
        before, typed, names = self.kept, self.draft, tuple(n for n in self.changed if n != "tools")
        self.draft = before.with_tool(name, tool)
        command, change = self._begin(at, turn)
        change.saved = False
        self.draft = replace(_taken_over(self.kept, typed, names), tool_policy=typed.tool_policy)
        for other in {t.name: None for t in (*before.tools, *typed.tools)}:
            old, new = before.tool(other), typed.tool(other)
            if old != new:
                self.put_tool(other, _both(old, new, tool) if other == name else new)
        return command

    def restore(self, agent: Agent) -> None:
        """Type a whole earlier state; it is sent like any other change."""
        self.draft = agent

    def reread(self, text: str) -> tuple[str, ...]:
        """The profile's file changed elsewhere: its differences become the draft; their names.

        Raises:
            ProfileError: the file is not valid.
        """
        profile = parse_profile(text, f"{self.name}.toml")
        before, self._text = agent_of(parse_profile(self._text, self.name)), text
        self.profile = replace(self.profile, audio=profile.audio, trusted=self.profile.trusted and profile.trusted)
        theirs = agent_of(profile)
        names = differences(before, theirs)
        self.draft = _taken_over(self.draft, theirs, tuple(name for name in names if name != "tools"))
        if before.tool_policy != theirs.tool_policy:
            self.draft = replace(self.draft, tool_policy=theirs.tool_policy)
        for name in {tool.name: None for tool in (*before.tools, *theirs.tools)}:
            if before.tool(name) != theirs.tool(name):
                self.put_tool(name, theirs.tool(name))
        return names

    def keep_audio(self, **chosen: Any) -> str:
        """Keep devices or switches of the ``[audio]`` table; a sentence if the user should know more about that."""
        self.profile = replace(self.profile, audio=replace(self.profile.audio, **chosen))
        if not self._text:
            return "not saved: options of the command line override the profile"
        from rtvoice_tui.profiles.writing import Changes

        try:
            return self._saved(Changes(audio=chosen))
        except ProfileError as error:
            return _not_saved(error)

    # --- what became of it

    def take(self, fact: EditChanged) -> Change | None:
        """Something became of a change; what the server refused is typed again, so that it can be mended."""
        self._under_way -= set(fact.fields)
        for name in fact.fields:
            self._latest[name] = fact
        change = self.history.settle(fact)
        if change is not None and fact.state is EditState.REFUSED:
            self._take_back(change)
        if not fact.edit_id and fact.state is EditState.SENT:
            self.session_opened()
        if not fact.edit_id and fact.state in IN_FORCE:
            for earlier in self.history.changes:
                if earlier.state in (EditState.LATER, EditState.UNANSWERED):  # the whole was sent again
                    earlier.state = fact.state
        return change

    def latest(self, name: str) -> EditChanged | None:
        """The last word about a setting."""
        return self._latest.get(name)

    def mark(self, path: str) -> tuple[str, str]:
        """How a field stands, in a word, and what the server says about it."""
        name, _, inside = path.partition(".")
        if path == "model":
            return ("edited" if self.draft.model != self.kept.model else "later" if self._model_waits else ""), ""
        fact = self._latest.get(name)
        typed = value_at(self.draft, path)
        if name in self._under_way and typed == value_at(self.kept, path):
            return "sent", ""
        refused = fact is not None and fact.state is EditState.REFUSED and self.sent_value(path) == typed
        if not refused and (typed != value_at(self.kept, path) or (name == "tools" and self._tool_typed(inside))):
            return "edited", ""
        field = next((field for field in self.fields if field.path == path), None)
        if field is not None and not has(self.dialect, field):
            return "absent", f"{self.dialect.title} has no such setting"
        if fact is None or (inside and name != "tools" and self._unsaid(fact, path)):
            return "", ""
        if fact.state is EditState.CHANGED:
            if name == "tools" and f"tool {inside}" in fact.left_out:
                return "held", "this provider is not told of it"
            if name == "tools":
                gone = self.sent_value(path) != self.force_value(path, fact.made)
                return ("changed", "") if name in fact.made and gone else ("acknowledged", "")
            made = dig(fact.made.get(name, UNSET), inside)
            asked = dig(fact.sent.get(name, UNSET), inside)
            return ("changed", "") if name in fact.made and shown(made) != shown(asked) else ("acknowledged", "")
        if fact.state is EditState.REFUSED and fact.blamed not in ("", name):
            return "held", f"refused together with {fact.blamed}"
        return str(fact.state), fact.detail

    def sent_value(self, path: str) -> Any:
        """What was last sent of a field; ``UNSET`` if nothing was."""
        name, _, inside = path.partition(".")
        if name in self._under_way:
            return value_at(self.kept, path)
        fact = self._latest.get(name)
        if fact is None or fact.state is EditState.LATER:
            return UNSET
        value = fact.sent.get(name, UNSET)
        if value is None and path in _NAMED_BY:
            return None
        if name == "tools" and isinstance(value, list):
            return self._offered(inside, value)
        return dig(value, inside)

    def force_value(self, path: str, in_force: dict[str, Any]) -> Any:
        """What the server says is in force; ``UNSET`` if it does not say."""
        name, _, inside = path.partition(".")
        value = in_force.get(name, UNSET)
        if value is None and path in _NAMED_BY:
            return None
        if name == "tools" and isinstance(value, list):
            return self._offered(inside, value)
        return UNSET if value is None and name not in _CAN_BE_OFF else dig(value, inside)

    def _offered(self, name: str, tools: list[Any]) -> str:
        """Whether a tool is among those of a session; a server of tools is, if any of its tools is."""
        entry = self.draft.tool(name)
        server = f"{name}_" if entry is not None and entry.run.kind == "mcp" else ""
        names = [tool_name(tool) for tool in tools if isinstance(tool, dict)]
        return "on" if any(n == name or (server and n.startswith(server)) for n in names) else "off"

    def _unsaid(self, fact: EditChanged, path: str) -> bool:
        name, _, inside = path.partition(".")
        value = fact.sent.get(name, UNSET)
        return not (value is None and path in _NAMED_BY) and dig(value, inside) is UNSET

    def _tool_typed(self, name: str) -> bool:
        return self.draft.tool(name) != self.kept.tool(name)

    def _take_back(self, change: Change) -> None:
        """The server refused a change: it stays typed, so that it can be mended, and leaves the profile."""
        back = _back(self.kept, change)
        kept, self.kept = self.kept, back
        if self.saves and change.saved:
            self._write(kept, back)

    def _write(self, before: Agent, after: Agent) -> str:
        from rtvoice_tui.profiles.writing import Changes

        names = differences(before, after)
        tools = {tool.name: tool for tool in after.tools}
        old = {tool.name: tool for tool in before.tools}
        wanted = Changes(
            {name: getattr(after.settings, name) for name in names if name not in ("model", "tools")},
            after.model if "model" in names else None,
            {name: tools.get(name) for name in {*old, *tools} if old.get(name) != tools.get(name)},
        )
        try:
            sentence = self._saved(wanted)
        except ProfileError as error:
            return _not_saved(error)
        self._written = _changed_alike(self._written, before, after)
        return sentence

    def _saved(self, changes: "Changes") -> str:
        from rtvoice_tui.profiles.writing import save_changes

        saved = save_changes(self.name, changes, self._text)
        self.name, self._text = saved.name, saved.text
        return saved.sentence


def _not_saved(error: ProfileError) -> str:
    return f"not saved: {error.sentence} — {error.remedy}"


def _changed_alike(agent: Agent, before: Agent, after: Agent) -> Agent:
    """An agent with the changes that lead from one to another."""
    changed = _taken_over(agent, after, tuple(name for name in differences(before, after) if name != "tools"))
    if before.tool_policy != after.tool_policy:
        changed = replace(changed, tool_policy=after.tool_policy)
    for name in {tool.name: None for tool in (*before.tools, *after.tools)}:
        if before.tool(name) != after.tool(name):
            changed = changed.with_tool(name, after.tool(name))
    if {tool.name for tool in changed.tools} == {tool.name for tool in after.tools} and agent == before:
        return replace(changed, tools=after.tools)
    return changed


def _both(old: ToolEntry | None, typed: ToolEntry | None, sent: ToolEntry | None) -> ToolEntry | None:
    """A tool as typed, over what was sent of it meanwhile."""
    if old is None or typed is None or sent is None:
        return typed
    fields = [name for name in typed.__struct_fields__ if getattr(typed, name) != getattr(old, name)]
    return replace(sent, **{name: getattr(typed, name) for name in fields})


def _with_setting(agent: Agent, name: str, value: Any) -> Agent:
    return replace(agent, settings=replace(agent.settings, **{name: value}))


def _taken_over(agent: Agent, other: Agent, names: tuple[str, ...]) -> Agent:
    """An agent with some settings of another."""
    settings = {name: getattr(other.settings, name) for name in names if name not in ("model", "tools")}
    return replace(
        agent,
        model=other.model if "model" in names else agent.model,
        settings=replace(agent.settings, **settings),
        tools=other.tools if "tools" in names else agent.tools,
    )


def _back(agent: Agent, change: Change) -> Agent:
    """An agent without a change, as far as nothing later has changed the same."""
    names = [name for name in change.fields if name != "tools" and _value(agent, name) == _value(change.after, name)]
    back = _taken_over(agent, change.before, tuple(names))
    for name in {tool.name: None for tool in (*change.before.tools, *change.after.tools)}:
        old, new = change.before.tool(name), change.after.tool(name)
        if old != new and agent.tool(name) == new:
            back = back.with_tool(name, old)
    return back


def _value(agent: Agent, name: str) -> Any:
    return agent.model if name == "model" else getattr(agent.settings, name)
