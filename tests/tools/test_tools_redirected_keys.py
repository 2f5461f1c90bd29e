"""A service or an MCP server that leads elsewhere: what the profile filled into headers does not come along."""

import asyncio
import contextlib
import json
import logging
import re

import pytest
from aiohttp import web
from command_programs import mark, until
from http_places import asked, names, place
from mcp_runners import opened

from recorder import CANARY
from rtvoice_tui.profiles import secrets
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools import mcp
from rtvoice_tui.tools.runner import Call

ENVIRON = {"TOKEN": CANARY}
HEADERS = ["Authorization", "api-key", "X-Anything", "Cookie", "Proxy-Authorization", "X-Forwarded-For", "Accept"]
SAYS_SO = re.compile(r"redirects? to", re.IGNORECASE)
STATUSES = [301, 302, 303, 307, 308]


@pytest.fixture
async def here():
    async with place() as made:
        yield made


@pytest.fixture
async def there():
    async with place() as made:
        yield made


@pytest.fixture(autouse=True)
def empty_store(monkeypatch):
    monkeypatch.setattr(secrets, "_in_store", lambda account: "")


def leads(location, status=307):
    async def answer(request):
        return web.Response(status=status, headers={"Location": location})

    return answer


class TestServices:
    @pytest.mark.parametrize("status", STATUSES)
    @pytest.mark.parametrize("header", HEADERS)
    async def test_no_header_with_a_key_comes_along_to_another_port(self, here, there, header, status):
        here.answer = leads(there.url, status)
        outcome = await asked(
            here.url, {"a": 1}, method="POST", redirects=True, headers={header: "Key ${TOKEN}"}, environ=ENVIRON
        )
        assert outcome.ok
        assert CANARY in str(here.asked)
        assert len(there.asked) == 1
        assert CANARY not in str(there.asked)

    @pytest.mark.parametrize("header", HEADERS)
    @pytest.mark.parametrize("host", ["localhost", "other.example", "127.0.0.2", "127.1"])
    async def test_no_header_with_a_key_comes_along_to_another_name(self, here, header, host, monkeypatch):
        names(monkeypatch, **{host.replace(".", "_"): ["127.0.0.1"]})
        port = here.url.rpartition(":")[2]

        async def answer(request):
            return await (here.echo(request) if request.path == "/x" else leads(f"http://{host}:{port}/x")(request))

        here.answer = answer
        await asked(here.url, redirects=True, headers={header: "${TOKEN}"}, environ=ENVIRON)
        assert CANARY in str(here.asked[0])
        assert CANARY not in str(here.asked[1:])

    async def test_a_name_and_password_of_the_address_do_not_come_along(self, here, there):
        here.answer = leads(there.url)
        await asked(here.url.replace("http://", f"http://me:{CANARY}@"), redirects=True)
        assert "authorization" in here.asked[0][2]
        assert "authorization" not in there.asked[0][2]

    @pytest.mark.parametrize("location", ["{there}/x?key={key}", "//{host}/x?key={key}", "http://me:{key}@{host}/"])
    async def test_a_key_that_the_server_puts_into_the_target_is_not_told(self, here, there, location):
        host = there.url.removeprefix("http://")
        here.answer = leads(location.format(there=there.url, host=host, key=CANARY))
        outcome = await asked(here.url, headers={"X-Key": "${TOKEN}"}, environ=ENVIRON)
        assert "redirects to" in outcome.output
        assert CANARY not in repr(outcome)


@contextlib.asynccontextmanager
async def failing(url, **run):
    """An MCP server that cannot be reached; gives the reason."""
    async with opened(mark(), url=url, environ=ENVIRON, **run) as (_, seen):
        await until(lambda: ServerState.FAILED in seen.states(), "it failed")
        yield next(detail for state, detail, _ in seen.statuses if state is ServerState.FAILED)


