"""All server events of the Realtime API (GA names) as frozen structs with defaults.

Decoding is lenient: a missing field gets its default, an unknown type becomes `UnknownEvent`. ``audio_*_ms`` fields
count the audio in the input buffer, not clock time. The wire name of each class is in `WIRE_NAMES`.
"""

from typing import Any

from rtvoice_tui.protocol.realtime.objects import ErrorInfo, Item, Part, Response
from rtvoice_tui.protocol.usage import RateLimit
from rtvoice_tui.protocol.wire import WireEvent


class ServerEvent(WireEvent, frozen=True, kw_only=True):
    """Base of all server events. ``event_id`` is assigned by the server and only useful in logs."""

    event_id: str = ""


class UnknownEvent(ServerEvent, frozen=True, kw_only=True):
    """An event of unknown type, or a frame that is not an event: logged and shown, never raised."""

    type: str = ""


class OfItem(ServerEvent, frozen=True, kw_only=True):
    """Base of events about one conversation item."""

    item_id: str = ""


class OfOutput(OfItem, frozen=True, kw_only=True):
    """Base of events about one output item of a response."""

    response_id: str = ""
    output_index: int = 0


class OfContent(OfOutput, frozen=True, kw_only=True):
    """Base of events about one content part of an output item."""

    content_index: int = 0


# --- session and conversation


class SessionCreated(ServerEvent, frozen=True, kw_only=True):
    """The first event after connecting; contains the server's defaults."""

    session: dict[str, Any] = {}


class SessionUpdated(ServerEvent, frozen=True, kw_only=True):
    """The complete configuration after an accepted update. Yandex may send it twice."""

    session: dict[str, Any] = {}


class ConversationCreated(ServerEvent, frozen=True, kw_only=True):
    """A conversation was created. Not all servers send it, so never wait for it."""

    conversation: dict[str, Any] = {}


class ItemAdded(ServerEvent, frozen=True, kw_only=True):
    """An item was added to the history; it may be empty and in progress."""

    item: Item = Item()
    previous_item_id: str = ""


class ItemDone(ServerEvent, frozen=True, kw_only=True):
    """An item is final."""

    item: Item = Item()
    previous_item_id: str = ""


class ItemCreated(ServerEvent, frozen=True, kw_only=True):
    """Older name of `ItemAdded`, still used by Yandex and others; may be sent twice for one item."""

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
    """The server detected the start of speech; ``item_id`` is the future user item."""

    audio_start_ms: int = 0


class SpeechStopped(OfItem, frozen=True, kw_only=True):
    """The server detected the end of speech."""

    audio_end_ms: int = 0


class InputCommitted(OfItem, frozen=True, kw_only=True):
    """The input buffer was committed as a user item."""

    previous_item_id: str = ""


class InputCleared(ServerEvent, frozen=True, kw_only=True):
    """The input buffer was cleared."""


class InputTimeout(OfItem, frozen=True, kw_only=True):
    """The user did not speak within the idle timeout; the server creates a response."""

    audio_start_ms: int = 0
    audio_end_ms: int = 0


class DtmfReceived(ServerEvent, frozen=True, kw_only=True):
    """A DTMF key press in a telephone call."""

    event: str = ""
    received_at: int = 0


class TranscriptionDelta(OfItem, frozen=True, kw_only=True):
    """A delta of the transcript of the user's speech."""

    content_index: int = 0
    delta: str = ""


class TranscriptionCompleted(OfItem, frozen=True, kw_only=True):
    """The transcript of a user item; may arrive after the response, and again as a correction. Some call it text."""

    content_index: int = 0
    transcript: str = ""
    text: str = ""


class TranscriptionFailed(OfItem, frozen=True, kw_only=True):
    """The transcription failed; the turn itself may continue."""

    content_index: int = 0
    error: ErrorInfo = ErrorInfo()


class TranscriptionSegment(OfItem, frozen=True, kw_only=True):
    """A segment of the transcript with its speaker; times are in seconds."""

    content_index: int = 0
    id: str = ""
    text: str = ""
    speaker: str = ""
    start: float = 0.0
    end: float = 0.0


# --- responses


class ResponseCreated(ServerEvent, frozen=True, kw_only=True):
    """A response was created."""

    response: Response = Response()


