"""The plan of a recorded session, which opens no connection."""

from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.observers import MachineMade
from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.errors import ProfileError, RecordingError
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.recording.reader import Recording

NOTHING_SENT = "this is a replay: nothing is sent"


class _NoServer:
    """The endpoint of a replay: there is none."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    async def endpoint(self) -> Endpoint:
        """Raises `ProfileError`."""
        raise ProfileError(NOTHING_SENT)

    async def close(self) -> None:
        """Nothing was started."""


def plan_of_recording(recording: Recording) -> Plan:
    """The plan of a recording's first session.

    Raises:
        RecordingError: it holds no session, or its provider is not known.
    """
    made = next((line.machine for line in recording.journal() if line.machine is not None), None)
    if made is None:
        raise RecordingError(f"{recording.name} holds no session", "it was cut off before the session began")
    return plan_of(made)


def plan_of(made: MachineMade) -> Plan:
    """The plan of a recorded session.

    Raises:
        RecordingError: its provider is not known.
    """
    dialect = DIALECTS.get(made.dialect)
    if dialect is None:
        raise RecordingError("the recording is of a provider that is not known here", "update rtvoice-tui")
    return Plan(
        dialect,
        made.settings,
        made.tools,
        {},
        _NoServer(made.identity),
        AudioChoice(silent=True),
        made.talk,
        made.audio,
        made.calls_in_a_row,
        made.profile,
        connect=False,
    )
