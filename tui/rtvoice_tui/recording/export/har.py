"""The frames of both directions as a HAR with one WebSocket, as browsers save it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from rtvoice_tui import __version__
from rtvoice_tui.recording.format import Track, WireLine, started_at
from rtvoice_tui.recording.reader import Recording


def har(recording: Recording) -> Iterator[bytes]:
    """The HAR, piece by piece; sound that was kept is part of its messages."""
    started = started_at(recording.manifest)
    zero = started.timestamp()
    entry = {
        "startedDateTime": started.isoformat(),
        "time": recording.manifest.summary.length_s * 1000,
        "request": _request(recording),
        "response": _RESPONSE,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_resourceType": "websocket",
        "_webSocketMessages": "MESSAGES",
    }
    creator = {"name": "rtvoice-tui", "version": __version__}
    whole = json.dumps({"log": {"version": "1.2", "creator": creator, "entries": [entry]}}, ensure_ascii=False)
    before, _, after = whole.partition('"MESSAGES"')
    yield f"{before}[".encode()
    for number, line in enumerate(recording.wire()):
        message = {
            "type": "send" if line.direction == "up" else "receive",
            "time": zero + line.at,
            "opcode": 1,
            "data": frame_text(recording, line),
        }
        yield (",\n" if number else "\n").encode() + json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    yield f"\n]{after}\n".encode()


def frame_text(recording: Recording, line: WireLine) -> str:
    """A frame as it was on the wire; without its sound where that was not kept."""
    if line.frame is not None:
        return line.frame
    text = bytes(line.event).decode("utf-8", "replace")
    if line.speech is None or not recording.keeps(line.speech):
        return text
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        return text  # the recording is damaged
    name = "audio" if line.speech.track is Track.SENT else "delta"
    event[name] = base64.b64encode(recording.speech(line.speech)).decode()
    return json.dumps(event, ensure_ascii=False)


_RESPONSE: dict[str, Any] = {
    "status": 101,
    "statusText": "Switching Protocols",
    "httpVersion": "HTTP/1.1",
    "headers": [],
    "cookies": [],
    "content": {"size": 0, "mimeType": "x-unknown"},
    "redirectURL": "",
    "headersSize": -1,
    "bodySize": -1,
}


def _request(recording: Recording) -> dict[str, Any]:
    """The request, without any header: they hold the key."""
    from rtvoice_tui.protocol.realtime.dialects import DIALECTS

    dialect = DIALECTS.get(recording.manifest.provider)
    return {
        "method": "GET",
        "url": (dialect.url if dialect is not None else "") or "wss://localhost/v1/realtime",
        "httpVersion": "HTTP/1.1",
        "headers": [],
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": 0,
    }