class OutputItemAdded(ServerEvent, frozen=True, kw_only=True):
    """A new output item was added to a response."""

    response_id: str = ""
    output_index: int = 0
    item: Item = Item()


class OutputItemDone(ServerEvent, frozen=True, kw_only=True):
    """An output item is final, also if it was interrupted."""

    response_id: str = ""
    output_index: int = 0
    item: Item = Item()


class ContentPartAdded(OfContent, frozen=True, kw_only=True):
    """A new content part was added."""

    part: Part = Part()


class ContentPartDone(OfContent, frozen=True, kw_only=True):
    """A content part is final."""

    part: Part = Part()


class OutputTextDelta(OfContent, frozen=True, kw_only=True):
    """A delta of text output; on Yandex also of the transcript of audio output."""

    delta: str = ""


class OutputTextDone(OfContent, frozen=True, kw_only=True):
    """The full text of a content part."""

    text: str = ""


class OutputTranscriptDelta(OfContent, frozen=True, kw_only=True):
    """A delta of the transcript of audio output."""

    delta: str = ""


class OutputTranscriptDone(OfContent, frozen=True, kw_only=True):
    """The full transcript of a content part with audio."""

    transcript: str = ""


class OutputAudioDelta(OfContent, frozen=True, kw_only=True):
    """A delta of audio output: ``delta`` is PCM16 little-endian mono, decoded from base64."""

    delta: bytes = b""


class OutputAudioDone(OfContent, frozen=True, kw_only=True):
    """No more audio for this part."""


class ArgumentsDelta(OfOutput, frozen=True, kw_only=True):
    """A delta of a function call's JSON arguments."""

    call_id: str = ""
    delta: str = ""


class ArgumentsDone(OfOutput, frozen=True, kw_only=True):
    """The complete arguments of a function call; some servers omit ``name``."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""


class ResponseDone(ServerEvent, frozen=True, kw_only=True):
    """A response ended. Always its last event, whatever the outcome."""

    response: Response = Response()


class RateLimitsUpdated(ServerEvent, frozen=True, kw_only=True):
    """The remaining rate limits."""

    rate_limits: list[RateLimit] = []


# --- WebRTC and SIP only


class OutputBufferStarted(ServerEvent, frozen=True, kw_only=True):
    """WebRTC: the server started to send output audio."""

    response_id: str = ""


class OutputBufferStopped(ServerEvent, frozen=True, kw_only=True):
    """WebRTC: the server's output buffer is empty."""

    response_id: str = ""


class OutputBufferCleared(ServerEvent, frozen=True, kw_only=True):
    """WebRTC: the server's output buffer was cleared."""

    response_id: str = ""


# --- tools that run at the provider


class McpListInProgress(OfItem, frozen=True, kw_only=True):
    """The server is listing the tools of an MCP server."""


class McpListCompleted(OfItem, frozen=True, kw_only=True):
    """The server listed the tools of an MCP server."""


class McpListFailed(OfItem, frozen=True, kw_only=True):
    """Listing the tools of an MCP server failed; some servers say here of which one and why, others in the item."""

    error: Any = None
    server_label: str = ""


class McpArgumentsDelta(OfOutput, frozen=True, kw_only=True):
    """A delta of a server-side call's arguments."""

    delta: str = ""


class McpArgumentsDone(OfOutput, frozen=True, kw_only=True):
    """The complete arguments of a server-side call."""

    arguments: str = ""


class McpCallInProgress(OfOutput, frozen=True, kw_only=True):
    """The server runs a tool."""


class McpCallCompleted(OfOutput, frozen=True, kw_only=True):
    """A server-side tool finished."""


class McpCallFailed(OfOutput, frozen=True, kw_only=True):
    """A server-side tool failed; some servers say why here, others in the item."""

    error: Any = None


class ErrorEvent(ServerEvent, frozen=True, kw_only=True):
    """The server reports an error; the session usually continues."""

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
    "response.refusal.delta": "response.output_text.delta",
    "response.refusal.done": "response.output_text.done",
    "response.completed": "response.done",
    "response.failed": "response.done",
    "response.incomplete": "response.done",
    "response.cancelled": "response.done",
}
"""Other names of events, with their GA names: of the beta (before September 2025), and of other APIs of OpenAI."""
