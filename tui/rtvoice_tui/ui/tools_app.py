"""The part of the cockpit that works with calls: agreeing, running again, mocking, testing, switching off."""

import json
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import HostedRun, McpRun, MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import CallState
from rtvoice_tui.store.calls import CallRecord, waits
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.transcript import arguments_shown
from rtvoice_tui.ui.editing_app import FOR_SESSION
from rtvoice_tui.ui.panes.calls import ToolsPane
from rtvoice_tui.ui.profiles_app import ProfilesApp
from rtvoice_tui.ui.widgets.ask_row import AskRow

_OFF = "off for this session: d switches it on again"


class ToolsApp(ProfilesApp):
    """Acts on calls."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._whole: dict[str, set[str]] = {}  # all tools of servers of which one was switched off

    @property
    def tools_pane(self) -> ToolsPane:
        """Pane 4."""
        return self.screen_stack[0].query_one(ToolsPane)

    # --- a call that waits

    def _asked_about(self) -> CallRecord | None:
        """The call that the person means: the chosen one in pane 4, else the one in the row that asks."""
        meant = self.tools_pane.meant
        row = self.screen_stack[0].query_one(AskRow)
        if meant is None and row.record is None:
            self.tell("no call asks")
            return None
        if not (row.settled if meant is None else self.tools_pane.calls.settled):
            self.tell("the question has just appeared: press again")
            return None
        if meant is not None:
            return meant
        return row.record

    def action_agree(self, always: bool) -> None:
        """Let a call run."""
        record = self._asked_about()
        if record is None:
            return
        if record.call.kind == "ask":
            self._give_result(record)
            return
        self.session.post(cmd.Decide(record.call.key, agree=True, always=always))

    def action_deny(self) -> None:
        """Do not let it run, or stop it."""
        calls = self.tools_pane.calls
        chosen = calls.chosen if self.tools_pane.has_focus_within else None
        runs = chosen is not None and chosen.call.state is CallState.RUNNING and not waits(chosen.call)
        if chosen is not None and runs and not (calls.follows and self.store.calls.asking):
            self._stop(chosen)
            return
        record = self._asked_about()
        if record is None:
            return
        from rtvoice_tui.ui.screens.result import ReasonScreen

        call = record.call

        def refuse(reason: str | None) -> None:
            if reason is not None:
                self.session.post(cmd.Decide(call.key, agree=False, reason=reason))

        words = f"({arguments_shown(call.arguments)})"
        self.push_screen(ReasonScreen([[(one_line(call.name, 60), "tool"), (words, "plain")]]), refuse)

    def _stop(self, record: CallRecord) -> None:
        if record.call.manual:
            self.session.stop_manual_run(record.call.key)
        else:
            self.session.post(cmd.Decide(record.call.key, agree=False))

    def action_send_result(self) -> None:
        """Give a result for a call: before its own is sent in its place, afterwards as a message."""
        record = self.tools_pane.calls.chosen if self.tools_pane.has_focus_within else None
        record = record or self._asked_about()
        if record is not None:
            self._give_result(record)

    def _give_result(self, record: CallRecord) -> None:
        from rtvoice_tui.ui.screens.result import ResultScreen

        call = record.call
        before = not call.manual and (waits(call) or call.state is CallState.RUNNING)
        hint = "goes to the model in place of the tool's own" if before else "goes to the model as a new message"

        def send(text: str | None) -> None:
            if text is not None:
                self.session.post(cmd.SendResult(call.key, text, call.name))

        self.push_screen(ResultScreen(f"Result of {call.name}", call.output, hint), send)

    # --- the chosen call

    def _chosen_call(self) -> CallRecord | None:
        record = self.tools_pane.calls.chosen
        if record is None:
            self.tell("there is no call yet: t tests a tool")
        return record

    def action_run_again(self) -> None:
        """Run the chosen call's tool once more; the model is not told."""
        if (record := self._chosen_call()) is not None and self._runs_here(record.call.name):
            self.session.start_manual_run(record.call.name, record.call.arguments or "{}")
            self.tools_pane.calls.choose("")

    def action_run_edited(self) -> None:
        """The same with other arguments."""
        if (record := self._chosen_call()) is not None and self._runs_here(record.call.name):
            self._try(record.call.name, _object(record.call.arguments))

    def action_test_tool(self) -> None:
        """Run any tool from a form."""
        names = [spec.name for spec in self._own_specs()]
        chosen = self.tools_pane.calls.chosen
        if not names:
            self.tell("the profile has no tool that runs here: e, then 'add a tool'")
            return
        self._try(chosen.call.name if chosen is not None and chosen.call.name in names else names[0], {})

    def _try(self, name: str, arguments: dict[str, Any]) -> None:
        from rtvoice_tui.ui.screens.manual_run import ManualRunScreen

        specs = {spec.name: spec for spec in self._own_specs()}
        clock, run = lambda: self.session.clock, self.session.start_manual_run
        self.push_screen(ManualRunScreen(specs, name, arguments, self.store, clock, run))

    def _own_specs(self) -> list[ToolSpec]:
        return [spec for spec in self.session.tools if not spec.hosted]

    def _runs_here(self, name: str) -> bool:
        if any(spec.name == name for spec in self._own_specs()):
            return True
        entry = self.editor.kept.tool(name)
        why = "does not run here"
        if any(spec.name == name for spec in self.session.tools) or (entry and isinstance(entry.run, HostedRun)):
            why = "runs at the provider: it cannot be run from here"
        elif entry is not None and self.editor.kept.policy(entry) == "off":
            why = "is switched off: d offers it again"
        self.tell(f"{one_line(name, 60) or 'this call'} {why}")
        return False

    def action_call_view(self) -> None:
        """Tree, JSON, wire."""
        self.tools_pane.detail.next_view()
        self.tools_pane.sync()

    # --- its tool

    def action_make_mock(self) -> None:
        """Give this result from now on; a mock becomes what it was."""
        record = self._chosen_call()
        if record is None:
            return
        name = record.call.name
        entry = self.editor.kept.tool(name)
        if entry is not None and isinstance(entry.run, MockRun):
            original = entry.run.original
            if original is None and self._server_of(name) is None:
                self.tell(f"{name} was never anything but a mock: pane 5 changes it")
                return
            real = replace(entry, run=original) if original is not None else None
            self._send_tool(name, real, f"{name} is run for real again")
            return
        if not record.call.output:
            self.tell("there is no result to make a mock of")
            return
        spec = next((spec for spec in self._own_specs() if spec.name == name), None)
        if entry is None and spec is not None:  # of an MCP server: an entry of its own comes before the server's
            entry = ToolEntry(name=name, description=spec.description, parameters=spec.parameters)
            run = MockRun(result=_plain(record.call.output))
        elif entry is not None and not isinstance(entry.run, McpRun | MockRun):
            run = MockRun(result=_plain(record.call.output), original=entry.run)
        else:
            self.tell(f"{one_line(name, 60)} is not a tool of this profile")
            return
        self._send_tool(name, replace(entry, run=run), f"{name} is a mock for this session: m takes it back")

    def action_switch_tool(self) -> None:
        """Do not offer the chosen call's tool, or offer it again."""
        record = self._chosen_call()
        if record is None:
            return
        name = record.call.name
        entry, server = self.editor.kept.tool(name), self._server_of(name)
        mocked = entry is not None and server is not None and _is_mock_alone(entry)
        if entry is not None and not mocked:
            switched = self.editor.switched(entry)
            off = self.editor.kept.policy(switched) == "off"
            self._send_tool(name, switched, f"{name} is {_OFF if off else 'on again'}")
        elif server is not None and self._switch_at_server(server, name) and mocked:
            self._send_tool(name, None, f"{name} is a mock no more")  # else the server's own would come back
        elif server is None:
            self.tell(f"{one_line(name, 60)} is not a tool of this profile")

    def _server_of(self, name: str) -> ToolEntry | None:
        """The MCP server that a tool's name begins with."""
        servers = [e for e in self.editor.kept.tools if isinstance(e.run, McpRun) and name.startswith(f"{e.name}_")]
        return max(servers, key=lambda entry: len(entry.name), default=None)

    def _switch_at_server(self, server: ToolEntry, name: str) -> bool:
        """A server offers all its tools but one, or that one too; false if nothing is known of it now."""
        assert isinstance(server.run, McpRun)
        only, short = server.run.only, name.removeprefix(f"{server.name}_")
        if self.editor.kept.policy(server) == "off":
            self._send_tool(server.name, self.editor.switched(server), f"{server.name} is on again")
            return True
        if only and short not in only:
            run = replace(server.run, only=self._all_of(server, [*only, short]))
            self._send_tool(server.name, replace(server, run=run), f"{name} is on again")
            return True
        offered = self._offered_by(server)
        if short not in offered:
            self.tell(f"{server.name} does not offer {one_line(name, 60)} now: pane 5 switches the whole server")
            return False
        if not only:
            self._whole[server.name] = set(offered)
        others = [other for other in only or offered if other != short]
        changed = replace(server, run=replace(server.run, only=others)) if others else self.editor.switched(server)
        self._send_tool(server.name, changed, f"{name} is {_OFF}")
        return True

    def _all_of(self, server: ToolEntry, only: list[str]) -> list[str]:
        """Which tools of a server are offered, as the profile's file says it where it is the same."""
        if self._whole.get(server.name) == set(only):
            return []
        written = self.editor.written_tool(server.name)
        run = written.run if written is not None else None
        return run.only if isinstance(run, McpRun) and set(run.only) == set(only) else only

    def _offered_by(self, server: ToolEntry) -> list[str]:
        """A server's tools without its name before theirs; those that are mocked now are among them."""
        prefix, found = f"{server.name}_", []
        for spec in self._own_specs():
            entry = self.editor.kept.tool(spec.name)
            if self._server_of(spec.name) == server and (entry is None or _is_mock_alone(entry)):
                found.append(spec.name.removeprefix(prefix))
        return found

    def _send_tool(self, name: str, entry: ToolEntry | None, sentence: str) -> None:
        command = self.editor.send_tool(name, entry, self.session.clock, self.store.session.turn)
        self._post((command, ""), FOR_SESSION)
        self.agent_pane.reload()
        self.tell(sentence)

    def tell(self, sentence: str) -> None:
        """A few words that need no place in the log."""
        self.notify(sentence, markup=False)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(output: str) -> Any:
    """A result as a profile can hold it: JSON objects and lists as such, everything else as text."""
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return output
    return value if isinstance(value, dict | list) and _can_be_kept(value) else output


def _can_be_kept(value: Any) -> bool:
    """Whether a profile can hold a value: it has no null, no half characters, and no numbers beyond all bounds."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return _has_no_null(value)
    except (ValueError, RecursionError):
        return False


def _is_mock_alone(entry: ToolEntry) -> bool:
    """Whether a tool is a mock that never was anything else in the profile."""
    return isinstance(entry.run, MockRun) and entry.run.original is None


def _has_no_null(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_has_no_null(entry) for entry in value.values())
    if isinstance(value, list):
        return all(_has_no_null(entry) for entry in value)
    return value is not None
