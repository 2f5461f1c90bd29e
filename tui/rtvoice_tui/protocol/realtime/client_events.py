"""All client events of the Realtime API (GA) as structs that are encoded strictly.

An absent field is left out and never sent as ``null``: servers distinguish the two. Every event has an ``event_id``,
which is the only way to match a later ``error`` with its cause.
"""

from typing import Any

from msgspec import UNSET, UnsetType

from rtvoice_tui.protocol.wire import WireEvent


class ClientEvent(WireEvent, frozen=True, kw_only=True, tag_field="type"):
    """Base of all client events."""

    event_id: str

    @property
    def wire_name(self) -> str:
        """The event's ``type`` on the wire."""
        return str(self.__struct_config__.tag)


class UpdateSession(ClientEvent, frozen=True, kw_only=True, tag="session.update"):
    """Update the session; only the fields that are present change."""

    session: dict[str, Any]


class AppendInput(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    """Append microphone audio in the configured input format, base64 on the wire; at most 15 MiB per event."""

    audio: bytes


class CommitInput(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.commit"):
    """Commit the input buffer as a user item; does not create a response."""


class ClearInput(ClientEvent, frozen=True, kw_only=True, tag="input_audio_buffer.clear"):
    """Discard microphone audio that was not committed. Yandex does not support it."""


class CreateItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.create"):
    """Insert an item into the history."""

    item: dict[str, Any]
    previous_item_id: str | UnsetType = UNSET


class RetrieveItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """Request the server's copy of an item."""

    item_id: str


class TruncateItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """Truncate assistant audio to what was heard. ``audio_end_ms`` must be above zero and within the item's audio."""

    item_id: str
    content_index: int
    audio_end_ms: int


class DeleteItem(ClientEvent, frozen=True, kw_only=True, tag="conversation.item.delete"):
    """Remove an item from the history."""

    item_id: str


class CreateResponse(ClientEvent, frozen=True, kw_only=True, tag="response.create"):
    """Create a response, with overrides for this response only."""

    response: dict[str, Any] | UnsetType = UNSET


class CancelResponse(ClientEvent, frozen=True, kw_only=True, tag="response.cancel"):
    """Cancel the running response."""

    response_id: str | UnsetType = UNSET


class ClearOutput(ClientEvent, frozen=True, kw_only=True, tag="output_audio_buffer.clear"):
    """WebRTC only: discard output audio that the server has not sent yet."""


class HandWritten(ClientEvent, frozen=True, kw_only=True, tag="(hand-written)"):
    """An event that the user wrote, which is sent to the letter.

    Attributes:
        name: its ``type`` on the wire.
        text: the event as JSON, with ``event_id``.
    """

    name: str
    text: str

    @property
    def wire_name(self) -> str:
        """The event's ``type`` on the wire."""
        return self.name


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
