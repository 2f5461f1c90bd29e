"""Finds API keys: typed for this run, in the environment, or in the system's key store."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from rtvoice_tui.errors import KeyRefused, NeedsConsent, ProfileError
from rtvoice_tui.profiles.destinations import check_consent, check_encrypted, host_of
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.protocol.realtime.dialects import address, auth_headers, model_uri
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.protocol.wire import Endpoint

SERVICE = "rtvoice-tui"

_typed: dict[str, str] = {}
"""Keys typed for this run, by their account in the key store. Kept in memory only."""


class Key(NamedTuple):
    """An API key that was found.

    Attributes:
        value: the key itself.
        variable: the environment variable that it belongs to.
        source: where it was found, as text for the user.
    """

    value: str
    variable: str
    source: str


def server_address(profile: Profile, environ: Mapping[str, str]) -> str:
    """Return the WebSocket address of a profile's server, without looking up a key.

    Raises:
        ProfileError: the folder or the address is missing, or the address is not valid.
    """
    dialect = profile.dialect
    folder_id = (profile.folder_id or environ.get(dialect.folder_var, "")).strip() if dialect.folder_var else ""
    if folder_id and not re.fullmatch(r"[\w-]+", folder_id):
        raise ProfileError("the folder id has a sign in it that no folder id has", f"correct {dialect.folder_var}")
    try:
        return address(dialect, profile.url, model_uri(dialect, profile.model, folder_id))
    except ValueError as error:
        raise ProfileError(str(error), "then press c to connect") from None


def endpoint(profile: Profile, environ: Mapping[str, str], chosen: bool = False) -> Endpoint:
    """Return address and headers of a profile's server. Blocks while it reads the system's key store.

    Args:
        profile: the profile of the server.
        environ: our own environment.
        chosen: whether the user gave the address on the command line, so that no consent is needed for it.

    Raises:
        ProfileError: key, folder or address is missing.
        KeyRefused: the key would be sent unencrypted.
        NeedsConsent: the profile is not trusted, or the user has not agreed to send the key to this host.
    """
    if not profile.trusted:
        raise NeedsConsent(
            f"the profile is not trusted: nothing is sent to {host_of(profile.url or profile.dialect.url)}, and no key"
            " is used",
            "press p, then T to trust it (or rtvoice-tui profiles trust NAME)",
        )
    if not (profile.url or profile.dialect.url):
        server_address(profile, environ)  # what is missing first is the address
    key = find_key(profile, environ)
    url = server_address(profile, environ)
    if key is None:
        return Endpoint(url)
    check_sendable(key.value, key.source)
    check_encrypted(key.variable, url, profile.key_in_clear)
    if not chosen:
        check_consent(key.variable, url)
    return Endpoint(url, auth_headers(profile.dialect, key.value), key.value)


def check_sendable(value: str, source: str, any_text: bool = False) -> None:
    """Check that a key consists of characters that a header can carry; the key itself is never shown.

    Args:
        value: the key.
        source: where it is from.
        any_text: whether it is only part of a header that may hold any text in one line.

    Raises:
        ProfileError: it does not.
    """
    wrong = ""
    if "\n" in value or "\r" in value:
        wrong = "a line break"
    elif any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        wrong = "a control character"
    elif any("\ud800" <= sign <= "\udfff" for sign in value):
        wrong = "bytes that are no text"
    elif any_text:
        return
    elif " " in value:
        wrong = "a space"
    elif value[:1] in "\"'" and value[:1] == value[-1:]:
        wrong = "quotation marks around it"
    elif not value.isascii():
        wrong = "a letter that is not of the Latin alphabet"
    if wrong:
        raise ProfileError(f"the key from {source} has {wrong} in it", "copy it again, whole and in one line")


def find_key(profile: Profile, environ: Mapping[str, str]) -> Key | None:
    """Return the key of a profile's provider: typed for this run, from the environment, or from the key store.

    Blocks while it reads the system's key store. Returns ``None`` if the provider uses no key, if the profile is not
    trusted, or if no key was found and the server may not need one.

    Raises:
        ProfileError: the provider needs a key and none was found.
    """
    names = key_variables(profile)
    if not names or not profile.trusted:
        return None
    if found := _found(profile, names, environ):
        return found
    if profile.api_key_env or not profile.url or profile.dialect.url_hint:
        raise ProfileError(
            f"{profile.dialect.title} needs a key", f"set {' or '.join(names)} and start again, or press p, then k"
        )
    return None


def _found(profile: Profile, names: tuple[str, ...], environ: Mapping[str, str]) -> Key | None:
    if typed := _typed.get(_account(profile)):
        return Key(typed, names[0], "typed for this run")
    for name in names:
        if environ.get(name, "").strip():
            return Key(environ[name].strip(), name, name)
    kept = _kept(profile)
    return Key(kept, names[0], "the system's key store") if kept else None


def key_variables(profile: Profile) -> tuple[str, ...]:
    """Return the environment variables that may hold a profile's key; empty if the provider uses no key."""
    return () if profile.dialect.auth == "none" else _variables(profile)


class KeyState(StrEnum):
    """Whether there is a key for a profile's provider."""

    UNUSED = ""
    SET = "key set"
    MISSING = "no key"


def key_state(profile: Profile, environ: Mapping[str, str]) -> KeyState:
    """Whether there is a key for a profile, whatever it is worth. Blocks while it reads the system's key store."""
    names = key_variables(profile)
    if not names:
        return KeyState.UNUSED
    return KeyState.SET if _found(profile, names, environ) else KeyState.MISSING


