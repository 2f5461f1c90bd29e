"""The editable configuration of an agent, as an immutable value."""

from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.profiles.model import DefaultPolicy, Profile, ToolEntry
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

CONNECTION = ("model", "url")
"""Values of an agent that are no settings of the session: they say where it connects."""

NEEDS_SESSION = frozenset((*CONNECTION, "input_rate", "output_rate"))
"""What a running session cannot change: a change takes effect with the next one."""


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Model, address, settings and tools of a profile. A setting that is ``UNSET`` is left to the server.

    ``url`` is empty for the provider's own address. ``tool_policy`` is the policy of tools without a policy of their
    own.
    """

    model: str = ""
    url: str = ""
    settings: SessionSettings = SessionSettings()
    tools: tuple[ToolEntry, ...] = ()
    tool_policy: DefaultPolicy = "auto"

    @property
    def tool_specs(self) -> tuple[ToolSpec, ...]:
        """The specifications of the tools whose policy is not ``off``."""
        return tuple(tool.spec(self.tool_policy) for tool in self.tools if self.policy(tool) != "off")

    def policy(self, tool: ToolEntry) -> str:
        """Return the effective policy of a tool: ``auto``, ``ask`` or ``off``."""
        return self.tool_policy if tool.policy == "default" else tool.policy

    def tool(self, name: str) -> ToolEntry | None:
        """Return a tool by name; ``None`` if there is none."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def with_tool(self, name: str, tool: ToolEntry | None) -> "Agent":
        """Return the agent with the tool of that name replaced or appended; ``None`` removes it."""
        tools = [tool if entry.name == name else entry for entry in self.tools]
        if tool is not None and self.tool(name) is None:
            tools.append(tool)
        return replace(self, tools=tuple(entry for entry in tools if entry is not None))


def agent_of(profile: Profile) -> Agent:
    """Return the part of a profile that can be edited during a session."""
    return Agent(
        model=profile.model or profile.dialect.model,
        url=profile.url,
        settings=profile.session,
        tools=tuple(profile.tools),
        tool_policy=profile.tool_policy,
    )


def value_at(agent: Agent, path: str) -> Any:
    """Return the value of a field (``voice``, ``turn_detection.threshold``); ``UNSET`` if it has none."""
    if path in CONNECTION:
        return getattr(agent, path) or UNSET
    name, _, inside = path.partition(".")
    if name == "tools":
        tool = agent.tool(inside)
        return UNSET if tool is None else ("off" if agent.policy(tool) == "off" else "on")
    return nested_value(getattr(agent.settings, name), inside)


def nested_value(value: Any, inside: str) -> Any:
    """Return a key of an object, or the value if ``inside`` is empty; ``UNSET`` if the key is absent or ``None``."""
    if not inside:
        return value
    found = value.get(inside, UNSET) if isinstance(value, dict) else UNSET
    return UNSET if found is None else found


def differences(old: Agent, new: Agent) -> tuple[str, ...]:
    """Return the names of the settings that differ, including those of `CONNECTION`, and ``tools``."""
    names = [n for n in CONNECTION if getattr(old, n) != getattr(new, n)]
    names += [n for n in old.settings.__struct_fields__ if getattr(old.settings, n) != getattr(new.settings, n)]
    if old.tools != new.tools or old.tool_policy != new.tool_policy:
        names.append("tools")
    return tuple(names)
