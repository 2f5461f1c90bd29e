"""A controller over a session that never runs: what is asked of the session is noted."""

from pathlib import Path

import pytest

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.planner import Options, Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.idle import IdleSession
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.session.facts import Phase, PhaseChanged
from rtvoice_tui.store.store import Store


class Desk:
    """The controller, its store, and what was asked."""

    def __init__(self, name: str = "local") -> None:
        self.asked: list[object] = []
        self.remembered: list[str] = []
        self.store = Store()
        planner, profile = Planner(Options(no_audio=True)), load_profile(name)
        session = IdleSession(planner.plan(profile, None)[0], self.store, lambda: 60.0, self.asked.append)
        editor = AgentEditor(name, profile, profile_text(name))
        self.controller = Controller(session, self.store, editor, planner, self.remembered.append)

    def phase(self, phase: Phase) -> None:
        self.store.record(PhaseChanged(phase), 1.0)

    @property
    def notices(self) -> list[str]:
        return [notice.text for _, notice in self.store.notices]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    for folder in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{folder}_HOME", str(tmp_path))
    return Desk()
