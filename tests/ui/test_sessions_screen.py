"""The dialog of recorded sessions: what it lists, shows, writes and deletes."""

from pathlib import Path

import pytest
from keyed import Cockpit, opened, until
from recorded_sessions import record
from textual.pilot import Pilot
from textual.widgets import Input as Field

from rtvoice_tui.profiles import paths
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.screens.sessions import SessionList, SessionsScreen
from rtvoice_tui.ui.widgets.json_view import JsonView
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
