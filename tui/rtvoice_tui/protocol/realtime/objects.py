"""Objects that ride inside events: items, content parts, responses, usage and errors.

Every field has a default, because servers other than OpenAI leave out or null what its SDK calls mandatory.
"""

from typing import Any

import msgspec


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


class TokenDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens by kind; cached tokens are a subset of the input tokens."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one answer. Each answer pays for the whole history again as input."""

    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: TokenDetails = TokenDetails()
    output_token_details: TokenDetails = TokenDetails()


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


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a limit, and after how many seconds it is whole again."""

    name: str = ""
    limit: int = 0
    remaining: int = 0
    reset_seconds: float = 0.0
