"""The machine and the codec of a plan's wire family. Nothing above knows which family it is."""

from collections.abc import Callable

from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.wire import Wire
from rtvoice_tui.session.realtime.machine import SessionMachine


def wire_of(plan: Plan) -> Wire:
    """The codec of a plan."""
    return RealtimeWire()


def machine_of(plan: Plan, new_id: Callable[[str], str], turn: int, audio: AudioSettings) -> SessionMachine:
    """A fresh machine for a plan.

    Args:
        plan: what the session is made of.
        new_id: makes a fresh event id from a prefix.
        turn: the last turn of the session before.
        audio: mute, gain and gate to start with.
    """
    return SessionMachine(plan.dialect, plan.settings, plan.tools, new_id, turn, plan.talk, audio)
