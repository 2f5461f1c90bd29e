"""What the machine wants done. The worker does it; a test compares it."""

from typing import Any

import msgspec

from rtvoice_tui.protocol.realtime.client_events import ClientEvent
from rtvoice_tui.session.facts import Fact
from rtvoice_tui.session.timers import Timer

FADE_MS = 5
"""An interrupted voice fades out within this time, so that it does not click; it fits into one device block."""


class Send(msgspec.Struct, frozen=True):
    """Say something to the server."""

    event: ClientEvent


class Play(msgspec.Struct, frozen=True):
    """Queue speech (PCM16 mono at the session's output rate) behind what is already queued."""

    item_id: str
    pcm: bytes

    def __repr__(self) -> str:
        return f"Play({self.item_id!r}, {len(self.pcm)} bytes)"


class EndPlay(msgspec.Struct, frozen=True):
    """No more speech will come for an item: play what there is, however little."""

    item_id: str


class Flush(msgspec.Struct, frozen=True):
    """Silence the speaker now; to be answered with `Flushed`."""

    fade_ms: int = FADE_MS


class Duck(msgspec.Struct, frozen=True):
    """Lower the agent while the person may be interrupting it, or play it as loud as before again."""

    lowered: bool


class CheckArguments(msgspec.Struct, frozen=True):
    """Find out, within a time limit, whether arguments fit a schema; to be answered with `ArgumentsChecked`."""

    call_id: str
    arguments: str
    parameters: dict[str, Any]
    check: int = 0
    """Number of the check, which its answer repeats: call ids may come again."""


class RunTool(msgspec.Struct, frozen=True):
    """Run a function off the receive loop; to be answered with `ToolFinished`."""

    call_id: str
    name: str
    arguments: str


class StopTool(msgspec.Struct, frozen=True):
    """A running function's result is of no use any more."""

    call_id: str


class Schedule(msgspec.Struct, frozen=True):
    """Come back with `TimerFired(timer)` after so many seconds."""

    timer: Timer
    after_s: float


class Report(msgspec.Struct, frozen=True):
    """Something happened that is worth remembering or showing."""

    fact: Fact


Effect = Send | Play | EndPlay | Flush | Duck | CheckArguments | RunTool | StopTool | Schedule | Report
