"""The Realtime protocol as the engine uses it: the codec, and the event log's row for each frame."""

from msgspec.structs import replace

from rtvoice_tui.protocol.realtime import codec
from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClientEvent, CreateItem
from rtvoice_tui.protocol.realtime.event_groups import MICROPHONE, group_mark
from rtvoice_tui.protocol.realtime.objects import FAILED
from rtvoice_tui.protocol.realtime.provider_events import OtherFailure
from rtvoice_tui.protocol.realtime.server_events import (
    ErrorEvent,
    McpCallFailed,
    McpListFailed,
    OutputAudioDelta,
    ResponseDone,
    TranscriptionFailed,
)
from rtvoice_tui.protocol.wire import Decoded, LogRow, WireEvent


class RealtimeWire:
    """Implements `protocol.wire.Wire` for all dialects of the Realtime API."""

    def decode(self, frame: str) -> Decoded:
        """Decode one text frame. Never raises."""
        return codec.decode(frame)

    def encode(self, event: ClientEvent) -> str:
        """Encode a client event as a text frame."""
        return codec.encode(event)

    def received_row(self, frame: str, decoded: Decoded) -> LogRow:
        """Return the event log's row for a received frame; deltas of one item are folded."""
        event = decoded.event
        fold_key = str(getattr(event, "item_id", "")) if decoded.wire_name.endswith(".delta") else None
        error = _is_error(event) or bool(decoded.problem)
        if not isinstance(event, OutputAudioDelta):
            return LogRow(decoded.wire_name, frame, fold_key, error=error, group=group_mark(event))
        size = len(event.delta)
        kept = {
            "type": decoded.wire_name,
            "event_id": event.event_id,
            "response_id": event.response_id,
            "item_id": event.item_id,
            "content_index": event.content_index,
            "delta": f"({size} bytes of speech)",
        }
        return LogRow(decoded.wire_name, kept, fold_key, size, error, group_mark(event))

    def sent_row(self, event: ClientEvent, text: str) -> LogRow:
        """Return the event log's row for a sent frame; microphone frames are folded."""
        if not isinstance(event, AppendInput):
            return LogRow(event.wire_name, text)
        size = len(event.audio)
        kept = {"type": event.wire_name, "event_id": event.event_id, "audio": f"({size} bytes of speech)"}
        return LogRow(event.wire_name, kept, "", size, group=MICROPHONE)

    def input_audio(self, event: WireEvent) -> bytes:
        """Return the microphone audio (PCM16) of an event; empty for all other events."""
        return event.audio if isinstance(event, AppendInput) else b""

    def speech(self, event: WireEvent) -> bytes:
        """Return the audio (PCM16) of an event of either direction; empty for all other events."""
        return event.delta if isinstance(event, OutputAudioDelta) else self.input_audio(event)

    def without_speech(self, text: str, event: WireEvent) -> str:
        """Return a frame as it was on the wire, with an empty text in place of its audio."""
        name = '"delta"' if isinstance(event, OutputAudioDelta) else '"audio"'
        begins = text.find('"', text.find(":", text.find(name) + len(name)) + 1) + 1  # base64 holds no quotation marks
        return text[:begins] + text[text.find('"', begins) :]

    def decode_sent(self, text: str, pcm: bytes) -> WireEvent:
        """Return a client event from its frame; ``pcm``: its audio, which the frame does not hold.

        Raises:
            ValueError: the frame is no client event.
        """
        event = codec.decode_sent(text)
        return replace(event, audio=pcm) if isinstance(event, AppendInput) else event

    def with_speech(self, decoded: Decoded, pcm: bytes) -> Decoded:
        """Return a decoded frame with its audio (PCM16) put back; the reverse of `without_speech`."""
        if not isinstance(decoded.event, OutputAudioDelta):
            return decoded
        return replace(decoded, event=replace(decoded.event, delta=pcm))

    def typed_text(self, event: WireEvent) -> str:
        """Return the text of a typed message; empty for all other events."""
        if not isinstance(event, CreateItem) or event.item.get("type") != "message":
            return ""
        content = event.item.get("content")  # of any form, if it was written by hand, or by another client
        parts = content if isinstance(content, list) else []
        return " ".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))

    def event_id(self, event: WireEvent) -> str:
        """Return the id of a client event; empty for all other events."""
        return event.event_id if isinstance(event, ClientEvent) else ""


def _is_error(event: WireEvent) -> bool:
    """Whether an event reports that something failed."""
    if isinstance(event, ResponseDone):
        return event.response.status in FAILED
    if isinstance(event, OtherFailure):
        return not event.warns
    return isinstance(event, ErrorEvent | TranscriptionFailed | McpCallFailed | McpListFailed)
