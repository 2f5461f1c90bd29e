"""WebSocket messages in a browser's HAR, and in a flow dump of mitmproxy."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.importing.frames import Found, Frame, frame_of, seconds_of

Message = tuple[Any, bool, Any]
"""The text of a message, whether the client sent it, and its time."""


def read_har(text: str) -> Found:
    """The connection with the most Realtime events of a HAR.

    Raises:
        RecordingError: it holds none.
    """
    try:
        entries = json.loads(text)["log"]["entries"]
        connections = [
            (str(entry["request"]["url"]), [_har_message(message) for message in entry["_webSocketMessages"]])
            for entry in entries
            if isinstance(entry, dict) and isinstance(entry.get("_webSocketMessages"), list)
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RecordingError("the file is no HAR", "save it again with the browser's network panel") from None
    return _best(connections, "HAR")


def _har_message(message: Any) -> Message:
    kind = message.get("type") if isinstance(message, dict) else ""
    return (message.get("data"), kind == "send", message.get("time")) if isinstance(message, dict) else ("", False, 0)


def read_flows(data: bytes) -> Found:
    """The connection with the most Realtime events of a flow dump.

    Raises:
        RecordingError: it holds none.
    """
    connections = []
    try:
        at = 0
        while at < len(data):
            flow, at = _tnetstring(data, at, len(data))
            socket = flow.get("websocket") if isinstance(flow, dict) else None
            if isinstance(socket, dict):
                request = flow["request"]
                host = request["host"]
                url = f"wss://{host.decode() if isinstance(host, bytes) else host}"
                messages = [(content, bool(sent), time) for _, sent, content, time, *_ in socket["messages"]]
                connections.append((url, messages))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise RecordingError("the file is no flow dump of mitmproxy", "save it with mitmdump -w") from None
    return _best(connections, "flow dump")


def _best(connections: "list[tuple[str, list[Message]]]", kind: str) -> Found:
    found = [(url, _frames(messages)) for url, messages in connections]
    found = [(url, frames) for url, frames in found if frames]
    if not found:
        raise RecordingError(f"the {kind} holds no WebSocket with Realtime events", "record the page's connection")
    url, frames = max(found, key=lambda connection: len(connection[1]))
    missing = [f"{len(found) - 1} other connections were left out"] if len(found) > 1 else []
    return Found(frames, _host_of(url), missing)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _frames(messages: Iterable[Message]) -> list[Frame]:
    frames = []
    for content, sent, time in messages:
        try:
            event = json.loads(content)
        except (ValueError, TypeError, RecursionError):
            continue
        frame = frame_of(event)
        if frame is not None:
            frames.append(Frame(frame.event, seconds_of(time), sent))
    return frames


def _tnetstring(data: bytes, at: int, limit: int) -> tuple[Any, int]:
    """A value of a tagged netstring that ends before a limit, and where the next one begins.

    Raises:
        ValueError: it is none.
        RecursionError: it is too deep.
    """
    colon = data.index(b":", at, min(limit, at + 12))
    if not data[at:colon].isdigit():
        raise ValueError(f"no length at {at}")
    begin = colon + 1
    end = begin + int(data[at:colon])
    if end >= limit:
        raise ValueError(f"a length at {at} that is too great")
    match data[end : end + 1]:
        case b",":
            return data[begin:end], end + 1
        case b";":
            return data[begin:end].decode("utf-8", "replace"), end + 1
        case b"#":
            return int(data[begin:end]), end + 1
        case b"^":
            return float(data[begin:end]), end + 1
        case b"!":
            return data[begin:end] == b"true", end + 1
        case b"~":
            return None, end + 1
        case (b"]" | b"}") as tag:
            values = []
            while begin < end:
                value, begin = _tnetstring(data, begin, end)
                values.append(value)
            return (values if tag == b"]" else _dictionary(values)), end + 1
    raise ValueError(f"no tag at {end}")


def _dictionary(values: list[Any]) -> dict[Any, Any]:
    names = [name.decode() if isinstance(name, bytes) else name for name in values[::2]]
    return dict(zip(names, values[1::2], strict=True))
