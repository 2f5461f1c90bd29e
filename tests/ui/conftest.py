"""Fixtures of all tests of the screen."""

from pathlib import Path

import pytest

from drawing import no_drawing
from headless import cheap_apps

__all__ = ["cheap_apps", "no_drawing", "own_folders"]


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles, state, data and cache in folders of the test alone."""
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
