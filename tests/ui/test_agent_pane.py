"""Editing the agent in the running app: taken back, restored, compared; tools; what needs a new session; profiles."""

import asyncio

import pytest
from textual.widgets import Input

from editing.cockpit import OPENAI, PROFILES, TOOL, Cockpit, cockpit, keys_of, own_folders, until, write_profile  # noqa: F401
from protocol.sdk_types import accept_session
from rtvoice_tui.editing.agent import value_at
from rtvoice_tui.profiles.library import copy
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.profiles.writing import locked
from rtvoice_tui.session.facts import EditChanged, EditState, Phase
from rtvoice_tui.session.recap import RECAP
from rtvoice_tui.store.transcript import Speaker
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.screens.ask import AskScreen
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.screens.history import HistoryScreen
from rtvoice_tui.ui.screens.key import KeyScreen
from rtvoice_tui.ui.screens.profiles import ProfileList, ProfilesScreen
from rtvoice_tui.ui.screens.tool import ToolScreen
from rtvoice_tui.ui.widgets.lines import FixedLine
from screens import toasts

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def voice_of(update: dict) -> str:
    return update["session"]["audio"]["output"]["voice"]


async def acknowledged(here: Cockpit, path: str, text: str) -> dict:
    """Edit a field, and have it acknowledged."""
    await here.edit(path, text)
    update = await here.wire.update()
    await here.wire.acknowledge(update)
    last = here.app.editor.history.changes[-1]
    await here.until(lambda: last.state is EditState.ACKNOWLEDGED, f"{path} is acknowledged, not {last.state}")
    assert here.mark(path) == "✓"
    return update


async def on_screen(here: Cockpit, kind: type) -> None:
    await here.until(
        lambda: type(here.app.screen) is kind and here.app.screen.focused is not None, f"{kind.__name__} has the keys"
    )


async def back_in_the_panes(here: Cockpit) -> None:
    await here.until(lambda: len(here.app.screen_stack) == 1, "the dialog is closed")


async def retype(here: Cockpit, text: str) -> None:
    """Another text in the line that has the focus."""
    await here.press("home", "shift+end", "delete", *keys_of(text))


async def talk(here: Cockpit) -> None:
    """A question and an answer aloud."""
    session = here.wire.session
    await session.speech_started("item_u1")
    await session.speech_ended("item_u1", "How far is the moon?")
    await session.speak("resp_1", "item_a1", b"\x01\x00" * 2_400, words="Far away.")
    await here.until(
        lambda: [e.text for e in here.app.store.transcript.entries] == ["How far is the moon?", "Far away."],
        "both are in the transcript",
    )
    assert [e.speaker for e in here.app.store.transcript.entries] == [Speaker.YOU, Speaker.AGENT]
    await here.until(lambda: here.app.store.session.phase is Phase.LISTENING, "the agent has finished")


# --- taking back, history, discarding


async def test_u_takes_the_last_acknowledged_change_back_and_u_again_the_one_before():
    async with cockpit("openai") as here:
        await here.open_table()
        for voice in ("cedar", "ash"):
            await acknowledged(here, "voice", voice)
        for voice in ("cedar", "marin"):
            await here.press("u")
            update = await here.wire.update()
            assert update["session"] == {"type": "realtime", "audio": {"output": {"voice": voice}}}
            accept_session(update["session"])
            await here.settled("voice", "…")
            await here.wire.acknowledge(update)
            await here.settled("voice", "✓")
            assert here.columns("voice") == (voice,) * 3
            await here.written()
            assert load_profile("mine").session.voice == voice
        await here.press("u")
        await here.until(lambda: "no acknowledged change" in here.state, "there is nothing left to take back")
        assert here.wire.nothing_new()


