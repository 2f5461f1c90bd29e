"""Networks of companies: proxies from the environment, certificates, and what a failed connection means.

Used for every connection to another machine: the session, HTTP tools, MCP servers and ``doctor``.
"""

import base64
import contextlib
import fnmatch
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from rtvoice_tui.errors import ConnectionFailed
from rtvoice_tui.protocol.realtime.error_texts import read_event_error

if TYPE_CHECKING:
    import ssl

_HTTP_SCHEME = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_VARIABLES = {"http": "HTTP_PROXY", "https": "HTTPS_PROXY"}
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_NO_HOSTS = ("http", "https", "direct", "none", "null", "no", "off", "false")
"""What stands in a proxy's variable where its address is misspelled, or where no proxy is meant."""

COMPANY = "a company's network may have an authority of its own: set SSL_CERT_FILE to its certificate"

_CERTIFICATE_FAULTS = {
    9: ("is not valid yet", "check this machine's clock"),
    10: ("has expired", "check this machine's clock, or tell the server's owner"),
    18: ("is signed by nobody but itself", f"if it is yours, set SSL_CERT_FILE to it; {COMPANY}"),
    19: ("is signed by an authority that this machine does not know", COMPANY),
    20: ("is signed by an authority that this machine does not know", COMPANY),
    21: ("is signed by an authority that this machine does not know", COMPANY),
    23: ("was revoked", "tell the server's owner"),
    62: ("is for another host", "check the host in the url"),
    64: ("is for another host", "use the host's name in the url, not its address"),
}
"""OpenSSL's verification errors (X509_V_ERR_*), in words."""

_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")


class Failure(NamedTuple):
    """Why a connection failed, after the host's name, and what the user can do."""

    sentence: str
    remedy: str

    def about(self, host: str) -> str:
        """The whole sentence: with the host in place of ``it``, or before it."""
        return f"{host} {self.sentence[3:]}" if self.sentence.startswith("it ") else f"{host}: {self.sentence}"


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is this machine.

    Only ``localhost`` and IP addresses count; other names are not resolved.
    """
    if host.lower() == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None  # is_loopback ignores mapped addresses
    return (mapped or ip).is_loopback


def proxy_for(url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the proxy for an address: from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, or the system's settings.

    Args:
        url: the address; ``ws`` uses the proxy of ``http``, ``wss`` that of ``https``.
        environ: our own environment, for ``NO_PROXY``.

    Returns:
        The proxy's address; ``None`` for this machine, for hosts in ``NO_PROXY``, and where there is no proxy.

    Raises:
        ConnectionFailed: the proxy is of a kind that is not supported, or its address is not valid.
    """
    parts = urlsplit(url)
    from urllib.request import getproxies, proxy_bypass  # with ssl, takes time that the first frame has not

    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConnectionFailed(f"{parts.scheme}: the port of the url is no port", "correct the url") from None
    scheme = _HTTP_SCHEME.get(parts.scheme, parts.scheme)
    if (
        is_loopback(host)
        or proxy_bypass(f"{host}:{port}" if port else host)
        or _excluded(host, port or _PORTS.get(parts.scheme), environ)
    ):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy:
        return None
    proxy = _quoted_user(proxy.strip() if "://" in proxy else f"http://{proxy.strip()}")
    try:
        found = urlsplit(proxy)
        fit = bool(found.hostname) and (found.port is None or found.port > 0) and found.hostname not in _NO_HOSTS
    except ValueError:
        fit = False
    variable = _VARIABLES.get(scheme, "the proxy") if scheme in proxies else "ALL_PROXY"
    if not fit:
        remedy = f"set {variable} to http://HOST:PORT, or unset it to use no proxy"
        raise ConnectionFailed(f"{variable} is no address of a proxy", remedy)
    if not _can_be_sent(found.username or "", found.password or ""):
        raise ConnectionFailed(
            f"the user name or the password in {variable} cannot be sent to a proxy",
            "percent-encode it in UTF-8; only Latin letters can be sent, and no colon in the user name",
        )
    if found.scheme not in ("http", "https"):
        raise ConnectionFailed(
            f"{variable}: {found.scheme} proxies are not supported",
            f"set {variable} to an http:// proxy, or add {host} to NO_PROXY",
        )
    return proxy


