"""Commands to the machine: requests of the user, and reports of devices, tools and timers."""

from collections.abc import Mapping

import msgspec

from rtvoice_tui.media import AudioSettings, Direction
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.session.timers import Timer


class Interrupt(msgspec.Struct, frozen=True, tag=True):
    """Barge-in by key: silence the agent, cancel its response and truncate what was not heard."""


class SendText(msgspec.Struct, frozen=True, tag=True):
    """Send a typed turn; interrupts the agent."""

    text: str


class TakeAsReady(msgspec.Struct, frozen=True, tag=True):
    """Treat the session as configured without ``session.updated``, which imported conversations may lack."""


class SendEvent(msgspec.Struct, frozen=True, tag=True):
    """Send a client event that the user wrote; ``text``: the event as JSON, an object with a ``type``."""

    text: str


class SetTalkMode(msgspec.Struct, frozen=True, tag=True):
    """Change the talk mode."""

    mode: TalkMode


class TalkStart(msgspec.Struct, frozen=True, tag=True):
    """Push-to-talk: the user starts a turn. Ignored with an open microphone."""


class TalkEnd(msgspec.Struct, frozen=True, tag=True):
    """Push-to-talk: the user ends the turn."""


class CommitTurn(msgspec.Struct, frozen=True, tag=True):
    """With an open microphone: commit the input buffer now and request a response. Ignored in push-to-talk."""


class MicFrame(msgspec.Struct, frozen=True, tag=True):
    """One microphone frame.

    Attributes:
        pcm: PCM16 mono at the session's input rate.
        level_db: RMS level in dBFS after echo cancellation and before the noise gate; the meter's floor while muted.
    """

    pcm: bytes
    level_db: float | None = None


class LocalSpeech(msgspec.Struct, frozen=True, tag=True):
    """The local VAD detected the start or the end of the user's speech.

    Sent once per change. A muted microphone counts as silence.
    """

    speaking: bool


class SetAudio(msgspec.Struct, frozen=True, tag=True):
    """Replace all mute, gain and noise gate settings."""

    settings: AudioSettings


class UseDevice(msgspec.Struct, frozen=True, tag=True):
    """Switch one direction to another device without ending the session; an empty name is the system's default."""

    direction: Direction
    name: str


class SetEcho(msgspec.Struct, frozen=True, tag=True):
    """Change the microphone's echo control.

    Attributes:
        mode: ``auto``, ``on``, ``half-duplex`` or ``off``.
        noise_suppression: whether noise is suppressed as well.
    """

    mode: str
    noise_suppression: bool


class EditSession(msgspec.Struct, frozen=True, tag=True):
    """Change the session to these settings and tools; `EditChanged` repeats ``edit_id`` with the outcome."""

    settings: SessionSettings
    tools: tuple[ToolSpec, ...]
    edit_id: str = ""


class SetHistory(msgspec.Struct, frozen=True, tag=True):
    """Pass an earlier conversation to the session that opens next."""

    history: tuple[HistoryMessage, ...]


class Heard(msgspec.Struct, frozen=True, tag=True):
    """Playback report: how much of each queued item the device has played.

    Attributes:
        played_ms: played milliseconds by item id.
        first_at: when the device took the first sample of an item, in seconds on the session's clock, by item id.
        drained: whether the playback queue is empty.
    """

    played_ms: Mapping[str, float]
    first_at: Mapping[str, float]
    drained: bool


class Flushed(msgspec.Struct, frozen=True, tag=True):
    """A `Flush` is complete; ``played_ms``: how many milliseconds of each item were played before, by item id."""

    played_ms: Mapping[str, float]


class ArgumentsChecked(msgspec.Struct, frozen=True, tag=True):
    """Result of `CheckArguments`; ``problem`` is empty if the arguments match the schema."""

    call_id: str
    problem: str = ""
    check: int = 0


class CallPreviewed(msgspec.Struct, frozen=True, tag=True):
    """Result of `PreviewCall`, shown to the user before they approve the call.

    Attributes:
        key: key of the call.
        preview: a command line or an address; may be empty.
    """

    key: str
    preview: str


class ToolFinished(msgspec.Struct, frozen=True, tag=True):
    """A function finished; ``output`` is for the model, ``note`` and ``details`` are shown to the user only."""

    call_id: str
    output: str
    ok: bool
    note: str = ""
    details: tuple[tuple[str, str], ...] = ()


class UseTools(msgspec.Struct, frozen=True, tag=True):
    """The available tools changed: a tool server listed its tools, or a tool file was edited."""

    tools: tuple[ToolSpec, ...]


class Decide(msgspec.Struct, frozen=True, tag=True):
    """The user approves or rejects a call that needs approval; rejecting a running call stops it.

    Attributes:
        key: key of the call.
        agree: whether it may run.
        always: whether this tool may run without approval for the rest of the session.
        reason: sent to the model if the user rejects the call.
    """

    key: str
    agree: bool
    always: bool = False
    reason: str = ""


class SendResult(msgspec.Struct, frozen=True, tag=True):
    """The user's own result for a call: replaces an output that was not sent yet, else is sent as a user message.

    Attributes:
        key: key of the call.
        output: the result.
        name: name of the tool, used for calls that this session does not know, such as manual runs.
    """

    key: str
    output: str
    name: str = ""


class TimerFired(msgspec.Struct, frozen=True, tag=True):
    """A scheduled timer fired."""

    timer: Timer


Command = (
    Interrupt
    | SendText
    | SendEvent
    | TakeAsReady
    | SetTalkMode
    | TalkStart
    | TalkEnd
    | CommitTurn
    | MicFrame
    | LocalSpeech
    | SetAudio
    | UseDevice
    | SetEcho
    | EditSession
    | SetHistory
    | Heard
    | Flushed
    | ArgumentsChecked
    | CallPreviewed
    | ToolFinished
    | UseTools
    | Decide
    | SendResult
    | TimerFired
)