async def test_h_lists_all_changes_and_enter_types_an_earlier_state_that_f7_sends():
    async with cockpit("openai") as here:
        await here.open_table()
        await acknowledged(here, "voice", "cedar")
        await here.edit("speed", "1.5")
        await here.wire.refuse(await here.wire.update(), "session.audio.output.speed")
        await here.settled("speed", "✗")
        await here.press("X", "h")
        await on_screen(here, HistoryScreen)
        lines = here.lines().splitlines()
        assert "as it was when the profile was opened" in lines[0]
        assert "voice" in lines[1]
        assert "✓" in lines[1]
        assert "speed" in lines[2]
        assert "✗" in lines[2]
        await here.press("up", "up", "enter")
        await back_in_the_panes(here)
        await here.settled("voice", "●")
        assert here.columns("voice") == ("marin", "cedar", "cedar")
        assert here.wire.nothing_new(), "a restored state is typed, not sent"
        await here.press("f7")
        update = await here.wire.update()
        assert update["session"] == {"type": "realtime", "audio": {"output": {"voice": "marin"}}}


async def test_c_in_the_history_compares_a_state_with_the_session_as_the_server_opened_it():
    async with cockpit("openai") as here:
        await here.open_table()
        await acknowledged(here, "voice", "cedar")
        await here.press("h")
        await on_screen(here, HistoryScreen)
        await here.press("c")
        await on_screen(here, DetailScreen)
        lines = [line.split() for line in here.lines().splitlines()]
        at = lines.index(["voice"])
        assert lines[at + 1 : at + 3] == [["server", "marin"], ["state", "cedar"]]
        await here.press("escape")
        await on_screen(here, HistoryScreen)
        await here.press("up", "c")
        await on_screen(here, DetailScreen)
        assert "voice" not in here.lines(), "the first state had the server's voice"
        await here.press("escape", "escape")
        await back_in_the_panes(here)
        assert here.wire.nothing_new()


async def test_capital_x_forgets_what_is_typed_and_not_what_is_sent():
    async with cockpit("openai") as here:
        await here.open_table()
        await acknowledged(here, "voice", "cedar")
        await here.type_value("voice", "ash")
        await here.type_value("speed", "1.25")
        await here.settled("speed", "●")
        await here.press("X")
        await here.settled("voice", "✓")
        assert here.columns("voice") == ("cedar",) * 3
        assert here.columns("speed")[0] == "·"
        await here.press("f7")
        await here.until(lambda: here.state == "nothing changed", "there is nothing to send")
        assert here.wire.nothing_new()


async def test_escape_leaves_the_line_that_is_typed_into_and_then_the_pane():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.go_to("voice")
        await here.press("enter")
        await here.until(lambda: here.app.focused is here.value_field, "the line can be typed into")
        await here.press(*"xyz", "escape")
        await here.until(lambda: here.app.focused is here.table, "escape goes back to the table")
        assert here.columns("voice")[0] == "marin"
        await here.press("escape")
        await here.until(lambda: here.app.focused is here.app.query_one(TranscriptView), "escape leaves the pane")


async def test_a_value_that_is_none_is_refused_in_words_and_the_line_stays_open():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.type_value("speed", "fast")
        await here.until(lambda: here.state == "speed is a number from 0.25 to 1.5", "it is said what may be typed")
        await here.press("f7")
        await here.until(lambda: here.app.focused is here.value_field, "the line is still open")
        assert here.wire.nothing_new()


async def test_f7_takes_over_the_line_that_is_typed_into_and_the_instructions_as_well():
    async with cockpit("openai") as here:
        await here.press("e")
        await here.until(lambda: here.app.query("#fields") and here.app.focused is here.instructions, "it is open")
        await here.press("end", *keys_of(" Sing."), "tab")
        await here.go_to("voice")
        await here.press("enter")
        await here.until(lambda: here.app.focused is here.value_field, "the line can be typed into")
        await retype(here, "cedar")
        await here.press("f7")
        update = await here.wire.update()
        assert update["session"] == {
            "type": "realtime", "instructions": "Be brief. Sing.", "audio": {"output": {"voice": "cedar"}},
        }  # fmt: skip


async def test_a_letter_typed_while_an_answer_of_the_server_arrives_is_not_lost():
    async with cockpit("openai") as here:
        await here.press("e")
        await here.until(lambda: here.app.query("#fields") and here.app.focused is here.instructions, "it is open")
        area = here.instructions
        area.move_cursor(area.document.end)
        area.insert("!")
        here.app.agent.outcome(1.0, EditChanged("e", ("voice",), EditState.ACKNOWLEDGED))  # before the pane has heard
        await here.until(lambda: here.app.editor.draft.settings.instructions == area.text, "the pane has heard of it")
        assert area.text == "Be brief.!"
        assert area.cursor_location == (0, len("Be brief.!"))


