"""Completes a decoded event with what its frame tells elsewhere: words of an error, ids, the status of a response."""

import base64
import binascii
import json
import re
from typing import Any

import msgspec
from msgspec import structs

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.error_texts import read_event_error, read_response_error
from rtvoice_tui.protocol.realtime.objects import OTHER_STATUSES, UNFINISHED, Response
from rtvoice_tui.protocol.realtime.provider_events import OtherFailure
from rtvoice_tui.protocol.usage import Usage

_FAILURES = frozenset(("error", "errors", "failed", "failure", "expired", "denied", "rejected", "terminated", "fatal"))
"""Words at the end of an unknown event's type that tell of a failure."""

_WARNINGS = frozenset(("warning", "warnings", "closed", "closing"))
"""Words that warn, or tell of an end, which has to give a reason in words."""

_SUCCESS = ("", "0", "ok", "none", "success", "no error", "false")
"""Codes and messages of an error that is none."""

_OUTPUT_TOKENS = ("output_tokens", "completion_tokens")


def completed(event: Any, wire_name: str, frame: str | bytes) -> Any:
    """The event, completed from its frame. Only events that are rare, or lack something, are decoded a second time.

    Args:
        event: a decoded event.
        wire_name: its type as the server wrote it.
        frame: its frame.
    """
    match event:
        case ev.OutputTextDelta() | ev.OutputTranscriptDelta() if not event.delta:
            fields = fields_of(frame)
            return structs.replace(event, delta=_first_text(fields, "text", "transcript", "content"))
        case ev.OutputTextDone() if not event.text:
            return structs.replace(event, text=_first_text(fields_of(frame), "transcript", "refusal", "content"))
        case ev.OutputTranscriptDone() if not event.transcript:
            return structs.replace(event, transcript=_first_text(fields_of(frame), "text", "content"))
        case ev.OutputAudioDelta() if not event.delta:
            return structs.replace(event, delta=_sound(_first_text(fields_of(frame), "audio", "data")))
        case ev.ErrorEvent():
            return structs.replace(event, error=read_event_error(fields_of(frame)))
        case ev.TranscriptionFailed():
            return structs.replace(event, error=read_event_error(fields_of(frame), about_error=False))
        case ev.McpCallFailed() | ev.McpListFailed() if not event.error:
            words = read_event_error(fields_of(frame), about_error=False).message
            return structs.replace(event, error={"message": words} if words else None)
        case ev.ResponseCreated() if not event.response.id:
            return structs.replace(event, response=_with_id(event.response, fields_of(frame)))
        case ev.ResponseDone():
            return structs.replace(event, response=_ended(event.response, wire_name, frame))
    return event


def other_failure(wire_name: str, frame: str | bytes) -> OtherFailure | None:
    """What an event of an unknown type tells of a failure; ``None`` if it tells of none.

    Args:
        wire_name: the event's type.
        frame: its frame.
    """
    words = set(re.split(r"[^a-z]+", wire_name.rpartition(".")[2].lower()))
    fails, warns = not words.isdisjoint(_FAILURES), not words.isdisjoint(_WARNINGS)
    named = '"error"' in frame if isinstance(frame, str) else b'"error"' in frame
    if not (fails or warns or named):
        return None
    fields = fields_of(frame)
    told = fields.get("error")
    if told and _is_success(told):
        return None
    if "warning" in words and isinstance(fields.get("warning"), dict | str):
        fields = {**fields, "error": fields["warning"]}
    error = read_event_error(fields, about_error=False)
    if not (fails or told) and " " not in error.message:
        return None  # an end with a code as its reason, such as close_requested
    if not (error.message or fails):
        return None
    error = structs.replace(error, code=error.code or wire_name, message=error.message or wire_name)
    return OtherFailure(about=wire_name, error=error, warns=warns and not told)


def _is_success(error: Any) -> bool:
    """Whether the error of an event says that there was none."""
    if not isinstance(error, dict):
        return str(error).lower() in _SUCCESS
    code, message = str(error.get("code", "0")).lower(), str(error.get("message", "")).lower()
    return code in _SUCCESS and message in _SUCCESS


def fields_of(frame: str | bytes) -> dict[str, Any]:
    """The fields of a frame; empty if it is not a JSON object."""
    try:
        fields = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            fields = json.loads(frame)
        except (ValueError, RecursionError):
            return {}
    return fields if isinstance(fields, dict) else {}


def _first_text(fields: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), "")


def _sound(text: str) -> bytes:
    """Speech under another name; empty if it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _ended(response: Response, wire_name: str, frame: str | bytes) -> Response:
    """A response with id, status, and the words of its error, which may stand beside it in the event."""
    if not response.id or not response.status:
        fields = fields_of(frame)
        response = _with_id(response, fields)
        beside = fields.get("status")
        verb = wire_name.rpartition(".")[2]
        status = response.status or (beside if isinstance(beside, str) else "") or (verb if verb in UNFINISHED else "")
        response = structs.replace(response, status=status)
    known = response.usage
    if known is None or not known.total_tokens or not (known.input_tokens or known.output_tokens):
        usage = _usage(fields_of(frame))
        response = structs.replace(response, usage=usage or response.usage)
    told, status = response.status, OTHER_STATUSES.get(response.status.lower(), response.status)
    response = structs.replace(response, status=status)
    if status == "incomplete" and told.lower() != status and not response.status_details.reason:
        details = structs.replace(response.status_details, reason=told)  # such as content_filter
        response = structs.replace(response, status_details=details)
    if response.status in UNFINISHED:
        details = structs.replace(response.status_details, error=read_response_error(fields_of(frame)))
        response = structs.replace(response, status_details=details)
    return response


def _usage(fields: dict[str, Any]) -> Usage | None:
    """The tokens of a response under the names of chat completions, or beside the response; ``None`` without any."""
    response = fields.get("response")
    for place in (response, fields):
        told = place.get("usage") if isinstance(place, dict) else None
        if not isinstance(told, dict):
            continue
        sent, got = (_count(told, *names) for names in (("input_tokens", "prompt_tokens"), _OUTPUT_TOKENS))
        if total := _count(told, "total_tokens") or sent + got:
            return Usage(total_tokens=total, input_tokens=sent, output_tokens=got)
    return None


def _count(told: dict[str, Any], *names: str) -> int:
    return next((told[name] for name in names if isinstance(told.get(name), int)), 0)


def _with_id(response: Response, fields: dict[str, Any]) -> Response:
    beside = fields.get("response_id")
    return response if response.id or not isinstance(beside, str) else structs.replace(response, id=beside)
