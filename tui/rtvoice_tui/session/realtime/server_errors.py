"""Classifies the server's error events: severity and remedy (error codes of the Realtime API, section 8)."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from msgspec import UNSET

from rtvoice_tui.protocol.realtime.client_events import (
    ClientEvent,
    CommitInput,
    CreateResponse,
    TruncateItem,
)
from rtvoice_tui.protocol.realtime.objects import ErrorInfo
from rtvoice_tui.protocol.remedies import FATAL, remedy_for


class Verdict(Enum):
    """How to treat an error."""

    EXPECTED = auto()
    TRY_AGAIN = auto()
    HARMLESS = auto()
    FAULT = auto()
    FATAL = auto()


@dataclass(frozen=True)
class Ruling:
    """A verdict and the remedy for the user."""

    verdict: Verdict
    remedy: str = ""


_EXPECTED = {"response_cancel_not_active", "item_already_truncated", "item_create_duplicate_item_id"}
_BUSY = {"conversation_already_has_active_response"}
_BUSY_WORDS = re.compile(
    r"already has an active response|response (is )?already (in progress|active)|active response (is )?in progress"
    r"|another response is",
    re.IGNORECASE,
)
_EMPTY_COMMIT = "input_audio_buffer_commit_empty"
_TALK_LONGER = "talk a little longer before you end the turn"


def judge(error: ErrorInfo, cause: ClientEvent | None) -> Ruling:
    """Classify an error by its code and by the client event that caused it, if that is known."""
    word = error.word
    if word in _EXPECTED or error.message.startswith("Cancellation failed"):
        return Ruling(Verdict.EXPECTED)
    if word in _BUSY or _BUSY_WORDS.search(error.message):
        return Ruling(Verdict.TRY_AGAIN)
    if word in FATAL:
        return Ruling(Verdict.FATAL, FATAL[word])
    if isinstance(cause, TruncateItem):
        return Ruling(Verdict.HARMLESS, "the agent may believe that more was heard")
    if isinstance(cause, CommitInput) or word == _EMPTY_COMMIT:
        return Ruling(Verdict.HARMLESS, _TALK_LONGER)
    if isinstance(cause, CreateResponse) and cause.response is not UNSET:
        return Ruling(Verdict.HARMLESS, "the filler is not said: the call goes on")
    if isinstance(cause, CreateResponse):
        return Ruling(Verdict.FAULT, remedy_for(word, error.message) or "ask again")
    return Ruling(Verdict.FAULT, remedy_for(word, error.message))


def is_empty_commit(error: ErrorInfo) -> bool:
    """Whether the server refused a commit because its input buffer was empty."""
    return error.word == _EMPTY_COMMIT


def sentence(error: ErrorInfo) -> str:
    """The server's error message in one line, with its code and parameter."""
    message = " ".join((error.message or "the server gave no reason").split())
    marks = ", ".join(mark for mark in (error.word, error.param) if mark and mark not in message)
    return f"{message} ({marks})" if marks else message
