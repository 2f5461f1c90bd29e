"""What happened in the conversation, told to whoever remembers it. Facts carry no time: the teller adds it."""

from enum import StrEnum
from typing import Any

import msgspec

from rtvoice_tui.protocol.objects import RateLimit, Usage


class Phase(StrEnum):
    """The one word for what is going on."""

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
    """Where a function call stands."""

    STREAMING = "streaming"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HOSTED = "hosted"


class EditState(StrEnum):
    """Where a change of the session stands."""

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
    """How loud a notice is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class PhaseChanged(msgspec.Struct, frozen=True):
    """The state word changed."""

    phase: Phase


class SessionOpened(msgspec.Struct, frozen=True):
    """The server greeted us; ``session`` is its own description of the session."""

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


class UserSaid(msgspec.Struct, frozen=True):
    """What the person said so far, whole: it replaces what was told before about the item."""

    turn: int
    item_id: str
    text: str
    final: bool
    typed: bool = False
    failed: str = ""


class AgentSaid(msgspec.Struct, frozen=True):
    """A piece of the agent's words, or with ``replace`` all of them."""

    turn: int
    item_id: str
    text: str
    replace: bool = False
    final: bool = False


class AnswerCut(msgspec.Struct, frozen=True):
    """An answer was interrupted after ``heard_ms`` of the ``received_ms`` that had arrived."""

    turn: int
    item_id: str
    heard_ms: int
    received_ms: int
    outcome: str


class CutConfirmed(msgspec.Struct, frozen=True):
    """The server took over what was heard."""

    item_id: str


class CallChanged(msgspec.Struct, frozen=True):
    """A function call as it stands now; ``key`` is the same in all that is told about it."""

    turn: int
    key: str
    call_id: str
    item_id: str
    name: str
    arguments: str
    state: CallState
    output: str = ""
    note: str = ""


class UsageReported(msgspec.Struct, frozen=True):
    """Tokens of one answer."""

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
        edit_id: how the person's command named it.
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
    """What the server says the session is, by our names of settings."""

    settings: dict[str, Any]
    at_start: bool = False


class Notice(msgspec.Struct, frozen=True):
    """One sentence for the person, with what to do about it; ``cause_id`` is the client event it is about."""

    level: Level
    text: str
    remedy: str = ""
    cause_id: str = ""


Fact = (
    PhaseChanged
    | SessionOpened
    | TurnStarted
    | Reached
    | UserSaid
    | AgentSaid
    | AnswerCut
    | CutConfirmed
    | CallChanged
    | UsageReported
    | LimitsReported
    | EditChanged
    | InForce
    | Notice
)
