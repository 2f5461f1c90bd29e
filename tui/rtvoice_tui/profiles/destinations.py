"""Decides to which hosts an API key may be sent.

A key of a known provider is sent only to the provider's own hosts, to loopback, to an address given on the command
line, or to a host that the user agreed to once (kept in the state file). It is never sent unencrypted, except to
loopback or if the profile allows it.
"""

from urllib.parse import urlsplit

from rtvoice_tui.errors import KeyRefused, NeedsConsent
from rtvoice_tui.network import is_loopback
from rtvoice_tui.profiles.state import load_state, remember
from rtvoice_tui.protocol.realtime.dialects import DIALECTS, Dialect

ENCRYPTED = ("wss", "https")


def host_of(url: str) -> str:
    """Return the host of a URL, in lower case and without a trailing dot; empty if it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def owner_of(variable: str) -> Dialect | None:
    """Return the provider whose key a variable usually holds; ``None`` if no provider with hosts of its own uses it."""
    return next((dialect for dialect in DIALECTS.values() if variable in dialect.key_vars and dialect.hosts), None)


def foreign_owner(variable: str, url: str) -> Dialect | None:
    """Return the provider whose key a variable holds, if the URL is neither one of its hosts nor loopback."""
    owner, host = owner_of(variable), host_of(url)
    return None if owner is None or is_loopback(host) or _is_of(owner, host) else owner


def needs_consent(variable: str, url: str) -> bool:
    """Whether a known provider's key would be sent to a foreign host that the user has not agreed to.

    Args:
        variable: the environment variable that holds the key.
        url: address that it would be sent to.
    """
    agreed = f"{variable}@{host_of(url)}" in load_state().key_hosts
    return foreign_owner(variable, url) is not None and not agreed


def agree(variable: str, url: str) -> None:
    """Store the user's consent that a variable's key may be sent to the host of a URL."""
    if needs_consent(variable, url):
        remember(key_hosts=(*load_state().key_hosts, f"{variable}@{host_of(url)}"))


def check_encrypted(what: str, url: str, allowed: bool = False, where: str = "in the profile") -> None:
    """Check that a key is only sent encrypted, to loopback, or unencrypted if the profile allows it.

    Args:
        what: name of the key in the error message; never the key itself.
        url: address that it would be sent to.
        allowed: whether the profile allows sending it unencrypted.
        where: where ``key_in_clear`` is set for it.

    Raises:
        KeyRefused: it would be sent unencrypted to another machine.
    """
    parts = urlsplit(url)
    if parts.scheme in ENCRYPTED or is_loopback(host_of(url)) or allowed:
        return
    secure = {"ws": "wss", "http": "https"}.get(parts.scheme, "wss")
    raise KeyRefused(
        f"{what} would go unencrypted to {host_of(url)} ({parts.scheme}://)",
        f"use {secure}://, or set key_in_clear = true {where}",
    )


def check_consent(variable: str, url: str) -> None:
    """Check that a key may be sent to the host of a URL.

    Raises:
        NeedsConsent: the host is not the provider's, and the user has not agreed to it.
    """
    owner = owner_of(variable)
    if owner is not None and needs_consent(variable, url):
        raise NeedsConsent(
            f"{variable} would go to {host_of(url)}, which is not a host of {owner.title}",
            "press p, then T to allow it (or rtvoice-tui profiles trust NAME)",
        )


def _is_of(owner: Dialect, host: str) -> bool:
    return any(host.endswith(name) if name.startswith(".") else host == name for name in owner.hosts)