async def test_every_row_can_have_the_cursor():
    async with cockpit("yandex") as here:
        await here.open_table()
        for path in here.paths:
            await here.go_to(path)
        await here.press("home")
        await here.until(lambda: here.table.cursor == 0, "home goes to the first")


# --- tools


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
async def test_space_switches_a_tool_off_and_on_again(dialect: str):
    async with cockpit(dialect) as here:
        more = {"type": "realtime"} if dialect == "openai" else {}
        await here.open_table()
        await here.go_to("tools.get_weather")
        for state, tools in (("off", []), ("on", [WEATHER])):
            await here.press("o")
            await here.settled("tools.get_weather", "●")
            await here.press("f7")
            update = await here.wire.update()
            assert update["session"] == {**more, "tools": tools}
            await here.settled("tools.get_weather", "…")
            await here.wire.acknowledge(update)
            await here.settled("tools.get_weather", "✓")
            assert here.columns("tools.get_weather") == (state,) * 3
            assert "acknowledged" in here.state
            policy = "off" if state == "off" else "default"
            await here.until(lambda policy=policy: load_profile("mine").tools[0].policy == policy, "it is saved")


async def test_a_hosted_tool_that_yandex_is_not_told_of_makes_no_change_of_tools_look_like_another():
    text = PROFILES["yandex"] + '\n[[tools]]\nname = "file_search"\nrun = {kind = "hosted"}\n'
    async with cockpit("yandex", text) as here:
        await here.open_table()
        await here.go_to("tools.get_weather")
        await here.press("o", "f7")
        update = await here.wire.update()
        assert update["session"] == {"tools": []}
        await here.wire.acknowledge(update)
        await here.until(lambda: "✓ acknowledged" in here.state, "it is acknowledged, and nothing else is said")


async def test_a_tool_is_edited_named_by_the_path_of_what_is_wrong_and_taken_over_with_f7():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.go_to("tools.get_weather")
        await here.press("enter")
        await on_screen(here, ToolScreen)
        problem = here.app.screen.query_one("#tool-problem", FixedLine)
        await here.press("tab")
        await here.until(lambda: here.app.focused.id == "tool-description", "tab goes on")
        await retype(here, "The weather now.")
        schema = here.app.screen.query_one("#tool-schema")
        while here.app.focused is not schema:
            before = here.app.focused
            await here.press("tab")
            await here.until(lambda before=before: here.app.focused is not before, "tab goes on")
        row = next(n for n, line in enumerate(schema.text.splitlines()) if line.strip() == '"type": "string"')
        await here.press(*["down"] * row, "end", "left", "backspace", "f7")
        await here.until(lambda: problem.words, "what is wrong is said")
        assert problem.words.startswith("parameters.properties.city.type: ")
        assert type(here.app.screen) is ToolScreen
        await here.press("g", "f7")
        await back_in_the_panes(here)
        await here.settled("tools.get_weather", "●")
        assert here.wire.nothing_new()
        await here.press("f7")
        update = await here.wire.update()
        assert update["session"] == {"type": "realtime", "tools": [{**WEATHER, "description": "The weather now."}]}
        accept_session(update["session"])
        await here.until(lambda: load_profile("mine").tools[0].description == "The weather now.", "it is saved")


async def test_ctrl_r_takes_a_tool_away():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.go_to("tools.get_weather")
        await here.press("enter")
        await on_screen(here, ToolScreen)
        await here.press("ctrl+r")
        await back_in_the_panes(here)
        await here.settled("tools.get_weather", "●")
        assert here.columns("tools.get_weather")[0] == "removed"
        await here.press("f7")
        update = await here.wire.update()
        assert update["session"] == {"type": "realtime", "tools": []}
        await here.wire.acknowledge(update)
        await here.until(lambda: "tools.get_weather" not in here.paths, "its row is gone")
        await here.written()
        assert load_profile("mine").tools == []