def _excluded(host: str, port: int | None, environ: Mapping[str, str]) -> bool:
    """Whether ``NO_PROXY`` excludes a host in a form that the standard library does not know.

    These are networks (``10.0.0.0/8``), patterns (``*.example.org``, ``10.0.*``), whole addresses, IPv6 addresses in
    brackets, and lists that are separated by spaces or semicolons.
    """
    host = host.rstrip(".").lower()
    entries = re.split(r"[,;\s]+", environ.get("no_proxy") or environ.get("NO_PROXY") or "")
    return any(_matches(host, port, entry.lower()) for entry in entries if entry)


_ENTRY = re.compile(r"(?:[a-z]+://)?(?P<host>\[[0-9a-f:.]+\]|[^/:\[\]]+|[0-9a-f:.]+)(?::(?P<port>\d+))?/?")
"""A host in ``NO_PROXY``, perhaps as an address, and perhaps for one port alone."""


def _matches(host: str, port: int | None, entry: str) -> bool:
    with contextlib.suppress(ValueError):
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
        return ipaddress.ip_address(host) in network
    found = _ENTRY.fullmatch(entry)
    if found is None or (found["port"] and int(found["port"]) != port):
        return False
    name = found["host"].strip("[]").rstrip(".")
    if "*" not in name:
        name = name.lstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    if re.fullmatch(r"[\d.*]+", name):  # of an address: a host's name may begin with digits, too
        return name.strip("*.") != "" and _is_ip(host) and fnmatch.fnmatchcase(host, name)
    return fnmatch.fnmatchcase(host, name)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _can_be_sent(user: str, password: str) -> bool:
    """Whether a proxy's user name and password fit in HTTP's basic authentication, which is Latin-1."""
    try:
        for part in (user, password):
            unquote(part, errors="strict").encode("latin-1")
    except UnicodeError:
        return False
    return ":" not in unquote(user)


def _quoted_user(proxy: str) -> str:
    r"""Percent-encode a proxy's user name and password: people write ``DOMAIN\user:p@ss/word`` as it is."""
    scheme, _, rest = proxy.partition("://")
    user, at, place = rest.rpartition("@")
    parts = (quote(unquote_to_bytes(part), safe="") for part in user.split(":", 1))
    return f"{scheme}://{':'.join(parts)}{at}{place}"


def shown_proxy(proxy: str) -> str:
    """A proxy's host and port, without user name and password."""
    parts = urlsplit(proxy)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    return f"{host}:{parts.port}" if parts.port else host


