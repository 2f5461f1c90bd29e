"""A value of the agent is typed and chosen in its own row, with all known values in sight."""

import pytest

from editing.cockpit import Cockpit, cockpit, own_folders  # noqa: F401
from rtvoice_tui.editing.agent import value_at
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import MockRun
from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.widgets.rows import KeyRow
from rtvoice_tui.ui.widgets.value_field import KnownValues

pytestmark = pytest.mark.usefixtures("own_folders")


async def opened(here: Cockpit, path: str) -> KnownValues:
    """Enter on a row: its field has the keys."""
    await here.go_to(path)
    await here.press("enter")
    await here.until(lambda: here.app.focused is here.value_field, "the value can be typed")
    await here.until(lambda: here.value_field.region.y == here.table.place_of_cursor.y, "it is in its row")
    return here.app.query_one(KnownValues)


async def taken(here: Cockpit, path: str, *keys: str) -> object:
    """The value of the draft after some keys and enter."""
    await here.press(*keys, "enter")
    await here.until(lambda: here.app.focused is here.table, "the value is taken")
    return value_at(here.app.editor.draft, path)


def footer(here: Cockpit) -> dict[str, str]:
    return {key.shown: key.label for key in here.app.query_one(KeyRow).keys}


async def test_a_value_is_chosen_in_its_row_from_all_that_are_known():
    async with cockpit("openai") as here:
        await here.open_table()
        known = await opened(here, "voice")
        field = next(field for field in here.app.editor.fields if field.path == "voice")
        assert known.values == ("", *field.choices)
        assert known.display
        assert known.region.y == here.value_field.region.bottom
        assert footer(here)["↓"] == "known values"
        assert await taken(here, "voice", "down") != "marin"
        before = value_at(here.app.editor.draft, "voice")
        assert not known.display
        await opened(here, "voice")
        assert await taken(here, "voice", "up") == "marin"
        assert before in field.choices


async def test_what_is_typed_narrows_the_list_and_a_click_takes_a_value():
    async with cockpit("openai") as here:
        await here.open_table()
        known = await opened(here, "voice")
        await here.press("c")
        await here.until(lambda: known.values, "some voices begin so")
        assert all(value.startswith("c") for value in known.values)
        await here.until(lambda: known.region.height == len(known.values), "the list is as long as they are")
        assert await here.pilot.click(KnownValues, offset=(2, len(known.values) - 1))
        await here.until(lambda: here.app.focused is here.table, "the value is taken")
        assert value_at(here.app.editor.draft, "voice") == known.values[-1]


async def test_a_word_that_begins_one_choice_is_that_choice_and_any_other_is_refused_in_its_row():
    async with cockpit("openai") as here:
        await here.open_table()
        await opened(here, "turn_detection")
        assert (await taken(here, "turn_detection", *"sem"))["type"] == "semantic_vad"
        await opened(here, "noise_reduction")
        await here.press(*"loud", "enter")
        await here.until(lambda: "noise reduction is one of" in here.state, "it is refused")
        assert here.app.focused is here.value_field
        assert here.value_field.value == "loud"


async def test_the_arrow_keys_change_a_number_within_what_is_valid():
    async with cockpit("openai") as here:
        await here.open_table()
        await opened(here, "turn_detection.threshold")
        assert {key: label for key, label in footer(here).items() if key in "↑↓"} == {"↑": "more", "↓": "less"}
        assert await taken(here, "turn_detection.threshold", *"0.9", "up", "up", "up") == 1.0
        await opened(here, "turn_detection.threshold")
        assert await taken(here, "turn_detection.threshold", "down") == 0.95
        await here.press("left")
        await here.until(
            lambda: value_at(here.app.editor.draft, "turn_detection.threshold") == 0.9, "the table's arrows do so too"
        )
        await opened(here, "max_output_tokens")
        assert await taken(here, "max_output_tokens", *"inf") == "inf"
        await opened(here, "max_output_tokens")
        assert await taken(here, "max_output_tokens", "up") == 1024


async def test_one_entry_of_a_list_is_chosen_and_the_others_stay():
    async with cockpit("yandex") as here:
        await here.open_table()
        await opened(here, "languages")
        assert await taken(here, "languages", *"en-US", "comma", "down") == ["en-US", "ru-RU"]


