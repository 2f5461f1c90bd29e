"""A provider that makes calls of MCP servers itself: what it says about them, for tests."""

from typing import Any

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import CallChanged
from rtvoice_tui.session.timers import ProviderSilent
from session.conversation import WEATHER, Conversation, Step

DOCS = ToolSpec(name="docs", hosted=True, server={"server_url": "https://docs.example/mcp"}, asks=True)


def talking() -> Conversation:
    return Conversation(tools=[WEATHER, DOCS])


def mcp_call(item_id: str = "M", **fields: Any) -> dict[str, Any]:
    item = {"type": "mcp_call", "id": item_id, "server_label": "docs", "name": "search", "arguments": '{"q":"x"}'}
    return {**item, **fields}


def request(item_id: str = "Q", name: str = "search", label: str = "docs") -> dict[str, Any]:
    return {"type": "mcp_approval_request", "id": item_id, "server_label": label, "name": name, "arguments": "{}"}


def ask(c: Conversation, item_id: str = "Q", name: str = "search", label: str = "docs") -> Step:
    """The provider asks whether it may make a call."""
    return c.server("conversation.item.added", item=request(item_id, name, label))


def make(c: Conversation, item_id: str = "M", **fields: Any) -> Step:
    """The provider makes a call: all its events, and the end of the answer that it is in."""
    where = {"item_id": item_id, "output_index": 0, "response_id": "R1"}
    bare = mcp_call(item_id, **{**fields, "output": None, "error": None})
    return c.all(
        c.begin("R1"),
        c.server("response.output_item.added", response_id="R1", item={**bare, "arguments": ""}),
        c.server("response.mcp_call_arguments.delta", **where, delta='{"q":'),
        c.server("response.mcp_call_arguments.delta", **where, delta='"x"}'),
        c.server("response.mcp_call_arguments.done", **where, arguments='{"q":"x"}'),
        c.server("response.output_item.done", response_id="R1", item=bare),
        c.end("R1", output=[bare]),
        c.server("response.mcp_call.in_progress", item_id=item_id, output_index=0),
    )


def finish(c: Conversation, item_id: str = "M", **fields: Any) -> Step:
    """A call at the provider ends well."""
    return c.all(
        c.server("response.mcp_call.completed", item_id=item_id, output_index=0),
        c.server("conversation.item.done", item=mcp_call(item_id, **{"output": "found", **fields})),
    )


def last(step: Step) -> CallChanged:
    return step.of(CallChanged)[-1]


def silence(step: Step) -> dict[str, float]:
    return {name: after for name, after in step.timers.items() if isinstance(name, ProviderSilent)}


def be_silent(c: Conversation) -> Step:
    """The server says nothing for as long as we wait for it."""
    return c.all(*(c.timer(name) for name in silence(c.all())))
