"""MCP servers that the provider asks itself: who is told of them, and with which consent."""

import json
from typing import Any

import pytest

from protocol.sdk_types import accept
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import HostedRun
from rtvoice_tui.protocol.realtime.codec import decode
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.realtime.session_update import session_body
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

SERVER = {"server_url": "https://docs.example/mcp", "authorization": "${DOCS}", "allowed_tools": ["search"]}
DOCS = ToolSpec(name="docs", description="for the user", hosted=True, server=SERVER, kind="hosted")
WEATHER = ToolSpec(name="get_weather", description="Weather.", parameters={"type": "object"}, asks=True)
HOSTS = ["azure", "generic", "openai", "xai", "yandex"]


def tools(dialect: str, *specs: ToolSpec) -> list[dict[str, Any]]:
    return session_body(DIALECTS[dialect], SessionSettings(), specs).session["tools"]


def test_these_providers_host_mcp():
    assert sorted(name for name, dialect in DIALECTS.items() if dialect.hosts_mcp) == HOSTS


@pytest.mark.parametrize("dialect", HOSTS)
def test_a_provider_that_hosts_it_is_told_of_the_server_and_of_nothing_else(dialect):
    assert tools(dialect, DOCS) == [
        {"type": "mcp", "server_label": "docs", **SERVER, "require_approval": "never"},
    ]


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - set(HOSTS)))
def test_a_provider_that_does_not_is_not_told_and_the_user_is(dialect):
    body = session_body(DIALECTS[dialect], SessionSettings(), [DOCS, WEATHER])
    assert [tool["name"] for tool in body.session["tools"]] == ["get_weather"]
    assert body.left_out == ("tool docs",)
    assert "docs.example" not in str(body)


@pytest.mark.parametrize("dialect", HOSTS)
@pytest.mark.parametrize(("asks", "consent"), [(True, "always"), (False, "never")])
def test_the_provider_asks_where_the_policy_says_so(dialect, asks, consent):
    spec = ToolSpec(name="docs", hosted=True, server=SERVER, asks=asks)
    assert [tool["require_approval"] for tool in tools(dialect, spec)] == [consent]


def test_a_server_description_cannot_say_that_nobody_is_asked():
    spec = ToolSpec(name="docs", hosted=True, server={**SERVER, "require_approval": "never"}, asks=True)
    assert tools("openai", spec)[0]["require_approval"] == "always"


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("server", [SERVER, {"server_url": "https://docs.example/mcp"}])
def test_openai_would_take_it(server, asks):
    spec = ToolSpec(name="docs", hosted=True, server=server, asks=asks)
    body = session_body(DIALECTS["openai"], SessionSettings(instructions="Be brief."), [WEATHER, spec])
    accept({"type": "session.update", "event_id": "e", "session": body.session})


def test_a_policy_of_our_own_functions_is_nobodys_business():
    assert tools("openai", WEATHER) == [
        {
            "type": "function",
            "name": "get_weather",
            "description": "Weather.",
            "parameters": {"type": "object", "properties": {}},
        }
    ]


POLICIES = [
    ("ask", "auto", "always"),
    ("auto", "ask", "never"),
    ("default", "ask", "always"),
    ("default", "auto", "never"),
]


@pytest.mark.parametrize(("policy", "usual", "consent"), POLICIES)
def test_a_profile_becomes_what_the_provider_is_told(policy, usual, consent):
    run = HostedRun(server_url="https://docs.example/mcp", allowed_tools=["search"])
    profile = Profile(provider="openai", tools=[ToolEntry(name="docs", run=run, policy=policy)], tool_policy=usual)
    body = session_body(profile.dialect, profile.session, profile.tool_specs)
    assert body.session["tools"] == [
        {
            "type": "mcp",
            "server_label": "docs",
            "server_url": "https://docs.example/mcp",
            "allowed_tools": ["search"],
            "require_approval": consent,
        }
    ]


def test_a_tool_that_is_off_is_not_told():
    entry = ToolEntry(name="docs", run=HostedRun(server_url="https://docs.example/mcp"), policy="off")
    assert Profile(provider="openai", tools=[entry]).tool_specs == ()


ITEMS = [
    ("mcp_list_tools", {"server_label": "docs", "tools": [{"name": "search", "input_schema": {"type": "object"}}]}),
    ("mcp_call", {"server_label": "docs", "name": "search", "arguments": "{}", "output": "found", "error": None}),
    ("mcp_call", {"server_label": "docs", "name": "search", "arguments": "{}", "approval_request_id": "Q"}),
    ("mcp_call", {"name": "search", "error": {"type": "http_error", "code": 502, "message": "bad gateway"}}),
    ("mcp_approval_request", {"server_label": "docs", "name": "search", "arguments": "{}"}),
]


@pytest.mark.parametrize(("kind", "fields"), ITEMS)
@pytest.mark.parametrize("event", ["conversation.item.added", "conversation.item.done", "response.output_item.done"])
def test_their_items_are_read_without_loss(event, kind, fields):
    decoded = decode(_frame(event, {"id": "I", "type": kind, **fields}))
    assert decoded.problem == ""
    for name, value in fields.items():
        expected = value if value is not None or name == "error" else ""
        assert getattr(decoded.event.item, name) == expected


def test_what_is_null_in_an_item_is_absent():
    item = decode(_frame("conversation.item.added", {"id": "I", "type": "mcp_call", "output": None, "tools": None}))
    assert (item.event.item.output, item.event.item.tools) == ("", [])


def _frame(event: str, item: dict[str, Any]) -> str:
    return json.dumps({"type": event, "event_id": "s", "item": item})
