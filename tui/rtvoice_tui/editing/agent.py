"""What can be edited of an agent, as one value that is replaced and never changed."""

from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.profiles.model import DefaultPolicy, Profile, ToolEntry
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Model, settings and tools as a profile has them. ``UNSET`` leaves a setting to the server.

    ``tool_policy`` is the profile's own, for tools that name none.
    """

    model: str = ""
    settings: SessionSettings = SessionSettings()
    tools: tuple[ToolEntry, ...] = ()
    tool_policy: DefaultPolicy = "auto"

    @property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """What the model is told about the tools that are switched on."""
        return tuple(tool.spec(self.tool_policy) for tool in self.tools if self.policy(tool) != "off")

    def policy(self, tool: ToolEntry) -> str:
        """``auto``, ``ask`` or ``off``."""
        return self.tool_policy if tool.policy == "default" else tool.policy

    def tool(self, name: str) -> ToolEntry | None:
        """A tool by name."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def with_tool(self, name: str, tool: ToolEntry | None) -> "Agent":
        """A tool in place of the one of that name, or at the end; ``None`` takes it away."""
        tools = [tool if entry.name == name else entry for entry in self.tools]
        if tool is not None and self.tool(name) is None:
            tools.append(tool)
        return replace(self, tools=tuple(entry for entry in tools if entry is not None))


def agent_of(profile: Profile) -> Agent:
    """The part of a profile that is edited while it talks."""
    return Agent(
        model=profile.model or profile.dialect.model,
        settings=profile.session,
        tools=tuple(profile.tools),
        tool_policy=profile.tool_policy,
    )


def value_at(agent: Agent, path: str) -> Any:
    """What is said about a field (``voice``, ``turn_detection.threshold``); ``UNSET`` where nothing is."""
    if path == "model":
        return agent.model or UNSET
    name, _, inside = path.partition(".")
    if name == "tools":
        tool = agent.tool(inside)
        return UNSET if tool is None else ("off" if agent.policy(tool) == "off" else "on")
    return dig(getattr(agent.settings, name), inside)


def dig(value: Any, inside: str) -> Any:
    """A key of an object, or the value itself; ``UNSET`` where there is no such key or nothing in it."""
    if not inside:
        return value
    found = value.get(inside, UNSET) if isinstance(value, dict) else UNSET
    return UNSET if found is None else found


def differences(old: Agent, new: Agent) -> tuple[str, ...]:
    """Names of the settings that differ; ``model`` and ``tools`` among them."""
    names = [n for n in old.settings.__struct_fields__ if getattr(old.settings, n) != getattr(new.settings, n)]
    if old.model != new.model:
        names.insert(0, "model")
    if old.tools != new.tools or old.tool_policy != new.tool_policy:
        names.append("tools")
    return tuple(names)
