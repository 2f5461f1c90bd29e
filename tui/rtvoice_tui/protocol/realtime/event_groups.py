"""Which group of the event log a Realtime event belongs to: a response, or an utterance of the user.

Requests of the client, errors, settings, and answers to single requests (truncated, deleted, retrieved) belong to none.
"""

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.objects import Item
from rtvoice_tui.protocol.realtime.provider_events import TranscriptionUpdated
from rtvoice_tui.protocol.wire import Claim, GroupKind, GroupMark, WireEvent

MICROPHONE = GroupMark(GroupKind.MICROPHONE, Claim.RUNS_ON)
"""Of the events that carry the microphone's audio."""

_AGENT_ITEMS = frozenset(("function_call", "mcp_call"))
"""Types of items that only a response makes, beside the agent's messages."""


def group_mark(event: WireEvent) -> GroupMark | None:
    """What a received event tells about its group; ``None`` if it stands for itself."""
    match event:
        case ev.OfOutput():
            return _of_response(Claim.BELONGS, event.response_id, event.item_id)
        case ev.OutputItemAdded() | ev.OutputItemDone():
            return _of_response(Claim.BELONGS, event.response_id, event.item.id)
        case ev.OutputBufferStarted() | ev.OutputBufferStopped() | ev.OutputBufferCleared():
            return _of_response(Claim.BELONGS, event.response_id)
        case ev.ResponseCreated():
            return _of_response(Claim.OPENS, event.response.id)
        case ev.ResponseDone():
            return _of_response(Claim.BELONGS, event.response.id, ends=event.response.status or "completed")
        case ev.SpeechStarted():
            return _of_speech(Claim.OPENS, event.item_id)
        case (
            ev.SpeechStopped()
            | ev.InputCommitted()
            | ev.TranscriptionDelta()
            | ev.TranscriptionCompleted()
            | ev.TranscriptionSegment()
            | TranscriptionUpdated()
        ):
            return _of_speech(Claim.BELONGS, event.item_id)
        case ev.ItemAdded() | ev.ItemDone() | ev.ItemCreated():
            return _of_item(event.item)
    return None


def _of_item(item: Item) -> GroupMark | None:
    """An item of the history: made by a response, spoken by the user, or sent by the client, which tells of no group.

    Some servers announce the agent's item before they say which response it is part of.
    """
    role = item.role.lower()
    if item.type in _AGENT_ITEMS or role == "assistant":
        return _of_response(Claim.JOINS, "", item.id)
    if role == "user" and any(part.type == "input_audio" for part in item.content):
        return _of_speech(Claim.JOINS, item.id)
    return GroupMark(GroupKind.RESPONSE, Claim.FOLLOWS, item=_item(item.id)) if item.id else None


def _of_response(claim: Claim, response_id: str, item_id: str = "", ends: str = "") -> GroupMark:
    own = f"response:{response_id}" if response_id else ""
    return GroupMark(GroupKind.RESPONSE, claim, own, _item(item_id), ends)


def _of_speech(claim: Claim, item_id: str) -> GroupMark:
    """An utterance has no id but its item's."""
    return GroupMark(GroupKind.SPEECH, claim, _item(item_id))


def _item(item_id: str) -> str:
    return f"item:{item_id}" if item_id else ""
