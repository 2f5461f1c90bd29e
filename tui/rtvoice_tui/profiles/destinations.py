"""Where a key may go.

A key is sent to a host only if the user chose that host for it: the provider's own hosts, loopback, an address given
on the command line, or a host that the user agreed to once (kept in the state file). It never travels unencrypted,
except to loopback or where the profile says so.
"""

import ipaddress
from urllib.parse import urlsplit

from rtvoice_tui.errors import KeyRefused, NeedsConsent
from rtvoice_tui.profiles.state import load_state, remember
from rtvoice_tui.protocol.realtime.dialects import DIALECTS, Dialect

ENCRYPTED = ("wss", "https")


def host_of(url: str) -> str:
    """The host of an address, in lower case and without a trailing dot; empty if there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is this machine.

    Only ``localhost`` and whole IP addresses count: what a resolver makes of other names is not known here.
    """
    if host.lower() == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None  # is_loopback looks not into it
    return (mapped or ip).is_loopback


def owner_of(variable: str) -> Dialect | None:
    """The provider whose key a variable usually holds, if it is a provider with hosts of its own."""
    return next((dialect for dialect in DIALECTS.values() if variable in dialect.key_vars and dialect.hosts), None)


def foreign_to(variable: str, url: str) -> Dialect | None:
    """The provider whose key a variable holds, if an address is neither its own nor this machine."""
    owner, host = owner_of(variable), host_of(url)
    return None if owner is None or is_loopback(host) or _is_of(owner, host) else owner


def needs_consent(variable: str, url: str) -> bool:
    """Whether a known provider's key would go to a host that is neither the provider's nor agreed to.

    Args:
        variable: the environment variable that the key stands for.
        url: where it would be sent.
    """
    agreed = f"{variable}@{host_of(url)}" in load_state().key_hosts
    return foreign_to(variable, url) is not None and not agreed


def agree(variable: str, url: str) -> None:
    """Keep the user's consent that a variable's key may go to an address's host."""
    if needs_consent(variable, url):
        remember(key_hosts=(*load_state().key_hosts, f"{variable}@{host_of(url)}"))


def check_encrypted(what: str, url: str, allowed: bool = False) -> None:
    """Whether a key may be sent to an address as far as encryption is concerned.

    Args:
        what: what would be sent, as the sentence names it; never the key.
        url: where.
        allowed: whether the profile says that it may go unencrypted.

    Raises:
        KeyRefused: it would travel unencrypted to another machine.
    """
    parts = urlsplit(url)
    if parts.scheme in ENCRYPTED or is_loopback(host_of(url)) or allowed:
        return
    secure = {"ws": "wss", "http": "https"}.get(parts.scheme, "wss")
    raise KeyRefused(
        f"{what} would go unencrypted to {host_of(url)} ({parts.scheme}://)",
        f"use {secure}://, or set key_in_clear = true in the profile",
    )


def check_consent(variable: str, url: str) -> None:
    """Whether a key may go to an address's host.

    Raises:
        NeedsConsent: the user was not asked about this host yet.
    """
    owner = owner_of(variable)
    if owner is not None and needs_consent(variable, url):
        raise NeedsConsent(
            f"{variable} would go to {host_of(url)}, which is not a host of {owner.title}",
            "press p, then T to allow it (or rtvoice-tui profiles trust NAME)",
        )


def _is_of(owner: Dialect, host: str) -> bool:
    return any(host.endswith(name) if name.startswith(".") else host == name for name in owner.hosts)
