"""What the tests of profiles share."""

from pathlib import Path

import keyring
import pytest
from keyring.backends import fail
from profile_files import COMMENTED, put


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All folders of the app inside the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture(autouse=True)
def no_key_store() -> None:
    """No key is kept anywhere: a store that a test defines would be taken for the system's own by itself."""
    keyring.set_keyring(fail.Keyring())


@pytest.fixture
def mine() -> Path:
    """A commented profile called ``mine``."""
    return put("mine", COMMENTED)
