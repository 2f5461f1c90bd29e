"""What the machine wants done. The worker does it; a test compares it."""

from dataclasses import dataclass, field

from rtvoice_tui.protocol.client_events import ClientEvent
from rtvoice_tui.session.facts import Fact

FADE_MS = 5
"""An interrupted voice fades out within this time, so that it does not click; it fits into one device block."""


@dataclass(frozen=True)
class Send:
    """Say something to the server."""

    event: ClientEvent


@dataclass(frozen=True)
class Play:
    """Queue speech (PCM16 mono at the session's output rate) behind what is already queued."""

    item_id: str
    pcm: bytes = field(repr=False)


@dataclass(frozen=True)
class EndPlay:
    """No more speech will come for an item: play what there is, however little."""

    item_id: str


@dataclass(frozen=True)
class Flush:
    """Silence the speaker now; to be answered with `Flushed`."""

    fade_ms: int = FADE_MS


@dataclass(frozen=True)
class RunTool:
    """Run a function off the receive loop; to be answered with `ToolFinished`."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class StopTool:
    """A running function's result is of no use any more."""

    call_id: str


@dataclass(frozen=True)
class Schedule:
    """Come back with `TimerFired(timer)` after so many seconds; stale timers are told apart by name."""

    timer: str
    after_s: float


@dataclass(frozen=True)
class Tell:
    """Something happened that is worth remembering or showing."""

    fact: Fact


Effect = Send | Play | EndPlay | Flush | RunTool | StopTool | Schedule | Tell
