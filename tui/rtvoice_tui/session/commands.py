"""What the user, the devices and the tools ask of the machine."""

from collections.abc import Mapping

import msgspec

from rtvoice_tui.media import AudioSettings, Direction
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.recap import Said
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.session.timers import Timer


class Interrupt(msgspec.Struct, frozen=True):
    """Silence the agent and let the server forget what was not heard."""


class SendText(msgspec.Struct, frozen=True):
    """A typed turn; it interrupts a speaking agent."""

    text: str


class SetTalk(msgspec.Struct, frozen=True):
    """Take turns in another way from now on."""

    mode: TalkMode


class TalkStart(msgspec.Struct, frozen=True):
    """Where turns are made by key: the user begins to speak."""


class TalkEnd(msgspec.Struct, frozen=True):
    """Where turns are made by key: the user has finished."""


class CommitNow(msgspec.Struct, frozen=True):
    """With an open microphone: what the server heard so far is the turn, and wants an answer."""


class MicFrame(msgspec.Struct, frozen=True):
    """One frame of the microphone, PCM16 mono at the session's input rate.

    ``level_db``: how loud (dBFS, RMS) what the user said is, echo cancelled, before any gate; silence while muted.
    """

    pcm: bytes
    level_db: float | None = None


class LocalSpeech(msgspec.Struct, frozen=True):
    """The local voice detection is confident that the user began to speak, or has stopped.

    It is told once at each change, and only of a microphone that is not muted.
    """

    speaking: bool


class SetAudio(msgspec.Struct, frozen=True):
    """Mute, gain and gate as they are wanted from now on, all of them."""

    settings: AudioSettings


class UseDevice(msgspec.Struct, frozen=True):
    """Change the device of one direction while everything goes on; an empty name is the system's default."""

    direction: Direction
    name: str


class SetEcho(msgspec.Struct, frozen=True):
    """Treat echo of the microphone in this way from now on.

    Attributes:
        mode: ``auto``, ``on``, ``half-duplex`` or ``off``.
        noise_suppression: whether noise is taken out as well.
    """

    mode: str
    noise_suppression: bool


class EditSession(msgspec.Struct, frozen=True):
    """Change the running session to these settings and tools; ``edit_id`` comes back with what became of it."""

    settings: SessionSettings
    tools: tuple[ToolSpec, ...]
    edit_id: str = ""


class Recall(msgspec.Struct, frozen=True):
    """Give an earlier conversation to the session that opens next."""

    history: tuple[Said, ...]


class Heard(msgspec.Struct, frozen=True):
    """How many milliseconds of each queued item were heard so far.

    Attributes:
        played_ms: by item id.
        first_at: when the first sample of an item went to the device, in seconds, by item id.
        drained: whether nothing is left to play.
    """

    played_ms: Mapping[str, float]
    first_at: Mapping[str, float]
    drained: bool


class Flushed(msgspec.Struct, frozen=True):
    """The speaker is silent: how many milliseconds of each item had been heard by then."""

    played_ms: Mapping[str, float]


class ArgumentsChecked(msgspec.Struct, frozen=True):
    """It is known whether a call's arguments fit; ``problem`` is empty if they do."""

    call_id: str
    problem: str = ""
    check: int = 0


class CallPreviewed(msgspec.Struct, frozen=True):
    """What a call would run, for the user who is asked.

    Attributes:
        key: the call.
        preview: a command line, an address or nothing.
    """

    key: str
    preview: str


class ToolFinished(msgspec.Struct, frozen=True):
    """A function returned; ``output`` is for the model, ``note`` and ``details`` are for the user."""

    call_id: str
    output: str
    ok: bool
    note: str = ""
    details: tuple[tuple[str, str], ...] = ()


class UseTools(msgspec.Struct, frozen=True):
    """The tools changed: a tool server listed its tools, or a file was changed."""

    tools: tuple[ToolSpec, ...]


class Decide(msgspec.Struct, frozen=True):
    """The user approves or rejects a call that asks; rejecting a call that runs stops it.

    Attributes:
        key: the call.
        agree: whether it may run.
        always: whether this tool may run unasked for the rest of the session.
        reason: told to the model when the user does not agree.
    """

    key: str
    agree: bool
    always: bool = False
    reason: str = ""


class SendResult(msgspec.Struct, frozen=True):
    """The user's own result for a call: in place of the one that was not sent yet, else as a new message.

    Attributes:
        key: the call.
        output: the result.
        name: of the tool, for calls that the session knows nothing of.
    """

    key: str
    output: str
    name: str = ""


class TimerFired(msgspec.Struct, frozen=True):
    """A scheduled moment has come."""

    timer: Timer


Command = (
    Interrupt
    | SendText
    | SetTalk
    | TalkStart
    | TalkEnd
    | CommitNow
    | MicFrame
    | LocalSpeech
    | SetAudio
    | UseDevice
    | SetEcho
    | EditSession
    | Recall
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