async def test_a_tool_is_added_on_the_last_line():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.go_to("+")
        await here.press("enter")
        await on_screen(here, ToolScreen)
        problem = here.app.screen.query_one("#tool-problem", FixedLine)
        await here.press("f7")
        await here.until(lambda: problem.words.startswith("name: "), "a tool has a name")
        await here.press(*keys_of("get_time"), "tab", "tab", "tab")
        await here.until(lambda: here.app.focused.id == "tool-run", "the field of the function")
        await here.press("d", "e", "m", "o", "colon", *keys_of("get_time"), "f7")
        await back_in_the_panes(here)
        await here.settled("tools.get_time", "●")
        await here.press("f7")
        update = await here.wire.update()
        assert [tool["name"] for tool in update["session"]["tools"]] == ["get_weather", "get_time"]
        await here.written()
        assert [tool.name for tool in load_profile("mine").tools] == ["get_weather", "get_time"]
        assert "get_time" in here.app.session.driver.plan.toolset, "it can be run"


# --- what needs a new session


def model_of(here: Cockpit) -> str:
    """The model that the newest connection asked for."""
    return here.wire.session.query["model"].rpartition("/")[2]


@pytest.mark.parametrize(("dialect", "model"), [("openai", "gpt-realtime-2"), ("yandex", "speech-realtime-260528")])
async def test_another_model_asks_and_k_connects_again_with_the_conversation(dialect: str, model: str):
    async with cockpit(dialect) as here:
        await talk(here)
        await here.open_table()
        await here.edit("model", model)
        await on_screen(here, AskScreen)
        assert "Model cannot change in a running session." in here.lines()
        assert here.wire.nothing_new()
        assert model_of(here) != model
        await here.press("k")
        await here.connected(2)
        opening = await here.wire.update()
        assert model_of(here) == model
        assert opening["session"]["instructions"] == "Be brief."
        assert here.wire.nothing_new(), "nothing was sent to the old session"
        created = [event for event in here.wire.session.received if event["type"] == "conversation.item.create"]
        await here.until(lambda: here.wire.session.received, "the server has heard")
        want = [("user", "input_text", "How far is the moon?"), ("assistant", "output_text", "Far away.")]
        if dialect == "yandex":
            want = [("user", "input_text", f"{RECAP}\nI: How far is the moon?\nYou: Far away.")]
        await here.until(lambda: here.wire.session.count("conversation.item.create") == len(want), "it is all there")
        created = [event for event in here.wire.session.received if event["type"] == "conversation.item.create"]
        items = [event["item"] for event in created]
        assert [(i["role"], i["content"][0]["type"], i["content"][0]["text"]) for i in items] == want
        assert here.wire.session.count("response.create") == 0, "nobody is asked to answer again"
        await here.written()
        assert load_profile("mine").model == model


async def test_n_connects_again_and_begins_anew():
    async with cockpit("openai") as here:
        await talk(here)
        await here.open_table()
        await here.edit("model", "gpt-realtime-2")
        await on_screen(here, AskScreen)
        await here.press("n")
        await here.connected(2)
        await here.wire.update()
        assert model_of(here) == "gpt-realtime-2"
        await acknowledged(here, "voice", "cedar")
        assert here.wire.session.count("conversation.item.create") == 0


async def test_l_sends_the_rest_now_and_the_model_comes_with_the_next_session():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.type_value("model", "gpt-realtime-2")
        await here.settled("model", "●")
        await here.type_value("voice", "cedar")
        await here.settled("voice", "●")
        await here.press("f7")
        await on_screen(here, AskScreen)
        await here.press("l")
        update = await here.wire.update()
        assert update["session"] == {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}
        await here.settled("model", "↻")
        await here.wire.acknowledge(update)
        await here.settled("voice", "✓")
        assert len(here.wire.server.sessions) == 1
        await here.press("c")
        await here.until(lambda: here.app.store.session.phase is Phase.OFFLINE, "it is disconnected")
        await here.press("c")
        await here.connected(2)
        await here.wire.update()
        assert model_of(here) == "gpt-realtime-2"
        await here.settled("model", "")


