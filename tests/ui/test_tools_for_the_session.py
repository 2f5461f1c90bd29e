"""What a key of pane 4 does to a tool lasts for the session: no file of the user's is another by it."""

import json

import pytest
from pane_4 import MOCKED, OFF, ON, REAL, Pane4, pane_4

from editing.cockpit import OPENAI, TOOL, own_folders  # noqa: F401
from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session.facts import CallState, EditState, Phase

KEYS = {"f": (MOCKED, REAL), "o": (OFF, ON)}
ASKS = TOOL.replace('name = "get_weather"', 'name = "get_weather"\npolicy = "ask"   # always')
RESULTS = (
    '{"sky": "clear"}',
    "clear",
    "x" * 200_000,
    json.dumps({"rows": [{"number": n, "text": "abcdefgh"} for n in range(5_000)]}),
    '{"a": null}',
    "clear\n'''\"\"\"\n\\" * 100,
)


def names(update: dict) -> list[str]:
    return [tool["name"] for tool in update["session"]["tools"]]


@pytest.mark.parametrize("tool", [TOOL, ASKS], ids=["a tool", "a tool that asks"])
async def test_a_key_on_a_tool_is_told_with_its_undo_and_leaves_the_profile_as_it_is(tool: str):
    async with pane_4(OPENAI + tool) as pane:
        await pane.call("get_weather")
        for key in "fof":
            does, undoes = KEYS[key]
            await pane.press(key, does.format("get_weather"))
            await pane.mark_is(True)
            await pane.press(key, undoes.format("get_weather"))
            await pane.unchanged()


async def test_a_mock_of_any_result_grows_no_file():
    async with pane_4() as pane:
        for result in RESULTS:
            await pane.call("get_weather", result)
            await pane.press("f", MOCKED.format("get_weather"))
            await pane.mark_is(True)
            await pane.press("f", REAL.format("get_weather"))
            await pane.unchanged()


async def test_a_tool_that_a_key_switched_off_is_off_in_the_running_session():
    async with pane_4() as pane:
        await pane.call("get_weather")
        await pane.press("o", OFF.format("get_weather"))
        update = await pane.here.wire.update()
        assert names(update) == []
        await pane.here.wire.acknowledge(update)
        await pane.press("o", ON.format("get_weather"))
        assert names(await pane.here.wire.update()) == ["get_weather"]


async def test_a_mock_answers_the_running_session_and_a_new_start_has_the_tool_itself():
    async with pane_4() as pane:
        await pane.call("get_weather", "raining frogs")
        await pane.press("f", MOCKED.format("get_weather"))
        await pane.here.wire.session.call("resp_1", [("k1", "get_weather", '{"city": "Oslo"}')])
        await pane.here.until(lambda: len(pane.calls) == 2 and pane.calls[1].state is CallState.OK, "it was called")
        assert pane.calls[1].output == "raining frogs"
        assert pane.kept == pane.before
    assert load_profile("mine").tools[0].run == PythonRun(target="demo:get_weather")


async def test_the_mark_stays_while_something_else_is_not_saved():
    async with pane_4() as pane:
        await pane.call("get_weather")
        pane.here.app.editor.instruct("Sing.")
        await pane.press("f", MOCKED.format("get_weather"))
        await pane.press("f", REAL.format("get_weather"))
        await pane.mark_is(True)
        pane.here.app.editor.discard()
        await pane.unchanged()


async def test_two_tools_are_taken_back_one_by_one():
    second = TOOL.replace('"get_weather"', '"get_time"')
    async with pane_4(OPENAI + TOOL + second) as pane:
        await pane.call("get_weather")
        await pane.press("f", MOCKED.format("get_weather"))
        await pane.press("o", OFF.format("get_weather"))
        await pane.call("get_time")
        await pane.press("o", OFF.format("get_time"))
        await pane.press("o", ON.format("get_time"))
        await pane.mark_is(True)
        await pane.call("get_weather")
        await pane.press("o", ON.format("get_weather"))
        await pane.mark_is(True)
        await pane.press("f", REAL.format("get_weather"))
        await pane.unchanged()


