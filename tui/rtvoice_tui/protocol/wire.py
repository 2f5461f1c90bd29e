"""What all wire families share: events, the codec's face, and where a session connects to."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import msgspec

from rtvoice_tui.redaction import blotted


class WireEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of some wire, in either direction. Each family derives its own events."""


class Decoded(msgspec.Struct, frozen=True):
    """A frame as it was understood.

    Attributes:
        event: the typed event.
        wire_name: the ``type`` as the server wrote it, which may be an older name.
        problem: what had to be corrected or could not be read; empty when all was well.
        known: whether the event's type is one of its family.
    """

    event: WireEvent
    wire_name: str
    problem: str = ""
    known: bool = True


class LogRow(msgspec.Struct, frozen=True):
    """A frame as the event log keeps it. Speech is never kept: its size is.

    Attributes:
        name: the event's type.
        text: the frame, or what is kept of it.
        fold_key: consecutive rows of one name with the same key become one row; ``None``: never.
        audio_bytes: how much speech (PCM16) was in it.
        error: whether it reports an error.
    """

    name: str
    text: str | dict[str, Any]
    fold_key: str | None = None
    audio_bytes: int = 0
    error: bool = False


class Wire(Protocol):
    """What the engine needs of a family's codec."""

    def decode(self, frame: str) -> Decoded:
        """Read one text frame. Never raises."""

    def encode(self, event: Any) -> str:
        """The text frame of one of our events."""

    def received_row(self, frame: str, decoded: Decoded) -> LogRow:
        """What the event log keeps of a frame of the server."""

    def sent_row(self, event: Any, text: str) -> LogRow:
        """What the event log keeps of a frame that was sent."""

    def microphone_of(self, event: WireEvent) -> bytes:
        """The microphone's speech (PCM16) in an event; empty for all others. An old one may be dropped."""

    def typed_words(self, event: WireEvent) -> str:
        """The words of a typed turn; empty for all other events."""

    def event_id(self, event: WireEvent) -> str:
        """The id of one of our events."""


@dataclass(frozen=True)
class Endpoint:
    """Where to connect and with which headers. The headers hold secrets, so they are never shown.

    Attributes:
        url: WebSocket address.
        headers: sent with the upgrade.
        secret: the key in them, to be blotted out where a server repeats it.
        secrets: other keys that the server was told.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def with_secrets(self, secrets: Iterable[str]) -> "Endpoint":
        """The same, after the server was told more keys."""
        return replace(self, secrets=tuple({*self.secrets, *secrets}))

    def without_secret(self, text: str) -> str:
        """A text in which no key can be read."""
        return blotted(text, (self.secret, *self.secrets))
