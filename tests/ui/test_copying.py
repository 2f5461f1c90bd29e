"""Copying says what is known, and offers a file."""

import os
import stat
import tempfile
from pathlib import Path

import pytest
from keyed import Cockpit, focus, opened, until

from rtvoice_tui.ui.copying import save_text
from screens import toasts


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


async def test_a_copy_claims_no_more_than_is_known_and_again_it_is_a_file(tmp_path):
    app = Cockpit()
    async with opened(app) as pilot:
        await focus(pilot, 1)
        await pilot.press("y")
        await until(pilot, lambda: any("sent to the terminal's clipboard" in words for words in toasts(app)))
        assert not any(words.startswith("copied") for words in toasts(app))
        await pilot.press("y")
        await until(pilot, lambda: any(words.startswith("saved in ") for words in toasts(app)))
        (path,) = (Path(words.removeprefix("saved in ")) for words in toasts(app) if words.startswith("saved in "))
        assert path.read_text(encoding="utf-8") == app.clipboard
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_folder_that_takes_no_file_is_told(tmp_path, monkeypatch):
    app = Cockpit()
    async with opened(app) as pilot:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        await focus(pilot, 1)
        await pilot.press("y", "y")
        await until(pilot, lambda: any("cannot be saved" in words for words in toasts(app)))


@pytest.mark.parametrize("text", ["", "Привет", "a\ud800b", "x" * 100_000])
def test_any_text_can_be_saved(text, tmp_path):
    path = save_text(text)
    assert path.read_text(encoding="utf-8").replace("?", "\ud800") == text.replace("?", "\ud800")
    assert os.path.dirname(path) == str(tmp_path)
