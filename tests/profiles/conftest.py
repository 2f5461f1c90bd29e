"""What the tests of profiles share."""

from pathlib import Path

import pytest
from profile_files import COMMENTED, put


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All folders of the app inside the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def mine() -> Path:
    """A commented profile called ``mine``."""
    return put("mine", COMMENTED)
