"""HTTP tools: values cannot leave their place in the URL, and private addresses need the profile's permission."""

import asyncio
import codecs
import contextlib
import errno
import ipaddress
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from rtvoice_tui.errors import ConnectionFailed, KeyRefused, ProfileError, ToolError
from rtvoice_tui.network import explain, proxy_for, proxy_keys, refused_by_proxy, tls_context
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.runs import HttpRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.redaction import redact, without_login
from rtvoice_tui.tools import template
from rtvoice_tui.tools.bytes_as_text import readable_text
from rtvoice_tui.tools.requests import check_headers, check_url, login_keys
from rtvoice_tui.tools.runner import MAX_OUTPUT, Call, Outcome, Runner, failed, succeeded

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

KEPT_BYTES = 4 * MAX_OUTPUT
MAX_REDIRECTS = 5
MAX_URL = 8_000
CONNECT_S = 30.0
"""Timeout for connecting, in seconds; the time limit for the response is the profile's."""

_WITH_BODY = ("POST", "PUT", "PATCH")
_PAGE_CHARSET = re.compile(rb"""<(?:meta|\?xml)\b[^>]*?(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)

_NOT_OF_THE_WEB = ("utf_7", "idna", "punycode", "unicode_escape", "raw_unicode_escape")
"""Python codecs that no web service means: two are slow on long input, the others interpret escape sequences."""

_NO_TEXT = (
    *("image/", "audio/", "video/", "font/"),
    *(f"application/{kind}" for kind in ("pdf", "zip", "gzip", "x-gzip", "x-tar", "vnd.openxmlformats")),
)
"""Content types of answers that are no text, whatever their bytes look like."""

_IN_PATH = "/%{}:@!$&'()*+,;=~"
"""Characters in the profile's path that are not percent-encoded."""

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(ValueError):
    """The request is not allowed; the message is one sentence."""


class _Private(OSError):
    """The address belongs to this machine or to a private network."""


class HttpRunner(Runner):
    """Makes an HTTP request for each call.

    Args:
        spec: the tool as the session offers it.
        run: the request, from the profile.
        environ: source of the ``${VARIABLES}`` in headers, before the system's key store.

    Raises:
        ToolError: the profile's URL is not valid.
    """

    def __init__(self, spec: ToolSpec, run: HttpRun, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(spec)
        self._run = run
        self._environ = environ
        self._proxy: str | None = None  # of the last request
        check_address(spec.name, run.url)
        check_headers(spec.name, run.headers)

    def preview(self, call: Call) -> str:
        """Method, URL and body; headers are left out, because they may contain keys."""
        try:
            url, body = self.request(call.arguments)
        except Refused as refused:
            return f"nothing: {refused}"
        return f"{self._run.method} {without_login(url)}" + (
            "" if body is None else f"\n{json.dumps(body, ensure_ascii=False)}"
        )

    def request(self, arguments: dict[str, Any]) -> tuple[str, Any]:
        """URL and JSON body, ``None`` for no body.

        Raises:
            Refused: a value would change the path, cannot be encoded, or makes the URL too long.
        """
        parts = urlsplit(self._run.url)
        _check_path(parts.path, arguments)
        try:
            path = template.fill(quote(parts.path, safe=_IN_PATH), arguments, _quoted)
            query = [
                (template.fill(key, arguments), template.fill(value, arguments))
                for key, value in parse_qsl(parts.query, keep_blank_values=True)
                if all(name in arguments for name in template.names(key + value))
            ]
            used = {*template.names(parts.path), *template.names(parts.query)}
            rest = {name: value for name, value in arguments.items() if name not in used}
            body = None
            if self._run.body:
                body = template.fill_value(self._run.body, arguments)
            elif self._run.method in _WITH_BODY:
                body = rest
            else:
                query += [(name, template.word(value)) for name, value in rest.items()]
            url = urlunsplit((parts.scheme, parts.netloc, path, urlencode(query, quote_via=quote), ""))
        except UnicodeEncodeError:
            raise Refused("a value contains an unpaired surrogate, which a URL cannot encode") from None
        if len(url) > MAX_URL:
            raise Refused(f"the address would have {len(url)} characters")
        return url, body

    async def run(self, call: Call) -> Outcome:
        """Make the request and read up to KEPT_BYTES of the response."""
        import aiohttp

        try:
            url, body = self.request(call.arguments)
            # the key store may prompt the user, which would block the loop of all tools
            headers, keys = await asyncio.to_thread(self._headers) if self._run.headers else ({}, [])
        except Refused as refused:
            return failed(f"{call.name} was not asked: {refused}")
        except ProfileError as error:
            reason = (
                "its key must not be sent to this address"
                if isinstance(error, KeyRefused)
                else "a key is missing or not usable"
            )
            return failed(f"{call.name} was not asked: {reason}", f"{error.sentence}: {error.remedy}")
        keys = [*keys, *login_keys(self._run.url)]
        shown = self.preview(call)
        try:
            outcome = await self._ask(call, url, headers, body, keys)
        except Refused as refused:
            outcome = failed(f"{call.name} failed: {refused}")
        except TimeoutError:
            outcome = failed(f"{call.name} failed: {urlsplit(url).hostname} does not answer")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _Private):
                outcome = failed(f"{call.name} failed: {_private(error.host)}")
            elif (found := explain(error, self._proxy)) is not None:
                outcome = failed(f"{call.name} failed: {found.about(urlsplit(url).hostname or '')}", found.remedy)
            else:
                outcome = failed(f"{call.name} failed: {urlsplit(url).hostname} cannot be asked", _reason(error, keys))
            outcome = outcome.without(*proxy_keys(self._proxy))
        return outcome.with_details(("request", shown)).without(*keys)

    def _connector(self) -> "aiohttp.TCPConnector":
        """Connects to public addresses only, unless the profile allows private ones, and to the proxy."""
        import aiohttp

        def open_socket(address: Any) -> socket.socket:
            allowed = self._run.private or self._proxy
            return _any_socket(address) if allowed else _public_socket(address)

        return aiohttp.TCPConnector(socket_factory=open_socket)

    async def _proxy_for(self, url: "URL") -> str | None:
        """The proxy for an address. Behind one, the target's address is checked here, as far as it can be resolved.

        Raises:
            Refused: the target is a private address, or the proxy cannot be used.
        """
        try:
            self._proxy = proxy_for(str(url))
        except ConnectionFailed as error:
            raise Refused(f"{error.sentence}: {error.remedy}") from None
        host = url.host or ""
        if self._proxy is not None and not self._run.private:
            with contextlib.suppress(OSError):  # a name that only the proxy can resolve
                found = await asyncio.get_running_loop().getaddrinfo(host, url.port or 443, type=socket.SOCK_STREAM)
                if not all(is_public(str(address[4][0])) for address in found):
                    raise Refused(_private(host))
        return self._proxy

    def _headers(self) -> tuple[dict[str, str], list[str]]:
        run = self._run
        return secrets.fill_headers(run.headers, run.url, run.key_in_clear, self._environ)

    async def _ask(self, call: Call, url: str, headers: dict[str, str], body: Any, keys: list[str]) -> Outcome:
        import aiohttp
        from yarl import URL

        method, here = self._run.method, _encoded(url)
        async with aiohttp.ClientSession(
            connector=self._connector(),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S),
        ) as session:
            for _ in range(MAX_REDIRECTS + 1):
                proxy = await self._proxy_for(here)
                tls = await asyncio.to_thread(tls_context) if "https" in (here.scheme, (proxy or "")[:5]) else True
                how: dict[str, Any] = {"allow_redirects": False, "proxy": proxy, "ssl": tls}
                request = session.request(method, here, headers=headers, json=body, **how)
                async with request as response:
                    if proxy and response.status == 407:
                        found = refused_by_proxy(407, proxy)
                        raise Refused(f"{found.sentence}: {found.remedy}")
                    location = response.headers.get("Location", "")
                    if response.status not in (301, 302, 303, 307, 308) or not location:
                        return await _answer(call, response, [*keys, *proxy_keys(proxy)])
                    shown = redact(location, [*keys, *proxy_keys(proxy)])[:200]
                    if not self._run.redirects:
                        raise Refused(f"the server redirects to {shown}, and the profile follows none")
                    there = here.join(URL(location))
                    if there.scheme not in ("http", "https"):
                        raise Refused(f"the server redirects to {shown}")
                    if there.origin() != here.origin():
                        headers = {}  # keys go only to the server that the profile names
                    see_other = response.status == 303 and method != "HEAD"
                    if see_other or (response.status in (301, 302) and method == "POST"):
                        method, body = "GET", None
                    here = there
        raise Refused(f"the server redirects more than {MAX_REDIRECTS} times")


