"""Keys that come faster than the screen: each acts before the next one is read."""

import pytest
from keyed import Cockpit, opened, until
from textual import events
from textual.widgets import Input, TextArea

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.screens.profiles import ProfileList, ProfilesScreen
from rtvoice_tui.ui.screens.tool import ToolScreen
from rtvoice_tui.ui.widgets.choice_field import ChoiceField
from rtvoice_tui.ui.widgets.field_table import FieldTable
from rtvoice_tui.ui.widgets.follow_view import FollowView


def burst(app: Cockpit, *keys: str) -> None:
    """All keys before the app has looked at the first one; longer words are typed letter by letter."""
    for key in keys:
        named = key in ("enter", "escape", "slash", "end", "tab", "up", "down")
        for stroke in [key] if named else key:
            app.post_message(events.Key(stroke, None if named else stroke))


async def test_a_message_that_is_typed_at_once_is_all_in_the_composer() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        burst(app, "t", "quite", "enter")
        await until(pilot, lambda: app.told == [cmd.SendText("quite")])
        burst(app, "mute")
        await until(pilot, lambda: app.message.text == "mute")
        assert not app.store.audio_settings.muted


@pytest.mark.parametrize("key", ["f", "slash"])
async def test_the_words_of_a_filter_or_search_are_no_commands(key: str) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.focused, EventsView))
        burst(app, key, "pqim")
        await until(pilot, lambda: _words(app) == "pqim")
        assert app.told == []


async def test_instructions_that_are_typed_at_once_are_no_commands() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        burst(app, "e", "quit ")
        await until(pilot, lambda: _instructions(app).startswith("quit You"), "at first, when the pane is still made")
        await pilot.press("escape")
        await until(pilot, lambda: not app.query_one(AgentPane).display)
        burst(app, "e", "im")
        await until(pilot, lambda: _instructions(app).startswith("quit imYou"), "and when it is there")
        assert app.told == []


def _instructions(app: Cockpit) -> str:
    return "".join(area.text for area in app.query(TextArea))


@pytest.mark.parametrize("field", ["t", "e"])
async def test_what_follows_the_key_that_leaves_a_field_is_a_command(field: str) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press(field)
        await until(pilot, lambda: app.types)
        burst(app, "hm", "escape", "m")
        await until(pilot, lambda: app.store.audio_settings.muted)
        assert _instructions(app).startswith("hm")


async def test_what_follows_tab_is_for_the_next_field() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: app.query("#fields") and isinstance(app.focused, TextArea))
        before = _instructions(app)
        burst(app, "tab", "g")
        table = app.query_one(FieldTable)
        await until(pilot, lambda: app.focused is table and table.cursor == 0)
        assert _instructions(app) == before


async def test_enter_opens_the_profile_that_was_chosen_when_it_was_pressed() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        names: list[str | None] = []
        screen = ProfilesScreen(app.controller.profiles, False, lambda result: None)
        app.push_screen(screen, names.append)
        await until(pilot, lambda: app.screen is screen and screen.query(ProfileList) and app.focused is not None)
        wanted = screen.query_one(ProfileList).listed[0].name
        burst(app, *["up"] * 20, "enter", "down")
        await until(pilot, lambda: names == [wanted])


async def test_escape_gives_a_selection_of_text_up() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot._post_mouse_events([events.MouseDown], "TranscriptView", offset=(2, 2), button=1)
        await pilot._post_mouse_events([events.MouseMove, events.MouseUp], "TranscriptView", offset=(12, 5), button=1)
        await until(pilot, lambda: app.screen.selections)
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.selections)


async def test_the_keys_of_a_pane_follow_the_digit_that_leads_to_it() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        burst(app, "2", "ff")
        await until(pilot, lambda: _words(app) == "f")
        burst(app, "escape")
        await until(pilot, lambda: isinstance(app.focused, EventsView))
        burst(app, "3", "m")
        await until(pilot, lambda: isinstance(app.focused, TimingView) and app.store.audio_settings.muted)


def _words(app: Cockpit) -> str:
    """What stands in the field of the event stream."""
    return "".join(field.value for field in app.query("#events-field").results(Input))


async def test_keys_in_a_dialog_act_in_the_order_in_which_they_were_pressed() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.push_screen(ToolScreen(app.editor.kept.tool("get_weather"), set()))
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused.id == "tool-name")
        run = app.screen.query_one("#tool-run", Input)
        run.focus()
        await until(pilot, lambda: app.focused is run)
        for key, letter in (("ctrl+u", ""), *((each, each) for each in "abc"), ("tab", ""), ("o", "o"), ("tab", "")):
            app.post_message(events.Key(key, letter or None))
        for letter in "123":
            app.post_message(events.Key(letter, letter))
        await until(pilot, lambda: app.screen.query_one("#tool-timeout", Input).value == "123")
        assert run.value == "abc"
        assert app.screen.query_one("#tool-policy", ChoiceField).value == "off"


async def test_a_message_typed_right_behind_another_one_is_the_next_one() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        burst(app, "t", "one", "enter", "two", "enter", "three")
        await until(pilot, lambda: app.told == [cmd.SendText("one"), cmd.SendText("two")])
        await until(pilot, lambda: app.composer.text == "three")


async def test_what_cannot_be_sent_comes_back_before_what_was_typed_since() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.phase(Phase.OFFLINE)
        burst(app, "t", "one", "enter", "two")
        await until(pilot, lambda: app.composer.text == "onetwo")


async def test_a_key_that_acts_from_a_field_acts_once() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t")
        burst(app, "hi", "tab", "escape")
        await until(pilot, lambda: not app.types)
        seen = app.focused
        await pilot.pause(0.05)
        assert app.focused is seen
        assert not app._acted


async def test_hundreds_of_keys_at_once_in_a_dialog_act_once_each() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.action_help()
        await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen.focused is not None)
        view = app.screen.focused
        assert isinstance(view, FollowView)
        burst(app, *["down"] * 300, *["up"] * 300, *["down"] * 3)
        await until(pilot, lambda: view.cursor == 3 and not app._acted)
