"""The shape of a profile, checked when it is read."""

from typing import Annotated, Any, Literal

import msgspec

from rtvoice_tui.protocol.dialects import DIALECTS, Dialect
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec


class ToolRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a tool is run: a Python function (``target``), or by the provider (``hosted``)."""

    kind: Literal["python", "hosted"] = "python"
    target: str = ""
    index_id: str = ""


class ToolEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[tools]]`` table."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    run: ToolRun = ToolRun()
    policy: Literal["auto", "off"] = "auto"
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 10.0

    @property
    def spec(self) -> ToolSpec:
        """What the model is told about it."""
        return ToolSpec(
            name=self.name,
            description=self.description,
            parameters=self.parameters,
            hosted=self.run.kind == "hosted",
            index_id=self.run.index_id,
        )


class AudioPreferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Devices by name; empty is the system's default."""

    input_device: str = ""
    output_device: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole profile. Keys are never in it: ``api_key_env`` only names where one is found.

    Attributes:
        trusted: whether it may run commands and Python functions; an imported one may not until the person says so.
    """

    provider: Literal["local", "yandex", "openai", "azure", "xai", "hf", "generic"] = "local"
    model: str = ""
    url: str = ""
    folder_id: str = ""
    api_key_env: str = ""
    heartbeat_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 20.0
    session: SessionSettings = SessionSettings()
    tools: list[ToolEntry] = []
    trusted: bool = True
    audio: AudioPreferences = AudioPreferences()

    @property
    def dialect(self) -> Dialect:
        """The provider's way of speaking."""
        return DIALECTS[self.provider]

    @property
    def active_tools(self) -> list[ToolEntry]:
        """The tools that are switched on."""
        return [tool for tool in self.tools if tool.policy != "off"]

    @property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told about the tools that are switched on."""
        return tuple(tool.spec for tool in self.active_tools)
