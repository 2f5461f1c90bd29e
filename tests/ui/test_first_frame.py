"""The first frame is whole, what the start switched off is on again, and inks follow the theme."""

import gc
import tomllib
from pathlib import Path

import pytest
from still import screen_text, still_app
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from rtvoice_tui.store.store import Store
from rtvoice_tui.ui import themes
from rtvoice_tui.ui.inks import mix

pytestmark = pytest.mark.drawn

ALL_INKS = (
    "plain dim you agent tool unheard sent received live ok warn error cursor hit key title"
    " meter-ok meter-warn meter-clip meter-off"
).split()


async def test_without_any_pulse_rows_panes_and_keys_are_there():
    async with still_app(Store()) as pilot:
        pilot.app.pulse = lambda: None
        seen = screen_text(pilot)
    for words in ("OFFLINE", "MIC", "OUT", "1 Transcript", "no answer yet", "type a message", "i interrupt", "^p comm"):
        assert words in seen


async def test_the_collector_that_the_command_line_switched_off_is_on_after_the_first_frame():
    gc.disable()
    try:
        async with still_app(Store()) as pilot:
            await pilot.pause()
            assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.parametrize("name", ["rtvoice-dark", "rtvoice-light", "high-contrast", "terminal"])
async def test_every_ink_can_be_mixed_in_every_shipped_theme(name):
    async with still_app(Store(), theme_name=name) as pilot:
        variables = pilot.app.theme_variables
        styles = {ink: mix(ink, variables) for ink in ALL_INKS}
    shipped = tomllib.loads((Path(themes._shipped()) / f"{name}.toml").read_text(encoding="utf-8"))
    assert styles["you"].color == Color.parse(shipped["variables"]["you"]).rich_color
    assert styles["cursor"].color is None  # it is laid over others
    assert styles["unheard"].strike
    assert styles["error"].bold


async def test_muted_text_lies_between_text_and_ground_or_is_dim_where_colours_are_the_terminals():
    async with still_app(Store(), theme_name="rtvoice-dark") as pilot:
        variables = pilot.app.theme_variables
        plain, dim, ground = (
            mix("plain", variables).color.triplet,
            mix("dim", variables).color.triplet,
            mix("dim", variables).bgcolor.triplet,
        )
        assert ground < dim < plain
        pilot.app.theme = "terminal"
        await pilot.pause()
        assert mix("dim", pilot.app.theme_variables).dim


async def test_textuals_own_themes_mix_too():
    async with still_app(Store()) as pilot:
        for name in list(BUILTIN_THEMES)[::4]:
            pilot.app.theme = name
            await pilot.pause(0)
            assert all(mix(ink, pilot.app.theme_variables) is not None for ink in ALL_INKS)