async def test_where_there_is_no_room_below_the_list_is_above_its_row_and_no_part_of_it_is_outside_the_pane():
    async with cockpit("openai") as here:
        await here.pilot.resize_terminal(80, 24)
        await here.open_table()
        known = await opened(here, "truncation")
        pane = here.app.query_one("#agent-pane")
        await here.until(lambda: known.region.bottom == here.value_field.region.y, "it is above")
        assert known.region.height == len(known.values)
        assert pane.region.contains_region(known.region)
        await here.pilot.resize_terminal(120, 40)
        await here.until(
            lambda: (
                here.value_field.region.y == here.table.place_of_cursor.y
                and known.region.y == here.value_field.region.bottom
            ),
            "both follow a resize, and there is room below now",
        )


async def test_a_device_is_chosen_from_its_row():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.go_to("audio.input")
        assert here.columns("audio.input")[0] == "default"
        await here.press("enter")
        await here.until(lambda: isinstance(here.app.screen, DevicesScreen), "the devices are listed")


async def test_an_address_with_a_login_is_never_on_the_screen():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.type_value("url", "wss://me:sesame@x.org/v1/realtime")
        await here.until(lambda: here.app.focused is here.table, "the value is taken")
        await here.until(lambda: "sesame" not in here.screen_text(), "what was typed is gone from the screen")
        assert here.columns("url")[0].startswith("wss://x.")


async def test_rates_that_the_provider_fixes_say_so_and_the_end_key_goes_to_the_last_row():
    async with cockpit("openai") as here:
        await here.open_table()
        assert here.mark("input_rate") == "–"
        assert "not at this provider" in "".join(here.columns("input_rate"))
        await here.press("end")
        await here.until(lambda: here.table.cursor == len(here.paths) - 1, "the cursor is on the last row")


async def test_a_model_that_the_server_does_not_use_is_marked():
    async with cockpit("openai") as here:
        await here.open_table()
        await here.until(lambda: here.app.store.session.in_force, "the server has said what is in force")
        settings = {**here.app.store.session.in_force, "model": "another-one"}
        here.app.store.session.in_force = settings
        here.app.agent.pane.describe()
        await here.until(lambda: here.mark("model") == "≠", "it is marked")


async def test_a_refusal_that_reached_the_table_is_forgotten_on_another_row():
    async with cockpit("openai") as here:
        await here.open_table()
        await opened(here, "turn_detection.threshold")
        await here.press(*"loud", "enter")
        await here.until(lambda: "threshold is a number" in here.state, "it is refused")
        await here.press("escape")
        await here.go_to("voice")
        await here.until(lambda: "threshold" not in here.state, "it was said of another row")


async def test_a_value_that_is_typed_is_taken_when_the_focus_goes_elsewhere_and_none_is_left_open():
    async with cockpit("openai") as here:
        await here.open_table()
        await opened(here, "voice")
        await here.press(*"verse")
        here.app.query_one("#transcript").focus()
        await here.until(lambda: not here.value_field.display, "the field is closed")
        assert value_at(here.app.editor.draft, "voice") == "verse"
        here.table.focus()
        await opened(here, "turn_detection.threshold")
        await here.press(*"loud")
        here.app.query_one("#transcript").focus()
        await here.until(lambda: not here.value_field.display, "the field is closed")
        assert value_at(here.app.editor.draft, "turn_detection.threshold") == 0.5, "it was no value"


async def test_an_open_field_follows_what_another_program_wrote_unless_something_is_typed():
    async with cockpit("openai") as here:
        await here.open_table()
        await opened(here, "voice")
        field = next(field for field in here.app.editor.fields if field.path == "voice")
        here.app.editor.type(field, "ash")
        here.app.agent.pane.reload()
        await here.until(lambda: here.value_field.value == "ash", "it shows the new value")
        await here.press(*"x")
        here.app.editor.type(field, "cedar")
        here.app.agent.pane.reload()
        await here.pilot.pause(0)
        assert "x" in here.value_field.value


async def test_tools_whose_names_begin_alike_are_told_apart():
    async with cockpit("openai") as here:
        long = ToolEntry(name="get_customer_order_status", run=MockRun(result=1))
        here.app.editor.put_tool("get_customer_order_status", long)
        await here.open_table()
        here.app.agent.pane.reload()
        await here.go_to("tools.get_customer_order_status")
        line = here.table.pieces(here.table.cursor or 0)
        assert line[1][0].rstrip().endswith("…"), "what is cut has a mark"
        await here.until(lambda: "get_customer_order_status" in here.about, "the whole name is said")
