"""What happened in the conversation, for observers. Facts carry no time: the step that reports them has it."""

from enum import StrEnum
from typing import Any

import msgspec

from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.usage import RateLimit, Usage
from rtvoice_tui.session.talk_mode import TalkMode


class Phase(StrEnum):
    """Phase of the session, as shown in the meter row."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    CONFIGURING = "configuring"
    REFUSED = "refused"
    READY = "ready"
    LISTENING = "listening"
    HEARING = "hearing"
    THINKING = "thinking"
    TOOL = "tool"
    SPEAKING = "speaking"


class CallState(StrEnum):
    """State of a function call."""

    STREAMING = "streaming"
    ASKING = "asks"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    DENIED = "denied"
    CANCELLED = "cancelled"
    HOSTED = "hosted"


class CallMoment(StrEnum):
    """Points of a call that its timing is made of, beside its states."""

    ARGUMENTS = "arguments complete"
    SENT = "output sent"
    ASKED = "answer asked for"
    ANSWERED = "answer begun"


class ServerState(StrEnum):
    """State of a tool server."""

    STARTING = "starting"
    CONNECTED = "connected"
    FAILED = "failed"
    CLOSED = "closed"


class EditState(StrEnum):
    """State of a session edit."""

    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    CHANGED = "changed"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    LATER = "later"


class Moment(StrEnum):
    """Points of a turn that its timing is made of."""

    SPEECH_STARTED = "speech started"
    SPEECH_STOPPED = "speech stopped"
    SENT = "sent"
    COMMITTED = "committed"
    TRANSCRIBED = "transcribed"
    ANSWERING = "answering"
    FIRST_TEXT = "first text"
    FIRST_AUDIO = "first audio"
    FIRST_HEARD = "first heard"
    GENERATED = "generated"
    HEARD = "heard"
    INTERRUPTED = "interrupted"
    SILENT = "silent"


class Level(StrEnum):
    """Severity of a notice."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SpeechState(StrEnum):
    """State of speech that the server detected."""

    BEGUN = "begun"
    ENDED = "ended"
    WORDLESS = "no words in time"


class PhaseChanged(msgspec.Struct, frozen=True):
    """The phase changed."""

    phase: Phase


class SessionOpened(msgspec.Struct, frozen=True):
    """The server sent ``session.created``; ``session`` is its description of the session."""

    session_id: str
    session: dict[str, Any]


class TurnStarted(msgspec.Struct, frozen=True):
    """A new turn, counted from 1."""

    turn: int


class Reached(msgspec.Struct, frozen=True):
    """A turn reached a point of its timing; ``at`` in seconds where it is known better than by arrival."""

    turn: int
    moment: Moment
    at: float | None = None


class TalkChanged(msgspec.Struct, frozen=True):
    """How turns are taken now, and whether one by key is under way, which ends by itself after ``limit_s``."""

    mode: TalkMode
    talking: bool
    limit_s: float


class MicrophoneDoubted(msgspec.Struct, frozen=True):
    """The user talks by key and nothing like speech comes from the microphone: it may be the wrong one.

    Attributes:
        doubted: false: speech does come now, within the same turn. The end of a turn ends a doubt untold.
    """

    doubted: bool = True


class SpeechNoticed(msgspec.Struct, frozen=True):
    """The current state of speech that the server detected by itself.

    Attributes:
        turn: the turn that it began.
        state: where it stands.
        cut_agent: whether the agent was cut short by it.
        level_db: the loudest frame of the microphone while it lasted, dBFS; ``None`` where that was not measured.
        words_due: whether this session recognises words, so that none means that nobody spoke.
    """

    turn: int
    state: SpeechState
    cut_agent: bool
    level_db: float | None = None
    words_due: bool = False


class UserSaid(msgspec.Struct, frozen=True):
    """What the user said so far, whole: it replaces what was told before about the item."""

    turn: int
    item_id: str
    text: str
    final: bool
    typed: bool = False
    failed: str = ""


class AgentSaid(msgspec.Struct, frozen=True):
    """A piece of the agent's words, or with ``replace`` all of them; ``out_of_band``: not in the conversation."""

    turn: int
    item_id: str
    text: str
    replace: bool = False
    final: bool = False
    out_of_band: bool = False


class ResponseCut(msgspec.Struct, frozen=True):
    """A response was interrupted after ``heard_ms`` of the ``received_ms`` that had arrived."""

    turn: int
    item_id: str
    heard_ms: int
    received_ms: int
    outcome: str


