"""All client events of the Realtime API (GA, section "Client events") as structs that encode themselves strictly.

An absent field is left out, never sent as ``null``: servers tell the two apart. Every event carries an
``event_id``, the only way to tie a later ``error`` to its cause.
"""

from typing import Any

from msgspec import UNSET, UnsetType

from rtvoice_tui.protocol.wire import WireEvent


class ClientEvent(WireEvent, frozen=True, kw_only=True, tag_field="type"):
    """Anything we say to a server."""

    event_id: str

    @property
    def wire_name(self) -> str:
        """The event's ``type`` on the wire."""
        return str(self.__struct_config__.tag)


class UpdateSession(ClientEvent, frozen=True, kw_only=True, tag="session.update"):
    """Patch the configuration; only what is present changes."""

    session: dict[str, Any]


class AppendInput(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    """Microphone bytes in the configured input format, base64 on the wire; at most 15 MiB."""

    audio: bytes


class CommitInput(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.commit"):
    """Turn the input buffer into a user item; starts no answer."""


class ClearInput(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.clear"):
    """Throw away microphone audio that was not committed. Yandex does not know it."""


class CreateItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.create"):
    """Insert an item into the history."""

    item: dict[str, Any]
    previous_item_id: str | UnsetType = UNSET


class RetrieveItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """Ask for the server's copy of an item."""

    item_id: str


class TruncateItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """Cut assistant audio to what was heard. ``audio_end_ms`` is above zero and within the item's audio."""

    item_id: str
    content_index: int
    audio_end_ms: int


class DeleteItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.delete"):
    """Remove an item from the history."""

    item_id: str


class CreateResponse(ClientEvent, frozen=True, kw_only=True, tag="response.create"):
    """Start an answer now, with overrides for this answer only."""

    response: dict[str, Any] | UnsetType = UNSET


class CancelResponse(ClientEvent, frozen=True, kw_only=True, tag="response.cancel"):
    """Stop the running answer."""

    response_id: str | UnsetType = UNSET


class ClearOutput(ClientEvent, frozen=True, kw_only=True, tag="output_audio_buffer.clear"):
    """WebRTC only: drop sound the server has not sent yet."""


CLIENT_EVENT_CLASSES: tuple[type[ClientEvent], ...] = (
    UpdateSession,
    AppendInput,
    CommitInput,
    ClearInput,
    CreateItem,
    RetrieveItem,
    TruncateItem,
    DeleteItem,
    CreateResponse,
    CancelResponse,
    ClearOutput,
)