async def test_escape_leaves_a_change_that_needs_a_new_session_as_typed():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.edit("model", "gpt-realtime-2")
        await on_screen(here, AskScreen)
        await here.press("escape")
        await back_in_the_panes(here)
        await here.until(lambda: "not sent" in here.state, "it says so")
        assert here.mark("model") == "●"
        assert len(here.wire.server.sessions) == 1
        await here.written()
        assert load_profile("mine").model == "gpt-realtime-2.1"


async def test_a_voice_that_was_heard_asks_at_openai_and_k_has_the_new_one_speak():
    async with cockpit("openai") as here:
        await here.open_table()
        await acknowledged(here, "voice", "cedar")
        await here.press("escape")
        await talk(here)
        await here.open_table()
        await here.edit("voice", "ash")
        await on_screen(here, AskScreen)
        assert "Voice cannot change in a running session." in here.lines()
        assert here.wire.nothing_new()
        await here.press("k")
        await here.connected(2)
        opening = await here.wire.update()
        assert voice_of(opening) == "ash"
        await here.until(lambda: here.wire.session.count("conversation.item.create") == 2, "the conversation is there")


async def test_a_voice_that_was_heard_changes_at_once_at_yandex():
    async with cockpit("yandex") as here:
        await talk(here)
        await here.open_table()
        update = await acknowledged(here, "voice", "alena")
        assert voice_of(update) == "alena"
        assert len(here.wire.server.sessions) == 1


async def test_offline_every_change_is_kept_for_the_next_session():
    async with cockpit("openai", connect=False) as here:
        await here.open_table()
        await here.edit("voice", "cedar")
        await here.settled("voice", "↻")
        await here.edit("model", "gpt-realtime-2")
        await here.settled("model", "↻")
        await here.press("c")
        await here.connected()
        assert voice_of(await here.wire.update()) == "cedar"
        assert model_of(here) == "gpt-realtime-2"
        await here.settled("voice", "✓")


# --- profiles


def other_profile(here: Cockpit) -> None:
    text = (OPENAI + TOOL).replace("Be brief.", "Sing.").replace("marin", "ash")
    write_profile("other", text.replace("URL", here.wire.server.url))


async def choose_profile(here: Cockpit, name: str) -> None:
    await here.press("p")
    await on_screen(here, ProfilesScreen)
    names = [line[2:].split()[0].rstrip("*") for line in here.lines().splitlines()]
    view = here.app.screen.query_one("#profiles")
    steps = names.index(name) - view.cursor
    await here.press(*["down"] * steps, *["up"] * -steps)
    await here.until(lambda: view.chosen.name == name, "the cursor is on the profile")


def about(here: Cockpit) -> str:
    return here.app.screen.query_one("#profile-about", FixedLine).words


async def test_another_profile_asks_while_a_session_runs_and_names_what_would_be_lost():
    async with cockpit("openai") as here:
        other_profile(here)
        await talk(here)
        await here.open_table()
        await here.type_value("speed", "1.25")
        await here.settled("speed", "●")
        await choose_profile(here, "other")
        assert "mine*" in here.lines()
        await here.press("enter")
        await on_screen(here, AskScreen)
        lines = here.lines()
        assert "A session with 'mine' is running." in lines
        assert "Typed and not sent, and lost then: speed." in lines
        await here.press("escape")
        await back_in_the_panes(here)
        assert here.app.editor.name == "mine"
        assert here.mark("speed") == "●"

        await choose_profile(here, "other")
        await here.press("enter")
        await on_screen(here, AskScreen)
        await here.press("k")
        await here.connected(2)
        opening = await here.wire.update()
        assert opening["session"]["instructions"] == "Sing."
        await here.until(lambda: here.wire.session.count("conversation.item.create") == 2, "the conversation is there")
        assert here.app.editor.name == "other"
        assert here.instructions.text == "Sing."
        await here.until(lambda: "other" in here.screen_text().splitlines()[0], "the top row names the profile")
        assert (await acknowledged(here, "voice", "cedar"))["session"]["audio"] == {"output": {"voice": "cedar"}}
        await here.written()
        assert load_profile("other").session.voice == "cedar"
        assert load_profile("mine").session.voice == "marin"


