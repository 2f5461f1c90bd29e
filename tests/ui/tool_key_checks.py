"""What the keys do that work with calls."""

import json

from keyed import Cockpit, focus, shows, until
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from rtvoice_tui.profiles.runs import MockRun
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.ui.panes.call_text import View
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.manual_run import ManualRunScreen
from rtvoice_tui.ui.screens.result import ReasonScreen, ResultScreen
from rtvoice_tui.ui.widgets.ask_row import KEY_GUARD_S, AskRow
from rtvoice_tui.ui.widgets.json_view import JsonView

BOOKING = CallChanged(12, "k", "k", "i", "book", '{"people": 4}', CallState.ASKING, preview="book 4", kind="command")


async def ask(app: Cockpit, pilot: Pilot[None]) -> None:
    """A call asks, long enough to be meant."""
    app.store.record(BOOKING, 99.0)
    row = app.query_one(AskRow)
    await until(pilot, lambda: (app.pulse(), row.display)[1], "the row asks")
    app.stand_in.clock += 2 * KEY_GUARD_S


@shows("agree", "always", "agree-f")
async def _agree(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await pilot.press(stroke)
    assert app.told == [], "nothing asks"
    await ask(app, pilot)
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == [cmd.Decide("k", agree=True, always=stroke == "A")])


@shows("deny", "deny-f")
async def _deny(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await ask(app, pilot)
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, ReasonScreen) and isinstance(app.focused, Input))
    await pilot.press(*"full", "enter")
    await until(pilot, lambda: app.told == [cmd.Decide("k", agree=False, reason="full")])


@shows("send-result")
async def _send_result(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await ask(app, pilot)
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, ResultScreen) and isinstance(app.focused, TextArea))
    await pilot.press(*"done", "f7")
    await until(pilot, lambda: app.told == [cmd.SendResult("k", "done", "book")])


@shows("run-again")
async def _run_again(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 4)
    await pilot.press(stroke)
    await until(pilot, lambda: app.told == [("try", "get_weather", '{"n": 12}')])


@shows("run-edited")
async def _run_edited(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 4)
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, ManualRunScreen) and isinstance(app.focused, Input))
    await pilot.press(*"Oslo", "f7")
    await until(pilot, lambda: app.told == [("try", "get_weather", '{"city": "Oslo"}')])


@shows("test-tool")
async def _test_tool(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 4)
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, ManualRunScreen) and isinstance(app.focused, Input))
    await pilot.press("ctrl+n")
    await until(pilot, lambda: "get_time" in str(app.screen.query_one(".dialog").border_title), "the next tool")
    await pilot.press("f7")
    await until(pilot, lambda: app.told == [("try", "get_time", "{}")])


@shows("make-mock")
async def _make_mock(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 4)
    real = app.editor.kept.tool("get_weather").run
    await pilot.press(stroke)
    await until(pilot, lambda: app.editor.kept.tool("get_weather").run == MockRun(result={}, original=real))
    await pilot.press(stroke)
    await until(pilot, lambda: app.editor.kept.tool("get_weather").run == real)
    assert [type(told) for told in app.told] == [cmd.EditSession] * 2


@shows("switch-tool")
async def _switch_tool(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 4)
    for offered in (["get_time"], ["get_weather", "get_time"]):
        before = len(app.told)
        await pilot.press(stroke)
        await until(pilot, lambda before=before: len(app.told) > before)
        assert [spec.name for spec in app.told[-1].tools] == offered


@shows("whole-call")
async def _whole_call(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 4)
    await pilot.press(stroke)
    await until(pilot, lambda: isinstance(app.screen, DetailScreen) and app.screen.focused is not None)
    assert json.loads(app.screen.query_one(JsonView).copy_text())["name"] == "get_weather"


@shows("call-view")
async def _call_view(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    await focus(pilot, 4)
    detail = app.calls.pane.detail
    for view in (View.JSON, View.WIRE, View.TREE):
        await pilot.press(stroke)
        await until(pilot, lambda view=view: detail.view is view)
    assert json.loads(detail.copy_text())["name"] == "get_weather"