def _variable_of(proxy: str | None) -> str:
    """The variable that a proxy is from; ``HTTPS_PROXY`` if that is not known."""
    place = urlsplit(proxy or "").netloc.rpartition("@")[2]
    names = [name for upper in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY") for name in (upper, upper.lower())]
    values = {name: os.environ.get(name, "").rstrip("/").rpartition("@")[2].rpartition("//")[2] for name in names}
    return next((name for name in names if place and values[name] == place), "HTTPS_PROXY")


def proxy_keys(proxy: str | None) -> list[str]:
    """The password of a proxy as it may occur in texts: plain, percent-encoded, and as it is sent."""
    parts = urlsplit(proxy or "")
    if not parts.password:
        return []
    plain = unquote(parts.password)
    sent = base64.b64encode(f"{unquote(parts.username or '')}:{plain}".encode()).decode()
    return [parts.password, plain, sent]


def tls_context() -> "ssl.SSLContext":
    """Create a context that trusts the system's authorities, or those in ``SSL_CERT_FILE``. Reads files: may block."""
    import ssl

    return ssl.create_default_context()


def missing_certificates(environ: Mapping[str, str] = os.environ) -> str:
    """Return what is wrong with the certificate file or folder that a variable names; empty if nothing is."""
    file, folders = (environ.get(name, "") for name in _CERTIFICATES)
    listed = [folder for folder in folders.split(os.pathsep) if folder]  # a list, as OpenSSL has it
    if listed and not any(map(os.path.isdir, listed)):
        what = "is no folder" if os.path.exists(listed[0]) else "does not exist"
        return f"{_CERTIFICATES[1]} names {listed[0]}, which {what}"
    if file and not os.path.isfile(file):
        what = "is no file" if os.path.exists(file) else "does not exist"
        return f"{_CERTIFICATES[0]} names {file}, which {what}"
    import ssl

    try:
        if file:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except PermissionError:
        return f"{_CERTIFICATES[0]} names {file}, which may not be read by you"
    except OSError:  # ssl.SSLError is one
        return f"{_CERTIFICATES[0]} names {file}, which holds no certificates in PEM form"
    return ""


def explain(error: BaseException, proxy: str | None = None) -> Failure | None:
    """Say why a connection failed, from the exception of aiohttp, of httpx or of the standard library.

    Args:
        error: the exception; those that caused it are examined too.
        proxy: the proxy that was used.

    Returns:
        The words; ``None`` if nothing more is known than the exception's own message.
    """
    import aiohttp

    if isinstance(error, aiohttp.ClientProxyConnectionError):
        shown = shown_proxy(proxy) if proxy else f"{error.host}:{error.port}"
        return Failure(f"the proxy {shown} cannot be reached: {_reason(error.os_error)}", _check_proxy(proxy))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return refused_by_proxy(error.status, proxy)
    who = f"the proxy {shown_proxy(proxy)}: " if proxy and _is_about(error, proxy) else ""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure(f"{who}there is no such host", _check_proxy(proxy) if who else "check the network and the url")
    found = _of_tls(error) or _of_httpx(error, proxy) or _of_connection(error)
    return found and found._replace(sentence=who + found.sentence, remedy=_check_proxy(proxy) if who else found.remedy)


def _is_about(error: BaseException, proxy: str) -> bool:
    """Whether an error of aiohttp was met at the proxy and not at the host behind it."""
    parts = urlsplit(proxy)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return (getattr(error, "host", ""), getattr(error, "port", 0)) == (parts.hostname, port)


def _of_tls(error: BaseException) -> Failure | None:
    import ssl

    certificate = _find(error, ssl.SSLCertVerificationError)
    if isinstance(certificate, ssl.SSLCertVerificationError):
        return _of_certificate(certificate)
    tls = _find(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLError):
        if any(word in (tls.reason or "") or word in str(tls) for word in _NO_TLS):
            words = "it does not speak TLS on this port"
            return Failure(words, "check the port, or use ws:// or http:// for a server without TLS")
        reason = (tls.reason or "").replace("_", " ").lower() or "its answer is no TLS"
        return Failure(f"no encrypted connection could be made ({reason})", "check the url and the port")
    return None


def _of_httpx(error: BaseException, proxy: str | None) -> Failure | None:
    """Errors of httpx, which MCP servers are asked with, by their names: the package is optional."""
    kinds = {kind.__name__ for kind in type(error).__mro__} if type(error).__module__.startswith("httpx") else set()
    if "ProxyError" in kinds:
        status = re.match(r"\d{3}", str(error))
        return refused_by_proxy(int(status[0]) if status else 0, proxy)
    if proxy and kinds & {"ConnectError", "ConnectTimeout"}:
        return Failure(f"the proxy {shown_proxy(proxy)} cannot be reached", _check_proxy(proxy))
    if proxy and "RemoteProtocolError" in kinds:
        return Failure(f"the proxy {shown_proxy(proxy)} or the server does not speak HTTP", _check_proxy(proxy))
    if kinds & {"ConnectError"}:
        words = str(error).lower()
        if "name" in words or "errno -2" in words or "getaddrinfo" in words or "nodename" in words:
            return Failure("there is no such host", "check the network and the url")
        return Failure("it cannot be reached", "check that it runs, and its url")
    if kinds & {"ConnectTimeout", "ReadTimeout"}:
        return Failure("it does not answer", "check the url")
    if "RemoteProtocolError" in kinds:
        return Failure("it does not speak HTTP", "check the port of the url")
    return None


def _of_connection(error: BaseException) -> Failure | None:
    """Errors without TLS; their own messages are not shown, because they may contain the full URL with a key."""
    import aiohttp

    remedy = "check the url"
    if isinstance(error, aiohttp.ClientConnectorError):
        return Failure(f"it cannot be reached: {_reason(error.os_error)}", remedy)
    if isinstance(error, TimeoutError):
        return Failure("it does not answer", remedy)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError | BrokenPipeError):
        return Failure("it closed the connection before it answered", remedy)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Failure("its answer broke off", "try again")
    if isinstance(error, aiohttp.ClientResponseError):
        return Failure("it does not speak HTTP", "check the port of the url")
    if isinstance(error, aiohttp.InvalidURL):
        return Failure("its address is not valid", "check the url")
    if isinstance(error, aiohttp.ClientOSError):
        return Failure("the connection broke", remedy)
    return None


