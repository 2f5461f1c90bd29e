"""Reads errors in whatever shape a server sends them: text, nested objects, lists, or fields of the event itself.

The Realtime API's shape is ``{"error": {"type", "code", "message", "param", "event_id"}}``. Gateways and smaller
servers use others: ``"error": "text"``, ``"detail": [...]``, an HTTP body in place of the object. What was said is
never lost: without any known field, the object itself becomes the message, as JSON.
"""

import json
from typing import Any

from msgspec import structs

from rtvoice_tui.protocol.realtime.objects import OTHER_STATUSES, ErrorInfo

MAX_TEXT = 1000
"""Maximum characters of a message that was not a plain text."""

_MESSAGES = (
    "message",
    "error_message",
    "errorMessage",
    "Message",
    "msg",
    "error_description",
    "detail",
    "details",
    "description",
    "reason",
    "text",
    "content",
    "title",
    "error",
    "errors",
    "cause",
    "metadata",
    "raw",
    "innererror",
    "inner_error",
    "data",
)
"""Names of fields that hold a message, the most specific first."""

_GENERIC = frozenset(
    (
        "error",
        "an error occurred",
        "unknown error",
        "bad request",
        "provider returned error",
        "internal error",
        "internal server error",
        "request failed",
        "failed",
    )
)
"""Messages that say nothing, in small letters: the next field that has words is added."""

_DETAILS = ("detail", "details", "error", "errors", "cause", "innererror", "inner_error")
"""Fields whose words are always added to a message: they say what was wrong with what."""

_CODES = ("code", "error_code", "errorCode", "status", "__type")
_MAX_DEPTH = 6


_BARE = frozenset(("type", "code", "param", "event_id", "object", "id", *_CODES, *_MESSAGES))
"""Fields that are shown beside a message, and those that are empty if there is none; alone they are no message."""


_STATUS = ("type", "reason", "status")
"""Fields of ``status_details`` that have a meaning of their own."""


def read_error(raw: Any) -> ErrorInfo:
    """Read an error from a JSON value of any shape; its message is empty only if the value has no words."""
    if not isinstance(raw, dict):
        return ErrorInfo(message=_words(raw, 0))
    inner = raw.get("error")
    named = inner if isinstance(inner, dict) else {}
    return ErrorInfo(
        type=_text(raw.get("type")) or _text(named.get("type")),
        code=_first(raw, _CODES) or _first(named, _CODES),
        message=_words(raw, 0),
        param=_text(raw.get("param")) or _text(named.get("param")),
        event_id=_text(raw.get("event_id")) or _text(named.get("event_id")),
    )


def read_event_error(fields: dict[str, Any], about_error: bool = True) -> ErrorInfo:
    """Read the error of an event: its ``error`` field, completed by the other fields of the event.

    Args:
        fields: the event.
        about_error: whether all of the event is about the error; else only fields that hold messages and codes are.
    """
    found = read_error(fields.get("error"))
    names = set(fields) - {"type", "event_id", "error"} if about_error else {*_MESSAGES, *_CODES} - {"error"}
    around = read_error({name: fields[name] for name in fields if name in names and fields[name] is not None})
    code, message = found.code or around.code, found.message
    if around.message and not isinstance(fields.get("error"), dict) and " " not in message:
        code, message = code or message, around.message  # the error field is a code, a number or true
    elif around.message and message and around.message not in message and not isinstance(fields.get("error"), dict):
        message = f"{message}: {around.message}"
    elif says_nothing(message):
        words = read_error({name: fields[name] for name in fields if name in _MESSAGES and name != "error"}).message
        message = _joined(message, words) or around.message
    return structs.replace(found, code=code, message=message)


def read_response_error(fields: dict[str, Any]) -> ErrorInfo:
    """Read why a response failed.

    The words stand in ``status_details`` with or without ``error``, in the response, or beside it in the event.
    """
    response = fields.get("response")
    response = response if isinstance(response, dict) else {}
    details = response.get("status_details")
    named = {name: value for name, value in details.items() if name not in _STATUS} if isinstance(details, dict) else {}
    found = read_error(named.get("error"))
    others = {name: value for name, value in named.items() if name != "error"}
    places = [others if isinstance(details, dict) else details, response.get("error"), response.get("last_error")]
    places += [response.get("incomplete_details"), fields.get("error")]
    if isinstance(details, dict) and isinstance(details.get("reason"), dict | list):
        places.append(details["reason"])
    places += _failed_items(response)
    kind = details.get("type") if isinstance(details, dict) and not details.get("reason") else None
    places.append(kind if isinstance(kind, str) and kind not in OTHER_STATUSES else None)
    for around in (response, fields):
        places.append({name: around.get(name) for name in _MESSAGES if name not in ("error", "metadata", "content")})
    for place in places:
        more = read_error(place)
        found = structs.replace(found, code=found.code or more.code, message=_joined(found.message, more.message))
    return found


def _failed_items(response: dict[str, Any]) -> list[dict[str, Any]]:
    """What the items of a response say of their own failures."""
    output = response.get("output")
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    return [{"error": item.get("error"), "details": item.get("incomplete_details")} for item in items]


def says_nothing(message: str) -> bool:
    """Whether a message is empty, or only says that there was an error."""
    return message.strip().rstrip(".!").lower() in _GENERIC or not message


def _joined(message: str, more: str) -> str:
    """A message that says nothing, with words from elsewhere; any other message as it is."""
    if not says_nothing(message) or not more or more == message:
        return message
    return f"{message.rstrip('.')}: {more}" if message else more


def _words(value: Any, depth: int) -> str:
    """The human-readable text in a value; the value as JSON if no field is known."""
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return ""
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        told = [found for name in _MESSAGES if (found := _words(value.get(name), depth + 1))]
        if told:
            more = next((words for words in told if not says_nothing(words)), "")
            return _located(value, _with_details(_joined(told[0], more), value, depth))
        if value.keys() <= _BARE:
            return _words([inner for inner in value.values() if isinstance(inner, dict | list)], depth + 1)
    if isinstance(value, list) and depth < _MAX_DEPTH:
        parts = [found for entry in value[:20] if (found := _words(entry, depth + 1))]
        return "; ".join(parts)[:MAX_TEXT]
    return _json_text(value)


def _with_details(message: str, value: dict[str, Any], depth: int) -> str:
    """A message with the words of the fields that say more."""
    for name in _DETAILS:
        inner = value.get(name)
        words = _words(inner, depth + 1) if isinstance(inner, dict | list) else ""
        if words and not words.startswith(("{", "[")) and words.lower() not in message.lower():
            message = f"{message.rstrip('.')}: {words}"
    return message


def _json_text(value: Any) -> str:
    """The first characters of a value as JSON; it may be nested as deeply, and be as large, as its sender likes."""
    text = ""
    try:
        for part in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            text += part
            if len(text) >= MAX_TEXT:
                break
    except RecursionError:
        text += "…"
    return text[:MAX_TEXT]


def _located(value: dict[str, Any], found: str) -> str:
    """Add the place to a validation error of the form ``{"loc": ["body", "model"], "msg": ...}``."""
    place = value.get("loc")
    return f"{'.'.join(map(str, place))}: {found}" if isinstance(place, list) and place else found


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := _text(fields.get(name)))), "")


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
