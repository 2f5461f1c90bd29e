"""What goes into the event log for each frame. Speech never does: its size is what stays."""

from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClientEvent
from rtvoice_tui.protocol.realtime.codec import Decoded
from rtvoice_tui.protocol.realtime.server_events import ErrorEvent, OutputAudioDelta
from rtvoice_tui.store.event_log import EventLog


def log_received(log: EventLog, at: float, frame: str, decoded: Decoded) -> None:
    """Keep a frame of the server; runs of deltas of one item become one row."""
    event = decoded.event
    folds = decoded.wire_name.endswith(".delta")
    fold_key = str(getattr(event, "item_id", "")) if folds else None
    error = isinstance(event, ErrorEvent) or bool(decoded.problem)
    if not isinstance(event, OutputAudioDelta):
        log.append(at, False, decoded.wire_name, frame, fold_key=fold_key, error=error)
        return
    kept = {
        "type": decoded.wire_name,
        "event_id": event.event_id,
        "response_id": event.response_id,
        "item_id": event.item_id,
        "content_index": event.content_index,
        "delta": f"({len(event.delta)} bytes of speech)",
    }
    size = len(event.delta)
    log.append(at, False, decoded.wire_name, kept, fold_key=fold_key, audio_bytes=size, error=error)


def log_sent(log: EventLog, at: float, event: ClientEvent, text: str) -> None:
    """Keep what was sent; microphone frames become one row."""
    if not isinstance(event, AppendInput):
        log.append(at, True, event.wire_name, text)
        return
    size = len(event.audio)
    kept = {"type": event.wire_name, "event_id": event.event_id, "audio": f"({size} bytes of speech)"}
    log.append(at, True, event.wire_name, kept, fold_key="", audio_bytes=size)