def _reason(error: OSError) -> str:
    """The system's reason; Python writes ``Connect call failed ('::1', 80)`` or a list in its place."""
    words = error.strerror or str(error)
    number = re.search(r"\[Errno (\d+)\]", words)
    code = error.errno or (int(number[1]) if number else 0)
    if code and ("Connect call failed" in words or number):
        return os.strerror(code)
    return words


def _of_certificate(error: "ssl.SSLCertVerificationError") -> Failure:
    missing = missing_certificates()
    sentence, remedy = _CERTIFICATE_FAULTS.get(
        error.verify_code, (f"cannot be trusted ({error.verify_message or 'unknown reason'})", "check the url")
    )
    if missing and remedy.endswith(COMPANY):
        return Failure(f"its certificate cannot be checked: {missing}", "correct the path, or unset the variable")
    return Failure(f"its certificate {sentence}", remedy)


def refused_by_proxy(status: int, proxy: str | None) -> Failure:
    """Why a proxy refuses a connection, by its HTTP status; 0 if the status is not known."""
    name = shown_proxy(proxy) if proxy else "in between"
    variable = _variable_of(proxy)
    if status == 407 and urlsplit(proxy or "").username:
        words = f"the proxy {name} does not accept the user name and the password (HTTP 407)"
        return Failure(words, f"correct them in {variable}")
    if status == 407:
        remedy = f"set {variable} to http://USER:PASSWORD@HOST:PORT"
        return Failure(f"the proxy {name} wants a user name and a password (HTTP 407)", remedy)
    if status in (401, 403):
        return Failure(f"the proxy {name} does not allow this host (HTTP {status})", "ask for it to be allowed")
    if status in (502, 503, 504):
        return Failure(f"the proxy {name} cannot reach this host (HTTP {status})", "check the url")
    shown = f" (HTTP {status})" if status else ""
    return Failure(f"the proxy {name} refuses the connection{shown}", _check_proxy(proxy))


def _check_proxy(proxy: str | None) -> str:
    return f"check {_variable_of(proxy)}, or add the host to NO_PROXY"


def _find(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    """The first exception of a kind among an exception and those that caused it."""
    import aiohttp

    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop(0)
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, kind) and not isinstance(found, aiohttp.ClientError):  # those lack the details
            return found
        if isinstance(found, BaseExceptionGroup):
            waiting += found.exceptions
        inner = getattr(found, "os_error", None) or getattr(found, "certificate_error", None)
        waiting += [inner, found.__cause__, found.__context__]
    return None


def words_of_body(text: str, limit: int = 300) -> str:
    """The words of an HTTP error's body: of JSON its message, of a page its text; empty if there are none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        text = read_event_error(value).message
    elif "<" in text:
        import html

        text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", " ", text)
        text = html.unescape(re.sub(r"<[^>]*>", " ", text))
    words = " ".join(text.split())
    return words if len(words) <= limit else f"{words[:limit]}…"
