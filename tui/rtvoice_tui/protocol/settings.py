"""The settings of a session in one flat, provider-independent vocabulary.

The names are those of the GA session object, flattened where a user would. `UNSET` means "say nothing about it",
``None`` means "switch it off": servers tell the two apart.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

Rate = Annotated[int, msgspec.Meta(ge=8_000, le=192_000)]
"""Samples a second that a sound device may have."""


class ToolSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A function the model may call.

    Attributes:
        name: what the model calls it.
        description: what the model is told about it.
        parameters: JSON Schema of the arguments object.
        hosted: runs at the provider; never answered by us.
        index_id: search index of a hosted ``file_search``.
        server: a hosted MCP server, without its label: that is the name.
        kind: how it is run, in a word.
        asks: whether the user is asked before it is run.
        filler: what the agent says while a call takes long; empty: nothing.
        filler_after_s: after so many seconds.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    hosted: bool = False
    index_id: str = ""
    server: dict[str, Any] = {}
    kind: str = ""
    asks: bool = False
    filler: str = ""
    filler_after_s: float = 0.0


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the agent behaves. Rates are in Hz; both are always 16-bit mono PCM."""

    instructions: str | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    speed: float | UnsetType = UNSET
    role: str | UnsetType = UNSET
    languages: list[str] | UnsetType = UNSET
    output_modalities: list[str] | UnsetType = UNSET
    turn_detection: dict[str, Any] | None | UnsetType = UNSET
    transcription: dict[str, Any] | None | UnsetType = UNSET
    noise_reduction: dict[str, Any] | None | UnsetType = UNSET
    tool_choice: str | dict[str, Any] | UnsetType = UNSET
    max_output_tokens: int | str | UnsetType = UNSET
    truncation: str | dict[str, Any] | UnsetType = UNSET
    input_rate: Rate = 24_000
    output_rate: Rate = 24_000
    extra: dict[str, Any] | UnsetType = UNSET

    @property
    def manual_turns(self) -> bool:
        """Whether the user says when a turn begins and ends, because turn detection is off."""
        detection = self.turn_detection
        return detection is None or (isinstance(detection, dict) and detection.get("type") == "none")

    @property
    def server_interrupts(self) -> bool:
        """Whether the server was asked to cancel a running answer by itself when speech starts."""
        detection = self.turn_detection
        return not isinstance(detection, dict) or detection.get("interrupt_response", True) is True

    @property
    def server_answers(self) -> bool:
        """Whether the server answers by itself when the user has finished."""
        detection = self.turn_detection
        if detection is UNSET:
            return True
        return not self.manual_turns and isinstance(detection, dict) and detection.get("create_response", True) is True

    def is_set(self, name: str) -> bool:
        """Whether anything was said about a setting."""
        return getattr(self, name) is not UNSET
