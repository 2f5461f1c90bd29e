"""One WebSocket connection; every failure is turned into a sentence and a remedy for the user."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from rtvoice_tui.errors import ConnectionFailed
from rtvoice_tui.network import explain, proxy_for, refused_by_proxy, shown_proxy, tls_context, words_of_body
from rtvoice_tui.protocol.remedies import remedy_for
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.redaction import redact
from rtvoice_tui.text_files import wide_charset

CONNECT_S = 15.0
BODY_S = 3.0
"""Seconds to wait for the body of a refusal."""

MAX_BODY = 20_000
"""Maximum bytes of it that are read."""

_REFUSALS = {
    400: ("the server does not accept the request", "check the model and the url of the profile"),
    401: ("the key was not accepted", "check the key, then press c to connect again"),
    403: ("the key may not use this service", "give its account the role for it, then press c"),
    402: ("the account has to be paid for", "top up the account at the provider, then press c"),
    404: ("the address or the model does not exist", "check url and model in the profile, then press c"),
    429: ("the quota of connections is used up", "wait a little, then press c"),
}

_CLOSINGS = {
    1000: ("the server ended the session", "press c to begin a new one"),
    1001: ("the server ended the session", "press c to begin a new one"),
    1005: ("the connection was closed without a reason", "press c to connect again"),
    1006: ("the connection was lost", "press c to connect again"),
    1007: ("the server could not read what was sent", "check the profile's settings"),
    1008: ("the server refuses this session", "check model and key of the profile, then press c"),
    1009: ("the server found a message too large", "press c to connect again"),
    1011: ("the server failed", "press c to connect again"),
    1012: ("the server restarts", "press c in a moment"),
    1013: ("the server is too busy", "press c in a moment"),
}


@dataclass(frozen=True)
class Closed:
    """How a connection ended.

    Attributes:
        code: WebSocket close code; 1006 if there was no close frame.
        sentence: the reason, for the user.
        remedy: what the user can do.
    """

    code: int
    sentence: str
    remedy: str


class Socket:
    """An open connection. One task iterates over it, any task of the event loop may send.

    Attributes:
        closed: how it ended; valid after iteration has ended.
        heard: called for every frame from the server, including pings and pongs.
    """

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self._raw = raw
        self.closed = Closed(1006, *_CLOSINGS[1006])
        self.heard: Callable[[], None] = lambda: None
        self._gave_up = False

    async def ping(self) -> None:
        """Send a ping; the pong is reported to ``heard``. A closed connection is ignored."""
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            await self._raw.ping()

    async def give_up(self, sentence: str, remedy: str) -> None:
        """Close a connection whose peer has vanished: iteration ends, and `closed` has this reason.

        Args:
            sentence: the reason, for the user.
            remedy: what the user can do.
        """
        self._gave_up = True
        self.closed = Closed(1006, sentence, remedy)
        await self._raw.close()

    async def send(self, text: str) -> None:
        """Send a text frame.

        Raises:
            ConnectionError: the connection is gone.
        """
        try:
            await self._raw.send_str(text)
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error)) from error

    async def close(self) -> None:
        """Send a close frame and wait up to 1 s for the server's."""
        await self._raw.close()

    def __aiter__(self) -> AsyncIterator[str]:
        """Iterate over all text frames until the connection ends; then `closed` has the reason."""
        return self._frames()

    async def _frames(self) -> AsyncIterator[str]:
        while True:
            message = await self._raw.receive()
            self.heard()
            if message.type is aiohttp.WSMsgType.TEXT:
                yield message.data
            elif message.type is aiohttp.WSMsgType.BINARY:
                yield message.data.decode("utf-8", "replace")
            elif message.type is aiohttp.WSMsgType.PING:
                with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                    await self._raw.pong(message.data)
            elif message.type is not aiohttp.WSMsgType.PONG:
                if not self._gave_up:
                    self.closed = _explain_close(message, self._raw)
                return


