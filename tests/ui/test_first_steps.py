"""What a new user met: where the cursor is, what a key says, and how to come back."""

import pytest
from keyed import Cockpit, focus, opened, until
from rich.cells import cell_len
from still import still_app

from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.key import KeyScreen
from rtvoice_tui.ui.screens.profiles import ProfilesScreen
from rtvoice_tui.ui.widgets.field_table import FieldTable
from rtvoice_tui.ui.widgets.follow_view import right_aligned
from rtvoice_tui.ui.widgets.json_view import JsonView
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.rows import KeyRow
from screens import screen_text, toasts

pytestmark = pytest.mark.usefixtures("own_folders")


async def test_digits_walk_through_all_panes_and_are_typed_nowhere() -> None:
    app = Cockpit()
    async with opened(app, (80, 24)) as pilot:
        await pilot.press(*"23456")
        await until(pilot, lambda: app.panes.layout.active == 6)
        assert not app.editor.changed
        await pilot.press("5")
        await until(pilot, lambda: app.focused is app.query_one(FieldTable))
        await pilot.press("escape", "e")
        await until(pilot, lambda: app.focused is app.query_one("#instructions"))


async def test_the_footer_says_whether_c_connects_or_disconnects() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)):
        app.pulse()
        assert "c hang up" in app.query_one(KeyRow).words
        app.phase(Phase.OFFLINE)
        app.pulse()
        assert "c connect" in app.query_one(KeyRow).words
        assert "hang up" not in app.query_one(KeyRow).words


async def test_the_first_key_in_an_opened_event_acts_on_its_first_line() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 2)
        await pilot.press("G", "enter")
        await until(pilot, lambda: isinstance(app.screen, DetailScreen) and app.screen.focused is not None)
        view = app.screen.query_one(JsonView)
        await until(pilot, lambda: view.line_count > 1)
        await pilot.press("enter")
        await until(pilot, lambda: view.line_count == 1 and "lines" in "".join(text for text, _ in view.pieces(0)))


@pytest.mark.parametrize("way", ["right_square_bracket", "G"])
async def test_going_beyond_the_last_turn_follows_in_all_panes(way: str) -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 1)
        await pilot.press("left_square_bracket")
        views = (app.query_one(TranscriptView), app.query_one("#events"))
        await until(pilot, lambda: not any(view.follow for view in views))  # type: ignore[attr-defined]
        await pilot.press(way)
        await until(pilot, lambda: all(view.follow for view in views))  # type: ignore[attr-defined]


async def test_a_profile_that_needs_no_key_asks_for_none() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ProfilesScreen) and app.screen.focused is not None)
        await pilot.press("k")
        await until(pilot, lambda: "local agent needs no key" in screen_text(app))
        assert not isinstance(app.screen, KeyScreen)


async def test_a_search_without_a_match_leaves_no_trace_when_it_is_closed() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = await focus(pilot, 2)
        await pilot.press("slash", *"nothing", "enter")
        await until(pilot, lambda: "no match" in view.found)
        await pilot.press("escape")
        await until(pilot, lambda: view.found == "")


async def test_without_a_call_a_key_of_pane_4_says_how_to_choose_a_tool() -> None:
    app = Cockpit()
    app.store.calls.records.clear()
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 4)
        await pilot.press("o")
        await until(pilot, lambda: toasts(app) == ["there is no call yet: ↓ chooses a tool, h runs it by hand"])


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 10, "short     "),
        ("exactly ten", 11, "exactly ten"),
        ("much too long", 8, "much to…"),
        ("漢字漢字漢字", 7, "漢字漢…"),
        ("漢字漢字", 6, "漢字 …"),
        ("blanks behind      ", 13, "blanks behind"),
    ],
)
async def test_what_does_not_fit_into_a_line_is_cut_with_a_mark(text: str, width: int, shown: str) -> None:
    store = Store()
    async with still_app(store) as pilot:
        line = pilot.app.query_one("#summary", FixedLine)
        strip = line.strip([(text[:3], "plain"), (text[3:], "dim")], width)
    store.events.close()
    assert strip.text == shown
    assert strip.cell_length == width == cell_len(strip.text)


def test_a_line_with_something_at_its_end_is_cut_with_a_mark_before_it() -> None:
    pieces = right_aligned([("response.output_item.added", "plain")], [(" ×8", "dim")], 20)
    assert "".join(text for text, _ in pieces) == "response.output_…  ×8".replace("  ", " ")
