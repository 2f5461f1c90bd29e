"""Keys that are still under way when the app ends do nothing, and are no fault."""

import asyncio

import pytest
from keyed import Cockpit, opened
from textual import events


def press(app: Cockpit, keys: str) -> None:
    """Faster than the app can act: all are under way at once."""
    for key in keys:
        app.post_message(events.Key(key, key))


@pytest.mark.parametrize("keys", ["qe", "qet", "q3", "q5", "qp", "qd", "qqqq", "qz4t"])
async def test_what_is_typed_after_quit(keys: str) -> None:
    app = Cockpit()
    async with opened(app):
        press(app, keys)
        await asyncio.sleep(0.3)
    assert (app.return_code, app.failure) == (0, "")
    assert app.told == ["stop"] * app.told.count("stop")


@pytest.mark.parametrize("keys", ["e", "5", "p", "d", "?", "4t"])
async def test_what_is_under_way_when_a_signal_ends_the_app(keys: str) -> None:
    app = Cockpit()
    async with opened(app):
        press(app, keys)
        app.end("SIGTERM was received", 143)
        await asyncio.sleep(0.3)
    assert (app.return_code, app.failure) == (143, "")