def _check_path(path: str, arguments: Mapping[str, Any]) -> None:
    """Check that the values do not change the structure of the profile's path.

    Raises:
        Refused: a value in the path is empty, or a path segment becomes ``.`` or ``..``.
    """
    for name in template.names(path):
        if template.word(arguments.get(name, "")).strip() in ("", ".", ".."):
            raise Refused(f"{name} is a part of the address and may not be empty, '.' or '..'")
    for part in path.split("/"):
        if (names := template.names(part)) and template.fill(part, arguments) in (".", ".."):
            raise Refused(f"{' and '.join(names)} may not make '.' or '..' of a part of the address")


def check_address(name: str, url: str) -> None:
    """Check the URL of a tool and the position of its placeholders.

    Raises:
        ToolError: it is no http(s) URL, contains a key, or has a placeholder outside path and query.
    """
    check_url(name, url)
    parts = urlsplit(url)
    if template.names(parts.scheme + parts.netloc):
        raise ToolError(f"tool {name}: placeholders may stand in the path and the query of '{url}' only")


async def _answer(call: Call, response: "aiohttp.ClientResponse", keys: list[str]) -> Outcome:
    raw = bytearray()
    more = False
    async for chunk in response.content.iter_chunked(1 << 16):
        room = KEPT_BYTES - len(raw)
        raw += chunk[:room]
        if more := len(chunk) > room:
            break
    status = ("status", f"{response.status} {response.reason or ''}".strip())
    kind = response.content_type
    decoded, damage = _decoded(bytes(raw), response.charset or _charset_of_page(bytes(raw)), more)
    text = redact(decoded, keys)  # before it is cut, or a part of a key could remain
    if "\0" in text[:1000] or kind.startswith(_NO_TEXT):
        size = response.content_length or len(raw)
        return failed(f"{call.name} failed: the answer is no text but {kind}, {size} bytes").with_details(status)
    loss = f"only the first {KEPT_BYTES} bytes of the answer were read" if more else damage
    if not 200 <= response.status < 300:
        sentence = f"{call.name} failed: HTTP {response.status} {response.reason or ''}".strip()
        return failed(sentence, body=text[:2000]).with_details(status, ("body", text))
    return succeeded(text, loss).with_details(status)