async def test_o_opens_another_profile_and_connects_to_nothing():
    async with cockpit("openai") as here:
        other_profile(here)
        await choose_profile(here, "other")
        await here.press("enter")
        await on_screen(here, AskScreen)
        await here.press("o")
        await here.until(lambda: here.app.editor.name == "other", "it is open")
        await here.until(lambda: here.app.store.session.phase is Phase.OFFLINE, "the old session has ended")
        assert len(here.wire.server.sessions) == 1
        await here.press("c")
        await here.connected(2)
        assert (await here.wire.update())["session"]["instructions"] == "Sing."


async def test_a_profile_is_copied_renamed_deleted_and_brought_back():
    async with cockpit("openai") as here:
        text = profile_text("mine")
        await choose_profile(here, "mine")
        await here.press("c")
        await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
        await retype(here, "copied")
        await here.press("enter")
        await here.until(lambda: "'copied' is a copy of 'mine'" in about(here), "it says so")
        assert profile_text("copied") == text
        await here.press("escape")
        await back_in_the_panes(here)

        await choose_profile(here, "copied")
        await here.press("r")
        await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
        await retype(here, "again")
        await here.press("enter")
        await here.until(lambda: "'copied' is called 'again' now" in about(here), "it says so")
        assert not profile_path("copied").exists()
        assert profile_text("again") == text
        await here.press("escape")
        await back_in_the_panes(here)

        await choose_profile(here, "again")
        await here.press("d")
        await here.until(lambda: "'again' is deleted" in about(here), "it says so")
        assert not profile_path("again").exists()
        assert "again" not in here.lines()
        await here.press("u")
        await here.until(lambda: "'again' is back" in about(here), "it says so")
        assert profile_text("again") == text
        assert "again" in here.lines()


async def test_the_profiles_say_which_has_a_key_and_where_each_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XAI_API_KEY", "sk-of-the-test")
    monkeypatch.delenv("AZURE_OPENAI_API_KEY", raising=False)
    async with cockpit("openai") as here:
        await here.press("p")
        await on_screen(here, ProfilesScreen)
        await here.until(lambda: "key set" in here.lines(), "the keys were looked for")
        lines = {line[2:].split()[0].rstrip("*"): line for line in here.lines().splitlines()}
        assert "key set" in lines["xai"]
        assert "no key" in lines["azure"]
        assert "key" not in lines["local"]
        assert str(profile_path("mine")) in about(here), "the open profile is a file"
        await here.press("home")
        await here.until(lambda: about(here).startswith("built in"), "the first one is not")


async def test_the_open_profile_is_not_deleted_and_a_built_in_one_neither():
    async with cockpit("openai") as here:
        for name, words in (("mine", "this profile is open"), ("openai", "'openai' is built in")):
            await choose_profile(here, name)
            await here.press("d")
            await here.until(lambda words=words: words in about(here), "it is refused")
            await here.press("escape")
            await back_in_the_panes(here)
        assert profile_path("mine").exists()


async def test_edits_of_a_profile_that_was_renamed_while_it_is_open_are_saved_under_its_new_name():
    async with cockpit("openai") as here:
        await choose_profile(here, "mine")
        await here.press("r")
        await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
        await retype(here, "renamed")
        await here.press("enter")
        await here.until(lambda: "is called 'renamed' now" in about(here), "it says so")
        await here.press("escape")
        await back_in_the_panes(here)
        await here.open_table()
        await acknowledged(here, "voice", "cedar")
        await here.written()
        assert load_profile("renamed").session.voice == "cedar"
        assert not profile_path("mine").exists()


async def test_what_another_program_writes_into_the_profile_is_offered_as_an_edit():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.type_value("speed", "1.25")
        await here.settled("speed", "●")
        text = profile_text("mine").replace('"marin"', '"ash"')
        for attempt in range(40):  # the watcher may not have begun yet: it sees one of the writes
            write_profile("mine", f"{text}\n# written {attempt} times\n")
            with_time = asyncio.get_running_loop().time() + 1.0
            await here.until(
                lambda end=with_time: here.mark("voice") == "●" or asyncio.get_running_loop().time() > end, "a second"
            )
            if here.mark("voice") == "●":
                break
        assert here.columns("voice") == ("ash", "marin", "marin")
        assert here.columns("speed")[0] == "1.25", "what was typed is still there"
        assert here.wire.nothing_new(), "it is offered, not sent"
        offered = "changed elsewhere: voice"
        notices = here.app.store.notices
        await here.until(lambda: any(offered in notice.text for _, notice in list(notices)), offered)
        await here.press("f7")
        update = await here.wire.update()
        assert update["session"]["audio"] == {"output": {"voice": "ash", "speed": 1.25}}
        assert "# written" in profile_text("mine")
        await here.written()
        assert load_profile("mine").session.speed == 1.25


