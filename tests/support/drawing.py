"""Headless apps show their pictures to nobody, so most tests do without the drawing: it is half of their work."""

import pytest
from textual._compositor import Compositor


@pytest.fixture(autouse=True)
def no_drawing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Screens are not drawn, unless a test is marked ``drawn``; a screenshot draws its own picture in any case."""
    if request.node.get_closest_marker("drawn") is None:
        monkeypatch.setattr(Compositor, "render_update", _nothing)


def _nothing(compositor: Compositor, **_: object) -> None:
    compositor._dirty_regions.clear()
