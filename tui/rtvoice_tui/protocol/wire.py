"""What all wire families share: the base of events, the interface of a codec, and the endpoint of a session."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Protocol

import msgspec

from rtvoice_tui.redaction import redact


class WireEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all wire events, in either direction. Each family derives its own events."""


class Decoded(msgspec.Struct, frozen=True):
    """Result of decoding one frame.

    Attributes:
        event: the typed event.
        wire_name: the ``type`` as the server sent it, which may be a beta name.
        problem: what was invalid and had to be replaced or ignored; empty if the frame was valid.
        known: whether the event's type is defined in its family.
    """

    event: WireEvent
    wire_name: str
    problem: str = ""
    known: bool = True


class GroupKind(Enum):
    """What the events of a group in the event log tell of."""

    RESPONSE = auto()
    SPEECH = auto()
    """An utterance of the user."""
    MICROPHONE = auto()


class Claim(Enum):
    """How an event belongs to a group of the event log."""

    OPENS = auto()
    """It is the first event of its group."""
    BELONGS = auto()
    """It belongs to the group of its id, and is the first event that is seen of it if the id is new."""
    JOINS = auto()
    """It never opens a group; with ids that are not known it belongs to the group that is open."""
    FOLLOWS = auto()
    """It belongs to a group only if its item is known to be part of one."""
    RUNS_ON = auto()
    """It continues a group of its kind if no event outside all groups, and no first one of another, came since."""


class GroupMark(msgspec.Struct, frozen=True):
    """What one event tells about the group it belongs to.

    Ids are unique over all kinds of groups and items: the wire's own ids with a prefix.

    Attributes:
        kind: kind of the group.
        claim: how the event belongs to it.
        id: the group's own id; empty if the event does not tell it.
        item: id of an item that is part of the group, so that later events about it belong to the group too.
        ends: status with which the group ends here, such as ``completed`` or ``failed``; empty if it goes on.
    """

    kind: GroupKind
    claim: Claim
    id: str = ""
    item: str = ""
    ends: str = ""


class LogRow(msgspec.Struct, frozen=True):
    """A frame as the event log stores it. Audio is not stored, only its size.

    Attributes:
        name: the event's type.
        text: the frame as JSON text, or an object in which the audio is replaced by its size.
        fold_key: consecutive events with the same name and key are folded into one row; ``None``: never folded.
        audio_bytes: bytes of PCM16 audio in the frame.
        error: whether it is shown as an error.
        group: the group of events it belongs to; ``None`` if it stands for itself.
    """

    name: str
    text: str | dict[str, Any]
    fold_key: str | None = None
    audio_bytes: int = 0
    error: bool = False
    group: GroupMark | None = None


class Wire(Protocol):
    """Interface of a wire family's codec, as the engine uses it."""

    def decode(self, frame: str) -> Decoded:
        """Decode one text frame. Never raises."""

    def encode(self, event: Any) -> str:
        """Encode a client event as a text frame."""

    def received_row(self, frame: str, decoded: Decoded) -> LogRow:
        """Return the event log's row for a received frame."""

    def sent_row(self, event: Any, text: str) -> LogRow:
        """Return the event log's row for a sent frame."""

    def input_audio(self, event: WireEvent) -> bytes:
        """Return the microphone audio (PCM16) of a client event; empty for other events.

        Events with microphone audio may be dropped from a full send queue, the oldest first.
        """

    def speech(self, event: WireEvent) -> bytes:
        """Return the audio (PCM16) of an event of either direction; empty for other events."""

    def without_speech(self, text: str, event: WireEvent) -> str:
        """Return a frame as it was on the wire, with an empty text in place of its audio."""

    def decode_sent(self, text: str, pcm: bytes) -> WireEvent:
        """Return a client event from its frame; ``pcm``: its audio, which the frame does not hold.

        Raises:
            ValueError: the frame is no client event of this family.
        """

    def with_speech(self, decoded: Decoded, pcm: bytes) -> Decoded:
        """Return a decoded frame with its audio (PCM16) put back; the reverse of `without_speech`."""

    def typed_text(self, event: WireEvent) -> str:
        """Return the text of a typed message; empty for all other events."""

    def event_id(self, event: WireEvent) -> str:
        """Return the id of a client event; empty if it has none."""


@dataclass(frozen=True)
class Endpoint:
    """Address and headers of a connection. The headers hold secrets, so they are never shown.

    Attributes:
        url: WebSocket address.
        headers: headers of the WebSocket handshake.
        secret: the API key in the headers, redacted wherever a server repeats it.
        secrets: further secrets that were sent to the server, such as tokens of MCP servers.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def with_secrets(self, secrets: Iterable[str]) -> "Endpoint":
        """Return the endpoint with further secrets that are redacted from now on."""
        return replace(self, secrets=tuple({*self.secrets, *secrets}))

    def redacted(self, text: str) -> str:
        """Return the text with all secrets redacted."""
        return redact(text, (self.secret, *self.secrets))
