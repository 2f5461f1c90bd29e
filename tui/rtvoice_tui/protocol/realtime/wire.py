"""The Realtime wire as the engine uses it: the codec, and what the event log keeps of each frame."""

from rtvoice_tui.protocol.realtime import codec
from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClientEvent, CreateItem
from rtvoice_tui.protocol.realtime.server_events import ErrorEvent, OutputAudioDelta
from rtvoice_tui.protocol.wire import Decoded, LogRow, WireEvent


class RealtimeWire:
    """`protocol.wire.Wire` for all dialects of the Realtime API."""

    def decode(self, frame: str) -> Decoded:
        """Read one text frame. Never raises."""
        return codec.decode(frame)

    def encode(self, event: ClientEvent) -> str:
        """The text frame of a client event."""
        return codec.encode(event)

    def received_row(self, frame: str, decoded: Decoded) -> LogRow:
        """A frame of the server; runs of deltas of one item fold."""
        event = decoded.event
        fold_key = str(getattr(event, "item_id", "")) if decoded.wire_name.endswith(".delta") else None
        error = isinstance(event, ErrorEvent) or bool(decoded.problem)
        if not isinstance(event, OutputAudioDelta):
            return LogRow(decoded.wire_name, frame, fold_key, error=error)
        size = len(event.delta)
        kept = {
            "type": decoded.wire_name,
            "event_id": event.event_id,
            "response_id": event.response_id,
            "item_id": event.item_id,
            "content_index": event.content_index,
            "delta": f"({size} bytes of speech)",
        }
        return LogRow(decoded.wire_name, kept, fold_key, size, error)

    def sent_row(self, event: ClientEvent, text: str) -> LogRow:
        """A frame that was sent; microphone frames fold."""
        if not isinstance(event, AppendInput):
            return LogRow(event.wire_name, text)
        size = len(event.audio)
        kept = {"type": event.wire_name, "event_id": event.event_id, "audio": f"({size} bytes of speech)"}
        return LogRow(event.wire_name, kept, "", size)

    def microphone_of(self, event: WireEvent) -> bytes:
        """The speech of the microphone that an event carries; empty for all others."""
        return event.audio if isinstance(event, AppendInput) else b""

    def typed_words(self, event: WireEvent) -> str:
        """The words of a typed turn; empty for all other events."""
        if not isinstance(event, CreateItem) or event.item.get("type") != "message":
            return ""
        return " ".join(str(part.get("text", "")) for part in event.item["content"])

    def event_id(self, event: WireEvent) -> str:
        """The id of a client event."""
        return event.event_id if isinstance(event, ClientEvent) else ""
