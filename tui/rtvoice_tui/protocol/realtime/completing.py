"""Completes a decoded event with what its frame tells elsewhere: words of an error, ids, the status of a response."""

import json
import re
from typing import Any

import msgspec
from msgspec import structs

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.error_texts import read_event_error, read_response_error
from rtvoice_tui.protocol.realtime.objects import OTHER_STATUSES, UNFINISHED, ErrorInfo, Response
from rtvoice_tui.protocol.usage import Usage

_FAILURE = re.compile(r"error|fail|expired|closed|closing|terminated|denied|rejected|exceeded|warning", re.IGNORECASE)
"""Words in the type of an unknown event that tells of a failure."""


_OUTPUT_TOKENS = ("output_tokens", "completion_tokens")


def completed(event: Any, wire_name: str, frame: str | bytes) -> Any:
    """The event, completed from its frame. Only events that are rare, or lack something, are decoded a second time.

    Args:
        event: a decoded event.
        wire_name: its type as the server wrote it.
        frame: its frame.
    """
    match event:
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


def untyped_error(wire_name: str, frame: str | bytes) -> ErrorInfo | None:
    """The error in an event of an unknown type; ``None`` if it tells of no failure.

    Args:
        wire_name: the event's type.
        frame: its frame.
    """
    told = _FAILURE.search(wire_name)
    named = b'"error"' if isinstance(frame, bytes) else '"error"'
    if told is None and named not in frame:  # type: ignore[operator]
        return None
    fields = fields_of(frame)
    if told is None and not fields.get("error"):
        return None
    error = read_event_error(fields, about_error=False)
    if told is None and not error.message:
        return None
    code = error.code or wire_name
    return structs.replace(error, code=code, message=error.message or wire_name)


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
