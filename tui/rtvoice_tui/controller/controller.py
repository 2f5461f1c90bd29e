"""All user actions on a session in one object, for every head."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rtvoice_tui.controller.calls import Calls
from rtvoice_tui.controller.edits import Edits
from rtvoice_tui.controller.planner import Planner
from rtvoice_tui.controller.profiles import Profiles
from rtvoice_tui.controller.recordings import Recordings
from rtvoice_tui.controller.saved_queries import SavedQueries
from rtvoice_tui.controller.talk import Talk
from rtvoice_tui.controller.typed_history import TypedHistory
from rtvoice_tui.controller.written import Written
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.profiles import paths
from rtvoice_tui.recording.handle import RecordingHandle
from rtvoice_tui.store.store import Store

if TYPE_CHECKING:
    from rtvoice_tui.recording.replay_session import ReplaySession


class Controller:
    """A session and all actions that a user can perform on it, independent of the screen.

    Args:
        session: handle of the session.
        store: the session's store.
        editor: editor of the open profile's agent.
        planner: creates plans.
        remember: called with the name of the profile to open at the next start.
        recording: the recording of the session; ``None`` if there is none.
        replay: the session, if it is a replay.

    Attributes:
        session: handle of the session.
        store: the session's store.
        replay: the session, if it is a replay.
        edits: edits the agent.
        profiles: opens other profiles.
        calls: approval of calls, manual runs and mocks.
        talk: turns, mute and noise gate.
        queries: the saved queries.
        typed: the messages typed earlier.
        recordings: begins and ends the recording of sound.
        written: client events that the user writes.
    """

    def __init__(
        self,
        session: SessionHandle,
        store: Store,
        editor: AgentEditor,
        planner: Planner,
        remember: Callable[[str], None] = lambda name: None,
        recording: RecordingHandle | None = None,
        replay: "ReplaySession | None" = None,
    ) -> None:
        self.session = session
        self.store = store
        self.replay = replay
        self.edits = Edits(session, store, editor, planner)
        self.profiles = Profiles(session, self.edits, remember)
        self.calls = Calls(session, self.edits)
        self.talk = Talk(session, store, self.edits)
        self.written = Written(session, store)
        self.recordings = Recordings(session, recording, replay)
        self.queries = SavedQueries(paths.queries_file())
        self.typed = TypedHistory(paths.typed_file())
