"""Facts: what happened in the session, for observers. Facts carry no time: the step that reports them does."""

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
    """Points in time of a call that its latency is computed from, besides its states."""

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
    """Points in time of a turn that its latencies are computed from."""

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
    """State of speech that the server's VAD detected."""

    BEGUN = "begun"
    ENDED = "ended"
    TRANSCRIPT_LATE = "no words in time"


class PhaseChanged(msgspec.Struct, frozen=True, tag=True):
    """The phase changed."""

    phase: Phase


class AgentIdentified(msgspec.Struct, frozen=True, tag=True):
    """Which agent is used from now on: profile, server and model. Statistics of another one start anew."""

    identity: str


class SessionOpened(msgspec.Struct, frozen=True, tag=True):
    """The server sent ``session.created``, or does not and the session is configured all the same.

    Attributes:
        session_id: the server's id of the session; may be empty.
        session: the server's description of the session; may be empty.
        history: number of messages of an earlier conversation that are passed to it.
    """

    session_id: str
    session: dict[str, Any]
    history: int = 0


class TurnStarted(msgspec.Struct, frozen=True, tag=True):
    """A new turn started; turns are numbered from 1."""

    turn: int


class Reached(msgspec.Struct, frozen=True, tag=True):
    """A turn reached a moment; ``at`` (seconds) is set where the time is known more exactly than the step's."""

    turn: int
    moment: Moment
    at: float | None = None


class TalkChanged(msgspec.Struct, frozen=True, tag=True):
    """The talk mode, and whether a push-to-talk turn is running; it is ended after ``limit_s`` seconds."""

    mode: TalkMode
    talking: bool
    limit_s: float


class MicrophoneDoubted(msgspec.Struct, frozen=True, tag=True):
    """No speech level was measured in a push-to-talk turn: the wrong microphone may be selected.

    Attributes:
        doubted: false if speech was measured later in the same turn. The end of the turn also clears the doubt, and
            no fact reports that.
    """

    doubted: bool = True


class SpeechNoticed(msgspec.Struct, frozen=True, tag=True):
    """The current state of speech that the server's VAD detected.

    Attributes:
        turn: the turn that it started.
        state: started, ended, or transcript overdue (reported even if one arrived: the store compares).
        cut_agent: whether it interrupted the agent.
        level_db: level of the loudest microphone frame in dBFS, from shortly before its start; ``None`` if unknown.
        words_due: whether the session transcribes the user, so that a missing transcript means a false detection.
    """

    turn: int
    state: SpeechState
    cut_agent: bool
    level_db: float | None = None
    transcript_due: bool = False


class UserSaid(msgspec.Struct, frozen=True, tag=True):
    """The complete text of a user item so far; replaces the text of earlier facts about the item.

    Attributes:
        turn: the turn it belongs to.
        item_id: the item.
        text: its text.
        final: whether no more of it is expected.
        typed: whether it was typed.
        failed: why it was not recognised, or if typed not accepted; empty if it was.
        missing: why there are no words, though nothing failed; shown in place of them.
    """

    turn: int
    item_id: str
    text: str
    final: bool
    typed: bool = False
    failed: str = ""
    missing: str = ""


class AgentSaid(msgspec.Struct, frozen=True, tag=True):
    """A delta of the agent's text, or with ``replace`` the item's whole text.

    ``out_of_band``: the item belongs to an out-of-band response, so it is not part of the conversation.
    """

    turn: int
    item_id: str
    text: str
    replace: bool = False
    final: bool = False
    out_of_band: bool = False


class SpeechPlayed(msgspec.Struct, frozen=True, tag=True):
    """``played_ms`` of the ``received_ms`` of an item's speech have been played."""

    item_id: str
    played_ms: int
    received_ms: int


class ResponseCut(msgspec.Struct, frozen=True, tag=True):
    """An item of the agent was interrupted: ``heard_ms`` of ``received_ms`` were played.

    ``outcome``: what was done about it at the server, see `heard_ledger.Cut`. ``received_ms`` is 0 if it was
    interrupted before its first sound; ``written``: it is text alone, so what has arrived was seen.
    """

    turn: int
    item_id: str
    heard_ms: int
    received_ms: int
    outcome: str
    written: bool = False


class ResponseLost(msgspec.Struct, frozen=True, tag=True):
    """The session ended before a response was complete; ``item_id`` is empty if no item of it was received."""

    turn: int
    item_id: str


class CutConfirmed(msgspec.Struct, frozen=True, tag=True):
    """The server confirmed a truncation or deletion."""

    item_id: str


