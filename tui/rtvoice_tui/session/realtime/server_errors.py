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
from rtvoice_tui.protocol.remedies import CHECK_MODEL, FATAL, remedy_for


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
_NOT_ACTIVE = re.compile(
    r"cancellation failed.{0,40}(not active|no active|not found)|\b(no|none|not an?) active response", re.IGNORECASE
)
_BUSY = {"conversation_already_has_active_response"}
_BUSY_WORDS = re.compile(
    r"already has an active response|response (is )?already (in progress|active)|active response (is )?in progress"
    r"|another response is",
    re.IGNORECASE,
)
_PERHAPS_BUSY = re.compile(
    r"\b(already|still|another|active|ongoing)\b.{0,60}\b(response|generation)\b"
    r"|\b(response|generati\w+)\b.{0,60}\b(already|still|in[ _]progress|active|ongoing|being generated)\b"
    r"|response_(already_)?(in_progress|active)|currently (generating|responding|speaking)",
    re.IGNORECASE,
)
"""Words that mean the same in the refusal of a request for a response; elsewhere they may mean anything."""

_NEGATED = re.compile(r"\b(no|not|none|isn't|cannot be) (an? )?(active|running)\b", re.IGNORECASE)

_EMPTY_COMMIT = "input_audio_buffer_commit_empty"
_OF_THE_BUFFER = re.compile(r"buffer|too (small|short)|\bempty\b|\b\d+(\.\d+)? ?ms\b|no audio", re.IGNORECASE)
_TALK_LONGER = "talk a little longer before you end the turn"
_SEARCHED = 2000
"""Characters of a message that are searched for known words."""


def judge(error: ErrorInfo, cause: ClientEvent | None, asking: bool = False) -> Ruling:
    """Classify an error by its code and by the client event that caused it, if that is known.

    Args:
        error: the error.
        cause: the client event; ``None`` if it is not known.
        asking: whether it may refuse a request for a response: it names our request, or names no event while one waits.
    """
    words = {error.code, error.type}
    message = error.message[:_SEARCHED]
    if words & _EXPECTED or is_not_active(error):
        return Ruling(Verdict.EXPECTED)
    if words & _BUSY or _BUSY_WORDS.search(message):
        return Ruling(Verdict.TRY_AGAIN)
    if fatal := next((word for word in (error.code, error.type) if word in FATAL), ""):
        return Ruling(Verdict.FATAL, FATAL[fatal])
    remedy = remedy_for(error.word, message)
    perhaps = any(_PERHAPS_BUSY.search(text) for text in (error.code, error.type, message))
    if asking and perhaps and remedy in ("", CHECK_MODEL) and not _NEGATED.search(message):
        return Ruling(Verdict.TRY_AGAIN)
    if isinstance(cause, TruncateItem):
        return Ruling(Verdict.HARMLESS, "the agent may believe that more was heard")
    if error.word == _EMPTY_COMMIT or (isinstance(cause, CommitInput) and _OF_THE_BUFFER.search(message)):
        return Ruling(Verdict.HARMLESS, _TALK_LONGER)
    if isinstance(cause, CommitInput) and not remedy:
        return Ruling(Verdict.HARMLESS, _TALK_LONGER)
    if isinstance(cause, CreateResponse) and cause.response is not UNSET:
        return Ruling(Verdict.HARMLESS, "the filler is not said: the call goes on")
    if isinstance(cause, CreateResponse):
        return Ruling(Verdict.FAULT, remedy or "ask again")
    return Ruling(Verdict.FAULT, remedy)


def is_not_active(error: ErrorInfo) -> bool:
    """Whether the server refused to cancel a response, because none is active."""
    return error.word == "response_cancel_not_active" or bool(_NOT_ACTIVE.search(error.message[:_SEARCHED]))


def is_empty_commit(error: ErrorInfo) -> bool:
    """Whether the server refused a commit because its input buffer was empty."""
    return error.word == _EMPTY_COMMIT


def sentence(error: ErrorInfo) -> str:
    """The server's error message in one line, with its code and parameter."""
    message = " ".join((error.message or "the server gave no reason").split())
    marks = ", ".join(mark for mark in (error.word, error.param) if mark and mark not in message)
    return f"{message} ({marks})" if marks else message
