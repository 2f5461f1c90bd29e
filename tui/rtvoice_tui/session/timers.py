"""Timers as values, scheduled by the machine with `effects.Schedule`.

The machine never cancels a timer. A timer carries the id or number of its subject; when it fires, its owner checks
whether that is still current, and ignores the timer otherwise (the request was answered, the speech has ended).
"""

import msgspec


class SessionCreatedLate(msgspec.Struct, frozen=True, tag=True):
    """The server has not sent ``session.created`` on this connection in time."""

    connection: int


class ResponseLate(msgspec.Struct, frozen=True, tag=True):
    """The response requested by this client event has not started in time."""

    request: str


class CancelLate(msgspec.Struct, frozen=True, tag=True):
    """This response was cancelled, and has not ended in time; ``number`` tells responses without ids apart."""

    response_id: str
    number: int


class AnswerLate(msgspec.Struct, frozen=True, tag=True):
    """The server has not begun to answer this turn in time."""

    turn: int


class EditLate(msgspec.Struct, frozen=True, tag=True):
    """The ``session.update`` with this event id was not acknowledged in time."""

    event_id: str


class TranscriptLate(msgspec.Struct, frozen=True, tag=True):
    """The transcript of the turn committed by this event has not arrived in time."""

    event_id: str


class SpeechTranscriptLate(msgspec.Struct, frozen=True, tag=True):
    """No transcript has arrived in time for the speech that the server detected in this turn."""

    turn: int


class TalkLimit(msgspec.Struct, frozen=True, tag=True):
    """This push-to-talk turn has reached its maximum length."""

    talk: int


class TalkLevel(msgspec.Struct, frozen=True, tag=True):
    """Time to check whether the microphone level of this push-to-talk turn reached speech."""

    talk: int


class CommitLate(msgspec.Struct, frozen=True, tag=True):
    """The commit with this event id was not acknowledged in time."""

    event_id: str


class LocalSpeechEnded(msgspec.Struct, frozen=True, tag=True):
    """The local VAD has detected no speech for a while since this speech segment."""

    segment: int


class LocalSpeechConfirmed(msgspec.Struct, frozen=True, tag=True):
    """This local speech segment is long enough to interrupt the agent without waiting for the server."""

    segment: int


class DuckUnconfirmed(msgspec.Struct, frozen=True, tag=True):
    """The agent was ducked for a while; unless it has been restored, the server did not confirm any speech."""

    ducking: int


class FillerDue(msgspec.Struct, frozen=True, tag=True):
    """A call runs so long that the agent may say its tool's filler sentence."""

    session: int
    call_id: str


class ProviderSilent(msgspec.Struct, frozen=True, tag=True):
    """Time to check whether the provider continued after this hosted call."""

    key: str


class OutputsHeld(msgspec.Struct, frozen=True, tag=True):
    """The response to tool outputs was held because the user spoke; time to request it if it is still held."""

    number: int


UserTimer = (
    TranscriptLate
    | SpeechTranscriptLate
    | AnswerLate
    | TalkLimit
    | TalkLevel
    | CommitLate
    | LocalSpeechEnded
    | LocalSpeechConfirmed
    | DuckUnconfirmed
)
CallTimer = FillerDue | ProviderSilent | OutputsHeld
Timer = SessionCreatedLate | ResponseLate | CancelLate | EditLate | UserTimer | CallTimer
