"""A tool's key is not sent over an unencrypted connection to another machine, and nobody is even looked up."""

import socket

import pytest
from aiohttp import web
from command_programs import mark, until
from http_places import asked, place
from mcp_runners import opened

from recorder import CANARY
from rtvoice_tui.profiles import secrets
from rtvoice_tui.session.facts import ServerState

ENVIRON = {"TOKEN": CANARY}
HOSTS = [
    "gateway.example",
    "gateway.example:8080",
    "localhost.evil.example",
    "127.0.0.1.nip.example",
    "localhost@evil.example",
    "127.0.0.1:80@evil.example",
    "printer",
    "128.0.0.1.example",
]
HEADERS = [
    {"Authorization": "Bearer ${TOKEN}"},
    {"api-key": "${TOKEN}"},
    {"X-Anything": "a ${TOKEN} b", "X-Plain": "plain"},
    {"Cookie": "session=${TOKEN}"},
]


@pytest.fixture(autouse=True)
def empty_store(monkeypatch):
    monkeypatch.setattr(secrets, "_in_store", lambda account: "")


@pytest.fixture
def looked_up(monkeypatch):
    """The names that somebody looked up; none of them leads anywhere."""
    found = []

    def look(host, *arguments, **more):
        found.append(host.decode() if isinstance(host, bytes) else host)
        raise socket.gaierror(socket.EAI_NONAME, "nobody knows")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return found


@pytest.fixture
async def here():
    async with place() as made:
        yield made


def leads_to(location):
    async def answer(request):
        return web.Response(status=307, headers={"Location": location})

    return answer


def told(outcome):
    """What the model and the user are told."""
    return f"{outcome.output}\n{outcome.note}"


async def reason(url, headers):
    """Why an MCP server is not connected."""
    async with opened(mark(), url=url, headers=headers, environ=ENVIRON) as (_, seen):
        await until(lambda: ServerState.FAILED in seen.states(), "it failed")
        return next(detail for state, detail, _ in seen.statuses if state is ServerState.FAILED)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("host", HOSTS)
async def test_a_service_is_not_asked_with_a_key_in_the_clear(host, private, looked_up):
    outcome = await asked(f"http://{host}/x", {"a": 1}, private=private, headers=HEADERS[0], environ=ENVIRON)
    assert not outcome.ok
    assert "unencrypted" in told(outcome)
    assert CANARY not in repr(outcome)
    assert looked_up == []


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_whatever_header_the_key_is_in(headers, method, looked_up):
    outcome = await asked("http://gateway.example/x", {"a": 1}, method=method, headers=headers, environ=ENVIRON)
    assert "unencrypted" in told(outcome)
    assert looked_up == []


@pytest.mark.parametrize("host", HOSTS)
async def test_a_server_is_not_connected_with_a_key_in_the_clear(host, looked_up):
    detail = await reason(f"http://{host}/mcp", HEADERS[0])
    assert "unencrypted" in detail
    assert "tried again" not in detail
    assert CANARY not in detail
    assert looked_up == []


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
async def test_whatever_header_of_a_server_the_key_is_in(headers, looked_up):
    assert "unencrypted" in await reason("http://gateway.example/mcp", headers)
    assert looked_up == []


@pytest.mark.parametrize("headers", [{}, {"X-Plain": "plain", "X-Dollar": "$TOKEN ${} {TOKEN}"}])
async def test_without_a_key_nothing_needs_to_be_encrypted(headers, looked_up):
    outcome = await asked("http://gateway.example/x", headers=headers, environ=ENVIRON)
    assert "unencrypted" not in told(outcome)
    assert "unencrypted" not in await reason("http://gateway.example/mcp", headers)
    assert set(looked_up) == {"gateway.example"}


async def test_encrypted_a_key_may_go_anywhere(looked_up):
    outcome = await asked("https://gateway.example/x", headers=HEADERS[0], environ=ENVIRON)
    assert "unencrypted" not in told(outcome)
    assert "unencrypted" not in await reason("https://gateway.example/mcp", HEADERS[0])
    assert set(looked_up) == {"gateway.example"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
async def test_this_machine_may_be_asked(here, host):
    port = here.url.rpartition(":")[2]
    outcome = await asked(f"http://{host}:{port}/x", headers=HEADERS[0], environ=ENVIRON)
    assert outcome.ok
    assert here.asked[0][2]["authorization"] == f"Bearer {CANARY}"


async def test_a_service_on_this_machine_does_not_lead_a_key_into_the_clear(here, looked_up):
    """The key stays behind at a redirect to another origin, so what is left may be asked for."""
    here.answer = leads_to("http://gateway.example/x")
    await asked(here.url, redirects=True, headers=HEADERS[0], environ=ENVIRON)
    assert len(here.asked) == 1
