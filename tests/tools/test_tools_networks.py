"""Tools in the network of a company: their requests go through its proxy, and certificates are told in words."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from aiohttp import web
from command_programs import mark, until
from http_places import asked, names
from mcp_runners import opened

from company import HOST, Authority, place, proxy
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import CommandRun, HttpRun, McpRun
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools.registry import Registry

KEY = "geheim-0815"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setattr(secrets, "_in_store", lambda account: "")
    for name in (*VARIABLES, *(name.lower() for name in VARIABLES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


async def sunny(request: web.Request) -> web.StreamResponse:
    return web.Response(text="sunny")


def error_of(outcome):
    assert not outcome.ok
    return json.loads(outcome.output)["error"]


async def test_a_request_goes_through_the_proxy_which_cannot_read_its_key(tmp_path, monkeypatch):
    company = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(company.file))
    async with place(sunny, company.server()) as port, proxy(port) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        outcome = await asked(f"https://{HOST}/w", headers={"X-Key": "${KEY}"}, environ={"KEY": KEY}, private=False)
    assert outcome.output == "sunny"
    assert between.asked == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert KEY not in str(between.headers)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]"])
async def test_a_private_address_is_not_asked_through_the_proxy_either(host, monkeypatch):
    async with proxy() as between:
        monkeypatch.setenv("HTTP_PROXY", between.url)
        assert "private address" in error_of(await asked(f"http://{host}/", private=False))
    assert between.asked == []


@pytest.mark.parametrize(
    ("status", "part"), [(407, "a user name and a password"), (403, "does not allow this host"), (502, "cannot reach")]
)
async def test_a_proxy_that_refuses_is_told(status, part, monkeypatch):
    async with proxy(status=status) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        assert part in error_of(await asked(f"https://{HOST}/", private=False))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("user", ["me:pa-ssw0rd", r"DOMAIN\me:pa-ssw0rd", "me:pa-ssw0rd/x", "me@office:pa-ssw0rd"])
async def test_a_proxy_that_wants_another_password_never_shows_ours(user, scheme, monkeypatch):
    async with proxy(status=407) as between:
        monkeypatch.setenv("ALL_PROXY", between.url.replace("://", f"://{user}@"))
        outcome = await asked(f"{scheme}://{HOST}/", private=False)
        told = await detail_of(f"{scheme}://{HOST}/mcp")
    assert "does not accept the user name and the password" in error_of(outcome)
    assert "does not accept the user name and the password" in told
    assert "pa-ssw0rd" not in str(outcome) + told


@pytest.mark.parametrize("words", ["pa-ssw0rd", "Basic bWU6cGEtc3N3MHJk"])
async def test_a_proxy_that_repeats_its_password_does_not_tell_it_to_the_model(words, monkeypatch):
    async def telling(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text=f"no: {words}")

    async with place(telling) as port, proxy(port) as between:
        monkeypatch.setenv("HTTP_PROXY", between.url.replace("://", "://me:pa-ssw0rd@"))
        outcome = await asked(f"http://{HOST}/", private=False)
    assert words.rpartition(" ")[2] not in str(outcome)


@pytest.mark.parametrize("user", ["me:€€€€", "me:%E4", "us%3Aer:x"])
async def test_a_password_that_cannot_be_sent_is_told(user, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://{user}@127.0.0.1:9")
    assert "HTTPS_PROXY cannot be sent to a proxy" in error_of(await asked(f"https://{HOST}/", private=False))


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there_is_named_and_never_with_its_password(scheme, monkeypatch):
    async with proxy() as gone:
        monkeypatch.setenv("ALL_PROXY", gone.url.replace("://", "://me:pa-ssw0rd@"))
    outcome = await asked(f"{scheme}://{HOST}/", private=False)
    told = await detail_of(f"{scheme}://{HOST}/mcp")
    for words in (error_of(outcome), told):
        assert f"the proxy 127.0.0.1:{gone.port} cannot be reached" in words
    assert "pa-ssw0rd" not in str(outcome) + told


async def test_a_proxy_whose_name_is_unknown_is_blamed_and_not_the_server(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://me:pa-ssw0rd@proxy.invalid:3128")
    outcome = await asked(f"https://{HOST}/", private=False)
    assert "the proxy proxy.invalid:3128: there is no such host" in error_of(outcome)
    assert "pa-ssw0rd" not in str(outcome)


async def test_a_proxy_of_another_kind_is_told(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    assert "socks5 proxies are not supported" in error_of(await asked(f"https://{HOST}/", private=False))


async def test_a_certificate_that_does_not_fit_is_told(tmp_path):
    async with place(sunny, Authority(tmp_path).server("localhost")) as port:
        outcome = await asked(f"https://localhost:{port}/", private=True)
    assert "an authority that this machine does not know" in error_of(outcome)
    assert "SSL_CERT_FILE" in outcome.note


async def test_https_to_a_port_without_tls_is_told():
    async with place(sunny) as port:
        outcome = await asked(f"https://localhost:{port}/", private=True)
    assert "does not speak TLS on this port" in error_of(outcome)


# --- MCP servers over HTTP


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
async def test_the_status_of_a_server_that_refuses_is_told(status):
    async def refusing(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with place(refusing) as port:
        assert f"HTTP {status}" in await detail_of(f"http://127.0.0.1:{port}/mcp")


async def detail_of(url: str) -> str:
    """Why a server could not be connected."""
    async with opened(mark(), url=url) as (_, seen):
        await until(lambda: ServerState.FAILED in seen.states(), "it failed")
        return next(detail for state, detail, _ in seen.statuses if state is ServerState.FAILED)


async def test_an_mcp_server_is_asked_through_the_proxy(monkeypatch):
    async with place(sunny) as port, proxy(port) as between:
        monkeypatch.setenv("HTTP_PROXY", between.url)
        await detail_of(f"http://{HOST}/mcp")
    assert between.asked[0].startswith(f"POST http://{HOST}/mcp")


async def test_an_mcp_server_s_certificate_is_told_in_words(tmp_path):
    async with place(sunny, Authority(tmp_path).server("localhost")) as port:
        assert "an authority that this machine does not know" in await detail_of(f"https://localhost:{port}/mcp")


async def test_a_proxy_that_an_mcp_server_cannot_use_is_told(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example:1080")
    assert "socks5 proxies are not supported" in await detail_of(f"https://{HOST}/mcp")


@pytest.mark.parametrize(
    ("status", "part", "remedy"),
    [
        (401, "not accept the key", "check the headers"),
        (403, "may not use", "check the headers"),
        (404, "no MCP server", "check the url"),
        (503, "failed", "wait"),
    ],
)
async def test_an_mcp_server_that_refuses_is_told_with_its_host_and_what_to_do(status, part, remedy):
    async def refusing(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with place(refusing) as port:
        told = await detail_of(f"http://127.0.0.1:{port}/mcp")
    assert told.startswith("127.0.0.1: ")
    assert part in told
    assert f"(HTTP {status}): {remedy}" in told


async def test_an_mcp_server_that_is_not_there_is_told_in_our_words():
    async with place() as port:
        pass
    assert await detail_of(f"http://127.0.0.1:{port}/mcp") == (
        "127.0.0.1 cannot be reached: check that it runs, and its url; tried again in 1 s"
    )


@pytest.mark.parametrize("status", [300, 302, 304])
async def test_an_answer_that_is_no_success_is_a_failure(status):
    async def moved(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="" if status == 304 else "moved")

    async with place(moved) as port:
        assert f"HTTP {status}" in error_of(await asked(f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("kind", ["application/pdf", "application/zip", "font/woff2"])
async def test_an_answer_of_a_kind_that_is_no_text_is_a_failure(kind):
    async def document(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"%PDF-1.7 plain so far", content_type=kind)

    async with place(document) as port:
        assert f"no text but {kind}" in error_of(await asked(f"http://127.0.0.1:{port}/"))


async def test_a_host_with_letters_of_any_script_is_asked(monkeypatch):
    names(monkeypatch, **{"xn--e1afmkfd_example": ["127.0.0.1"]})
    async with place(sunny) as port:
        assert (await asked(f"http://пример.example:{port}/a%20b?q=ü")).output == "sunny"


async def test_a_byte_order_mark_of_an_answer_does_not_reach_the_model():
    async def marked(request: web.Request) -> web.StreamResponse:
        return web.Response(body="\ufeff{}".encode(), content_type="application/json", charset="utf-8")

    async with place(marked) as port:
        assert (await asked(f"http://127.0.0.1:{port}/")).output == "{}"


@pytest.mark.parametrize("password", ["pa-ssw0rd", "pa%2Fssw0rd"])
async def test_a_password_in_the_address_is_sent_and_never_shown(password):
    seen: list[str] = []

    async def greedy(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers["Authorization"])
        return web.Response(text="you said pa-ssw0rd or pa/ssw0rd")

    async with place(greedy) as port:
        outcome = await asked(f"http://me:{password}@127.0.0.1:{port}/")
    assert outcome.ok
    assert seen[0].startswith("Basic ")
    assert "you said" in outcome.output
    assert password not in str(outcome)
    assert unquote(password) not in str(outcome)


@pytest.mark.parametrize(
    ("url", "headers", "part"),
    [
        ("http://me:pa-ssw0rd@host:99999/?key=pa-ssw0rd", {}, "no http:// or https:// address"),
        ("ftp://me:pa-ssw0rd@host/", {}, "no http:// or https:// address"),
        ("https://", {}, "no http:// or https:// address"),
        ("https://[::1", {}, "no http:// or https:// address"),
        ("https://host/", {"X Y": "1"}, "'X Y' is no name of a header"),
        ("https://host/", {"X\nY": "1"}, "is no name of a header"),
        ("https://host/", {"X": "a\nb"}, "the header X has a line break"),
    ],
)
def test_a_request_that_cannot_be_made_is_told_when_the_profile_is_read(url, headers, part):
    for run in (HttpRun(url=url, headers=headers), McpRun(url=url, headers=headers)):
        entry = ToolEntry(name="a", run=run)
        (problem,) = Registry(Path(), {}).toolset(Profile(tools=[entry]))[1]
        assert part in problem
        assert "pa-ssw0rd" not in problem


@pytest.mark.parametrize("env", [{"A=B": "x"}, {"": "x"}, {"A": "x\0y"}])
def test_a_variable_that_cannot_be_set_is_told_when_the_profile_is_read(env):
    entry = ToolEntry(name="a", run=CommandRun(argv=["true"], env=env))
    (problem,) = Registry(Path(), {}).toolset(Profile(tools=[entry]))[1]
    assert "in its env" in problem


async def test_a_key_that_is_no_text_is_refused_before_it_is_sent():
    outcome = await asked("https://host.example/", headers={"X": "${KEY}"}, environ={"KEY": "abc\udcffdef"})
    assert "not usable" in error_of(outcome)
    assert "bytes that are no text" in str(outcome)
