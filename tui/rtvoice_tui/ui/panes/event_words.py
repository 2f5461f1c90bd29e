"""What is read from the JSON of an event to show it in one line, or whole."""

import json
from typing import Any

from rtvoice_tui.store.json_text import object_of
from rtvoice_tui.store.plain import one_line

_SHORT = (
    ("conversation.item.input_audio_transcription", "transcription"),
    ("input_audio_buffer", "input_audio"),
    ("conversation.item", "item"),
    ("response.function_call_arguments", "response.arguments"),
    ("response.output_audio_transcript", "response.transcript"),
)

_FAMILIES = (
    (("function_call", "mcp", "tool"), "tool"),
    (("audio_buffer", "audio.", "audio_transcription"), "you"),
    (("response.",), "agent"),
    (("session.", "rate_limits", "conversation.created"), "dim"),
)
"""Words in the types of events, and the ink of their family; the first that fits counts."""

_CALLS = frozenset(("function_call", "mcp_call"))
"""Types of items that call a tool."""


def short_name(name: str) -> str:
    """The type of an event, shortened."""
    for long, short in _SHORT:
        if name.startswith(long):
            name = short + name[len(long) :]
            break
    return one_line(name, 60)


def family_ink(name: str) -> str:
    """The ink of an event's type: sound, answers, tools, or the rest of the session."""
    return next((ink for words, ink in _FAMILIES if any(word in name for word in words)), "plain")


def mark_of(text: str) -> str:
    """Text that distinguishes an event from others of its type, such as a function's name or an error code."""
    try:
        event: Any = json.loads(text)
    except (ValueError, RecursionError):
        return one_line(text, 60)
    if not isinstance(event, dict):
        return one_line(text, 60)
    if told := _error_of(event):
        return told
    item, response = _part(event, "item"), _part(event, "response")
    if event.get("audio_end_ms") is not None:
        return one_line(f"{event['audio_end_ms']} ms", 30)
    name = event.get("name") or item.get("name") or item.get("type") or response.get("status") or ""
    identity = event.get("event_id") if event.get("type") == "session.update" else ""
    return one_line(str(name or identity or ""), 40)


def reason_of(text: str) -> str:
    """Why a response ended before its time, from its last event: an error code or a reason; empty if it says none."""
    return _error_of(object_of(text))


def call_of(text: str) -> tuple[str, str]:
    """The id and the name of the function that an event of a call names; both empty if it names none."""
    event = object_of(text)
    item = _part(event, "item") or event
    if item is not event and item.get("type") not in _CALLS:
        return "", ""
    name = item.get("name")
    if not isinstance(name, str) or not name:
        return "", ""
    return str(item.get("call_id") or item.get("id") or event.get("item_id") or name), one_line(name, 40)


def words_of(text: str) -> str:
    """The words of the user in the transcript of an utterance."""
    event = object_of(text)
    words = event.get("transcript") or event.get("text")
    return one_line(words, 80).strip() if isinstance(words, str) else ""


def _part(event: dict[str, Any], name: str) -> dict[str, Any]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def _error_of(event: dict[str, Any]) -> str:
    """The error of an event, or of a response that failed: its code and the event that caused it."""
    error = event.get("error") or _error_of_response(event.get("response"))
    if isinstance(error, str):
        return one_line(error, 60)
    if isinstance(error, dict):
        cause = f" →{error['event_id']}" if error.get("event_id") else ""
        return one_line(str(error.get("code") or error.get("type") or ""), 50) + one_line(cause, 30)
    return ""


def _error_of_response(response: Any) -> Any:
    details = response.get("status_details") if isinstance(response, dict) else None
    return details.get("error") or details.get("reason") if isinstance(details, dict) else None
