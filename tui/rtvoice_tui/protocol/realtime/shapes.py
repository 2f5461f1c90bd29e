"""The documented shapes of client events, against which hand-written events are checked.

The fields are those of the Realtime API (GA) and of Yandex's session. `Dialect` says what a provider does without.
"""

from typing import Any, Literal, Union

from msgspec import UNSET, Struct, UnsetType

Modality = Literal["text", "audio"]
Object = dict[str, Any]


class Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object with the documented fields and no others."""


class FormatShape(Strict, frozen=True, kw_only=True):
    """``format`` of the input or the output."""

    type: str
    rate: int | UnsetType = UNSET


class DetectionShape(Strict, frozen=True, kw_only=True):
    """``turn_detection``."""

    type: Literal["server_vad", "semantic_vad"]
    threshold: float | UnsetType = UNSET
    prefix_padding_ms: int | UnsetType = UNSET
    silence_duration_ms: int | UnsetType = UNSET
    idle_timeout_ms: int | None | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET
    eagerness: Literal["low", "medium", "high", "auto"] | UnsetType = UNSET


class InputShape(Strict, frozen=True, kw_only=True):
    """``audio.input``."""

    format: FormatShape | UnsetType = UNSET
    transcription: Object | None | UnsetType = UNSET
    noise_reduction: Object | None | UnsetType = UNSET
    turn_detection: DetectionShape | None | UnsetType = UNSET
    languages: list[str] | UnsetType = UNSET


class OutputShape(Strict, frozen=True, kw_only=True):
    """``audio.output``."""

    format: FormatShape | UnsetType = UNSET
    voice: str | Object | UnsetType = UNSET
    speed: float | UnsetType = UNSET
    role: str | UnsetType = UNSET


class AudioShape(Strict, frozen=True, kw_only=True):
    """``audio`` of a session or of a response."""

    input: InputShape | UnsetType = UNSET
    output: OutputShape | UnsetType = UNSET


class ResponseShape(Strict, frozen=True, kw_only=True):
    """``response`` of ``response.create``."""

    audio: AudioShape | UnsetType = UNSET
    conversation: str | UnsetType = UNSET
    input: list[Object] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    max_output_tokens: int | Literal["inf"] | UnsetType = UNSET
    metadata: dict[str, str] | None | UnsetType = UNSET
    output_modalities: list[Modality] | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    prompt: Object | None | UnsetType = UNSET
    reasoning: Object | UnsetType = UNSET
    tool_choice: str | Object | UnsetType = UNSET
    tools: list[Object] | UnsetType = UNSET


class SessionShape(Strict, frozen=True, kw_only=True):
    """``session`` of ``session.update``."""

    type: Literal["realtime", "transcription"] | UnsetType = UNSET
    model: str | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    audio: AudioShape | UnsetType = UNSET
    include: list[str] | UnsetType = UNSET
    max_output_tokens: int | Literal["inf"] | UnsetType = UNSET
    output_modalities: list[Modality] | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    prompt: Object | None | UnsetType = UNSET
    reasoning: Object | UnsetType = UNSET
    tool_choice: str | Object | UnsetType = UNSET
    tools: list[Object] | UnsetType = UNSET
    tracing: str | Object | None | UnsetType = UNSET
    truncation: str | Object | UnsetType = UNSET


class FlatSessionShape(SessionShape, frozen=True, kw_only=True):
    """``session`` of servers that have voice and turn detection at its top level."""

    voice: str | Object | UnsetType = UNSET
    turn_detection: DetectionShape | None | UnsetType = UNSET


class PartShape(Strict, frozen=True, kw_only=True):
    """One content part of a message."""

    type: Literal["input_text", "input_audio", "input_image", "output_text", "output_audio", "text"]
    text: str | UnsetType = UNSET
    audio: str | UnsetType = UNSET
    transcript: str | None | UnsetType = UNSET
    image_url: str | UnsetType = UNSET
    detail: Literal["auto", "low", "high"] | UnsetType = UNSET


class ItemShape(Strict, frozen=True, kw_only=True, tag_field="type"):
    """What all items have."""

    id: str | UnsetType = UNSET
    object: str | UnsetType = UNSET
    status: str | UnsetType = UNSET


class MessageShape(ItemShape, frozen=True, kw_only=True, tag="message"):
    """A message."""

    role: Literal["user", "assistant", "system"]
    content: list[PartShape]


class CallShape(ItemShape, frozen=True, kw_only=True, tag="function_call"):
    """A call of a function."""

    name: str
    arguments: str
    call_id: str | UnsetType = UNSET


class CallOutputShape(ItemShape, frozen=True, kw_only=True, tag="function_call_output"):
    """What a function returned."""

    call_id: str
    output: str


class ApprovalShape(ItemShape, frozen=True, kw_only=True, tag="mcp_approval_response"):
    """Whether a tool of an MCP server may run."""

    approval_request_id: str
    approve: bool
    reason: str | None | UnsetType = UNSET


class EventShape(Strict, frozen=True, kw_only=True, tag_field="type"):
    """What all client events have."""

    event_id: str | UnsetType = UNSET


class UpdateSessionShape(EventShape, frozen=True, kw_only=True, tag="session.update"):
    """``session.update``."""

    session: SessionShape


class UpdateFlatSessionShape(EventShape, frozen=True, kw_only=True, tag="session.update"):
    """``session.update`` with voice and turn detection at the top level of the session."""

    session: FlatSessionShape


class AppendShape(EventShape, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    """``input_audio_buffer.append``."""

    audio: bytes


class CommitShape(EventShape, frozen=True, kw_only=True, tag="input_audio_buffer.commit"):
    """``input_audio_buffer.commit``."""


class ClearShape(EventShape, frozen=True, kw_only=True, tag="input_audio_buffer.clear"):
    """``input_audio_buffer.clear``."""


class CreateItemShape(EventShape, frozen=True, kw_only=True, tag="conversation.item.create"):
    """``conversation.item.create``."""

    item: MessageShape | CallShape | CallOutputShape | ApprovalShape
    previous_item_id: str | None | UnsetType = UNSET


class RetrieveItemShape(EventShape, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    """``conversation.item.retrieve``."""

    item_id: str


class TruncateItemShape(EventShape, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    """``conversation.item.truncate``."""

    item_id: str
    content_index: int
    audio_end_ms: int


class DeleteItemShape(EventShape, frozen=True, kw_only=True, tag="conversation.item.delete"):
    """``conversation.item.delete``."""

    item_id: str


class CreateResponseShape(EventShape, frozen=True, kw_only=True, tag="response.create"):
    """``response.create``."""

    response: ResponseShape | UnsetType = UNSET


class CancelResponseShape(EventShape, frozen=True, kw_only=True, tag="response.cancel"):
    """``response.cancel``."""

    response_id: str | UnsetType = UNSET


class ClearOutputShape(EventShape, frozen=True, kw_only=True, tag="output_audio_buffer.clear"):
    """``output_audio_buffer.clear``."""


_REST = (
    AppendShape,
    CommitShape,
    ClearShape,
    CreateItemShape,
    RetrieveItemShape,
    TruncateItemShape,
    DeleteItemShape,
    CreateResponseShape,
    CancelResponseShape,
    ClearOutputShape,
)
NESTED: Any = Union[(UpdateSessionShape, *_REST)]
FLAT: Any = Union[(UpdateFlatSessionShape, *_REST)]
"""The client events of servers with `Dialect.flat_voice`."""

NAMES: tuple[str, ...] = tuple(str(shape.__struct_config__.tag) for shape in (UpdateSessionShape, *_REST))
