"""A service or an MCP server that repeats a tool's key: neither the model nor the user sees it, in any spelling."""

import json

import pytest
from aiohttp import web
from command_programs import mark, until
from http_places import asked, place
from mcp_runners import opened

from echoes import ESCAPES, KEY, leaks, readings
from rtvoice_tui.profiles import secrets
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools.runner import Call

ESCAPE = pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)


@pytest.fixture
async def here():
    async with place() as made:
        yield made


@pytest.fixture(autouse=True)
def empty_store(monkeypatch):
    monkeypatch.setattr(secrets, "_in_store", lambda account: "")


def told(outcome):
    """All that anybody sees of an outcome."""
    return [outcome.output, outcome.note, *(text for detail in outcome.details for text in detail)]


@ESCAPE
@pytest.mark.parametrize(("status", "header"), [(200, "X-Anything"), (401, "Authorization")])
async def test_a_key_that_a_service_repeats_in_json_is_blotted(here, escape, status, header):
    async def answer(request):
        body = f'{{"note": "before {escape(KEY)} after", "you sent": ["{escape(KEY)}"], "{escape(KEY)}": 1}}'
        return web.Response(text=body, status=status, content_type="application/json")

    here.answer = answer
    outcome = await asked(here.url, headers={header: "Bearer ${TOKEN}"}, environ={"TOKEN": KEY})
    assert here.asked[0][2][header.lower()] == f"Bearer {KEY}"
    assert leaks(told(outcome)) == []
    assert any("before [key] after" in reading for reading in readings(outcome.output))


@ESCAPE
async def test_json_inside_json_is_read_too(here, escape):
    async def answer(request):
        return web.json_response({"inner": f'{{"note": "before {escape(KEY)} after"}}'})

    here.answer = answer
    outcome = await asked(here.url, headers={"X-Key": "${TOKEN}"}, environ={"TOKEN": KEY})
    assert leaks(told(outcome)) == []
    assert any("before [key] after" in reading for reading in readings(outcome.output))


class Server:
    """As much of an MCP server as repeats the key: in results, errors, and names."""

    def __init__(self, escape):
        self._written = escape(KEY)

    async def answer(self, request):
        if request.method != "POST":
            return web.Response(status=405)
        message = json.loads(await request.text())
        if "id" not in message:
            return web.Response(status=202)
        version = (message.get("params") or {}).get("protocolVersion", "2025-06-18")
        tools = [
            {"name": name, "inputSchema": {"type": "object"}} for name in ("text", "structure", "error", "refusal")
        ]
        tools[0]["description"] = "before KEY after"
        tools[0]["inputSchema"] |= {"properties": {"a": {"type": "string", "description": "before KEY after"}}}
        results = {
            "initialize": {
                "protocolVersion": version,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "s", "version": "1"},
            },
            "tools/list": {"tools": tools},
            "tools/call": self._called((message.get("params") or {}).get("name", "")),
        }
        about = {"jsonrpc": "2.0", "id": message["id"]}
        result = results.get(message["method"])
        if result is None:
            fault = {"code": -32601, "message": "Method not found"}
            return web.json_response({**about, "error": fault})
        body = json.dumps({**about, **result} if "error" in result else {**about, "result": result})
        return web.Response(text=body.replace("KEY", self._written), content_type="application/json")

    def _called(self, name):
        if name == "refusal":
            return {"error": {"code": -32000, "message": "before KEY after"}}
        content = [{"type": "text", "text": "before KEY after"}]
        if name == "structure":
            return {"content": [], "structuredContent": {"note": "before KEY after", "deep": [{"KEY": "KEY"}]}}
        return {"content": content, "isError": name == "error"}


@pytest.fixture
async def connected(here, request):
    here.answer = Server(request.param).answer
    run = {"url": f"{here.url}/mcp", "headers": {"X-Key": "${TOKEN}"}, "environ": {"TOKEN": KEY}}
    async with opened(mark(), **run) as (runner, seen):
        await until(lambda: runner.specs, f"its tools are there: {seen.statuses}")
        yield runner


CONNECTED = pytest.mark.parametrize("connected", ESCAPES.values(), ids=ESCAPES, indirect=True)


@CONNECTED
async def test_a_key_that_an_mcp_server_repeats_in_a_result_is_blotted(connected):
    for name in ("text", "structure", "error", "refusal"):
        outcome = await connected.run(Call(f"srv_{name}", {}))
        assert leaks(told(outcome)) == [], name
        assert "before [key] after" in outcome.output, name


@CONNECTED
async def test_a_key_in_an_mcp_server_s_description_does_not_go_to_the_provider(connected):
    (spec,) = [spec for spec in connected.specs if spec.name == "srv_text"]
    assert leaks([spec.description, json.dumps(spec.parameters)]) == []
    assert spec.description == "before [key] after"
    assert spec.parameters["properties"]["a"]["description"] == "before [key] after"


@ESCAPE
async def test_why_an_mcp_server_cannot_be_used_is_told_without_the_key(here, escape):
    async def answer(request):
        fault = f'{{"jsonrpc": "2.0", "id": 0, "error": {{"code": -32000, "message": "before {escape(KEY)} after"}}}}'
        return web.Response(text=fault, status=401, content_type="application/json")

    here.answer = answer
    run = {"url": f"{here.url}/mcp", "headers": {"X-Key": "${TOKEN}"}, "environ": {"TOKEN": KEY}}
    async with opened(mark(), **run) as (_, seen):
        await until(lambda: ServerState.FAILED in seen.states(), "it failed")
        assert leaks([detail for _, detail, _ in seen.statuses]) == []
