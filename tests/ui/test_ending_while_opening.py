"""An app that is ended while one of its screens opens ends as it was asked to: nothing of it has failed."""

import asyncio
from pathlib import Path

import pytest
from keyed import Cockpit, opened
from textual import events


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


@pytest.mark.parametrize(("pane", "key", "steps"), [("1", "f1", 1), ("1", "d", 2), ("4", "t", 5), ("1", "ctrl+p", 3)])
async def test_the_app_ends_with_its_code_while_a_screen_opens(pane: str, key: str, steps: int) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press(pane)
        app.post_message(events.Key(key, key if len(key) == 1 else None))
        for _ in range(steps):  # of the loop: the screen is partly there
            await asyncio.sleep(0)
        app.exit(return_code=143)
    assert app.return_code == 143


async def _fails_while_it_ends(app: Cockpit) -> None:
    async with opened(app):
        app.call_later(lambda: 1 / 0)
        app.exit(return_code=0)
        await asyncio.sleep(0.05)


async def test_a_fault_while_the_app_ends_is_told_all_the_same() -> None:
    with pytest.raises(ZeroDivisionError):
        await _fails_while_it_ends(Cockpit())


async def test_a_worker_that_shows_its_result_after_the_last_widget_is_gone_is_no_fault() -> None:
    app = Cockpit()
    shown: list[bool] = []

    async def result() -> None:
        while app._screen_stacks[app._current_mode]:  # noqa: ASYNC110 - it is taken down, without a call of exit
            await asyncio.sleep(0)
        shown.append(True)
        app.query_one("#gone")

    async with opened(app):
        app.run_worker(result())
    assert shown == [True]