@pytest.mark.parametrize("key", ["p", "h", "tool", "ask"])
async def test_f10_quits_under_every_dialog(key: str):
    async with cockpit("openai") as here:
        await here.open_table()
        if key == "ask":
            await here.edit("model", "gpt-realtime-2")
        elif key == "tool":
            await here.go_to("tools.get_weather")
            await here.press("enter")
        else:
            await here.press("escape" if key == "p" else "home", key)
        await here.until(lambda: len(here.app.screen_stack) == 2, "the dialog is open")
        here.app.editor.discard()
        await here.press("f10")
        await until(lambda: here.app.return_code is not None, "the app ends")
        assert here.app.return_code == 0


# --- the key


KEY = "secret-key-1234"


async def test_a_typed_key_is_never_on_the_screen_and_opens_the_next_connection(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    async with cockpit("openai", connect=False) as here:
        await choose_profile(here, "mine")
        await here.press("k")
        await on_screen(here, KeyScreen)
        typed = here.app.screen.query_one("#key-field")
        for sign in keys_of(KEY):
            await here.press(sign)
            assert "secret" not in here.screen_text()
        await here.until(lambda: typed.value == KEY, "the key is typed")
        assert KEY not in here.screen_text()
        assert "OPENAI_API_KEY" in here.screen_text(), "it is said where keys come from otherwise"
        await here.press("enter")
        await on_screen(here, ProfilesScreen)
        await here.until(lambda: "holds for this run" in about(here), "it says so")
        assert "secret" not in here.screen_text()
        await here.press("escape")
        await back_in_the_panes(here)
        await here.press("c")
        await here.connected()
        assert here.wire.server.upgrades[-1]["Authorization"] == f"Bearer {KEY}"
        assert KEY not in here.screen_text()
        assert KEY not in profile_text("mine")
        assert not any(KEY in notice.text + notice.remedy for _, notice in here.app.store.notices)


async def test_a_key_that_no_store_keeps_is_not_kept_and_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch):
    import keyring
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    monkeypatch.delenv("OPENAI_API_KEY")
    try:
        async with cockpit("openai", connect=False) as here:
            await choose_profile(here, "mine")
            await here.press("k")
            await on_screen(here, KeyScreen)
            problem = here.app.screen.query_one("#key-problem", FixedLine)
            await here.press(*keys_of(KEY), "f7")
            await here.until(lambda: problem.words, "it is said")
            assert "OPENAI_API_KEY" in problem.words
            assert "secret" not in here.screen_text()
            assert type(here.app.screen) is KeyScreen
    finally:
        keyring.set_keyring(before)


async def test_what_is_typed_stays_typed_in_the_draft_when_the_connection_ends():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.type_value("voice", "cedar")
        await here.settled("voice", "●")
        here.wire.session.drop()
        await here.until(lambda: here.app.store.session.phase is Phase.OFFLINE, "the connection is gone")
        assert value_at(here.app.editor.draft, "voice") == "cedar"
        assert here.mark("voice") == "●"


async def test_keys_act_while_another_program_holds_the_profile_and_the_app_ends_once_it_is_saved():
    async with cockpit("openai") as here:
        await here.open_table()
        with locked(profile_path("mine")):
            await here.type_value("voice", "cedar")
            await here.press("f7")
            await here.wire.acknowledge(await here.wire.update())
            await here.settled("voice", "✓")
            assert here.app.editor.held, "it is not in the file yet"
            await here.press("1")
            await here.until(lambda: isinstance(here.app.focused, TranscriptView), "pane 1 has the focus")
            await here.press("q")
            await here.until(lambda: toasts(here.app), "it says what it waits for")
            assert "F10 once more does not wait" in toasts(here.app)[-1]
            await here.press("4")
            await here.until(lambda: here.app.panes.layout.active == 4, "keys act meanwhile")
            assert load_profile("mine").session.voice == "marin"
            here.app.editor.instruct("Typed while it waits.")
        await here.written()
        await here.until(lambda: "instructions" in toasts(here.app)[-1], "it does not end with something unsent")
        assert load_profile("mine").session.voice == "cedar"
        await here.press("q")
        await here.until(lambda: not here.app.is_running, "it has ended")


