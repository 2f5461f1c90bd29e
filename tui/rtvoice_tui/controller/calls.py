"""User actions on calls: approve, reject, stop, send a result, mock a tool, and switch a tool off."""

import json
from typing import Any, NamedTuple

from msgspec.structs import replace

from rtvoice_tui.controller.edits import ActionResult, Edits
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import HostedRun, McpRun, MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.store.calls import CallRecord, waits
from rtvoice_tui.store.plain import one_line

_OFF = "off for this session: o switches it on again"


class Offer(NamedTuple):
    """A tool as the agent has it in this session.

    Attributes:
        name: the name under which the model calls it.
        kind: how it is run: ``python``, ``mcp``, ``mock``, ...
        policy: whether calls run at once, after approval, or never: ``auto``, ``ask`` or ``off``.
        offered: whether the session has it.
        description: the description that the model gets.
        parameters: the JSON Schema of its arguments.
    """

    name: str
    kind: str
    policy: str
    offered: bool
    description: str
    parameters: dict[str, Any]


class Calls:
    """User actions on calls and their tools.

    Args:
        session: the session of the calls.
        edits: used to change tools for this session.
    """

    def __init__(self, session: SessionHandle, edits: Edits) -> None:
        self._session = session
        self._edits = edits
        self._whole: dict[str, set[str]] = {}  # all tools of each server that had one switched off

    # --- a call that waits or runs

    def approve(self, call: CallChanged, always: bool = False) -> None:
        """Approve a call; with ``always`` also all further calls of this tool in this session."""
        self._session.post(cmd.Decide(call.key, agree=True, always=always))

    def reject(self, call: CallChanged, reason: str = "") -> None:
        """Reject a call; the reason is sent to the model."""
        self._session.post(cmd.Decide(call.key, agree=False, reason=reason))

    def stop(self, call: CallChanged) -> None:
        """Stop a running call or manual run."""
        if call.manual:
            self._session.stop_manual_run(call.key)
        else:
            self._session.post(cmd.Decide(call.key, agree=False))

    def replaces_result(self, call: CallChanged) -> bool:
        """Whether a result that is sent now replaces the tool's own, instead of following as a message."""
        return not call.manual and (waits(call) or call.state is CallState.RUNNING)

    def send_result(self, call: CallChanged, output: str) -> None:
        """Send the user's result for a call: it replaces the tool's own, or follows as a message if that was sent."""
        self._session.post(cmd.SendResult(call.key, output, call.name))

    # --- the tools

    def offers(self) -> list[Offer]:
        """The tools of the agent in the profile's order, and behind them those of its MCP servers."""
        agent, session = self._edits.editor.kept, {spec.name: spec for spec in self._session.tools}
        found: dict[str, Offer] = {}
        for entry in agent.tools:
            if isinstance(entry.run, McpRun) and agent.policy(entry) != "off":
                continue  # its own tools are listed
            spec = session.get(entry.name)
            parameters = spec.parameters if spec is not None else entry.parameters
            description = (spec.description if spec is not None else "") or entry.description
            offer = Offer(entry.name, entry.run.kind, agent.policy(entry), spec is not None, description, parameters)
            found[entry.name] = offer
        for name, spec in session.items():
            policy = "ask" if spec.asks else "auto"
            found.setdefault(name, Offer(name, spec.kind, policy, True, spec.description, spec.parameters))
        return list(found.values())

    # --- manual runs

    def local_specs(self) -> dict[str, ToolSpec]:
        """Return the tools that are offered and run on this machine, by name."""
        return {spec.name: spec for spec in self._session.tools if not spec.hosted}

    def cannot_run(self, name: str) -> str:
        """Return a sentence why a manual run of a tool is not possible; empty if it is."""
        if name in self.local_specs():
            return ""
        entry = self._edits.editor.kept.tool(name)
        why = "does not run here"
        if any(spec.name == name for spec in self._session.tools) or (entry and isinstance(entry.run, HostedRun)):
            why = "runs at the provider: it cannot be run from here"
        elif entry is not None and self._edits.editor.kept.policy(entry) == "off":
            why = "is switched off: o offers it again"
        return f"{one_line(name, 60) or 'this call'} {why}"

    # --- the tool of a call

    def toggle_mock(self, record: CallRecord) -> ActionResult:
        """Replace a call's tool by a mock with this call's result; if it is a mock already, restore the original."""
        name = record.call.name
        entry = self._edits.editor.kept.tool(name)
        if entry is not None and isinstance(entry.run, MockRun):
            original = entry.run.original
            if original is None and self._server_of(name) is None:
                return ActionResult(f"{name} was never anything but a mock: pane 5 changes it")
            real = replace(entry, run=original) if original is not None else None
            return self._send_tool(name, real, f"{name} is run for real again")
        if not record.call.output:
            return ActionResult("there is no result to make a mock of")
        spec = self.local_specs().get(name)
        if entry is None and spec is not None:  # of an MCP server: a tool entry overrides the server's tool
            entry = ToolEntry(name=name, description=spec.description, parameters=spec.parameters)
            run = MockRun(result=_plain(record.call.output))
        elif entry is not None and not isinstance(entry.run, McpRun | MockRun):
            run = MockRun(result=_plain(record.call.output), original=entry.run)
        else:
            return ActionResult(f"{one_line(name, 60)} is not a tool of this profile")
        return self._send_tool(name, replace(entry, run=run), f"{name} is a mock for this session: f takes it back")

    def toggle_tool(self, name: str) -> tuple[ActionResult, ...]:
        """Switch a tool off or on for this session; returns the outcome of each change."""
        editor = self._edits.editor
        entry, server = editor.kept.tool(name), self._server_of(name)
        mocked = entry is not None and server is not None and _is_mock_alone(entry)
        if entry is not None and not mocked:
            switched = editor.switched(entry)
            off = editor.kept.policy(switched) == "off"
            return (self._send_tool(name, switched, f"{name} is {_OFF if off else 'on again'}"),)
        if server is None:
            return (ActionResult(f"{one_line(name, 60)} is not a tool of this profile"),)
        answer, done = self._switch_at_server(server, name)
        if done and mocked:
            # with the mock alone removed, the server would offer the tool again
            return answer, self._send_tool(name, None, f"{name} is a mock no more")
        return (answer,)

    def _server_of(self, name: str) -> ToolEntry | None:
        """Return the MCP server whose name is the prefix of a tool's name; the longest one if several match."""
        tools = self._edits.editor.kept.tools
        servers = [e for e in tools if isinstance(e.run, McpRun) and name.startswith(f"{e.name}_")]
        return max(servers, key=lambda entry: len(entry.name), default=None)

    def _switch_at_server(self, server: ToolEntry, name: str) -> tuple[ActionResult, bool]:
        """Switch one tool of an MCP server off or on; false if the server does not offer it, so nothing was sent."""
        assert isinstance(server.run, McpRun)
        editor = self._edits.editor
        only, short = server.run.only, name.removeprefix(f"{server.name}_")
        if editor.kept.policy(server) == "off":
            return self._send_tool(server.name, editor.switched(server), f"{server.name} is on again"), True
        if only and short not in only:
            run = replace(server.run, only=self._all_of(server, [*only, short]))
            return self._send_tool(server.name, replace(server, run=run), f"{name} is on again"), True
        offered = self._offered_by(server)
        if short not in offered:
            words = f"{server.name} does not offer {one_line(name, 60)} now: pane 5 switches the whole server"
            return ActionResult(words), False
        if not only:
            self._whole[server.name] = set(offered)
        others = [other for other in only or offered if other != short]
        changed = replace(server, run=replace(server.run, only=others)) if others else editor.switched(server)
        return self._send_tool(server.name, changed, f"{name} is {_OFF}"), True

    def _all_of(self, server: ToolEntry, only: list[str]) -> list[str]:
        """Normalize ``only``: empty if it names all tools; the list of the profile's file if that has the same."""
        if self._whole.get(server.name) == set(only):
            return []
        written = self._edits.editor.written_tool(server.name)
        run = written.run if written is not None else None
        return run.only if isinstance(run, McpRun) and set(run.only) == set(only) else only

    def _offered_by(self, server: ToolEntry) -> list[str]:
        """Return the names of a server's tools without their prefix, including tools that are mocked."""
        prefix, found = f"{server.name}_", []
        for name in self.local_specs():
            entry = self._edits.editor.kept.tool(name)
            if self._server_of(name) == server and (entry is None or _is_mock_alone(entry)):
                found.append(name.removeprefix(prefix))
        return found

    def _send_tool(self, name: str, entry: ToolEntry | None, sentence: str) -> ActionResult:
        return ActionResult(sentence, sent=self._edits.send_tool(name, entry))


def arguments_of(text: str) -> dict[str, Any]:
    """Parse a call's arguments; empty if they are not a JSON object."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(output: str) -> Any:
    """Convert a result to a value for a profile: JSON objects and lists are parsed, everything else is text."""
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return output
    return value if isinstance(value, dict | list) and _can_be_kept(value) else output


def _can_be_kept(value: Any) -> bool:
    """Whether a profile can store a value: it contains no null, lone surrogates, NaN or infinities."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return _has_no_null(value)
    except (ValueError, RecursionError):
        return False


def _is_mock_alone(entry: ToolEntry) -> bool:
    """Whether a tool is a mock without an original."""
    return isinstance(entry.run, MockRun) and entry.run.original is None


def _has_no_null(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_has_no_null(entry) for entry in value.values())
    if isinstance(value, list):
        return all(_has_no_null(entry) for entry in value)
    return value is not None
