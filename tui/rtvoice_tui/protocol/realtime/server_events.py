"""All server events of the Realtime API (GA names) as frozen structs with defaults.

Reading is lenient: a missing field takes its default, an unknown type becomes `UnknownEvent`. ``audio_*_ms``
fields count audio written into the input buffer, not clock time. The wire name of each class is in `WIRE_NAMES`.
"""

from typing import Any

from rtvoice_tui.protocol.realtime.objects import ErrorInfo, Item, Part, Response
from rtvoice_tui.protocol.usage import RateLimit
from rtvoice_tui.protocol.wire import WireEvent


class ServerEvent(WireEvent, frozen=True, kw_only=True):
    """Anything a server said. ``event_id`` is the server's own and good for logs only."""

    event_id: str = ""


class UnknownEvent(ServerEvent, frozen=True, kw_only=True):
    """A type nobody told us about, or no event at all: kept and shown, never raised."""

    type: str = ""


class OfItem(ServerEvent, frozen=True, kw_only=True):
    """About one conversation item."""

    item_id: str = ""


class OfOutput(OfItem, frozen=True, kw_only=True):
    """About one item of one answer."""

    response_id: str = ""
    output_index: int = 0


class OfContent(OfOutput, frozen=True, kw_only=True):
    """About one content part of one item of one answer."""

    content_index: int = 0


# --- session and conversation


class SessionCreated(ServerEvent, frozen=True, kw_only=True):
    """The first event after connecting; shows the server's defaults."""

    session: dict[str, Any] = {}


class SessionUpdated(ServerEvent, frozen=True, kw_only=True):
    """The whole configuration in force after an accepted update. Yandex may send it twice."""

    session: dict[str, Any] = {}


class ConversationCreated(ServerEvent, frozen=True, kw_only=True):
    """Only some servers send it; never wait for it."""

    conversation: dict[str, Any] = {}


class ItemAdded(ServerEvent, frozen=True, kw_only=True):
    """An item entered the history, perhaps empty and in progress."""

    item: Item = Item()
    previous_item_id: str = ""


class ItemDone(ServerEvent, frozen=True, kw_only=True):
    """An item is final."""

    item: Item = Item()
    previous_item_id: str = ""


class ItemCreated(ServerEvent, frozen=True, kw_only=True):
    """Older twin of `ItemAdded`, still spoken by Yandex and others; may come twice for one item."""

    item: Item = Item()
    previous_item_id: str = ""


class ItemRetrieved(ServerEvent, frozen=True, kw_only=True):
    """The server's copy of an item."""

    item: Item = Item()


class ItemTruncated(OfItem, frozen=True, kw_only=True):
    """A truncation was accepted."""

    content_index: int = 0
    audio_end_ms: int = 0


class ItemDeleted(OfItem, frozen=True, kw_only=True):
    """A deletion was accepted."""


# --- input audio


class SpeechStarted(OfItem, frozen=True, kw_only=True):
    """The server hears speech; ``item_id`` is the coming user item."""

    audio_start_ms: int = 0


class SpeechStopped(OfItem, frozen=True, kw_only=True):
    """The server decided that the user finished."""

    audio_end_ms: int = 0


class InputCommitted(OfItem, frozen=True, kw_only=True):
    """The input buffer became a user item."""

    previous_item_id: str = ""


class InputCleared(ServerEvent, frozen=True, kw_only=True):
    """The input buffer was emptied."""


class InputTimeout(OfItem, frozen=True, kw_only=True):
    """Nobody spoke for the idle time; the silence is answered."""

    audio_start_ms: int = 0
    audio_end_ms: int = 0


class DtmfReceived(ServerEvent, frozen=True, kw_only=True):
    """A keypad press of a telephone call."""

    event: str = ""
    received_at: int = 0


class TranscriptionDelta(OfItem, frozen=True, kw_only=True):
    """A piece of what the user says."""

    content_index: int = 0
    delta: str = ""


class TranscriptionCompleted(OfItem, frozen=True, kw_only=True):
    """What the user said; may come after the answer, and again as a correction."""

    content_index: int = 0
    transcript: str = ""


class TranscriptionFailed(OfItem, frozen=True, kw_only=True):
    """The words could not be recognised; the turn itself may go on."""

    content_index: int = 0
    error: ErrorInfo = ErrorInfo()


class TranscriptionSegment(OfItem, frozen=True, kw_only=True):
    """A piece of speech told apart by speaker; times in seconds."""

    content_index: int = 0
    id: str = ""
    text: str = ""
    speaker: str = ""
    start: float = 0.0
    end: float = 0.0


# --- the answer


class ResponseCreated(ServerEvent, frozen=True, kw_only=True):
    """An answer began."""

    response: Response = Response()


class OutputItemAdded(ServerEvent, frozen=True, kw_only=True):
    """A new item of the answer began."""

    response_id: str = ""
    output_index: int = 0
    item: Item = Item()


class OutputItemDone(ServerEvent, frozen=True, kw_only=True):
    """An item of the answer is final, also when it was interrupted."""

    response_id: str = ""
    output_index: int = 0
    item: Item = Item()


class ContentPartAdded(OfContent, frozen=True, kw_only=True):
    """A new content part began."""

    part: Part = Part()


class ContentPartDone(OfContent, frozen=True, kw_only=True):
    """A content part is final."""

    part: Part = Part()


class OutputTextDelta(OfContent, frozen=True, kw_only=True):
    """A piece of the written answer; on Yandex also of the spoken one."""

    delta: str = ""


class OutputTextDone(OfContent, frozen=True, kw_only=True):
    """The whole text."""

    text: str = ""


class OutputTranscriptDelta(OfContent, frozen=True, kw_only=True):
    """A piece of the words that are spoken."""

    delta: str = ""


