"""Mocking, switching off and running again from pane 4: of the profile's tools, of MCP servers', of the provider's."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from keyed import Cockpit, focus, opened, until
from still import screen_text
from textual.pilot import Pilot

from editing.cockpit import write_profile
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import MockRun, PythonRun
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import CallChanged, CallState
from screens import toasts

TEXT = """provider = "local"   # mine

[[tools]]
name = "get_time"
policy = "ask"   # always
run = {kind = "python", target = "demo:get_time"}

[[tools]]
name = "search"
run = {kind = "hosted", index_id = "i"}

[[tools]]
name = "no"
run = {kind = "mcp", argv = ["a"]}

[[tools]]
name = "no_tes"
run = {kind = "mcp", argv = ["b"]}
"""
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}}


pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def app(own_folders: None) -> Iterator[Cockpit]:
    write_profile("mine", TEXT)
    cockpit = Cockpit()
    cockpit.controller.edits.editor = AgentEditor("mine", load_profile("mine"), profile_text("mine"))
    yield cockpit
    cockpit.store.events.close()


class Pane4:
    """The pane with the keys, and a session whose MCP servers bring tools."""

    def __init__(self, app: Cockpit, pilot: Pilot[None], monkeypatch: pytest.MonkeyPatch) -> None:
        self.app, self.pilot = app, pilot
        self.brought = ["no_tes_read", "no_tes_delete", "no_x"]
        monkeypatch.setattr(type(app.stand_in), "tools", property(lambda _: self.specs()))

    def specs(self) -> tuple[ToolSpec, ...]:
        """What a session would offer of the profile as it is kept."""
        own = {spec.name: spec for spec in self.app.editor.kept.tool_specs if spec.kind != "mcp"}
        for name in self.brought:
            server = self.kept("no_tes" if name.startswith("no_tes_") else "no")
            only = server.run.only  # type: ignore[union-attr]
            if server.policy != "off" and (not only or name.removeprefix(f"{server.name}_") in only):
                own.setdefault(name, ToolSpec(name=name, description="Its own.", parameters=SCHEMA, kind="mcp"))
        return tuple(own.values())

    def kept(self, name: str) -> ToolEntry:
        entry = self.app.editor.kept.tool(name)
        assert entry is not None
        return entry

    @property
    def offered(self) -> set[str]:
        return {spec.name for spec in self.specs()}

    async def call(self, name: str, output: str = '{"ok": 1}', **more: object) -> None:
        number = len(self.app.store.calls.records)
        fields = {"state": CallState.OK, "kind": "mcp", "output": output, **more}
        key = f"c{number}"
        self.app.store.record(CallChanged(12, key, key, "i", name, '{"id": 1}', **fields), 99.0)  # type: ignore[arg-type]
        self.app.pulse()
        await self.pilot.pause(0)
        assert self.app.calls.pane.calls.chosen is self.app.store.calls.records[-1]

    async def press(self, key: str, sentence: str) -> None:
        """A key, and what is said about it; what was typed in pane 5 stays typed."""
        self.app.clear_notifications()
        await self.pilot.press(key)
        await until(
            self.pilot,
            lambda: sentence in toasts(self.app),
            f"{sentence!r} is said, not {toasts(self.app)}",
        )
        assert self.app.editor.draft.settings.instructions == "Sing."
        assert self.app.editor.changed == ("instructions",)
        assert profile_text("mine") == TEXT, "a key writes nothing"


@asynccontextmanager
async def pane_4(app: Cockpit, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pane4]:
    async with opened(app, (120, 40)) as pilot:
        here = Pane4(app, pilot, monkeypatch)
        await focus(pilot, 4)
        app.editor.instruct("Sing.")
        yield here


async def test_m_makes_a_mock_of_a_result_and_ends_it(app: Cockpit, monkeypatch: pytest.MonkeyPatch):
    results = {
        '{"a": [1, "b"]}': {"a": [1, "b"]},
        "plain": "plain",
        '{"a": null}': '{"a": null}',
        '{"a": NaN}': '{"a": NaN}',
        '{"a": "\\ud800"}': '{"a": "\\ud800"}',
        "5": "5",
        "[" * 600 + "1" + "]" * 600: None,
    }
    async with pane_4(app, monkeypatch) as here:
        for output, result in results.items():
            await here.call("get_time", output)
            if result is None:  # whatever can be kept of it, the app goes on
                await here.pilot.press("f")
                await until(here.pilot, lambda: isinstance(here.kept("get_time").run, MockRun))
                continue
            await here.press("f", "get_time is a mock for this session: f takes it back")
            run = MockRun(result=result, original=PythonRun(target="demo:get_time"))
            assert here.kept("get_time").run == run
            await here.press("f", "get_time is run for real again")
            assert here.kept("get_time").run == run.original


async def test_a_mock_of_a_server_s_tool_is_an_entry_of_its_own_and_goes_again(
    app: Cockpit, monkeypatch: pytest.MonkeyPatch
):
    async with pane_4(app, monkeypatch) as here:
        await here.call("no_tes_read")
        await here.press("f", "no_tes_read is a mock for this session: f takes it back")
        assert here.kept("no_tes_read") == ToolEntry(
            name="no_tes_read", description="Its own.", parameters=SCHEMA, run=MockRun(result={"ok": 1})
        )
        await here.press("f", "no_tes_read is run for real again")
        assert app.editor.kept.tool("no_tes_read") is None
        await here.press("f", "no_tes_read is a mock for this session: f takes it back")
        await here.press("o", "no_tes_read is off for this session: o switches it on again")
        assert here.offered == {"get_time", "search", "no_tes_delete", "no_x"}, "the server's own does not come back"


async def test_d_takes_a_tool_out_of_its_server_and_brings_it_back(app: Cockpit, monkeypatch: pytest.MonkeyPatch):
    everything = {"get_time", "search", "no_tes_read", "no_tes_delete", "no_x"}
    async with pane_4(app, monkeypatch) as here:
        await here.call("no_tes_delete")
        await here.press("o", "no_tes_delete is off for this session: o switches it on again")
        assert here.kept("no_tes").run.only == ["read"]  # type: ignore[union-attr]
        assert here.offered == everything - {"no_tes_delete"}
        await here.press("o", "no_tes_delete is on again")
        assert here.kept("no_tes").run.only == [], "all of the server's tools, also those that it will have"  # type: ignore[union-attr]
        await here.press("o", "no_tes_delete is off for this session: o switches it on again")
        await here.call("no_tes_read")
        await here.press("o", "no_tes_read is off for this session: o switches it on again")
        assert here.kept("no_tes").policy == "off", "nothing is left of it"
        assert here.offered == {"get_time", "search", "no_x"}
        await here.press("o", "no_tes is on again")
        assert here.offered == everything - {"no_tes_delete"}


async def test_d_on_a_call_of_a_server_that_is_gone_switches_nothing_else_off(
    app: Cockpit, monkeypatch: pytest.MonkeyPatch
):
    async with pane_4(app, monkeypatch) as here:
        here.brought = ["no_x"]
        await here.call("no_tes_read")
        await here.press("o", "no_tes does not offer no_tes_read now: pane 5 switches the whole server")
        assert app.told == []


async def test_a_tool_that_asked_asks_again_when_d_brings_it_back(app: Cockpit, monkeypatch: pytest.MonkeyPatch):
    async with pane_4(app, monkeypatch) as here:
        await here.call("get_time")
        await here.press("o", "get_time is off for this session: o switches it on again")
        assert "get_time" not in here.offered
        await here.press("n", "get_time is switched off: o offers it again")
        await here.press("o", "get_time is on again")
        assert here.kept("get_time").policy == "ask"


async def test_what_cannot_be_done_with_a_call_is_said(app: Cockpit, monkeypatch: pytest.MonkeyPatch):
    async with pane_4(app, monkeypatch) as here:
        for key in "nN":
            await here.call("search", "", state=CallState.HOSTED)
            await here.press(key, "search runs at the provider: it cannot be run from here")
        await here.press("f", "there is no result to make a mock of")
        await here.call("\x1b[31mgone [/b]")
        hostile = "␛[31mgone [/b]"
        await here.press("n", f"{hostile} does not run here")
        await here.press("f", f"{hostile} is not a tool of this profile")
        await here.press("o", f"{hostile} is not a tool of this profile")
        assert app.told == []
        assert len(app.screen_stack) == 1
        assert "\x1b" not in screen_text(here.pilot)
        await here.call("get_time")
        await here.pilot.press("n")
        await until(here.pilot, lambda: app.told == [("try", "get_time", '{"id": 1}')])


async def test_under_options_of_the_command_line_a_change_is_sent_and_told_like_any_other(
    app: Cockpit, monkeypatch: pytest.MonkeyPatch
):
    app.controller.edits.editor = AgentEditor("mine", load_profile("mine"), "")
    async with opened(app, (120, 40)) as pilot:
        here = Pane4(app, pilot, monkeypatch)
        await focus(pilot, 4)
        await here.call("get_time")
        await pilot.press("o")
        sentence = "get_time is off for this session: o switches it on again"
        await until(pilot, lambda: toasts(app) == [sentence])
        assert len(app.told) == 1
        assert list(app.store.notices) == []
        assert profile_text("mine") == TEXT