@pytest.mark.parametrize("key", KEYS)
async def test_what_the_app_saves_by_itself_does_not_take_the_tool_with_it(key: str):
    async with pane_4() as pane:
        await pane.call("get_weather")
        await pane.press(key, KEYS[key][0].format("get_weather"))
        await pane.here.press("T")
        await pane.here.until(lambda: pane.kept != pane.before, "another way of taking turns is saved")
        assert b'talk = "toggle"' in pane.kept
        assert tuple(load_profile("mine").tools) == pane.here.app.editor.history.start.tools
        await pane.mark_is(True)


@pytest.mark.parametrize("key", KEYS)
async def test_a_refused_change_leaves_the_profile_without_the_tool_of_a_later_key(key: str):
    async with pane_4() as pane:
        await voice_saved(pane, "cedar")
        refused = await pane.here.wire.update()
        await pane.call("get_weather")
        await pane.press(key, KEYS[key][0].format("get_weather"))
        await pane.here.wire.refuse(refused, "session.audio.output.voice")
        first = pane.here.app.editor.history.changes[0]
        await pane.here.until(lambda: first.state is EditState.REFUSED, "it is refused")
        await pane.here.until(lambda: pane.kept == pane.before, "the voice is taken back, and nothing else is written")


@pytest.mark.parametrize("key", KEYS)
async def test_saving_the_agent_after_the_key_saves_the_tool_too(key: str):
    async with pane_4() as pane:
        await pane.call("get_weather", "clear")
        await pane.press(key, KEYS[key][0].format("get_weather"))
        await voice_saved(pane, "cedar")
        (tool,) = load_profile("mine").tools
        assert (tool.run.kind, tool.policy) == (("mock", "default") if key == "f" else ("python", "off"))
        await pane.mark_is(False)


@pytest.mark.parametrize("key", KEYS)
async def test_f7_saves_the_tool_alone_where_nothing_is_typed(key: str):
    async with pane_4() as pane:
        await pane.call("get_weather", "clear")
        await pane.press(key, KEYS[key][0].format("get_weather"))
        await pane.mark_is(True)
        await pane.here.open_table()
        await pane.here.press("f7")
        await pane.here.until(lambda: pane.kept != pane.before, "it is saved")
        await pane.mark_is(False)
        await pane.here.press("4")
        await pane.here.until(lambda: pane.here.app.calls.pane.has_focus_within, "pane 4 has the keys")
        await pane.press(key, KEYS[key][1].format("get_weather"))
        await pane.mark_is(True)


async def test_quitting_does_not_warn_about_what_lasts_for_the_session():
    async with pane_4() as pane:
        await pane.call("get_weather")
        await pane.press("f", MOCKED.format("get_weather"))
        await pane.press("o", OFF.format("get_weather"))
        app = pane.here.app
        assert app.agent.unsent == ""
        await pane.here.press("q")
        await pane.here.until(lambda: app.return_code == 0, "the app ends at once")
        assert pane.kept == pane.before


async def test_agreeing_to_all_calls_of_a_tool_writes_nothing():
    async with pane_4(OPENAI + ASKS) as pane:
        app, session = pane.here.app, pane.here.wire.session
        await session.call("resp_1", [("k1", "get_weather", '{"city": "Oslo"}')])
        await pane.here.until(lambda: app.store.calls.asking, "it asks")
        await pane.here.until(lambda: app.calls.pane.calls.accepts_keys, "the question is taken for meant")
        await pane.here.press("A")
        await pane.here.until(lambda: pane.calls[0].state is CallState.OK, "it ran")
        await session.expect("response.create")
        await session.call("resp_2", [("k2", "get_weather", '{"city": "Rome"}')])
        await pane.here.until(lambda: len(pane.calls) == 2 and pane.calls[1].state is CallState.OK, "no question")
        await pane.unchanged()
        assert app.store.session.phase is not Phase.OFFLINE


async def voice_saved(pane: Pane4, voice: str) -> None:
    """Another voice is typed in pane 5, sent and saved with F7."""
    await pane.here.open_table()
    await pane.here.edit("voice", voice)
    await pane.here.until(lambda: load_profile("mine").session.voice == voice, "the voice is saved")
    await pane.here.press("4")
    await pane.here.until(lambda: pane.here.app.calls.pane.has_focus_within, "pane 4 has the keys")
