"""The settings of a session in one flat, provider-independent vocabulary.

The names are those of the GA session object, flattened. `UNSET` means that a setting is not sent, ``None`` that it is
switched off: servers distinguish the two.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

Rate = Annotated[int, msgspec.Meta(ge=8_000, le=192_000)]
"""Valid sample rate in Hz."""


class ToolSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A function the model may call.

    Attributes:
        name: the name under which the model calls it.
        description: the description that the model gets.
        parameters: JSON Schema of the arguments object.
        hosted: whether it runs at the provider, so that we never send its output.
        index_id: search index of a hosted ``file_search``.
        server: wire object of a hosted MCP server, without ``server_label``: the label is ``name``.
        kind: how it is run: ``python``, ``command``, ``http``, ``mcp``, ``mock``, ``ask`` or ``hosted``.
        asks: whether the user has to approve each call.
        filler: what the agent says while a call takes long; empty: nothing.
        filler_after_s: seconds after which the filler is said.
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
    """Configuration of a session. Rates are in Hz; the format is always 16-bit mono PCM."""

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
        """Whether turn detection is off, so that the user starts and ends turns with push-to-talk."""
        detection = self.turn_detection
        return detection is None or (isinstance(detection, dict) and detection.get("type") == "none")

    @property
    def server_interrupts(self) -> bool:
        """Whether the server is configured to cancel a running response itself when speech starts."""
        detection = self.turn_detection
        return not isinstance(detection, dict) or detection.get("interrupt_response") is not False

    @property
    def server_creates_responses(self) -> bool:
        """Whether the server creates a response itself at the end of a turn."""
        detection = self.turn_detection
        if detection is UNSET:
            return True
        return not self.manual_turns and isinstance(detection, dict) and detection.get("create_response") is not False

    def is_set(self, name: str) -> bool:
        """Whether a setting has a value, ``None`` included."""
        return getattr(self, name) is not UNSET