class ResponseLost(msgspec.Struct, frozen=True):
    """The session ended before a response was complete; ``item_id`` is empty if nothing of it had arrived."""

    turn: int
    item_id: str


class CutConfirmed(msgspec.Struct, frozen=True):
    """The server confirmed a truncation or deletion."""

    item_id: str


class CallChanged(msgspec.Struct, frozen=True):
    """The current state of a function call; all facts about one call have the same ``key``.

    Attributes:
        turn: the turn it belongs to.
        key: its name in all that is told.
        call_id: the server's name for it; a call that the user makes by hand has none.
        item_id: the conversation item it is.
        name: of the tool.
        arguments: JSON as far as it has come.
        state: where it stands.
        output: what the model gets, or got.
        note: what only the user sees: why it failed, or what became of its result.
        kind: how its tool is run.
        checked: whether the arguments fit the tool's schema; ``None`` before that is known.
        details: named texts of what ran, such as its stdout.
        manual: whether the user made it, so that the model knows nothing of it.
        preview: what would run, where the user is asked.
    """

    turn: int
    key: str
    call_id: str
    item_id: str
    name: str
    arguments: str
    state: CallState
    output: str = ""
    note: str = ""
    kind: str = ""
    checked: bool | None = None
    details: tuple[tuple[str, str], ...] = ()
    manual: bool = False
    preview: str = ""


class SentEvent(msgspec.Struct, frozen=True):
    """One of our events as it went over the wire: its type, and the whole as JSON."""

    name: str
    json: str


class CallReached(msgspec.Struct, frozen=True):
    """A call reached a point of its timing; ``sent`` is the event of ours that it was reached with."""

    key: str
    moment: CallMoment
    sent: SentEvent | None = None


class ServersGone(msgspec.Struct, frozen=True):
    """Tool servers that were removed, by name."""

    names: tuple[str, ...]


class ServerChanged(msgspec.Struct, frozen=True):
    """The status of a tool server, here or at the provider, changed.

    Attributes:
        name: as the profile calls it.
        state: where it stands.
        detail: why it failed, or when it is tried again.
        tools: how many tools it has.
    """

    name: str
    state: ServerState
    detail: str = ""
    tools: int = 0


class UsageReported(msgspec.Struct, frozen=True):
    """Token usage of one response."""

    turn: int
    usage: Usage


class LimitsReported(msgspec.Struct, frozen=True):
    """What is left of the account's limits."""

    limits: tuple[RateLimit, ...]


class EditChanged(msgspec.Struct, frozen=True):
    """A change of the session: which settings, and what became of it.

    Attributes:
        event_id: of the update that carries it; empty where nothing was sent.
        fields: names of settings, or ``tools``.
        detail: what the server objects to, or why nothing was sent.
        left_out: what this provider has no field for.
        blamed: the one field that a refusal is about, if that is known.
        sent: what was asked for, by field.
        made: what the server made of it, for the fields where that is something else.
        edit_id: how the user's command named it.
    """

    event_id: str
    fields: tuple[str, ...]
    state: EditState
    detail: str = ""
    left_out: tuple[str, ...] = ()
    blamed: str = ""
    sent: dict[str, Any] = {}
    made: dict[str, Any] = {}
    edit_id: str = ""


class InForce(msgspec.Struct, frozen=True):
    """The session's settings according to the server, in our vocabulary."""

    settings: dict[str, Any]
    at_start: bool = False


class SessionEnded(msgspec.Struct, frozen=True):
    """The session is over, or never began: why, and what the user can do."""

    reason: str
    remedy: str


class AudioSet(msgspec.Struct, frozen=True):
    """Mute, gain and gate as they are wanted from now on."""

    settings: AudioSettings


class FramesDropped(msgspec.Struct, frozen=True):
    """So many frames of the microphone were too old to be sent when the connection was slow, in all."""

    count: int


class Notice(msgspec.Struct, frozen=True):
    """One sentence for the user, with what to do about it; ``cause_id`` is the client event it is about."""

    level: Level
    text: str
    remedy: str = ""
    cause_id: str = ""


Fact = (
    PhaseChanged
    | SessionOpened
    | TurnStarted
    | Reached
    | TalkChanged
    | MicrophoneDoubted
    | SpeechNoticed
    | UserSaid
    | AgentSaid
    | ResponseCut
    | ResponseLost
    | CutConfirmed
    | CallChanged
    | CallReached
    | ServerChanged
    | ServersGone
    | UsageReported
    | LimitsReported
    | EditChanged
    | InForce
    | SessionEnded
    | AudioSet
    | FramesDropped
    | Notice
)
