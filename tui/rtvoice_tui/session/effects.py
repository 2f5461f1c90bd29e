"""What the machine wants done. `engine.execute` does it; a test compares it."""

from typing import Any

import msgspec

from rtvoice_tui.media import AudioSettings, Direction
from rtvoice_tui.protocol.wire import WireEvent
from rtvoice_tui.session.facts import Fact
from rtvoice_tui.session.timers import Timer

FADE_MS = 5
"""An interrupted voice fades out within this time, so that it does not click; it fits into one device block."""


class Send(msgspec.Struct, frozen=True):
    """Send an event to the server."""

    event: WireEvent


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
    """Lower the agent while the user may be interrupting it, or play it as loud as before again."""

    lowered: bool


class ApplyAudio(msgspec.Struct, frozen=True):
    """Mute, amplify and gate both directions like this."""

    settings: AudioSettings


class OpenDevice(msgspec.Struct, frozen=True):
    """Use this device for a direction from now on, also in later sessions of the plan."""

    direction: Direction
    name: str


class TreatEcho(msgspec.Struct, frozen=True):
    """Treat echo like this from now on, also in later sessions of the plan."""

    mode: str
    noise_suppression: bool


class CheckArguments(msgspec.Struct, frozen=True):
    """Find out, within a time limit, whether arguments fit a schema; to be answered with `ArgumentsChecked`."""

    call_id: str
    arguments: str
    parameters: dict[str, Any]
    check: int = 0
    """Number of the check, which its answer repeats: call ids may come again."""


class PreviewCall(msgspec.Struct, frozen=True):
    """Find out what a call would run; to be answered with `CallPreviewed`."""

    key: str
    name: str
    arguments: str


class RunTool(msgspec.Struct, frozen=True):
    """Run a function off the receive loop; to be answered with `ToolFinished`."""

    call_id: str
    name: str
    arguments: str


class StopTool(msgspec.Struct, frozen=True):
    """Cancel a running function: its result is not needed any more."""

    call_id: str


class Schedule(msgspec.Struct, frozen=True):
    """Step `TimerFired(timer)` after this many seconds."""

    timer: Timer
    after_s: float


class Report(msgspec.Struct, frozen=True):
    """Report a fact to the observers."""

    fact: Fact


SoundEffect = Play | EndPlay | Flush | Duck | ApplyAudio | OpenDevice | TreatEcho
ToolEffect = CheckArguments | PreviewCall | RunTool | StopTool
Effect = Send | SoundEffect | ToolEffect | Schedule | Report
