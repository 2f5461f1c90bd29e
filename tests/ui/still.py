"""An app over a store that is filled by hand: nothing connects, nothing sounds, the clock stands still."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

import screens
from rtvoice_tui.controller.planner import Options, Planner, make_plan
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.idle import IdleSession
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.app import RtvoiceApp

NOW = 60.0


@asynccontextmanager
async def still_app(store: Store, size: tuple[int, int] = (120, 40), **options: str) -> AsyncIterator[Pilot[None]]:
    profile = load_profile("local")
    session = IdleSession(make_plan(profile, Options(no_audio=True, no_connect=True), {}), store, lambda: NOW)
    app = RtvoiceApp(
        session,
        store,
        AgentEditor("local", profile, profile_text("local")),
        Planner(Options(no_audio=True)),
        **options,
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0)
        yield pilot


async def pulse(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, RtvoiceApp)
    app.pulse()
    await pilot.pause(0)


def screen_text(pilot: Pilot[None]) -> str:
    """What a user reads, line by line."""
    return screens.screen_text(pilot.app)
