"""Which earlier event caused an event: the request that it answers, or what made it necessary.

A server names the cause of errors alone, as ``error.event_id``. All else follows from the ids of items, calls and
responses, and from the order; see "Client events" and "Server events" in OpenAI's API reference.
"""

from typing import Any, NamedTuple


class Clue(NamedTuple):
    """What the causing event looks like.

    Attributes:
        sent: whether it is a client event.
        name: its type; empty for any.
        field: where its id is, such as ``item.id``; empty if the nearest one is meant.
        value: the id.
        goes_on: the cause of the event that is found is meant; the event itself if that has none.
    """

    sent: bool
    name: str
    field: str = ""
    value: str = ""
    goes_on: bool = False

    def fits(self, event: dict[str, Any]) -> bool:
        """Whether an event of the right direction and type has the id."""
        return not self.field or text_at(event, self.field) == self.value


_BEFORE: dict[str, tuple[Clue, ...]] = {
    "session.updated": (Clue(True, "session.update"),),
    "input_audio_buffer.cleared": (Clue(True, "input_audio_buffer.clear"),),
    "input_audio_buffer.committed": (
        Clue(True, "input_audio_buffer.commit"),
        Clue(False, "input_audio_buffer.speech_stopped"),
    ),
    "response.created": (
        Clue(True, "response.create"),
        Clue(False, "input_audio_buffer.committed"),
        Clue(False, "input_audio_buffer.speech_stopped"),
    ),
    "response.create": (Clue(True, "conversation.item.create"), Clue(True, "input_audio_buffer.commit")),
    "response.cancel": (Clue(False, "response.created"), Clue(False, "input_audio_buffer.speech_started")),
}
"""Types of events whose cause is the nearest one before that fits any of the clues."""

_REQUESTS = {
    "conversation.item.truncated": "conversation.item.truncate",
    "conversation.item.deleted": "conversation.item.delete",
    "conversation.item.retrieved": "conversation.item.retrieve",
}
"""Answers to a request for one item."""

_ITEM_EVENTS = frozenset(("conversation.item.added", "conversation.item.created", "conversation.item.done"))
_RESULTS = frozenset(("function_call_output", "mcp_approval_response"))


def clues(event: dict[str, Any]) -> tuple[Clue, ...]:
    """What the cause of an event looks like; empty if nothing is known to cause it."""
    name = text_at(event, "type")
    if named := text_at(event, "error.event_id"):
        return (Clue(True, "", "event_id", named),)
    if name in _BEFORE:
        return _BEFORE[name]
    item = text_at(event, "item.id") or text_at(event, "item_id")
    if name in _REQUESTS:
        return (Clue(True, _REQUESTS[name], "item_id", item),)
    if name == "conversation.item.create":
        return _of_result(event)
    if name in _ITEM_EVENTS and item:
        return (
            Clue(True, "conversation.item.create", "item.id", item),
            Clue(False, "input_audio_buffer.committed", "item_id", item),
            Clue(False, "response.output_item.added", "item.id", item, goes_on=True),
        )
    if name.startswith("conversation.item.input_audio_transcription.") and item:
        return (Clue(False, "input_audio_buffer.committed", "item_id", item),)
    response = text_at(event, "response_id") or text_at(event, "response.id")
    if response:
        return (Clue(False, "response.created", "response.id", response, goes_on=True),)
    return ()


def _of_result(event: dict[str, Any]) -> tuple[Clue, ...]:
    """The call whose result is sent, or the request that is approved."""
    if text_at(event, "item.type") not in _RESULTS:
        return ()
    call, request = text_at(event, "item.call_id"), text_at(event, "item.approval_request_id")
    if not call:
        return (Clue(False, "response.output_item.done", "item.id", request),) if request else ()
    return (
        Clue(False, "response.function_call_arguments.done", "call_id", call),
        Clue(False, "response.output_item.done", "item.call_id", call),
    )


def text_at(event: dict[str, Any], path: str) -> str:
    """The text at a path of names with dots; empty if there is none."""
    value: Any = event
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
