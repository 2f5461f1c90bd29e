"""What the keys do that are about sound."""

import pytest
from keyed import Cockpit, focus, shows, until
from textual.pilot import Pilot

from rtvoice_tui.ui.screens.devices import DevicesScreen
from rtvoice_tui.ui.widgets.sound_panel import SoundPanel


@shows("devices")
async def _devices(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rtvoice_tui.audio.backends.listing.list_in_subprocess", list)
        for pane in (1, 2, 4):
            await focus(pilot, pane)
            await pilot.press(stroke)
            await until(pilot, lambda: isinstance(app.screen, DevicesScreen))
            await pilot.press(stroke)
            await until(pilot, lambda: not isinstance(app.screen, DevicesScreen), "the same key closes it")


@shows("sound")
async def _sound(app: Cockpit, pilot: Pilot[None], stroke: str) -> None:
    panel = app.query_one(SoundPanel)
    for close in (stroke, "escape"):
        await pilot.press(stroke)
        await until(pilot, lambda: panel.display and panel.size.height)
        await pilot.press(close)
        await until(pilot, lambda: not panel.display, f"{close} closes it")
