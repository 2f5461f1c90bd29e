"""A server that sends the handshake elsewhere is not obeyed: nobody else is asked, and it is told where to."""

import asyncio
import contextlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import CANARY, Recorder, redirect
from rtvoice_tui.errors import ConnectionFailed
from rtvoice_tui.protocol.realtime.dialects import AZURE, DIALECTS, HF, OPENAI, YANDEX, Dialect, auth_headers
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.store.plain import visible
from rtvoice_tui.transport.websocket import connect

STATUSES = [301, 302, 303, 307, 308]
STYLES = {
    "bearer": (OPENAI, CANARY),
    "azure's own header": (AZURE, CANARY),
    "azure's token": (AZURE, f"eyJ{CANARY}"),
    "yandex": (YANDEX, CANARY),
    "yandex's token": (YANDEX, f"t1.{CANARY}"),
    "no key": (HF, ""),
}


@pytest.fixture
def there() -> Iterator[Recorder]:
    with Recorder() as made:
        yield made


async def refused(url: str, dialect: Dialect = OPENAI, key: str = CANARY) -> str:
    """What is told of a connection that was not made: sentence and remedy."""
    with pytest.raises(ConnectionFailed) as caught:
        async with asyncio.timeout(20), connect(Endpoint(url, auth_headers(dialect, key), key)):
            pass
    told = f"{caught.value.sentence}\n{caught.value.remedy}"
    assert CANARY not in told
    assert caught.value.remedy
    return told


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("style", STYLES)
async def test_another_place_is_not_asked_whatever_the_key_travels_in(there: Recorder, style: str, status: int) -> None:
    dialect, key = STYLES[style]
    with Recorder(redirect(status, there.url("http"))) as here:
        told = await refused(here.url(), dialect, key)
        assert (there.connections, there.seen) == (0, [])
        assert len(here.upgrades) == 1
        assert CANARY in here.everything or not key
    assert "redirects to" in told
    assert f"127.0.0.1:{there.port}" in told


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
async def test_no_provider_s_way_of_speaking_follows(there: Recorder, dialect: Dialect) -> None:
    with Recorder(redirect(307, there.url("ws"))) as here:
        told = await refused(here.url(), dialect)
    assert (there.connections, there.seen) == (0, [])
    assert "redirects to ws://127.0.0.1" in told


@pytest.mark.parametrize("scheme", ["ws", "wss", "http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "key@127.0.0.1", "user:pw@localhost"])
async def test_scheme_and_host_are_told_and_nothing_that_may_be_secret(there: Recorder, scheme: str, host: str) -> None:
    target = f"{scheme}://{host}:{there.port}/secret-path?key={CANARY}&api_key=hidden-part#also-hidden"
    with Recorder(redirect(302, target)) as here:
        told = await refused(here.url())
    assert there.connections == 0
    assert f"redirects to {scheme}://{host.rpartition('@')[2]}" in told
    for hidden in ("secret-path", "hidden-part", "also-hidden", "key@", "user:pw", "?"):
        assert hidden not in told


@pytest.mark.parametrize("location", ["/v1/realtime", "other", "?again=1", "./", "//127.0.0.1:{port}/v1/realtime"])
async def test_the_same_place_is_not_asked_again_either(location: str) -> None:
    with Recorder() as here:
        here.answer = redirect(307, location.format(port=here.port))
        told = await refused(here.url())
        assert len(here.upgrades) == 1
        assert here.connections == 1
    assert re.search(rf"redirects to \w+://127\.0\.0\.1:{here.port}\b", told)


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "//",
        ":",
        "http:////127.0.0.1",
        "ws://exa mple/",
        "http://" + "a" * 3000 + ".example/",
        "\\\\127.0.0.1\\x",
        "%1b[2J",
        "http://%1b[2J.example/",
    ],
    ids=lambda text: text[:30],
)
async def test_a_target_that_is_none_is_one_harmless_sentence(location: str) -> None:
    with Recorder(redirect(302, location)) as here:
        told = await refused(here.url())
        assert here.connections == 1
    assert "redirects to" in told
    sentence = told.partition("\n")[0]
    assert len(sentence) < 400
    assert "127.0.0.1" in sentence, "who sends elsewhere is told"


@contextlib.asynccontextmanager
async def saying(location: bytes):
    """The address of a server that redirects to bytes that no library would send."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "location",
    [
        b"http://evil.example/\x9b2J?x",
        "http://ev\u202eil.example/".encode(),
        b"http://\xff\xfe.example/",
        "http://\u0430pi.example/".encode(),
        b"http://evil.example/\tx",
        b"http://evil\x9b31m.example/",
    ],
    ids=["a control", "right to left", "not UTF-8", "another alphabet", "a tab", "a control in the host"],
)
async def test_a_target_with_odd_characters_cannot_command_the_terminal(location: bytes) -> None:
    async with saying(location) as url:
        told = await refused(url)
    assert "redirects to" in told
    shown = visible(told.partition("\n")[0])
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Cf")]


@pytest.mark.parametrize("location", [None, ""])
async def test_a_redirect_that_leads_nowhere_is_told_too(location: str | None) -> None:
    answer = redirect(302, location or "")
    with Recorder(answer) as here:
        told = await refused(here.url())
        assert here.connections == 1
    assert "127.0.0.1" in told


@pytest.mark.parametrize("variable", ["ws_proxy", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_a_key_for_this_machine_passes_no_proxy(
    there: Recorder, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, there.url("http", path=""))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Recorder() as here:
        async with connect(Endpoint(here.url(), auth_headers(OPENAI, CANARY), CANARY)):
            pass
        assert len(here.upgrades) == 1
    assert (there.connections, there.seen) == (0, [])


@pytest.mark.parametrize("entry", ["machine 127.0.0.1", "default"])
@pytest.mark.parametrize("style", STYLES)
async def test_no_password_of_a_netrc_file_is_sent_or_in_the_way(
    style: str, entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text(f"{entry} login me password hidden-part\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    headers = auth_headers(*STYLES[style])
    with Recorder() as here:
        async with connect(Endpoint(here.url(), headers, CANARY)):
            pass
        (upgrade,) = here.upgrades
    assert upgrade.get("authorization") == headers.get("Authorization")
