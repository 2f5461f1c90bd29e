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
    refusal: str = ""
    audio: Any = None
    """Speech as base64, or an object that also has its transcript."""

    @property
    def words(self) -> str:
        """What the part says, in whatever form."""
        return self.text or self.transcript or self.refusal or self._words_of_audio

    @property
    def _words_of_audio(self) -> str:
        told = self.audio.get("transcript") if isinstance(self.audio, dict) else None
        return told if isinstance(told, str) else ""


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
    said: str = msgspec.field(name="text", default="")
    transcript: str = ""

    @property
    def parts(self) -> list[Part]:
        """The content parts; some servers write the words into the item itself."""
        words = self.said or self.transcript
        return self.content or ([Part(text=words)] if words else [])

    @property
    def text(self) -> str:
        """Text and transcripts of all content parts."""
        return "".join(part.words for part in self.parts)

    @property
    def of_agent(self) -> bool:
        """Whether it is a message of the agent; some servers leave out what it is."""
        return self.type in ("message", "") and self.role.lower() in ("assistant", "model", "agent", "")


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
    "timeout": "failed",
    "timed_out": "failed",
    "failed": "failed",
    "incomplete": "incomplete",
    "length": "incomplete",
    "max_tokens": "incomplete",
    "max_output_tokens": "incomplete",
    "content_filter": "incomplete",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "interrupted": "cancelled",
    "success": "completed",
    "succeeded": "completed",
    "complete": "completed",
    "completed": "completed",
    "finished": "completed",
    "done": "completed",
    "ended": "completed",
    "ok": "completed",
    "stop": "completed",
    "end_turn": "completed",
    "requires_action": "completed",
    "tool_calls": "completed",
    "tool_use": "completed",
    "function_call": "completed",
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
