"""Proxies, certificates, redirects and refusals: each is told in its own words, and the key goes nowhere else."""

import base64
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from company import HOST, Authority, place, proxy
from rtvoice_tui.errors import ConnectionFailed
from rtvoice_tui.network import missing_certificates, proxy_for, refused_by_proxy, shown_proxy, words_of_body
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.redaction import shown_address
from rtvoice_tui.transport.websocket import _failure, connect

KEY = "canary-7f3a19c2d4e8b605"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_network_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *(name.lower() for name in VARIABLES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def company(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def said(url: str) -> list[str]:
    async with connect(Endpoint(url, {"Authorization": f"Bearer {KEY}"}, KEY)) as socket:
        return [frame async for frame in socket]


async def told(url: str) -> str:
    """Sentence and remedy of a connection that fails."""
    with pytest.raises(ConnectionFailed) as caught:
        await said(url)
    words = f"{caught.value.sentence} — {caught.value.remedy}"
    assert KEY not in words
    assert caught.value.remedy
    assert "Error" not in words, "no names of Python"
    return words


# --- the proxy


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_an_encrypted_session_goes_through_the_proxy_which_cannot_read_the_key(variable, company, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(company.file))
    async with place(tls=company.server()) as port, proxy(port) as between:
        monkeypatch.setenv(variable, between.url)
        assert await said(f"wss://{HOST}/v1/realtime") == ["hello"]
    assert between.asked == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert KEY not in "\n".join(between.headers)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_session_without_encryption_goes_through_the_proxy(variable, monkeypatch):
    async with place() as port, proxy(port) as between:
        monkeypatch.setenv(variable, between.url.removeprefix("http://") if variable == "ALL_PROXY" else between.url)
        assert await said(f"ws://{HOST}/v1/realtime") == ["hello"]
    assert len(between.asked) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_asked_without_the_proxy(host, monkeypatch):
    async with place() as port, proxy(port) as between:
        for variable in VARIABLES[:3]:
            monkeypatch.setenv(variable, between.url)
        assert await said(f"ws://{host}:{port}/") == ["hello"]
    assert between.asked == []


@pytest.mark.parametrize(
    ("excluded", "url", "direct"),
    [
        (HOST, f"wss://{HOST}/", True),
        (".example", f"wss://{HOST}/", True),
        ("example", f"wss://{HOST}/", True),
        ("*", f"wss://{HOST}/", True),
        (f"other, {HOST}", f"wss://{HOST}/", True),
        ("10.0.0.0/8", "wss://10.1.2.3/", True),
        ("10.0.0.0/8", "wss://11.1.2.3/", False),
        ("fd00::/8", "wss://[fd00::1]/", True),
        ("other.example", f"wss://{HOST}/", False),
        ("", f"wss://{HOST}/", False),
        (f"{HOST}:8443", f"wss://{HOST}:8443/", True),
        ("not/a/network", f"wss://{HOST}/", False),
        ("*.example", f"wss://{HOST}/", True),
        ("*.other", f"wss://{HOST}/", False),
        ("10.0.*", "wss://10.0.3.4/", True),
        ("[fd00::1]", "wss://[fd00::1]/", True),
        (f"other;{HOST}", f"wss://{HOST}/", True),
        (f"other {HOST}", f"wss://{HOST}/", True),
        (f"https://{HOST}/", f"wss://{HOST}/", True),
        (f"{HOST}.", f"wss://{HOST}/", True),
        (f"un{HOST}", f"wss://{HOST}/", False),
        (f"{HOST}:8443", f"wss://{HOST}/", False),
        (f"{HOST}:443", f"wss://{HOST}/", True),
        ("example:8443", f"wss://{HOST}/", False),
        ("[fd00::1]:8443", "wss://[fd00::1]/", False),
        ("10.0.*", "wss://10.0.evil.example/", False),
        ("localhost,*", f"wss://{HOST}/", False),
        ("*.", f"wss://{HOST}/", False),
        (f"{HOST}/path", f"wss://{HOST}/", False),
    ],
)
def test_hosts_in_no_proxy_are_asked_directly(excluded, url, direct, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", excluded)
    assert (proxy_for(url) is None) is direct


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("socks5://proxy.example:1080", "socks5 proxies are not supported"),
        ("socks4://proxy.example:1080", "socks4 proxies are not supported"),
        ("ftp://proxy.example", "ftp proxies"),
        ("http://", "no address of a proxy"),
        ("http://proxy.example:port", "no address of a proxy"),
        ("http//proxy.example:3128", "no address of a proxy"),
        ("DIRECT", "no address of a proxy"),
        ("none", "no address of a proxy"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_told_with_its_variable(value, word, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", value)
    words = await told(f"wss://{HOST}/")
    assert word in words
    assert "HTTPS_PROXY" in words


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (407, "not accept the user name and the password"),
        (403, "does not allow this host"),
        (502, "cannot reach"),
        (418, "refuses"),
    ],
)
@pytest.mark.parametrize("scheme", ["wss"])
async def test_a_proxy_that_refuses_is_not_taken_for_the_server(scheme, status, part, monkeypatch):
    async with proxy(status=status) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url.replace("://", "://user:pass-word@"))
        words = await told(f"{scheme}://{HOST}/")
    assert part in words
    assert f"proxy 127.0.0.1:{between.port}" in words
    assert "pass-word" not in words


@pytest.mark.parametrize("user", ["me:pa-ssw0rd", r"DOMAIN\me:pa-ssw0rd", "me:pa-ssw0rd/x#y", "me@office:pa-ssw0rd"])
async def test_a_proxy_s_user_may_be_written_as_it_is(user, company, monkeypatch):
    async with place(tls=company.server()) as port, proxy(port) as between:
        monkeypatch.setenv("SSL_CERT_FILE", str(company.file))
        monkeypatch.setenv("HTTPS_PROXY", between.url.replace("://", f"://{user}@"))
        assert await said(f"wss://{HOST}/v1/realtime") == ["hello"]
    shown = next(line for line in between.headers if line.startswith("Proxy-Authorization: Basic "))
    assert base64.b64decode(shown.rpartition(" ")[2]).decode() == user


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (407, "does not accept the user name and the password"),
        (403, "says the proxy 127.0.0.1"),
        (502, "says the proxy 127.0.0.1"),
        (302, "says the proxy 127.0.0.1"),
    ],
)
async def test_what_a_proxy_answers_to_a_session_without_encryption_is_not_the_server_s_alone(
    status, part, monkeypatch
):
    async with proxy(status=status) as between:
        monkeypatch.setenv("HTTP_PROXY", between.url.replace("://", "://me:pa-ssw0rd@"))
        words = await told(f"ws://{HOST}/")
    assert part in words
    assert "pa-ssw0rd" not in words