async def test_enter_pressed_twice_copies_once_and_says_so():
    async with cockpit("openai") as here:
        await choose_profile(here, "mine")
        await here.press("c")
        await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
        await retype(here, "copied")
        field = here.app.focused
        for _ in range(2):
            field.post_message(Input.Submitted(field, "copied"))
        await here.until(lambda: "'copied' is a copy of 'mine'" in about(here), "it says so")
        await here.written()
        assert "already" not in about(here)


async def test_a_name_is_for_the_profile_that_it_was_asked_for_whatever_the_list_does_meanwhile():
    async with cockpit("openai") as here:
        for name in ("aaa", "bbb"):
            copy("mine", name)
        await choose_profile(here, "bbb")
        await here.press("r")
        await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
        profile_path("aaa").unlink()
        here.app.screen.query_one(ProfileList).reread()
        await retype(here, "zeta")
        await here.press("enter")
        await here.until(lambda: "'bbb' is called 'zeta' now" in about(here), "it says so")


async def test_an_operation_that_ends_late_leaves_the_next_question_open_and_a_failure_is_told_even_later():
    async with cockpit("openai") as here:
        copy("mine", "other")
        await choose_profile(here, "other")
        with locked(profile_path("other")):
            await here.press("r")
            await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
            await retype(here, "zeta")
            await here.press("enter", "escape", "c")
            await here.until(lambda: here.app.focused.id == "profile-name", "the next question")
        await here.until(lambda: "'other' is called 'zeta' now" in about(here), "it says so")
        assert here.app.focused.id == "profile-name"
        await here.press("escape", "escape")
        await back_in_the_panes(here)
        await choose_profile(here, "zeta")
        await here.press("c")
        await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
        with locked(profile_path("late")):
            await retype(here, "late")
            await here.press("enter", "escape", "escape")
            await back_in_the_panes(here)
            write_profile("late", profile_text("mine"))
        there = "there is a profile 'late' already"
        await here.until(lambda: any(there in toast for toast in toasts(here.app)), "it is told")


async def test_leaving_the_devices_does_not_lose_what_was_set():
    async with cockpit("openai") as here:
        with locked(profile_path("mine")):
            await here.press("d")
            await on_screen(here, DevicesScreen)
            await here.press("n", "escape")
            await back_in_the_panes(here)
        await here.written()
        assert load_profile("mine").audio.noise_suppression


async def test_the_cursor_stays_on_its_profile_when_another_one_goes():
    async with cockpit("openai") as here:
        for name in ("aaa", "bbb", "ccc"):
            copy("mine", name)
        await choose_profile(here, "bbb")
        profile_path("aaa").unlink()
        listed = here.app.screen.query_one(ProfileList)
        listed.reread()
        assert listed.chosen.name == "bbb"
        await here.press("c")
        await here.until(lambda: here.app.focused.id == "profile-name", "a name is asked for")
        await retype(here, "zzz")
        await here.press("enter")
        await here.until(lambda: "'zzz' is a copy of 'bbb'" in about(here), "it says so")
        assert listed.chosen.name == "zzz", "what was made is selected"


async def test_the_columns_have_their_width_when_the_pane_is_shown_again_after_another_profile_was_opened():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.press("escape")
        pane = here.app.query_one(AgentPane)
        pane.use(here.app.editor)
        await here.press("5")
        head = pane.query_one("#agent-head", FixedLine)
        await here.until(lambda: head.words.split("  ")[-1] != "" or "in force" in head.words, "the head is there")
        await here.until(lambda: "edited " in head.words and "sent " in head.words, "the words stand apart")