@asynccontextmanager
async def connect(endpoint: Endpoint, heartbeat: float | None = None) -> AsyncIterator[Socket]:
    """Open a connection; it is closed at the end of the ``async with`` block.

    Args:
        endpoint: URL and headers.
        heartbeat: seconds between automatic pings, or ``None`` for servers that do not reply to them.

    Raises:
        ConnectionFailed: it could not be opened.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
    # with trust_env aiohttp would add a password from netrc to our headers
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False, middlewares=(_only_upgrade,)) as session:
        try:
            raw = await _open(session, endpoint, heartbeat)
        except ConnectionFailed as error:  # a server may repeat the key in its words
            sent = [value.rpartition(" ")[2] for value in endpoint.headers.values()]
            raise ConnectionFailed(redact(endpoint.redacted(error.sentence), sent), error.remedy) from None
        try:
            yield Socket(raw)
        finally:
            await raw.close()


async def _only_upgrade(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Refuse every response that is no WebSocket, with the server's words; a redirect would get the key.

    Raises:
        ConnectionFailed: the server redirects or refuses.
    """
    response = await handler(request)
    if response.status == 101 or request.method == "CONNECT":
        return response
    host = f"{request.url.host}:{request.url.port}" if request.url.explicit_port else str(request.url.host)
    proxy = str(request.proxy) if request.proxy and request.url.scheme in ("http", "ws") else None
    if proxy and response.status == 407:
        response.close()
        found = refused_by_proxy(407, proxy)
        raise ConnectionFailed(f"{host}: {found.sentence}", found.remedy)
    by = f", says the proxy {shown_proxy(proxy)} or the server" if proxy else ""
    location = response.headers.get("Location", "")
    if response.status in (301, 302, 303, 307, 308) and location:
        response.close()
        raise ConnectionFailed(
            f"{host}: the server redirects to {_target(request.url, location)}, which is not followed{by}",
            "if that is the right server, set url in the profile to its address",
        )
    words = await _body_of(response)
    response.close()
    sent_key = any(name in request.headers for name in ("Authorization", "api-key"))
    sentence, remedy = _refusal(response.status, words, sent_key)
    raise ConnectionFailed(f"{host}: {sentence} (HTTP {response.status}{by}){words and ': '}{words}", remedy)


def _refusal(status: int, words: str, sent_key: bool) -> tuple[str, str]:
    """Sentence and remedy for an HTTP status and the words of its body; ``sent_key``: whether a key was sent."""
    if status == 401 and not sent_key:
        return "the server wants a key, and none was sent", "name one with --api-key-env, or press p, then k"
    if 200 <= status < 300:
        return "this is a web page and no Realtime server", "check the path of the url"
    if status == 511:
        return "this network wants a login first", "log in to the network in a browser, then press c"
    if status >= 500:
        return "the server failed", remedy_for(words) or "wait a little, then press c"
    if "https port" in words.lower() or "https scheme" in words.lower():
        return "the server speaks TLS on this port", "use wss:// in the url"
    sentence, remedy = _REFUSALS.get(status, ("the server refused the connection", "press c to try again"))
    return sentence, remedy_for(words) or remedy


async def _body_of(response: aiohttp.ClientResponse) -> str:
    """The words of a refusal's body; empty if it has none or does not come in time."""
    raw = b""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError, ValueError):
        async with asyncio.timeout(BODY_S):
            raw = await response.content.read(MAX_BODY)
    return words_of_body(_text_of(raw, response.charset))


def _text_of(raw: bytes, charset: str | None) -> str:
    """The text of a body in its charset, else in UTF-8."""
    with contextlib.suppress(LookupError, ValueError):
        if charset:
            return raw.decode(charset)
    return raw.decode(wide_charset(raw) or "utf-8", "replace")


def _target(asked: URL, location: str) -> str:
    """Scheme and host of a redirect's target, without path and query: they could contain a key."""
    try:
        there = asked.join(URL(location))
        return str(there.origin())[:200]
    except ValueError:
        return "an address that is not valid"