def _charset_of_page(raw: bytes) -> str:
    """The charset that an HTML or XML page names at its beginning; empty if it names none."""
    start = raw[:1024].lstrip()
    found = _PAGE_CHARSET.search(start) if start.startswith(b"<") else None
    return found[1].decode("ascii") if found else ""


def _decoded(raw: bytes, charset: str | None, cut: bool) -> tuple[str, str]:
    """Decode with the charset that the server names, else as `readable_text`; and a sentence if some was not text."""
    try:
        if charset and codecs.lookup(charset).name.replace("-", "_") not in _NOT_OF_THE_WEB:
            return raw.decode(charset).removeprefix("\ufeff"), ""
    except (LookupError, ValueError):
        pass
    return readable_text(raw, cut)


def _encoded(url: str) -> "URL":
    """An address whose path and query are encoded already, and whose host may have letters of any script."""
    from yarl import URL

    parts = urlsplit(url)
    host = URL(f"{parts.scheme}://{parts.netloc}").raw_authority
    return URL(urlunsplit(parts._replace(netloc=host)), encoded=True)


def _quoted(value: Any) -> str:
    return quote(template.word(value), safe="")


def _any_socket(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def _public_socket(address: Any) -> socket.socket:
    """A socket for a resolved address, which must be public; checked here, so that no host name can circumvent it.

    Raises:
        _Private: the address is private; aiohttp then tries the host's next address.
    """
    if not is_public(address[4][0]):
        raise _Private(errno.EACCES, "it is a private address")
    return _any_socket(address)


def is_public(host: str) -> bool:
    """Whether an IP address is public; for an IPv4 address embedded in an IPv6 address, the IPv4 address decides."""
    ip = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast


def _private(host: str) -> str:
    return f"{host} is a private address: 'private = true' in the profile allows it"


def _reason(error: Exception, keys: Sequence[str]) -> str:
    return redact(" ".join(str(error).split()), keys)[:500] or type(error).__name__
