"""Effects: the actions that a step of the machine returns. `engine.execute` carries them out."""

from typing import Any

import msgspec

from rtvoice_tui.media import AudioSettings, Direction
from rtvoice_tui.protocol.wire import WireEvent
from rtvoice_tui.session.facts import Fact
from rtvoice_tui.session.timers import Timer

FADE_MS = 5
"""Fade-out of an interrupted voice in ms, to avoid a click; shorter than one device block (10 ms)."""


class Send(msgspec.Struct, frozen=True):
    """Send an event to the server."""

    event: WireEvent


class Play(msgspec.Struct, frozen=True):
    """Append speech (PCM16 mono at the session's output rate) to the playback queue."""

    item_id: str
    pcm: bytes

    def __repr__(self) -> str:
        return f"Play({self.item_id!r}, {len(self.pcm)} bytes)"


class EndPlay(msgspec.Struct, frozen=True):
    """Mark an item's audio as complete: play what is queued without waiting for the jitter buffer to fill."""

    item_id: str


class Flush(msgspec.Struct, frozen=True):
    """Fade out and drop all queued speech; the engine reports completion with the command `Flushed`."""

    fade_ms: int = FADE_MS


class Duck(msgspec.Struct, frozen=True):
    """Lower the agent's volume while the user may be interrupting, or restore it."""

    lowered: bool


class ApplyAudio(msgspec.Struct, frozen=True):
    """Apply mute, gain and noise gate settings to both directions."""

    settings: AudioSettings


class OpenDevice(msgspec.Struct, frozen=True):
    """Switch one direction to another device, also for later sessions of the plan; an empty name is the default."""

    direction: Direction
    name: str


class SetEchoMode(msgspec.Struct, frozen=True):
    """Change echo control and noise suppression, also for later sessions of the plan."""

    mode: str
    noise_suppression: bool


class CheckArguments(msgspec.Struct, frozen=True):
    """Validate arguments against a schema in a subprocess with a time limit; the result is `ArgumentsChecked`."""

    call_id: str
    arguments: str
    parameters: dict[str, Any]
    check: int = 0
    """Number of the check, repeated in `ArgumentsChecked`: a call id alone is not unique."""


class PreviewCall(msgspec.Struct, frozen=True):
    """Request a preview of what a call would run; the result is `CallPreviewed`."""

    key: str
    name: str
    arguments: str


class RunTool(msgspec.Struct, frozen=True):
    """Run a function without blocking the session's loop; the result is `ToolFinished`."""

    call_id: str
    name: str
    arguments: str


class StopTool(msgspec.Struct, frozen=True):
    """Cancel a running function; no `ToolFinished` follows."""

    call_id: str


class Schedule(msgspec.Struct, frozen=True):
    """Send the command `TimerFired(timer)` after ``after_s`` seconds."""

    timer: Timer
    after_s: float


class Report(msgspec.Struct, frozen=True):
    """Report a fact to the observers."""

    fact: Fact


SoundEffect = Play | EndPlay | Flush | Duck | ApplyAudio | OpenDevice | SetEchoMode
ToolEffect = CheckArguments | PreviewCall | RunTool | StopTool
Effect = Send | SoundEffect | ToolEffect | Schedule | Report
