"""The agent as it is edited: the draft, what was sent, what is in force, and its profile file."""

from concurrent.futures import Future
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.editing.agent import NEEDS_SESSION, Agent, agent_of, differences, nested_value, value_at
from rtvoice_tui.editing.fields import Field, fields_of, has
from rtvoice_tui.editing.history import IN_FORCE, Change, EditHistory
from rtvoice_tui.editing.merging import (
    setting_of,
    tool_names,
    typed_over_sent,
    with_setting,
    with_settings_of,
    without_change,
)
from rtvoice_tui.editing.profile_file import NOT_KEPT, FileState, ProfileFile, SaveResult
from rtvoice_tui.editing.values import check_address, shown, typed, with_value
from rtvoice_tui.profiles.model import Policy, Profile, ToolEntry
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.protocol.realtime.session_echo import tool_name
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import EditChanged, EditState

_CAN_BE_OFF = frozenset({"turn_detection", "transcription", "noise_reduction"})
"""Settings that a server's ``null`` reports as off. For all others ``null`` means nothing."""


_NAMED_BY = frozenset({"transcription.model"})
"""Fields whose "off" switches off the whole setting that contains them."""


TAKEN_OVER = ("provider", "url", "folder_id", "api_key_env", "key_in_clear", "heartbeat_s", "calls_in_a_row")
"""Fields of a profile that take effect with the next session when its file is changed by another program."""