async def test_a_proxy_whose_name_is_unknown_is_blamed_and_not_the_server(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pa-ssw0rd@proxy.invalid:3128")
    words = await told(f"wss://{HOST}/")
    assert "the proxy proxy.invalid:3128: there is no such host" in words
    assert "HTTPS_PROXY" in words
    assert "pa-ssw0rd" not in words


@pytest.mark.parametrize("what", ["a folder", "no certificates"])
async def test_a_certificate_file_that_is_none_is_told(what, company, tmp_path, monkeypatch):
    wrong = tmp_path / "ca.pem"
    wrong.mkdir() if what == "a folder" else wrong.write_text("not a certificate")
    async with place(tls=company.server("localhost")) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(wrong))
        words = await told(f"wss://localhost:{port}/")
    assert str(wrong) in words
    assert "SSL_CERT_FILE" in words


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(104, "Connection reset by peer"),
        aiohttp.ClientPayloadError(),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ServerTimeoutError(),
        OSError(5, "Input/output error"),
        ValueError("http://me:pa-ssw0rd@host/"),
    ],
)
def test_no_failure_names_an_exception_or_repeats_its_address(error):
    words = str(_failure("host", error, None, plain=True))
    assert type(error).__name__ not in words
    assert "pa-ssw0rd" not in words
    assert not words.removesuffix(")").endswith(":")


async def test_a_proxy_that_is_not_there_is_named(monkeypatch):
    async with proxy() as gone:
        pass
    monkeypatch.setenv("HTTPS_PROXY", gone.url)
    assert f"the proxy 127.0.0.1:{gone.port} cannot be reached" in await told(f"wss://{HOST}/")


# --- certificates


