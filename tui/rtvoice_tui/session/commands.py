"""What people and devices ask of the machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec


@dataclass(frozen=True)
class Interrupt:
    """Silence the agent and let the server forget what was not heard."""


@dataclass(frozen=True)
class SendText:
    """A typed turn; it interrupts a speaking agent."""

    text: str


@dataclass(frozen=True)
class TalkStart:
    """With turn detection off: the person begins to speak."""


@dataclass(frozen=True)
class TalkEnd:
    """With turn detection off: the person has finished."""


@dataclass(frozen=True)
class MicFrame:
    """One frame of the microphone, PCM16 mono at the session's input rate."""

    pcm: bytes


@dataclass(frozen=True)
class EditSession:
    """Change the running session to these settings and tools."""

    settings: SessionSettings
    tools: tuple[ToolSpec, ...]


@dataclass(frozen=True)
class Heard:
    """How many milliseconds of each queued item the device has consumed so far.

    Attributes:
        played_ms: by item id.
        first_at: when the first sample of an item went to the device, in seconds, by item id.
        drained: whether nothing is left to play.
    """

    played_ms: Mapping[str, float]
    first_at: Mapping[str, float]
    drained: bool


@dataclass(frozen=True)
class Flushed:
    """The speaker is silent: how many milliseconds of each item had been consumed by then."""

    played_ms: Mapping[str, float]


@dataclass(frozen=True)
class ToolFinished:
    """A function has its result; ``output`` is what the model gets, ``note`` what only the person sees."""

    call_id: str
    output: str
    ok: bool
    note: str = ""


@dataclass(frozen=True)
class TimerFired:
    """A scheduled moment has come."""

    timer: str


Command = (
    Interrupt | SendText | TalkStart | TalkEnd | MicFrame | EditSession | Heard | Flushed | ToolFinished | TimerFired
)
