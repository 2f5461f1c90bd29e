"""Types commands into a head whose session does nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rtvoice_tui.cli.plain.actions import Actions
from rtvoice_tui.cli.plain.commands import Typed, read
from rtvoice_tui.cli.plain.pace import Pace
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.planner import Options, Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.idle import IdleSession
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.store.store import Store


@dataclass
class Typist:
    """Types commands into a head whose session only notes what it is asked."""

    store: Store = field(default_factory=Store)
    asked: list[object] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    question: str = ""
    on_edit: Callable[[], object] = lambda: None
    controller: Controller = field(init=False)
    actions: Actions = field(init=False)
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        profile = load_profile("local")
        planner = Planner(Options(no_audio=True))
        session = IdleSession(planner.plan(profile, None, "local")[0], self.store, lambda: 60.0, self._is_asked)
        editor = AgentEditor("local", profile, profile_text("local"))
        self.controller = Controller(session, self.store, editor, planner)
        self.pace = Pace(True, lambda: bool(self.question))
        self.actions = Actions(self.controller, self.pace, lambda: self.question, self.said.append, lambda at: "12:03")

    def _is_asked(self, asked: object) -> None:
        self.asked.append(asked)
        if isinstance(asked, EditSession):  # the session answers a moment later
            asyncio.get_running_loop().call_soon(self.on_edit)

    def happened(self, *facts: Any) -> None:
        for fact in facts:
            self.store.record(fact, 1.0)

    async def type(self, text: str) -> list[str]:
        """Type a line; what is said about it."""
        self.said.clear()
        line = read(text)
        assert isinstance(line, Typed), line
        await self.actions.do(line)
        return list(self.said)
