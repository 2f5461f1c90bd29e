"""Converts text frames of the WebSocket to typed events and back.

Decoding never raises: anything that is not an event becomes `UnknownEvent`, a field of the wrong type gets its
default, and `Decoded.problem` describes what was wrong, so that it can be shown and counted.
"""

import base64
import binascii
import json
from functools import cache
from typing import Any, Union, get_args

import msgspec
from msgspec import structs

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.client_events import CLIENT_EVENT_CLASSES, AppendInput, ClientEvent, HandWritten
from rtvoice_tui.protocol.realtime.completing import completed, fields_of, other_failure
from rtvoice_tui.protocol.realtime.error_texts import read_event_error
from rtvoice_tui.protocol.realtime.objects import ErrorInfo, Part, StatusDetails
from rtvoice_tui.protocol.realtime.provider_events import OTHER_CLASSES
from rtvoice_tui.protocol.realtime.server_events import BETA_NAMES, EVENT_CLASSES, UnknownEvent
from rtvoice_tui.protocol.wire import Decoded


class _Head(msgspec.Struct):
    type: str = ""


_head = msgspec.json.Decoder(_Head)
_classes = EVENT_CLASSES | OTHER_CLASSES
_decoders = {name: msgspec.json.Decoder(cls) for name, cls in _classes.items()}
_sent: msgspec.json.Decoder[ClientEvent] = msgspec.json.Decoder(Union[CLIENT_EVENT_CLASSES])  # noqa: UP007
_encoder = msgspec.json.Encoder()
_OF_ERRORS = frozenset(("error", "errors", "message", "detail", "errorMessage"))
"""Fields by which an object without a type is recognised as an error."""

EXCERPT = 200
"""Maximum characters that are shown of a frame that is no event."""

_URL_ALPHABET = str.maketrans("-_", "+/")

MAX_ENTRIES = 2000
"""Maximum entries that are read of a list with odd values: millions would hold up the session for seconds."""

_ANY_SHAPE = (ErrorInfo, StatusDetails)
"""Objects that servers also send as text or lists; `error_texts` reads them."""

_READ_AS_TEXTS = ("status_details.reason", *(f"error.{name}" for name in ("message", "code", "type", "param")))
"""Fields whose values `error_texts` reads, whatever they are."""


def decode(frame: str | bytes) -> Decoded:
    """Decode one text frame. Never raises."""
    try:
        wire_name = _head.decode(frame).type
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return _decode_by_hand(frame, str(error))
    if not wire_name:
        return _decode_untyped(fields_of(frame), frame)
    name = BETA_NAMES.get(wire_name, wire_name)
    decoder = _decoders.get(name)
    if decoder is None:
        return _decode_unknown(wire_name, frame)
    try:
        return Decoded(completed(decoder.decode(frame), wire_name, frame), wire_name)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _decode_leniently(frame, name, wire_name)


def encode(event: ClientEvent) -> str:
    """Encode a client event as a text frame; bytes become base64, absent fields are left out."""
    if isinstance(event, HandWritten):
        return event.text
    try:
        return _encoder.encode(event).decode()
    except UnicodeEncodeError:  # a lone surrogate, from a tool or the clipboard
        text = json.dumps(msgspec.to_builtins(event), ensure_ascii=False)
        return text.encode("utf-8", "replace").decode()


def decode_sent(text: str) -> ClientEvent:
    """Decode a client event; `HandWritten` if it is not exactly as we would write it.

    Raises:
        ValueError: the text is no event.
    """
    try:
        event = _sent.decode(text)
        if isinstance(event, AppendInput) or msgspec.to_builtins(event) == msgspec.json.decode(text):
            return event
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        fields = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise ValueError("an event is an object with a type")
    event_id = fields.get("event_id", "")
    return HandWritten(event_id=event_id if isinstance(event_id, str) else "", name=fields["type"], text=text)