class CallChanged(msgspec.Struct, frozen=True, tag=True):
    """The current state of a function call; all facts about one call have the same ``key``.

    Attributes:
        turn: the turn it belongs to.
        key: identifies the call in all facts, commands and effects of the session.
        call_id: the server's id; empty for manual runs and for calls at the provider.
        item_id: its conversation item; empty for manual runs.
        name: name of the tool.
        arguments: JSON as received so far.
        state: its current state.
        output: the output for the model.
        note: shown to the user only: why it failed, or what happened to its output.
        kind: kind of the tool, such as ``python`` or ``http``.
        checked: whether the arguments match the tool's schema; ``None`` until they were validated.
        details: named texts about the run, such as its stdout.
        manual: whether it is a manual run, which the model does not know of.
        preview: what the call runs, or would run once it is approved.
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


class SentEvent(msgspec.Struct, frozen=True, tag=True):
    """A client event as sent: its type, and the whole event as JSON."""

    name: str
    json: str


class CallReached(msgspec.Struct, frozen=True, tag=True):
    """A call reached a moment; ``sent`` is the client event that caused it, if there is one."""

    key: str
    moment: CallMoment
    sent: SentEvent | None = None


class ServersGone(msgspec.Struct, frozen=True, tag=True):
    """Tool servers were removed; ``names`` are theirs."""

    names: tuple[str, ...]


class ServerChanged(msgspec.Struct, frozen=True, tag=True):
    """The status of a tool server, here or at the provider, changed.

    Attributes:
        name: its name in the profile.
        state: its current state.
        detail: why it failed, or when the next attempt is.
        tools: number of its tools.
    """

    name: str
    state: ServerState
    detail: str = ""
    tools: int = 0


class UsageReported(msgspec.Struct, frozen=True, tag=True):
    """Token usage of one response."""

    turn: int
    usage: Usage


class LimitsReported(msgspec.Struct, frozen=True, tag=True):
    """The rate limits that remain, as the server reported them."""

    limits: tuple[RateLimit, ...]


class EditChanged(msgspec.Struct, frozen=True, tag=True):
    """State of a session edit: which fields it changes, and its outcome.

    Attributes:
        event_id: id of the ``session.update`` event; empty if nothing was sent.
        fields: names of the changed settings, or ``tools``.
        state: the current state.
        detail: the server's error message, or why nothing was sent.
        left_out: settings that this provider has no field for.
        blamed: the field that the server rejected, if that is known.
        sent: the requested values, by field.
        made: the server's values, for the fields where they differ from the requested ones.
        edit_id: ``edit_id`` of the `EditSession` command; other edits have an id of their own, or none.
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


class SettingsReported(msgspec.Struct, frozen=True, tag=True):
    """The settings that the server reported as being in force, under the names of `SessionSettings`.

    ``at_start``: from ``session.created``, before our settings were sent.
    """

    settings: dict[str, Any]
    at_start: bool = False


class SessionEnded(msgspec.Struct, frozen=True, tag=True):
    """The session ended or could not start.

    Attributes:
        reason: why.
        remedy: what the user can do.
        wanted: whether the user ended it.
    """

    reason: str
    remedy: str
    wanted: bool = True


class AudioSet(msgspec.Struct, frozen=True, tag=True):
    """The mute, gain and noise gate settings changed."""

    settings: AudioSettings


class FramesDropped(msgspec.Struct, frozen=True, tag=True):
    """Total number of microphone frames dropped because the connection was too slow to send them in time."""

    count: int


class Notice(msgspec.Struct, frozen=True, tag=True):
    """One sentence for the user and its remedy.

    Attributes:
        level: the severity.
        text: the sentence.
        remedy: what the user can do; empty if nothing.
        cause_id: id of the client event that caused it.
        until_session: whether a new session solves it, as it does every error.
        until_answer: whether the next answer of the agent solves it.
    """

    level: Level
    text: str
    remedy: str = ""
    cause_id: str = ""
    until_session: bool = False
    until_answer: bool = False


Fact = (
    PhaseChanged
    | AgentIdentified
    | SessionOpened
    | TurnStarted
    | Reached
    | TalkChanged
    | MicrophoneDoubted
    | SpeechNoticed
    | UserSaid
    | AgentSaid
    | ResponseCut
    | SpeechPlayed
    | ResponseLost
    | CutConfirmed
    | CallChanged
    | CallReached
    | ServerChanged
    | ServersGone
    | UsageReported
    | LimitsReported
    | EditChanged
    | SettingsReported
    | SessionEnded
    | AudioSet
    | FramesDropped
    | Notice
)
