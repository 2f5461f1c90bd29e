"""Timers as values: what a session wants to look at again after some time.

A timer is never cancelled. It carries what it is about, and whoever scheduled it finds out when it fires whether that
still holds: a request that was answered meanwhile, or speech that has ended, makes its timer say nothing.
"""

import msgspec


class GreetingLate(msgspec.Struct, frozen=True):
    """The server has not greeted this connection."""

    connection: int


class ResponseLate(msgspec.Struct, frozen=True):
    """The response that was requested by this event has not begun."""

    request: str


class EditLate(msgspec.Struct, frozen=True):
    """The session update with this event id has not been answered."""

    event_id: str


class TranscriptLate(msgspec.Struct, frozen=True):
    """The words of the turn that was committed by this event have not come."""

    event_id: str


class TurnWordless(msgspec.Struct, frozen=True):
    """No words have come of the speech that the server heard in this turn."""

    turn: int


class TalkLimit(msgspec.Struct, frozen=True):
    """This turn of push-to-talk has lasted as long as it may."""

    talk: int


class TalkLevel(msgspec.Struct, frozen=True):
    """By now something must have been heard in this turn of push-to-talk."""

    talk: int


class CommitLate(msgspec.Struct, frozen=True):
    """The commit with this event id has not been answered."""

    event_id: str


class LocalSpeechOver(msgspec.Struct, frozen=True):
    """The local voice detection has heard nothing since this stretch of speech."""

    stretch: int


class LocalSpeechLong(msgspec.Struct, frozen=True):
    """This stretch of speech is long enough to interrupt the agent without the server."""

    stretch: int


class DuckUnconfirmed(msgspec.Struct, frozen=True):
    """The agent was lowered, and the server has heard no speech since."""

    ducking: int


class FillerDue(msgspec.Struct, frozen=True):
    """A call takes so long that the agent may say a sentence meanwhile."""

    session: int
    call_id: str


class ProviderSilent(msgspec.Struct, frozen=True):
    """The provider has said nothing since this call of its own."""

    key: str


class OutputsHeld(msgspec.Struct, frozen=True):
    """Tool outputs wait until nobody speaks."""

    number: int


UserTimer = (
    TranscriptLate
    | TurnWordless
    | TalkLimit
    | TalkLevel
    | CommitLate
    | LocalSpeechOver
    | LocalSpeechLong
    | DuckUnconfirmed
)
CallTimer = FillerDue | ProviderSilent | OutputsHeld
Timer = GreetingLate | ResponseLate | EditLate | UserTimer | CallTimer
