"""Objects that ride inside events: items, content parts, responses, usage and errors.

Every field has a default, because servers other than OpenAI leave out or null what its SDK calls mandatory.
"""

from typing import Any

import msgspec

from rtvoice_tui.protocol.usage import Usage


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One content part of an item (``output_audio``) or of an answer in progress (``audio``)."""

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
        """All words of the item, spoken or written."""
        return "".join(part.text or part.transcript for part in self.content)


class ErrorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a server objects to. ``event_id`` is the client event that caused it."""

    type: str = ""
    code: str = ""
    message: str = ""
    param: str = ""
    event_id: str = ""

    @property
    def word(self) -> str:
        """The machine-readable word: some servers put it into ``type`` and send no ``code``."""
        return self.code or self.type


class StatusDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Why an answer ended the way it did."""

    type: str = ""
    reason: str = ""
    error: ErrorInfo = ErrorInfo()


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. ``completed`` means generated, never heard."""

    id: str = ""
    status: str = ""
    status_details: StatusDetails = StatusDetails()
    output: list[Item] = []
    usage: Usage | None = None
    metadata: dict[str, Any] = {}
    conversation_id: str = ""
