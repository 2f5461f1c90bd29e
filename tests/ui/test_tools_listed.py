"""Pane 4 lists the tools of the agent before any call, with what becomes of their calls."""

import pytest
from keyed import Cockpit, focus, opened, until
from msgspec.structs import replace
from textual.pilot import Pilot

from rtvoice_tui.profiles.runs import MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.ui.panes.calls import CallsView, CallView
from rtvoice_tui.ui.screens.manual_run import ManualRunScreen

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def app() -> Cockpit:
    made = Cockpit()
    made.store.calls.records.clear()
    return made


def listed(pilot: Pilot[None]) -> list[str]:
    view = pilot.app.query_one(CallsView)
    rows = ("".join(text for text, _ in view.pieces(line)) for line in range(view.line_count))
    return [" ".join(row.split()) for row in rows]


async def test_the_tools_are_listed_before_any_call(app: Cockpit):
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 4)
        assert listed(pilot) == ["no call yet", "● get_weather auto python", "● get_time auto python"]


async def test_each_tool_says_its_policy_its_kind_and_how_often_it_was_called(app: Cockpit):
    editor = app.editor
    weather, time = editor.kept.tools
    mocked = replace(weather, run=MockRun(result={}, original=weather.run), policy="ask")
    editor.kept = editor.draft = editor.kept.with_tool("get_weather", mocked).with_tool(
        "get_time", replace(time, policy="off")
    )
    extra = ToolSpec(name="notes_read", kind="mcp", asks=True)
    app.stand_in.plan = type(app.stand_in.plan)(
        **{**vars(app.stand_in.plan), "tools": (*app.stand_in.plan.tools[:1], extra)}
    )
    for number in range(3):
        call = {"call_id": f"c{number}", "item_id": f"i{number}", "name": "notes_read", "arguments": "{}"}
        app.store.record(CallChanged(turn=1, key=f"c{number}", state=CallState.OK, **call), 50.0)
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 4)
        assert listed(pilot)[3:] == ["◌ get_weather asks MOCK", "○ get_time off python", "● notes_read asks mcp 3×"]


async def test_a_tool_under_the_cursor_shows_what_the_model_is_told_and_is_switched_off(app: Cockpit):
    async with opened(app, (120, 40)) as pilot:
        view = await focus(pilot, 4)
        await pilot.press("down", "down")
        detail = app.query_one(CallView)
        await until(pilot, lambda: (app.pulse(), "time and the day" in detail_text(detail))[1], "it is described")
        assert "place" in detail_text(detail)
        await pilot.press("o")
        await until(pilot, lambda: [spec.name for spec in app.told[-1].tools] == ["get_weather"])  # type: ignore[attr-defined]
        app.pulse()
        assert listed(pilot)[2].startswith("› ○ get_time off")
        assert view.cursor == 2


def detail_text(view: CallView) -> str:
    return "\n".join("".join(text for text, _ in view.pieces(line)) for line in range(view.line_count))


async def test_a_tool_under_the_cursor_is_run_by_hand_without_any_call(app: Cockpit):
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 4)
        await pilot.press("down", "down", "h")
        await until(pilot, lambda: isinstance(app.screen, ManualRunScreen))
        assert "get_time" in str(app.screen.query_one(".dialog").border_title)


async def test_a_call_that_comes_while_the_cursor_is_on_a_tool_leaves_it_there(app: Cockpit):
    async with opened(app, (120, 40)) as pilot:
        view = await focus(pilot, 4)
        assert isinstance(view, CallsView)
        await pilot.press("down", "down")
        assert view.chosen_tool is not None
        name = view.chosen_tool.name
        for number in range(2):
            call = {"call_id": f"c{number}", "item_id": f"i{number}", "name": "get_weather", "arguments": "{}"}
            app.store.record(CallChanged(turn=1, key=f"c{number}", state=CallState.OK, **call), 50.0)
            app.pulse()
        assert view.chosen_tool is not None
        assert view.chosen_tool.name == name
