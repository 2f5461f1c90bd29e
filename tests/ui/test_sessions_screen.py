"""The dialog of recorded sessions: what it lists, shows, writes and deletes."""

from pathlib import Path

import pytest
from keyed import Cockpit, opened, until
from recorded_sessions import record
from textual.pilot import Pilot
from textual.widgets import Input as Field

from recording.recorded import Recorded
from rtvoice_tui.profiles import paths
from rtvoice_tui.recording.format import Track
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.sessions import SessionList, SessionsScreen
from rtvoice_tui.ui.widgets.json_view import JsonView
from rtvoice_tui.ui.widgets.key_block import KeyBlock
from rtvoice_tui.ui.widgets.lines import FixedLine

pytestmark = pytest.mark.usefixtures("own_folders")


async def listed(app: Cockpit, pilot: Pilot[None], count: int) -> SessionList:
    await pilot.press("S")
    await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and app.screen.focused is not None)
    sessions = app.screen.query_one(SessionList)
    await until(pilot, lambda: len(sessions.listed) == count and (not count or " turn" in sessions.copy_text()))
    return sessions


def said(app: Cockpit) -> str:
    return app.screen.query_one("#session-said", FixedLine).words


async def test_the_recordings_are_listed_newest_first_and_enter_shows_the_conversation() -> None:
    record("What is the weather in Berlin?")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        sessions = await listed(app, pilot, 1)
        assert "What is the weather in Berlin?" in sessions.copy_text()
        assert " turn" in sessions.copy_text()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DetailScreen))
        assert "What is the weather in Berlin?" in app.screen.query_one(JsonView).copy_text()


async def test_x_writes_a_recording_in_the_format_of_the_suffix_and_says_what_is_wrong(tmp_path: Path) -> None:
    record("Hello")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await listed(app, pilot, 1)
        await pilot.press("x")
        field = app.screen.query_one("#session-file", Field)
        await until(pilot, lambda: app.focused is field)
        field.value = str(tmp_path / "talk.doc")
        await pilot.press("enter")
        await until(pilot, lambda: "no format has the suffix '.doc'" in said(app))
        field.value = str(tmp_path / "talk.json")
        await pilot.press("enter")
        await until(pilot, lambda: said(app).startswith("written:"))
        assert '"text": "Hello"' in (tmp_path / "talk.json").read_text()
        await until(pilot, lambda: app.focused is app.screen.query_one(SessionList))


async def test_d_deletes_at_the_second_time_and_nothing_else() -> None:
    record("One")
    record("Two")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        sessions = await listed(app, pilot, 2)
        await pilot.press("d")
        await until(pilot, lambda: "once more deletes" in said(app))
        name = sessions.chosen.name if sessions.chosen is not None else ""
        await pilot.press("d")
        await until(pilot, lambda: len(sessions.listed) == 1)
        assert not (paths.recordings_folder() / name).exists()


async def test_without_a_recording_it_says_when_there_will_be_one() -> None:
    app = Cockpit()
    async with opened(app, (80, 24)) as pilot:
        sessions = await listed(app, pilot, 0)
        await until(pilot, lambda: "no session is recorded yet" in sessions.copy_text())
        await pilot.press("enter", "x", "d", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_the_search_takes_saved_queries_and_the_keys_are_those_of_the_field() -> None:
    record("What is the weather in Berlin?")
    record("Tell me a story")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        sessions = await listed(app, pilot, 2)
        app.controller.queries.toggle("weather -story")
        await pilot.press("/", "up")
        field = app.screen.query_one("#session-query", Field)
        await until(pilot, lambda: field.value == "weather -story")
        keys = app.screen.query_one(KeyBlock)
        assert [what for _, what in keys.entries] == ["search", "complete", "saved", "save", "cancel"]
        await pilot.press("enter")
        await until(pilot, lambda: len(sessions.listed) == 1)
        assert next(what for _, what in keys.entries) == "show"
        await pilot.press("x")
        assert [what for _, what in keys.entries] == ["export", "cancel"]
        await pilot.press("escape")
        assert next(what for _, what in keys.entries) == "show"


async def test_a_session_that_goes_on_is_listed_and_cannot_be_deleted() -> None:
    recorded = Recorded(paths.recordings_folder())
    recorded.session.open()
    recorded.session.turn(1, "Still here.")
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await until(pilot, recorded.folder.exists)
        sessions = await listed(app, pilot, 1)
        assert "running" in sessions.copy_text()
        await pilot.press("d", "d")
        await until(pilot, lambda: "is being recorded" in said(app))
    recorded.end()


async def test_only_a_recording_that_holds_sound_is_marked_so() -> None:
    for silent in (True, False):
        recorded = Recorded(paths.recordings_folder())
        recorded.session.open()
        recorded.session.turn(1, "silent" if silent else "loud")
        recorded.end()
        if silent:
            for track in Track:
                (recorded.folder / track.file).unlink(missing_ok=True)
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        sessions = await listed(app, pilot, 2)
        marked = {line.split()[-1]: "♪" in line for line in sessions.copy_text().splitlines()}
        assert marked == {"silent": False, "loud": True}