async def _open(
    session: aiohttp.ClientSession, endpoint: Endpoint, heartbeat: float | None
) -> aiohttp.ClientWebSocketResponse:
    parts = urlsplit(endpoint.url)
    host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    if problem := login_problem(endpoint):
        raise ConnectionFailed(*problem)
    proxy = proxy_for(endpoint.url)
    encrypted = parts.scheme == "wss" or (proxy or "").startswith("https:")
    tls = await asyncio.to_thread(tls_context) if encrypted else True
    try:
        async with asyncio.timeout(CONNECT_S):
            return await session.ws_connect(
                endpoint.url,
                headers=endpoint.headers,
                proxy=proxy,
                ssl=tls,
                heartbeat=heartbeat,
                max_msg_size=0,  # no limit: a server may send a complete response in one frame
                compress=0,
                autoping=False,  # pongs must be received: they count as a sign of life
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
    except aiohttp.WSServerHandshakeError as error:
        sentence, remedy = "the server's reply is no WebSocket", "check the path of the url"
        raise ConnectionFailed(f"{host}: {sentence} ({error.status})", remedy) from None
    except TimeoutError:
        raise ConnectionFailed(f"{host} does not answer", "check the network and the url, then press c") from None
    except (aiohttp.ClientError, ValueError, OSError) as error:
        raise _failure(host, error, proxy, plain=parts.scheme == "ws") from None


def login_problem(endpoint: Endpoint) -> tuple[str, str] | None:
    """Sentence and remedy for an address with a user while a key is sent, which HTTP does not allow; else ``None``."""
    if "@" not in urlsplit(endpoint.url).netloc or "Authorization" not in endpoint.headers:
        return None
    return "the url has a user or a password in it, and a key is sent as well", "take them out of the url"


_PERHAPS_TLS = ("it closed the connection", "it does not speak HTTP")
"""How a server that speaks TLS seems to answer a request without it."""


def _failure(host: str, error: Exception, proxy: str | None, plain: bool) -> ConnectionFailed:
    """Why a connection failed; ``plain``: whether it was made without TLS."""
    if (found := explain(error, proxy)) is not None:
        if plain and found.sentence.startswith(_PERHAPS_TLS):
            found = found._replace(remedy="use wss:// if the server speaks TLS, or check the url")
        again = ", then press c" if found.remedy.endswith("the url") else ""
        return ConnectionFailed(found.about(host), f"{found.remedy}{again}")
    # the error's own message is not shown: it may contain the full URL, and with it a key
    reason = f": {os.strerror(error.errno)}" if isinstance(error, OSError) and error.errno else ""
    return ConnectionFailed(f"{host}: the connection failed{reason}", "check the url, then press c")


def _explain_close(message: aiohttp.WSMessage, raw: aiohttp.ClientWebSocketResponse) -> Closed:
    if message.type is aiohttp.WSMsgType.ERROR:
        broken = message.data if isinstance(message.data, aiohttp.WebSocketError) else raw.exception()
        if isinstance(broken, aiohttp.WebSocketError):
            words = " ".join(str(broken).split()) or "it broke the rules of the WebSocket protocol"
            return Closed(broken.code, f"we closed the connection: {words} ({broken.code})", "press c to connect again")
    code = message.data if message.type is aiohttp.WSMsgType.CLOSE and isinstance(message.data, int) else raw.close_code
    if message.type is aiohttp.WSMsgType.CLOSE:
        code = code or 1005
    code = code or 1006
    sentence, remedy = _CLOSINGS.get(code, ("the server closed the connection", "press c to connect again"))
    reason = message.extra if isinstance(message.extra, str) else ""
    if message.type is aiohttp.WSMsgType.ERROR and not reason:
        reason = str(raw.exception() or "")
    if reason:
        remedy = remedy_for(reason) or (remedy if code in _CLOSINGS and code != 1008 else "press c to connect again")
    return Closed(code, f"{sentence} ({code}{': ' + reason if reason else ''})", remedy)