class Server:
    """As much of an MCP server as there has to be: one tool, and a redirect from some method on."""

    def __init__(self, method, location):
        self._method, self._location = method, location
        self.leading = asyncio.Event()

    async def answer(self, request):
        if request.method != "POST":
            if self._method == request.method:
                self.leading.set()
                return await leads(self._location)(request)
            return web.Response(status=405)
        asked_for = json.loads(await request.text())
        if asked_for["method"] == self._method:
            self.leading.set()
            return await leads(self._location)(request)
        results = {
            "initialize": {
                "protocolVersion": (asked_for.get("params") or {}).get("protocolVersion", "2025-06-18"),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "s", "version": "1"},
            },
            "tools/list": {"tools": [{"name": "hello", "inputSchema": {"type": "object"}}]},
        }
        if "id" not in asked_for:
            return web.Response(status=202)
        if asked_for["method"] not in results:
            error = {"code": -32601, "message": "Method not found"}
            return web.json_response({"jsonrpc": "2.0", "id": asked_for["id"], "error": error})
        result = {"jsonrpc": "2.0", "id": asked_for["id"], "result": results[asked_for["method"]]}
        return web.json_response(result, headers={"Mcp-Session-Id": "session-1"})


class TestServers:
    @pytest.mark.parametrize("status", STATUSES)
    @pytest.mark.parametrize("header", ["Authorization", "api-key", "X-Anything", "Cookie"])
    async def test_another_origin_is_not_asked_and_a_sentence_says_so(self, here, there, header, status):
        here.answer = leads(f"{there.url}/mcp", status)
        async with failing(f"{here.url}/mcp", headers={header: "Key ${TOKEN}"}) as detail:
            assert CANARY in str(here.asked)
            assert there.asked == []
        assert SAYS_SO.search(detail)
        assert there.url in detail

    @pytest.mark.parametrize("location", ["{there}/mcp?key={key}", "http://me:{key}@{host}/mcp", "//{host}/{key}"])
    async def test_the_sentence_names_the_host_and_no_key_and_neither_does_the_log(self, here, there, location, caplog):
        caplog.set_level(logging.DEBUG)
        host = there.url.removeprefix("http://")
        here.answer = leads(location.format(there=there.url, host=host, key=CANARY))
        async with failing(f"{here.url}/mcp", headers={"X-Key": "${TOKEN}"}) as detail:
            assert CANARY not in detail
        told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert CANARY not in str(told)
        assert there.asked == []

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ws://127.0.0.1/", "http://[::1", "", "http://"])
    async def test_a_target_that_is_none_is_a_reason(self, here, location):
        here.answer = leads(location)
        async with failing(f"{here.url}/mcp", headers={"X-Key": "${TOKEN}"}) as detail:
            assert detail
        assert {path for _, path, _, _ in here.asked} == {"/mcp"}

    @pytest.mark.parametrize("method", ["initialize", "notifications/initialized", "tools/list", "tools/call", "GET"])
    async def test_at_no_moment_of_a_session_is_another_origin_asked(self, here, there, method, monkeypatch):
        monkeypatch.setattr(mcp, "LEAST_S", 0.02)
        server = Server(method, f"{there.url}/mcp")
        here.answer = server.answer
        headers = {"Authorization": "Bearer ${TOKEN}", "X-Key": "${TOKEN}"}
        async with opened(mark(), url=f"{here.url}/mcp", headers=headers, environ=ENVIRON) as (runner, _):
            await until(lambda: runner.ready, "it is connected, or failed")
            if method == "tools/call":
                outcome = await runner.run(Call("srv_hello", {}))
                assert not outcome.ok
                assert SAYS_SO.search(outcome.output)
            await until(server.leading.is_set, "it was led elsewhere")
        assert there.asked == []

    async def test_leaving_a_server_leads_nowhere_else(self, here, there):
        server = Server("DELETE", f"{there.url}/mcp")
        here.answer = server.answer
        async with opened(mark(), url=f"{here.url}/mcp", headers={"X-Key": "${TOKEN}"}, environ=ENVIRON) as (runner, _):
            await until(lambda: runner.specs, "its tool is there")
        assert there.asked == []
