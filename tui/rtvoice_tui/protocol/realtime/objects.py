"""Objects inside events: items, content parts, responses and errors.

Every field has a default, because servers other than OpenAI's omit fields that its SDK requires, or send ``null``.
"""

from typing import Any

import msgspec

from rtvoice_tui.protocol.usage import Usage


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One content part of an item (``output_audio``) or of a response in progress (``audio``)."""

    type: str = ""
    text: str = ""
    transcript: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation item: a message, a function call, its output, or a server-side tool item."""

    id: str = ""
    type: str = ""
    role: str = ""
    status: str = ""
    content: list[Part] = []
    name: str = ""
    call_id: str = ""
    arguments: str = ""
    output: str = ""
    server_label: str = ""
    approval_request_id: str = ""
    error: Any = None
    tools: list[dict[str, Any]] = []

    @property
    def text(self) -> str:
        """Text and transcripts of all content parts."""
        return "".join(part.text or part.transcript for part in self.content)


class ErrorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An error reported by a server. ``event_id`` is the client event that caused it."""

    type: str = ""
    code: str = ""
    message: str = ""
    param: str = ""
    event_id: str = ""

    @property
    def word(self) -> str:
        """The machine-readable code; some servers send it as ``type`` and no ``code``."""
        return self.code or self.type


FAILED = ("failed", "incomplete")
"""Statuses of a response that did not come to its end."""

UNFINISHED = (*FAILED, "cancelled")

OTHER_STATUSES = {
    "error": "failed",
    "failure": "failed",
    "expired": "failed",
    "failed": "failed",
    "incomplete": "incomplete",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "success": "completed",
    "succeeded": "completed",
    "complete": "completed",
    "completed": "completed",
    "finished": "completed",
    "done": "completed",
}
"""Statuses as servers write them, in lower case, and as the API does."""


class StatusDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response ended with its status."""

    type: str = ""
    reason: str = ""
    error: ErrorInfo = ErrorInfo()


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One response. Status ``completed`` means that it was generated, not that it was heard."""

    id: str = ""
    status: str = ""
    status_details: StatusDetails = StatusDetails()
    output: list[Item] = []
    usage: Usage | None = None
    metadata: dict[str, Any] = {}
    conversation_id: str = ""
