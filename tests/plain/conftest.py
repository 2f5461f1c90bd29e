"""What the tests of the line mode share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plain.typist import Typist


@pytest.fixture
def typist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typist]:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    made = Typist()
    yield made
    made.store.events.close()