def _decode_by_hand(frame: str | bytes, problem: str) -> Decoded:
    """Decode with the standard library what msgspec rejects: lone surrogates, or numbers that are too large."""
    try:
        fields = json.loads(frame)
        fields = json.loads(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return Decoded(
            UnknownEvent(), "(not an event)", f"not a Realtime event: {problem}: {_excerpt(frame)}", known=False
        )
    wire_name = fields.get("type")
    if not isinstance(wire_name, str) or not wire_name:
        return _decode_untyped(fields, frame)
    cls = _classes.get(BETA_NAMES.get(wire_name, wire_name))
    if cls is None:
        return structs.replace(_decode_unknown(wire_name, json.dumps(fields)), problem=problem)
    return Decoded(completed(_build(cls, fields, "", []), wire_name, json.dumps(fields)), wire_name, problem)


def _decode_untyped(fields: dict[str, Any], frame: str | bytes) -> Decoded:
    """An object without a type that is text: an error if it has the fields of one, as gateways send it."""
    error = read_event_error(fields)
    if error.message and not _OF_ERRORS.isdisjoint(fields):
        return Decoded(ev.ErrorEvent(error=error), "(no type)")
    return Decoded(UnknownEvent(), "(no type)", f"an event without a type: {_excerpt(frame)}", known=False)


def _decode_unknown(wire_name: str, frame: str | bytes) -> Decoded:
    """An event of an unknown type: `OtherFailure` if it tells that something failed."""
    failure = other_failure(wire_name, frame)
    if failure is not None:
        return Decoded(failure, wire_name)
    return Decoded(UnknownEvent(type=wire_name), wire_name, known=False)


def _excerpt(frame: str | bytes) -> str:
    text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


def _decode_leniently(frame: str | bytes, name: str, wire_name: str) -> Decoded:
    try:
        fields = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return _decode_by_hand(frame, f"not readable as JSON: {error}")
    invalid_paths: list[str] = []
    event = completed(_build(_classes[name], fields, "", invalid_paths), wire_name, frame)
    return Decoded(event, wire_name, f"unexpected value in {', '.join(invalid_paths[:4])}" if invalid_paths else "")


@cache
def _fields(cls: type[Any]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(cls)


def _build(cls: type[Any], fields: dict[str, Any], path: str, invalid_paths: list[str]) -> Any:
    """Build a struct field by field; ``null`` counts as absent, ``invalid_paths`` gets the paths of invalid values."""
    values = {}
    for field in _fields(cls):  # type: ignore[arg-type]
        raw = fields.get(field.encode_name)
        if raw is not None:
            value = _convert(field.type, raw, f"{path}{field.encode_name}", invalid_paths)
            if value is not None:
                values[field.name] = value
    return cls(**values)


def _convert(kind: Any, raw: Any, path: str, invalid_paths: list[str]) -> Any:
    struct, in_list = _struct_within(kind)
    if struct is not None:
        if struct is Part:
            raw = _parts(raw)
        if in_list and isinstance(raw, list):
            if len(raw) > MAX_ENTRIES:
                invalid_paths.append(f"{path}[{MAX_ENTRIES}:]")
                raw = raw[:MAX_ENTRIES]
            return [_build(struct, entry, f"{path}[].", invalid_paths) for entry in raw if isinstance(entry, dict)]
        if not in_list and isinstance(raw, dict):
            return _build(struct, raw, f"{path}.", invalid_paths)
        if struct not in _ANY_SHAPE:
            invalid_paths.append(path)
        return None
    if kind is bytes:
        return _audio(raw, path, invalid_paths)
    if kind is str and isinstance(raw, dict) and isinstance(raw.get("value"), str):
        return raw["value"]  # text as OpenAI's Assistants API writes it
    if kind is str and isinstance(raw, dict | list) and path.endswith(("arguments", "output")):
        return _as_json(raw)  # some servers send the object itself, not its text
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError:
        if not path.endswith(_READ_AS_TEXTS):
            invalid_paths.append(path)
        return str(raw) if kind is str and isinstance(raw, int | float) and not isinstance(raw, bool) else None


def _parts(raw: Any) -> Any:
    """Content parts from text, from one part, or from a list of either."""
    entries = raw if isinstance(raw, list) else [raw]
    parts = [{"text": entry} if isinstance(entry, str) else entry for entry in entries]
    return parts if all(isinstance(part, dict) for part in parts) else raw


def _as_json(value: Any) -> str:
    """A JSON value as text; empty if it is nested too deeply."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def _struct_within(kind: Any) -> tuple[type[Any] | None, bool]:
    """Return the struct in ``Struct``, ``Struct | None`` or ``list[Struct]``, and whether it is in a list."""
    candidates = get_args(kind) or (kind,)
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate, getattr(kind, "__origin__", None) is list
    return None, False


def _audio(raw: Any, path: str, invalid_paths: list[str]) -> bytes:
    """Decode base64 leniently: a data URL or of its URL alphabet, joined pieces, no padding, with line breaks."""
    try:
        compact = "".join(raw.rpartition(";base64,")[2].split()).translate(_URL_ALPHABET)
        pieces = (piece for piece in compact.split("=") if piece)
        return b"".join(base64.b64decode(piece + "=" * (-len(piece) % 4), validate=True) for piece in pieces)
    except (AttributeError, ValueError, binascii.Error):
        invalid_paths.append(path)
        return b""