class AgentEditor:
    """Holds the draft, and the outcome of everything that was sent. For the head's thread only.

    What saves returns a future, which the writer thread completes.

    Args:
        name: the profile that keeps the agent.
        profile: what it holds, with the command line's overrides.
        text: the profile's text as it was read; empty where nothing is to be saved.

    Attributes:
        draft: the agent as typed.
        kept: the agent as last sent. Changes made by keys of pane 4 last for the session, until they are saved.
        file: the profile's file.
    """

    def __init__(self, name: str, profile: Profile, text: str = "") -> None:
        self.profile = profile
        self._fields = fields_of(profile.dialect)
        self.draft = self.kept = agent_of(profile)
        self.history = EditHistory(self.kept)
        self.file = ProfileFile(FileState(name, text, self.kept))
        self._latest: dict[str, EditChanged] = {}
        self._waiting: set[str] = set()  # what was sent and takes effect with the next session
        self._under_way: set[str] = set()
        self._refusals: dict[str, Any] = {}  # values as the server refused them
        self._policies: dict[str, Policy] = {tool.name: tool.policy for tool in self.kept.tools if tool.policy != "off"}

    @property
    def name(self) -> str:
        """The profile that keeps the agent."""
        return self.file.state.name

    @property
    def dialect(self) -> Dialect:
        """The provider's dialect."""
        return self.profile.dialect

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields except instructions and tools."""
        return self._fields

    @property
    def saves(self) -> bool:
        """Whether edits are saved in the profile."""
        return self.file.saves

    # --- the draft

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the settings that were changed and not sent."""
        return differences(self.kept, self.draft)

    @property
    def held(self) -> bool:
        """Whether something was sent that is not in the file."""
        return self.saves and bool(differences(self.file.state.agent, self.kept))

    def written_tool(self, name: str) -> ToolEntry | None:
        """A tool as the file holds it."""
        return self.file.state.agent.tool(name)

    @property
    def unanswered(self) -> bool:
        """Whether an update was sent and not answered, so that it may be sent again."""
        return any(fact.state is EditState.UNANSWERED and fact.edit_id for fact in self._latest.values())

    def type(self, field: Field, text: str) -> None:
        """Put a typed value into the draft.

        Raises:
            ValueRefused: the text is not a value of this field.
        """
        if field.path == "url" and text.strip():
            check_address(self.dialect, text.strip())
        self.draft = with_value(self.draft, field, text)

    def instruct(self, text: str) -> None:
        """Put instructions into the draft; an empty text counts as unset where they were unset."""
        before = self.kept.settings.instructions
        value = UNSET if not text and before is UNSET else text
        self.draft = with_setting(self.draft, "instructions", value)

    def toggle_tool(self, name: str) -> None:
        """Switch a tool on or off."""
        tool = self.draft.tool(name)
        if tool is not None:
            self.put_tool(name, self.switched(tool))

    def switched(self, tool: ToolEntry) -> ToolEntry:
        """The tool switched on or off. One switched on again gets its earlier policy, or ``ask`` if that is unknown."""
        if self.draft.policy(tool) != "off":
            self._policies[tool.name] = tool.policy
            return replace(tool, policy="off")
        known = self._policies.get(tool.name, "ask")
        return replace(tool, policy=known if known != "default" or self.draft.tool_policy != "off" else "ask")

    def put_tool(self, name: str, tool: ToolEntry | None) -> None:
        """Replace the tool of that name in the draft; ``None`` removes it."""
        self.draft = self.draft.with_tool(name, tool)

    @property
    def refused(self) -> tuple[str, ...]:
        """Names of the changed settings that are typed as the server has refused them."""
        return tuple(name for name in self.changed if self._refusals.get(name, UNSET) == setting_of(self.draft, name))

    def drop(self, path: str) -> None:
        """Take back what was typed for one setting, or for one tool, and not sent."""
        name, _, inside = path.partition(".")
        if name == "tools":
            self.put_tool(inside, self.kept.tool(inside))
        elif inside and (field := next((field for field in self.fields if field.path == path), None)) is not None:
            self.draft = with_value(self.draft, field, typed(self.kept, field))
        else:
            self.draft = with_settings_of(self.draft, self.kept, (name,))

    def session_opened(self) -> None:
        """A session started with everything that was sent."""
        self._waiting.clear()

    def discard(self) -> None:
        """Discard what was typed and not sent."""
        self.draft = self.kept

    # --- sending

    def needs_session(self, spoken: bool) -> tuple[str, ...]:
        """Changed settings that need a new session.

        Args:
            spoken: whether the agent was heard in this session.
        """
        frozen = {"voice", *NEEDS_SESSION} if spoken and self.dialect.freezes_voice else NEEDS_SESSION
        return tuple(name for name in self.changed if name in frozen)

    def send(self, at: float, turn: int) -> "tuple[EditSession, Future[SaveResult]]":
        """A command with everything that changed, and the save, which has started.

        What the server has refused and is typed as it was does not go along with other changes: it would take them
        with it. The save includes what was sent and not saved before.

        Args:
            at: seconds on the store's clock.
            turn: number of the current turn.
        """
        typed, refused = self.draft, self.refused
        if refused and set(refused) != set(self.changed):  # else the user asks for them once more
            others = tuple(name for name in self.changed if name not in refused)
            self.draft = with_settings_of(self.kept, typed, others)
        command, _ = self._start_change(at, turn)
        if self.draft is not typed:
            self.draft = with_settings_of(self.kept, typed, refused)
        return command, self.save()

    def save(self) -> "Future[SaveResult]":
        """Save everything that was sent."""
        if not self.saves:
            return _done(f"used for this run, not saved: {NOT_KEPT}")
        return self.file.write_all(self.kept)

    def _start_change(self, at: float, turn: int, undoes: int = 0) -> tuple[EditSession, Change]:
        change = self.history.add(at, turn, self.kept, self.draft, undoes)
        self.kept = self.draft
        self._under_way |= set(change.fields)
        self._waiting |= NEEDS_SESSION.intersection(change.fields)
        return EditSession(self.kept.settings, self.kept.tool_specs, change.edit_id), change

    def undo(self, at: float, turn: int) -> "tuple[EditSession, Future[SaveResult]] | None":
        """Undo the last change in force; ``None`` if there is none. What was typed meanwhile stays in the draft."""
        change = self.history.last_undoable()
        if change is None:
            return None
        typed, names = self.draft, self.changed
        self.draft = with_settings_of(self.kept, change.before, change.fields)
        command, undoing = self._start_change(at, turn, undoes=change.number)
        undoing.saved = change.saved
        self.draft = with_settings_of(self.kept, typed, names)
        if not change.saved:
            return command, _done("")
        return command, self.file.write(undoing.before, undoing.after) if self.saves else self.save()

    def send_tool(self, name: str, tool: ToolEntry | None, at: float, turn: int) -> EditSession:
        """Change or remove one tool for this session, and nothing else.

        The file does not change until the agent is saved, and what was typed meanwhile stays in the draft.
        """
        before, typed, names = self.kept, self.draft, tuple(n for n in self.changed if n != "tools")
        self.draft = before.with_tool(name, tool)
        command, change = self._start_change(at, turn)
        change.saved = False
        self.draft = replace(with_settings_of(self.kept, typed, names), tool_policy=typed.tool_policy)
        for other in tool_names(before, typed):
            old, new = before.tool(other), typed.tool(other)
            if old != new:
                self.put_tool(other, typed_over_sent(old, new, tool) if other == name else new)
        return command

    def restore(self, agent: Agent) -> None:
        """Make an earlier state the draft; it is sent like any other change."""
        self.draft = agent

    def offer(self, before: Profile, now: Profile) -> tuple[str, ...]:
        """The file was changed by another program: put the differences into the draft; returns their names."""
        self.profile = replace(self.profile, audio=now.audio, trusted=self.profile.trusted and now.trusted)
        ours, theirs = agent_of(before), agent_of(now)
        names = tuple(name for name in differences(ours, theirs) if name != "url")  # see `take_connection`
        self.draft = with_settings_of(self.draft, theirs, tuple(name for name in names if name != "tools"))
        if ours.tool_policy != theirs.tool_policy:
            self.draft = replace(self.draft, tool_policy=theirs.tool_policy)
        for name in tool_names(ours, theirs):
            if ours.tool(name) != theirs.tool(name):
                self.put_tool(name, theirs.tool(name))
        return names

    def take_connection(self, before: Profile, now: Profile) -> tuple[str, ...]:
        """The file was changed by another program: take over how it connects; returns the names of what changed.

        A new provider is named only: it needs another editor.
        """
        names = tuple(name for name in TAKEN_OVER if getattr(before, name) != getattr(now, name))
        taken = {name: getattr(now, name) for name in names if name != "provider"}
        self.profile = replace(self.profile, **taken)
        if "url" in taken:
            typed = self.draft if self.draft.url != self.kept.url else None
            self.kept = replace(self.kept, url=now.url)
            self.draft = replace(self.draft, url=typed.url if typed is not None else now.url)
        return names

    def keep_audio(self, **chosen: Any) -> "Future[SaveResult]":
        """Save keys of the ``[audio]`` table."""
        self.profile = replace(self.profile, audio=replace(self.profile.audio, **chosen))
        return self.file.write_audio(chosen) if self.saves else _done(f"used for this run, not saved: {NOT_KEPT}")

    # --- outcomes

    def outcome(self, fact: EditChanged) -> "Future[SaveResult] | None":
        """Handle the outcome of a change. A refused one stays in the draft and is removed from the file."""
        self._under_way -= set(fact.fields)
        for name in fact.fields:
            self._latest[name] = fact
        change = self.history.record_outcome(fact)
        for name in fact.fields:
            self._refusals.pop(name, None)
            if change is not None and fact.state is EditState.REFUSED and fact.blamed in ("", name):
                self._refusals[name] = setting_of(change.after, name)
        saving = self._take_back(change) if change is not None and fact.state is EditState.REFUSED else None
        if not fact.edit_id and fact.state is EditState.SENT:
            self.session_opened()
        if not fact.edit_id and fact.state in IN_FORCE:
            for earlier in self.history.changes:
                if earlier.state in (EditState.LATER, EditState.UNANSWERED):  # the whole was sent again
                    earlier.state = fact.state
        return saving

    def latest(self, name: str) -> EditChanged | None:
        """The last outcome reported for a setting."""
        return self._latest.get(name)

    def mark(self, path: str) -> tuple[str, str]:
        """The state of a field as a word, and the server's detail about it."""
        name, _, inside = path.partition(".")
        if path in NEEDS_SESSION and not self._absent(path):
            edited = setting_of(self.draft, path) != setting_of(self.kept, path)
            return ("edited" if edited else "later" if path in self._waiting else ""), ""
        fact = self._latest.get(name)
        typed = value_at(self.draft, path)
        if name in self._under_way and typed == value_at(self.kept, path):
            return "sent", ""
        refused = fact is not None and fact.state is EditState.REFUSED and self.sent_value(path) == typed
        if not refused and (typed != value_at(self.kept, path) or (name == "tools" and self._tool_typed(inside))):
            return "edited", ""
        if self._absent(path):
            return "absent", f"{self.dialect.title} has no such setting"
        if fact is None or (inside and name != "tools" and self._unsaid(fact, path)):
            return "", ""
        if fact.state is EditState.CHANGED:
            if name == "tools" and f"tool {inside}" in fact.left_out:
                return "held", "this provider is not told of it"
            if name == "tools":
                gone = self.sent_value(path) != self.force_value(path, fact.made)
                return ("changed", "") if name in fact.made and gone else ("acknowledged", "")
            made = nested_value(fact.made.get(name, UNSET), inside)
            asked = nested_value(fact.sent.get(name, UNSET), inside)
            return ("changed", "") if name in fact.made and shown(made) != shown(asked) else ("acknowledged", "")
        if fact.state is EditState.REFUSED and not refused:
            return "", ""  # what was refused was dropped
        if fact.state is EditState.REFUSED and fact.blamed not in ("", name):
            return "held", f"refused together with {fact.blamed}"
        return str(fact.state), fact.detail

    def _absent(self, path: str) -> bool:
        """Whether the provider has no such setting."""
        return any(field.path == path and not has(self.dialect, field) for field in self.fields)

    def sent_value(self, path: str) -> Any:
        """The value of a field that was last sent; ``UNSET`` if none was."""
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
        return nested_value(value, inside)

    def force_value(self, path: str, in_force: dict[str, Any]) -> Any:
        """The value that the server reports as in force; ``UNSET`` if it reports none."""
        name, _, inside = path.partition(".")
        value = in_force.get(name, UNSET)
        if value is None and path in _NAMED_BY:
            return None
        if name == "tools" and isinstance(value, list):
            return self._offered(inside, value)
        return UNSET if value is None and name not in _CAN_BE_OFF else nested_value(value, inside)

    def _offered(self, name: str, tools: list[Any]) -> str:
        """``on`` if a tool is among a session's tools, or any tool of a tool server is; else ``off``."""
        entry = self.draft.tool(name)
        server = f"{name}_" if entry is not None and entry.run.kind == "mcp" else ""
        names = [tool_name(tool) for tool in tools if isinstance(tool, dict)]
        return "on" if any(n == name or (server and n.startswith(server)) for n in names) else "off"

    def _unsaid(self, fact: EditChanged, path: str) -> bool:
        name, _, inside = path.partition(".")
        value = fact.sent.get(name, UNSET)
        return not (value is None and path in _NAMED_BY) and nested_value(value, inside) is UNSET

    def _tool_typed(self, name: str) -> bool:
        return self.draft.tool(name) != self.kept.tool(name)

    def _take_back(self, change: Change) -> "Future[SaveResult] | None":
        kept, self.kept = self.kept, without_change(self.kept, change)
        return self.file.write(kept, self.kept) if self.saves and change.saved else None


def _done(sentence: str) -> "Future[SaveResult]":
    """A completed save without writing."""
    done: Future[SaveResult] = Future()
    done.set_result(SaveResult(sentence))
    return done