def key_source_hint(profile: Profile) -> str:
    """Return a sentence for the user about the variables that may hold the key."""
    names = key_variables(profile)
    if not names:
        return f"{profile.dialect.title} needs no key"
    return f"Set {' or '.join(names)}, or paste the key here:"


def use_for_this_run(profile: Profile, key: str) -> None:
    """Keep a key in memory until the app exits."""
    _typed[_account(profile)] = key.strip()


def check_store(profile: Profile) -> None:
    """Check that a key of this profile can be stored in the system's key store.

    Raises:
        ProfileError: the provider uses no key, or there is no usable key store.
    """
    import keyring

    names = key_variables(profile)
    if not names:
        raise ProfileError(f"{profile.dialect.title} needs no key", "nothing was kept")
    try:
        works = keyring.get_keyring().priority >= 1  # others store nothing, or store it in plain text
    except Exception:  # key store libraries may raise anything
        works = False
    if not works:
        raise ProfileError("no key store works on this machine", f"set {names[0]} in the environment instead")


def keep(profile: Profile, key: str) -> None:
    """Store a key in the system's key store. Blocks.

    Raises:
        ProfileError: the provider uses no key, or the key store is not usable or refuses the key.
    """
    import keyring

    check_store(profile)
    remedy = f"set {_variables(profile)[0]} in the environment instead"
    try:
        keyring.set_password(SERVICE, _account(profile), key.strip())
    except Exception as error:  # its text may contain the key
        raise ProfileError(f"the key store does not take it: {type(error).__name__}", remedy) from None


def _kept(profile: Profile) -> str:
    """Return the key of a profile from the system's key store; empty if there is none."""
    return _in_store(_account(profile))


def _in_store(account: str) -> str:
    """Return an entry of the system's key store; empty if there is none or the store fails."""
    import keyring

    try:
        if keyring.get_keyring().priority < 1:
            return ""
        return (keyring.get_password(SERVICE, account) or "").strip()
    except Exception:
        return ""


def _variables(profile: Profile) -> tuple[str, ...]:
    return (profile.api_key_env,) if profile.api_key_env else profile.dialect.key_vars


def _account(profile: Profile) -> str:
    """Return the key store's account name: the variable of the key, so that profiles with one variable share it."""
    names = _variables(profile)
    return names[0] if names else profile.provider


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def fill(text: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """Replace ``${VARIABLES}`` in a text by values from the environment, or else from the system's key store.

    Returns:
        The text, and the secrets in it, which must be redacted wherever they appear.

    Raises:
        ProfileError: a variable has no value.
    """
    found: list[str] = []

    def value(match: re.Match[str]) -> str:
        secret = environ.get(match[1], "").strip() or _in_store(match[1])
        if not secret:
            raise ProfileError(f"{match[1]} is not set", f"set {match[1]} in the environment, or take it out")
        found.append(secret)
        return secret

    return _VARIABLE.sub(value, text), found


def fill_headers(
    headers: Mapping[str, str], url: str, in_clear: bool, environ: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Replace ``${VARIABLES}`` in the headers of a tool's requests.

    Args:
        headers: headers from the profile.
        url: address that they are sent to.
        in_clear: whether the profile allows sending them unencrypted.
        environ: our own environment.

    Returns:
        The headers, and the secrets in them, which must be redacted wherever they appear.

    Raises:
        ProfileError: a variable has no value.
        KeyRefused: a value may not be sent to this address.
    """
    filled: dict[str, str] = {}
    keys: list[str] = []
    for name, value in headers.items():
        for variable in variables_in(value):
            check_encrypted(variable, url, in_clear, "in this tool's run = {...}")
            check_consent(variable, url)
        filled[name], found = fill(value, environ)
        for key in found:
            check_sendable(key, "a variable in its headers", any_text=True)
        keys += found
    return filled, keys


def variables_in(text: str) -> list[str]:
    """Return the names of the ``${VARIABLES}`` in a text."""
    return _VARIABLE.findall(text)


def with_authorizations(
    session: Mapping[str, Any], declared: Collection[ToolSpec], environ: Mapping[str, str]
) -> tuple[dict[str, Any] | None, list[str], list[str]]:
    """Fill in the tokens of the hosted MCP servers of a session.

    Only servers that are declared as tools get their token, and only if it may be sent to their address.

    Args:
        session: the ``session`` object before it is sent; what the user wrote by hand may be of any form.
        declared: the tools that are offered.
        environ: our own environment.

    Returns:
        The session, or ``None`` if nothing was filled in; the tokens; and a sentence for each token that was refused.
    """
    keys: list[str] = []
    problems: list[str] = []
    tools: list[Any] = []
    known = [spec.server for spec in declared if spec.server]
    wanted = session.get("tools")
    for tool in wanted if isinstance(wanted, list) else []:
        if not isinstance(tool, Mapping):
            tools.append(tool)
            continue
        name, url = tool.get("authorization"), str(tool.get("server_url") or "")
        ours = any(server.get("server_url") == url and server.get("authorization") == name for server in known)
        if name and tool.get("type") == "mcp" and ours:
            try:
                filled, found = fill_headers({"authorization": name}, url, False, environ)
                tool, keys = {**tool, **filled}, keys + found
            except KeyRefused as error:
                problems.append(f"{error.sentence}, so it was not sent")
            except ProfileError:
                pass  # without a value the ${VARIABLE} is sent as it is
        tools.append(tool)
    return ({**session, "tools": tools} if keys else None), keys, problems
