"""A theme is seen while it is chosen."""

import pytest
from keyed import Cockpit, opened, until

from rtvoice_tui.ui.screens.themes import ThemeList, ThemesScreen

pytestmark = pytest.mark.usefixtures("own_folders")


async def _open(app: Cockpit, pilot) -> ThemeList:
    app.preview_themes()
    await until(pilot, lambda: isinstance(app.screen, ThemesScreen) and app.screen.focused is not None)
    return app.screen.query_one(ThemeList)


async def test_each_theme_is_in_use_while_the_cursor_is_on_it_and_enter_keeps_it() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        themes = await _open(app, pilot)
        assert set(themes.names) == app.own_themes
        seen = set()
        themes.move_cursor(0)
        for _ in themes.names:
            await until(pilot, lambda: app.theme == themes.names[themes.cursor or 0])
            seen.add(app.theme)
            await pilot.press("down")
        assert seen == app.own_themes
        last = app.theme
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert (app.theme, app.remembered["theme"]) == (last, last)


async def test_escape_uses_the_theme_from_before_and_remembers_nothing() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        before = app.theme
        themes = await _open(app, pilot)
        themes.move_cursor(0)
        await until(pilot, lambda: app.theme == themes.names[0] != before)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.theme == before
        assert "theme" not in app.remembered


async def test_escape_that_comes_right_behind_other_keys_takes_the_theme_back_as_well() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        before = app.theme
        await _open(app, pilot)
        await pilot.press("down", "down", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.pause(0.05)
        assert app.theme == before