async def test_an_authority_that_is_not_known_is_told_and_what_a_company_s_own_needs(company):
    async with place(tls=company.server("localhost")) as port:
        words = await told(f"wss://localhost:{port}/")
    assert "an authority that this machine does not know" in words
    assert "SSL_CERT_FILE" in words


@pytest.mark.parametrize(
    ("host", "expired", "part"),
    [
        ("localhost", True, "has expired"),
        ("other.example", False, "is for another host"),
        ("*.example", False, "is for another host"),
    ],
)
async def test_a_certificate_that_does_not_fit_says_why(host, expired, part, company, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(company.file))
    async with place(tls=company.server(host, expired)) as port:
        assert part in await told(f"wss://localhost:{port}/")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_a_certificate_file_that_is_missing_is_told(variable, company, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    if variable == "SSL_CERT_DIR":
        monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).file))
    async with place(tls=company.server("localhost")) as port:
        words = await told(f"wss://localhost:{port}/")
    assert f"{variable} names {tmp_path / 'nowhere'}, which does not exist" in words


async def test_wss_to_a_port_without_tls_says_so():
    async with place() as port:
        words = await told(f"wss://localhost:{port}/")
    assert "does not speak TLS on this port" in words
    assert "ws://" in words


# --- refusals


def answering(status: int, body: str = "", kind: str = "text/plain", **headers: str):
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body, content_type=kind, headers=headers)

    return answer


BODIES = {
    "json": ('{"error": {"message": "Unknown model x", "code": "model_not_found"}}', "application/json"),
    "json of another shape": ('{"detail": [{"loc": ["query"], "msg": "Unknown model x"}]}', "application/json"),
    "text": ("Unknown model x", "text/plain"),
    "a page": (
        "<html><head><title>400</title></head><body><h1>Unknown</h1><p>model x</p><script>bad()</script></body></html>",
        "text/html",
    ),
    "json that repeats the key": (f'{{"error": "Unknown model x for {KEY}"}}', "application/json"),
}


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500])
@pytest.mark.parametrize("body", BODIES)
async def test_the_words_of_a_refusal_are_shown(status, body):
    text, kind = BODIES[body]
    async with place(answering(status, text, kind)) as port:
        words = await told(f"ws://127.0.0.1:{port}/")
    assert f"(HTTP {status}): " in words
    assert "Unknown model x" in " ".join(words.split())
    assert "check the model" in words
    assert "bad()" not in words


@pytest.mark.parametrize(
    ("status", "text", "remedy"),
    [
        (400, "quota exceeded", "top up"),
        (403, "API key not valid", "check the key"),
        (429, "", "wait"),
        (401, "", "check the key"),
        (200, "<html><body>Welcome</body></html>", "path of the url"),
        (503, "overloaded", "wait"),
        (418, "", "try again"),
        (401, "API key expired. Please renew.", "check the key"),
        (403, "The IAM token is expired", "check the key"),
        (402, "", "top up"),
        (511, "", "log in to the network"),
        (400, "The plain HTTP request was sent to HTTPS port", "wss://"),
    ],
)
async def test_the_remedy_of_a_refusal_fits_its_words(status, text, remedy):
    async with place(answering(status, text)) as port:
        assert remedy in await told(f"ws://127.0.0.1:{port}/")


async def test_a_redirect_through_the_proxy_is_not_followed_either(monkeypatch):
    async with place(answering(302, Location="ws://elsewhere.example/")) as port, proxy(port) as between:
        monkeypatch.setenv("HTTP_PROXY", between.url)
        assert "redirects to ws://elsewhere.example" in await told(f"ws://{HOST}/")
    assert len(between.asked) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", ""),
        ("   \n", ""),
        ("<html></html>", ""),
        ("a\n\n b", "a b"),
        ("[1, 2]", "[1, 2]"),
        ("x" * 400, f"{'x' * 300}…"),
        ('{"message": "no"}', "no"),
    ],
)
def test_the_words_of_a_body(body, words):
    assert words_of_body(body) == words


def test_a_context_is_made_for_what_the_environment_says_now(company, monkeypatch):
    from rtvoice_tui.network import tls_context

    monkeypatch.setenv("SSL_CERT_FILE", str(company.file))
    assert len(tls_context().get_ca_certs()) == 1
    assert tls_context().verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
