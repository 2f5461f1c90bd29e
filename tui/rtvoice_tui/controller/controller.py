"""All that a head can do with a session, in one hand."""

from collections.abc import Callable

from rtvoice_tui.controller.calls import Calls
from rtvoice_tui.controller.edits import Edits
from rtvoice_tui.controller.planner import Planner
from rtvoice_tui.controller.profiles import Profiles
from rtvoice_tui.controller.talk import Talk
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.store.store import Store


class Controller:
    """A session and everything that may be done with it.

    Args:
        session: the session.
        store: what it leaves behind.
        editor: the agent of the open profile.
        planner: makes plans.
        remember: called with the name of the profile to open next time.

    Attributes:
        session: the session.
        store: what it leaves behind.
        edits: editing the agent.
        profiles: opening others.
        calls: approving, manual runs, mocks.
        talk: turns, mute, gate.
    """

    def __init__(
        self,
        session: SessionHandle,
        store: Store,
        editor: AgentEditor,
        planner: Planner,
        remember: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.session = session
        self.store = store
        self.edits = Edits(session, store, editor, planner)
        self.profiles = Profiles(session, self.edits, remember)
        self.calls = Calls(session, self.edits)
        self.talk = Talk(session, store, self.edits)
