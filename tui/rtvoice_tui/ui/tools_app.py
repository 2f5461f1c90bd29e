"""The part of the cockpit that works with calls: agreeing, running again, mocking, testing, switching off."""

import json
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import McpRun, MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import CallState
from rtvoice_tui.store.calls import CallRecord, waits
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.transcript import arguments_shown
from rtvoice_tui.ui.profiles_app import ProfilesApp
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.tools import ToolsPane


class ToolsApp(ProfilesApp):
    """Acts on calls."""

    @property
    def tools_pane(self) -> ToolsPane:
        """Pane 4."""
        return self.screen_stack[0].query_one(ToolsPane)

    # --- a call that waits

    def _asked_about(self) -> CallRecord | None:
        """The call that the person means: the chosen one in pane 4, else the one in the row that asks."""
        calls = self.tools_pane.calls
        chosen = calls.chosen
        row = self.screen_stack[0].query_one(AskRow)
        mine = self.tools_pane.has_focus_within and chosen is not None and waits(chosen.call)
        if not mine and row.record is None:
            self.tell("no call asks")
            return None
        if not (calls.settled if mine else row.settled):
            self.tell("the question has just appeared: press again")
            return None
        if mine:
            return chosen
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
        if record.call.by_hand:
            self.session.stop_trial(record.call.key)
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
        before = not call.by_hand and (waits(call) or call.state is CallState.RUNNING)
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
            self.session.try_tool(record.call.name, record.call.arguments or "{}")
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
        from rtvoice_tui.ui.screens.try_tool import TryScreen

        specs = {spec.name: spec for spec in self._own_specs()}
        clock, run = lambda: self.session.clock, self.session.try_tool
        self.push_screen(TryScreen(specs, name, arguments, self.store, clock, run))

    def _own_specs(self) -> list[ToolSpec]:
        return [spec for spec in self.session.tools if not spec.hosted]

    def _runs_here(self, name: str) -> bool:
        found = any(spec.name == name for spec in self._own_specs())
        if not found:
            self.tell(f"{one_line(name, 60) or 'this call'} does not run here")
        return found

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
            if entry.run.original is None:
                self.tell(f"{name} was never anything but a mock: pane 5 changes it")
                return
            self._send_tool(name, replace(entry, run=entry.run.original), f"{name} is run for real again")
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
        self._send_tool(name, replace(entry, run=run), f"{name} gives this result from now on; m again ends that")

    def action_switch_tool(self) -> None:
        """Do not offer the chosen call's tool, or offer it again."""
        record = self._chosen_call()
        if record is None:
            return
        name = record.call.name
        entry = self.editor.kept.tool(name)
        if entry is not None:
            switched = self.editor.switched(entry)
            off = self.editor.kept.policy(switched) == "off"
            self._send_tool(name, switched, f"{name} is {'off: d switches it on again' if off else 'on again'}")
            return
        server = next(
            (e for e in self.editor.kept.tools if isinstance(e.run, McpRun) and name.startswith(f"{e.name}_")), None
        )
        if server is None:
            self.tell(f"{one_line(name, 60)} is not a tool of this profile")
            return
        self._send_tool(
            server.name, self._without(server, name), f"{name} is off: pane 5, {server.name}, brings it back"
        )

    def _without(self, server: ToolEntry, name: str) -> ToolEntry:
        """A server that offers all its tools but one."""
        assert isinstance(server.run, McpRun)
        prefix = f"{server.name}_"
        others = [
            s.name.removeprefix(prefix) for s in self._own_specs() if s.name.startswith(prefix) and s.name != name
        ]
        return replace(server, run=replace(server.run, only=others)) if others else replace(server, policy="off")

    def _send_tool(self, name: str, entry: ToolEntry, sentence: str) -> None:
        self._post(self.editor.send_tool(name, entry, self.session.clock, self.store.session.turn))
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
    return value if isinstance(value, dict | list) and _has_no_null(value) else output


def _has_no_null(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_has_no_null(entry) for entry in value.values())
    if isinstance(value, list):
        return all(_has_no_null(entry) for entry in value)
    return value is not None
