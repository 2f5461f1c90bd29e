"""Networks of companies: proxies from the environment, certificates, and what a failed connection means.

Used for every connection to another machine: the session, HTTP tools, MCP servers and ``doctor``.
"""

import ipaddress
import json
import os
import re
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from rtvoice_tui.errors import ConnectionFailed
from rtvoice_tui.protocol.realtime.error_texts import read_event_error

_HTTP_SCHEME = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_VARIABLES = {"http": "HTTP_PROXY", "https": "HTTPS_PROXY"}
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
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
    host, scheme = parts.hostname or "", _HTTP_SCHEME.get(parts.scheme, parts.scheme)
    if is_loopback(host) or proxy_bypass(f"{host}:{parts.port}" if parts.port else host) or _in_network(host, environ):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        found = urlsplit(proxy)
        fit = bool(found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        fit = False
    variable = _VARIABLES.get(scheme, "the proxy") if scheme in proxies else "ALL_PROXY"
    if not fit:
        raise ConnectionFailed(f"{variable} is no address of a proxy", f"set {variable} to http://HOST:PORT")
    if found.scheme not in ("http", "https"):
        raise ConnectionFailed(
            f"{variable} names a {found.scheme} proxy, which is not supported",
            f"set {variable} to an http:// proxy, or add {host} to NO_PROXY",
        )
    return proxy


def _in_network(host: str, environ: Mapping[str, str]) -> bool:
    """Whether ``NO_PROXY`` holds a network, such as ``10.0.0.0/8``, with this IP address."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    for entry in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(","):
        try:
            if "/" in entry and ip in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


def shown_proxy(proxy: str) -> str:
    """A proxy's host and port, without user name and password."""
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def tls_context() -> ssl.SSLContext:
    """Create a context that trusts the system's authorities, or those in ``SSL_CERT_FILE``. Reads files: may block."""
    return ssl.create_default_context()


def missing_certificates(environ: Mapping[str, str] = os.environ) -> str:
    """Return the variable and path of a certificate file or folder that does not exist; empty if all do."""
    for name in _CERTIFICATES:
        path = environ.get(name, "")
        if path and not os.path.exists(path):
            return f"{name} names {path}, which does not exist"
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
        reason = error.strerror or str(error.os_error)
        return Failure(f"the proxy {error.host}:{error.port} cannot be reached: {reason}", _check_proxy())
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused_by_proxy(error.status, proxy)
    certificate = _find(error, ssl.SSLCertVerificationError)
    if isinstance(certificate, ssl.SSLCertVerificationError):
        return _of_certificate(certificate)
    tls = _find(error, ssl.SSLError)
    if isinstance(tls, ssl.SSLError):
        if any(word in (tls.reason or "") or word in str(tls) for word in _NO_TLS):
            words = "it does not speak TLS on this port"
            return Failure(words, "check the port, or use ws:// or http:// for a server without TLS")
        return Failure(f"no encrypted connection could be made ({tls.reason or 'TLS'})", "check the url and the port")
    return None


def explain_certificates(error: BaseException) -> str:
    """Why a server's certificate was refused, in one sentence with its remedy; empty if it was not."""
    found = explain(error)
    return f"{found.sentence}: {found.remedy}" if found is not None else ""


def _of_certificate(error: ssl.SSLCertVerificationError) -> Failure:
    missing = missing_certificates()
    sentence, remedy = _CERTIFICATE_FAULTS.get(
        error.verify_code, (f"cannot be trusted ({error.verify_message or 'unknown reason'})", "check the url")
    )
    if missing and remedy.endswith(COMPANY):
        return Failure(f"its certificate cannot be checked: {missing}", "correct the path, or unset the variable")
    return Failure(f"its certificate {sentence}", remedy)


def _refused_by_proxy(status: int, proxy: str | None) -> Failure:
    name = shown_proxy(proxy) if proxy else "in between"
    if status == 407:
        remedy = "set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT"
        return Failure(f"the proxy {name} wants a user name and a password (HTTP 407)", remedy)
    if status in (401, 403):
        return Failure(f"the proxy {name} does not allow this host (HTTP {status})", "ask for it to be allowed")
    if status in (502, 503, 504):
        return Failure(f"the proxy {name} cannot reach this host (HTTP {status})", "check the url, then try again")
    return Failure(f"the proxy {name} refuses the connection (HTTP {status})", _check_proxy())


def _check_proxy() -> str:
    return "check HTTPS_PROXY, or add the host to NO_PROXY"


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
        text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", " ", text)
        text = re.sub(r"<[^>]*>", " ", text)
    words = " ".join(text.split())
    return words if len(words) <= limit else f"{words[:limit]}…"