class OutputTranscriptDone(OfContent, frozen=True, kw_only=True):
    """All words of the spoken part."""

    transcript: str = ""


class OutputAudioDelta(OfContent, frozen=True, kw_only=True):
    """A piece of speech: ``delta`` is PCM16 little-endian mono, already out of its base64."""

    delta: bytes = b""


class OutputAudioDone(OfContent, frozen=True, kw_only=True):
    """No more audio for this part."""


class ArgumentsDelta(OfOutput, frozen=True, kw_only=True):
    """A piece of a function call's JSON arguments."""

    call_id: str = ""
    delta: str = ""


class ArgumentsDone(OfOutput, frozen=True, kw_only=True):
    """A function call's whole arguments; some servers omit ``name``."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""


class ResponseDone(ServerEvent, frozen=True, kw_only=True):
    """Always the last event of an answer, whatever its outcome."""

    response: Response = Response()


class RateLimitsUpdated(ServerEvent, frozen=True, kw_only=True):
    """What is left of the account's limits."""

    rate_limits: list[RateLimit] = []


# --- WebRTC and SIP only


class OutputBufferStarted(ServerEvent, frozen=True, kw_only=True):
    """WebRTC: the server began to send sound."""

    response_id: str = ""


class OutputBufferStopped(ServerEvent, frozen=True, kw_only=True):
    """WebRTC: the server's output buffer ran dry."""

    response_id: str = ""


class OutputBufferCleared(ServerEvent, frozen=True, kw_only=True):
    """WebRTC: the server's output buffer was emptied."""

    response_id: str = ""


# --- tools that run at the server


class McpListInProgress(OfItem, frozen=True, kw_only=True):
    """The server asks an MCP server for its tools."""


class McpListCompleted(OfItem, frozen=True, kw_only=True):
    """The tools of an MCP server are known."""


class McpListFailed(OfItem, frozen=True, kw_only=True):
    """An MCP server did not tell its tools."""


class McpArgumentsDelta(OfOutput, frozen=True, kw_only=True):
    """A piece of a server-side call's arguments."""

    delta: str = ""


class McpArgumentsDone(OfOutput, frozen=True, kw_only=True):
    """A server-side call's whole arguments."""

    arguments: str = ""


class McpCallInProgress(OfOutput, frozen=True, kw_only=True):
    """The server runs a tool."""


class McpCallCompleted(OfOutput, frozen=True, kw_only=True):
    """A server-side tool finished."""


class McpCallFailed(OfOutput, frozen=True, kw_only=True):
    """A server-side tool failed."""


class ErrorEvent(ServerEvent, frozen=True, kw_only=True):
    """The server objects to something; most errors leave the session usable."""

    error: ErrorInfo = ErrorInfo()


EVENT_CLASSES: dict[str, type[ServerEvent]] = {
    "session.created": SessionCreated,
    "session.updated": SessionUpdated,
    "conversation.created": ConversationCreated,
    "conversation.item.added": ItemAdded,
    "conversation.item.done": ItemDone,
    "conversation.item.created": ItemCreated,
    "conversation.item.retrieved": ItemRetrieved,
    "conversation.item.truncated": ItemTruncated,
    "conversation.item.deleted": ItemDeleted,
    "input_audio_buffer.speech_started": SpeechStarted,
    "input_audio_buffer.speech_stopped": SpeechStopped,
    "input_audio_buffer.committed": InputCommitted,
    "input_audio_buffer.cleared": InputCleared,
    "input_audio_buffer.timeout_triggered": InputTimeout,
    "input_audio_buffer.dtmf_event_received": DtmfReceived,
    "conversation.item.input_audio_transcription.delta": TranscriptionDelta,
    "conversation.item.input_audio_transcription.completed": TranscriptionCompleted,
    "conversation.item.input_audio_transcription.failed": TranscriptionFailed,
    "conversation.item.input_audio_transcription.segment": TranscriptionSegment,
    "response.created": ResponseCreated,
    "response.output_item.added": OutputItemAdded,
    "response.output_item.done": OutputItemDone,
    "response.content_part.added": ContentPartAdded,
    "response.content_part.done": ContentPartDone,
    "response.output_text.delta": OutputTextDelta,
    "response.output_text.done": OutputTextDone,
    "response.output_audio_transcript.delta": OutputTranscriptDelta,
    "response.output_audio_transcript.done": OutputTranscriptDone,
    "response.output_audio.delta": OutputAudioDelta,
    "response.output_audio.done": OutputAudioDone,
    "response.function_call_arguments.delta": ArgumentsDelta,
    "response.function_call_arguments.done": ArgumentsDone,
    "response.done": ResponseDone,
    "rate_limits.updated": RateLimitsUpdated,
    "output_audio_buffer.started": OutputBufferStarted,
    "output_audio_buffer.stopped": OutputBufferStopped,
    "output_audio_buffer.cleared": OutputBufferCleared,
    "mcp_list_tools.in_progress": McpListInProgress,
    "mcp_list_tools.completed": McpListCompleted,
    "mcp_list_tools.failed": McpListFailed,
    "response.mcp_call_arguments.delta": McpArgumentsDelta,
    "response.mcp_call_arguments.done": McpArgumentsDone,
    "response.mcp_call.in_progress": McpCallInProgress,
    "response.mcp_call.completed": McpCallCompleted,
    "response.mcp_call.failed": McpCallFailed,
    "error": ErrorEvent,
}

WIRE_NAMES: dict[type[ServerEvent], str] = {cls: name for name, cls in EVENT_CLASSES.items()}

BETA_NAMES: dict[str, str] = {
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}
"""Names from before September 2025 that older servers still speak, and what they are called now."""
