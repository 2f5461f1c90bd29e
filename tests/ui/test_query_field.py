"""The field of filter and search: it completes, saves queries and brings them back."""

import pytest
from keyed import Cockpit, focus, opened, until
from textual.pilot import Pilot

from rtvoice_tui.controller.saved_queries import KEPT, SavedQueries
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.writing import in_order
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.query_field import QueryField
from screens import toasts

pytestmark = pytest.mark.usefixtures("own_folders")


async def asked(app: Cockpit, pilot: Pilot[None], pane: int, key: str) -> QueryField:
    """Open the field of a pane."""
    await focus(pilot, pane)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.focused, QueryField))
    assert isinstance(app.focused, QueryField)
    return app.focused


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("weather ty", "weather type:"),
        ("-tu", "-turn:"),
        ("dir:u", "dir:up"),
        ("x type:session.c", "x type:session.created"),
        ("type:", None),
        ("nothing", None),
        ("", None),
    ],
)
async def test_right_completes_names_of_fields_and_their_values(typed: str, completed: str | None) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.store.events.append(1.0, False, "session.created", {"type": "session.created"})
        field = await asked(app, pilot, 2, "f")
        field.value = typed
        field.cursor_position = len(typed)
        await until(pilot, lambda: field._suggestion == (completed or ""))
        await pilot.press("right")
        await until(pilot, lambda: field.value == (completed or typed))


async def test_a_saved_query_comes_back_in_other_panes_and_after_a_new_start() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        field = await asked(app, pilot, 2, "f")
        await pilot.press(*"turn:2", "ctrl+s")
        await until(pilot, lambda: toasts(app) == ["saved: the arrow keys bring it back in every filter and search"])
        await pilot.press("escape")
        field = await asked(app, pilot, 1, "slash")
        await pilot.press(*"half", "up")
        await until(pilot, lambda: field.value == "turn:2")
        await pilot.press("down")
        await until(pilot, lambda: field.value == "half")
    in_order(lambda: None).result(5)
    assert SavedQueries(paths.queries_file()).texts == ["turn:2"]


async def test_saving_it_again_forgets_it() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await asked(app, pilot, 2, "f")
        await pilot.press(*"turn:2", "ctrl+s", "ctrl+s")
        await until(pilot, lambda: "no longer saved" in toasts(app))
    in_order(lambda: None).result(5)
    assert paths.queries_file().read_text() == ""


def test_a_file_of_any_content_costs_nothing_but_itself(tmp_path) -> None:
    file = tmp_path / "queries.txt"
    file.write_bytes(b"\xff\xfe turn:1 \n\n" + b"x" * 600 + b"\n" + b"\n".join(b"%d" % n for n in range(500)))
    assert SavedQueries(file).texts == [str(number) for number in range(500 - KEPT, 500)]
    assert SavedQueries(tmp_path).texts == []


async def test_the_search_of_the_transcript_knows_the_same_language() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        view = app.query_one(TranscriptView)
        await asked(app, pilot, 1, "slash")
        await pilot.press(*"question turn:3 dir:up", "enter")
        await until(pilot, lambda: view.cursor is not None and view.turn_at(view.cursor) == 3)
        assert view.found.endswith("1 of 1")


async def test_a_search_for_what_is_left_out_goes_to_the_others() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        view = app.query_one(TranscriptView)
        await asked(app, pilot, 1, "slash")
        await pilot.press(*'question -turn:2-99 -"answer"', "enter")
        await until(pilot, lambda: view.turn_at(view.cursor or 0) == 1 and view.found.endswith("1 of 1"))


async def test_the_search_of_the_events_knows_types_times_and_directions() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.store.events.append(90.0, True, "response.cancel", {"type": "response.cancel", "event_id": "e"})
        view = app.query_one(EventsView)
        await asked(app, pilot, 2, "slash")
        await pilot.press(*"type:cancel since:1:29 dir:up", "enter")
        await until(pilot, lambda: view.found.endswith("1 of 1"), view.found)


async def test_a_query_that_cannot_be_understood_says_why() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        view = app.query_one(TranscriptView)
        await asked(app, pilot, 1, "slash")
        await pilot.press(*"turn:x", "enter")
        await until(pilot, lambda: "turn: is a number, or two such as 3-5" in view.found)
