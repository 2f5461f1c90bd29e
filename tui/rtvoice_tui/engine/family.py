"""Creates the machine and the codec of a plan's wire family; the rest of the engine does not depend on the family."""

from collections.abc import Callable

from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.wire import Wire
from rtvoice_tui.session.realtime.machine import SessionMachine


def make_wire(plan: Plan) -> Wire:
    """Create the codec for a plan."""
    return RealtimeWire()


def make_machine(plan: Plan, new_id: Callable[[str], str], turn: int, audio: AudioSettings) -> SessionMachine:
    """Create the machine for a plan.

    Args:
        plan: the session plan.
        new_id: returns a new event id for a prefix.
        turn: number of the previous session's last turn.
        audio: initial mute, gain and noise gate settings.
    """
    rules = (plan.talk, audio, plan.calls_in_a_row)
    return SessionMachine(plan.dialect, plan.settings, plan.tools, new_id, turn, *rules)
