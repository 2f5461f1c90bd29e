"""Agents put together from others: some settings of one, a change taken out, what was typed over what was sent."""

from typing import Any

from msgspec.structs import replace

from rtvoice_tui.editing.agent import CONNECTION, Agent, differences
from rtvoice_tui.editing.history import Change
from rtvoice_tui.profiles.model import ToolEntry


def with_setting(agent: Agent, name: str, value: Any) -> Agent:
    """An agent with another value of one setting."""
    return replace(agent, settings=replace(agent.settings, **{name: value}))


def setting_of(agent: Agent, name: str) -> Any:
    """The value of a whole setting: one of the session, of the connection, or the tools."""
    return getattr(agent if name in (*CONNECTION, "tools") else agent.settings, name)


def with_settings_of(agent: Agent, other: Agent, names: tuple[str, ...]) -> Agent:
    """An agent with some settings of another; names of `CONNECTION` and ``tools`` may be among them."""
    own = {name: getattr(other, name) for name in names if name in (*CONNECTION, "tools")}
    settings = {name: getattr(other.settings, name) for name in names if name not in own}
    return replace(agent, **own, settings=replace(agent.settings, **settings))


def with_change(agent: Agent, before: Agent, after: Agent) -> Agent:
    """An agent with the differences between two others, tool by tool."""
    names = tuple(name for name in differences(before, after) if name != "tools")
    changed = with_settings_of(agent, after, names)
    if before.tool_policy != after.tool_policy:
        changed = replace(changed, tool_policy=after.tool_policy)
    for name in tool_names(before, after):
        if before.tool(name) != after.tool(name):
            changed = changed.with_tool(name, after.tool(name))
    if {tool.name for tool in changed.tools} == {tool.name for tool in after.tools} and agent == before:
        return replace(changed, tools=after.tools)
    return changed


def without_change(agent: Agent, change: Change) -> Agent:
    """An agent without a change, except where a later one has changed the same."""
    names = [
        name for name in change.fields if name != "tools" and setting_of(agent, name) == setting_of(change.after, name)
    ]
    back = with_settings_of(agent, change.before, tuple(names))
    for name in tool_names(change.before, change.after):
        old, new = change.before.tool(name), change.after.tool(name)
        if old != new and agent.tool(name) == new:
            back = back.with_tool(name, old)
    return back


def typed_over_sent(old: ToolEntry | None, typed: ToolEntry | None, sent: ToolEntry | None) -> ToolEntry | None:
    """A tool as it was sent, with the fields that were typed (compared with ``old``) and not sent yet."""
    if old is None or typed is None or sent is None:
        return typed
    fields = [name for name in typed.__struct_fields__ if getattr(typed, name) != getattr(old, name)]
    return replace(sent, **{name: getattr(typed, name) for name in fields})


def tool_names(*agents: Agent) -> tuple[str, ...]:
    """Names of the tools of all of them, each once, in their order."""
    return tuple({tool.name: None for agent in agents for tool in agent.tools})