async def test_a_proxy_that_wants_a_login_is_told_with_the_variable_that_it_is_from(variable, monkeypatch):
    async with proxy(status=407) as between:
        monkeypatch.setenv(variable, between.url)
        assert f"set {variable} to http://USER:PASSWORD@HOST:PORT" in await told(f"ws://{HOST}/")


async def test_a_session_without_encryption_to_a_port_that_speaks_tls_is_told_so(company):
    async with place(tls=company.server("localhost")) as port:
        assert "wss://" in await told(f"ws://localhost:{port}/")


async def test_what_is_behind_a_proxy_and_no_tls_is_told_with_a_reason(company, monkeypatch):
    async with place() as port, proxy(port) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        words = await told(f"wss://{HOST}/")
    assert HOST in words
    assert "()" not in words


async def test_a_server_that_is_not_there_is_told_in_the_system_s_words():
    async with place() as port:
        pass
    assert "Connection refused" in await told(f"ws://127.0.0.1:{port}/")
    assert "Connect call" not in await told(f"ws://127.0.0.1:{port}/")


def test_a_proxy_with_an_ipv6_address_is_shown_in_brackets():
    assert shown_proxy("http://me:pw@[fd00::1]:3128") == "[fd00::1]:3128"
    assert shown_proxy("http://proxy.example") == "proxy.example"


@pytest.mark.parametrize("url", ["wss://host:99999/", "wss://host:x/"])
def test_an_address_whose_port_is_none_is_told(url):
    with pytest.raises(ConnectionFailed, match="port"):
        proxy_for(url)


@pytest.mark.parametrize("charset", ["windows-1251", "utf-16", "koi8-r"])
async def test_the_words_of_a_refusal_are_read_in_their_charset(charset):
    async def refusing(request: web.Request) -> web.StreamResponse:
        body = "ключ не подходит".encode(charset)
        return web.Response(status=401, body=body, headers={"Content-Type": f"text/plain; charset={charset}"})

    async with place(refusing) as port:
        assert "ключ не подходит" in await told(f"ws://127.0.0.1:{port}/")


async def test_a_user_in_the_url_beside_a_key_is_told_and_the_password_is_not(monkeypatch):
    endpoint = Endpoint("ws://me:pa-ssw0rd@127.0.0.1:1/", {"Authorization": "Bearer k"}, "k")
    with pytest.raises(ConnectionFailed) as failed:
        async with connect(endpoint):
            pass
    assert "take them out of the url" in str(failed.value.remedy)
    assert "pa-ssw0rd" not in str(failed.value)


@pytest.mark.parametrize(
    ("folders", "wrong"),
    [("{a}:{b}", ""), ("{a}:/no/such", ""), ("/no/such:/nor/this", "/no/such"), ("{file}", "{file}"), ("{a}", "")],
)
def test_a_list_of_folders_with_certificates_is_looked_at_one_by_one(folders, wrong, tmp_path):
    places = {"a": tmp_path / "a", "b": tmp_path / "b", "file": tmp_path / "file"}
    places["a"].mkdir()
    places["b"].mkdir()
    places["file"].write_text("x")
    found = missing_certificates({"SSL_CERT_DIR": folders.format(**places)})
    assert wrong.format(**places) in found
    assert bool(found) is bool(wrong)


def test_the_variable_of_a_proxy_is_that_with_its_address(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pw@mycorp.example:8080")
    monkeypatch.setenv("HTTP_PROXY", "http://corp.example:80/")
    assert "correct them in HTTPS_PROXY" in refused_by_proxy(407, "http://me:pw@mycorp.example:8080").remedy
    assert "HTTP_PROXY" in refused_by_proxy(403 + 15, "http://corp.example:80").remedy


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://me:pa-ssw0rd@host:1/x?key=1", "wss://host:1/x"),
        ("wss://me:pa/ssw0rd@host/x", "wss://host/x"),
        ("ftp://me@host/", "ftp://host/"),
        ("https://host:8080/@user", "https://host:8080/@user"),
        ("me:pa-ssw0rd@host", "host"),
        ("https://host/a?b@c#d", "https://host/a"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_key(url, shown):
    assert shown_address(url) == shown


async def test_a_server_that_wants_a_key_is_told_so_if_none_was_sent():
    async with place(answering(401)) as port:
        with pytest.raises(ConnectionFailed, match="the server wants a key, and none was sent"):
            async with connect(Endpoint(f"ws://127.0.0.1:{port}/")):
                pass
