"""Where keys come from: typed for this run, the environment, the system's key store. They go into a header only."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from rtvoice_tui.errors import KeyRefused, NeedsConsent, ProfileError
from rtvoice_tui.profiles.destinations import check_consent, check_encrypted, host_of
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.protocol.realtime.dialects import address, auth_headers, model_uri
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.protocol.wire import Endpoint

SERVICE = "rtvoice-tui"

_typed: dict[str, str] = {}
"""Keys of this run, by where they would be kept."""


class Key(NamedTuple):
    """A key that was found.

    Attributes:
        value: the key itself.
        variable: the environment variable that it stands for.
        source: where it was found, in a few words.
    """

    value: str
    variable: str
    source: str


def server_address(profile: Profile, environ: Mapping[str, str]) -> str:
    """The WebSocket address of a profile's server. Looks no key up.

    Raises:
        ProfileError: folder or address is missing.
    """
    dialect = profile.dialect
    folder_id = profile.folder_id or environ.get(dialect.folder_var, "") if dialect.folder_var else ""
    try:
        return address(dialect, profile.url, model_uri(dialect, profile.model, folder_id))
    except ValueError as error:
        raise ProfileError(str(error), "then press c to connect") from None


def endpoint(profile: Profile, environ: Mapping[str, str], chosen: bool = False) -> Endpoint:
    """Address and headers of a profile's server. Asks the system's key store, which may take a while.

    Args:
        profile: whose server.
        environ: our own environment.
        chosen: whether the user gave the address for this run, so that no consent is needed for it.

    Raises:
        ProfileError: key, folder or address is missing, or the key may not go there.
        NeedsConsent: the profile is not trusted, or the user was not asked yet about a key and this host.
    """
    if not profile.trusted:
        raise NeedsConsent(
            f"the profile is not trusted: nothing is sent to {host_of(profile.url or profile.dialect.url)}, and no key"
            " is used",
            "press p, then T to trust it (or rtvoice-tui profiles trust NAME)",
        )
    key = find_key(profile, environ)
    url = server_address(profile, environ)
    if key is None:
        return Endpoint(url)
    check_encrypted(key.variable, url, profile.key_in_clear)
    if not chosen:
        check_consent(key.variable, url)
    return Endpoint(url, auth_headers(profile.dialect, key.value), key.value)


def find_key(profile: Profile, environ: Mapping[str, str]) -> Key | None:
    """The key of a profile's provider: typed for this run, from the environment, or from the system's key store.

    ``None`` if the provider needs none, if none is there and the server may do without, or if the profile is not
    trusted: then nothing is looked up.

    Raises:
        ProfileError: the provider needs one and there is none.
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
    """The variables that a profile's key may come from; none where the provider takes no key."""
    return () if profile.dialect.auth == "none" else _variables(profile)


def where_keys_come_from(profile: Profile) -> str:
    """Which variable holds the key, as a sentence."""
    names = key_variables(profile)
    if not names:
        return f"{profile.dialect.title} needs no key"
    return f"{' or '.join(names)} holds it, or it is typed here:"


def use_for_this_run(profile: Profile, key: str) -> None:
    """Hold a key in memory until the app ends."""
    _typed[_account(profile)] = key.strip()


def check_store(profile: Profile) -> None:
    """Whether a key of this profile can be kept by the system.

    Raises:
        ProfileError: it needs none, or no key store works here; the remedy names the environment variable.
    """
    import keyring

    names = key_variables(profile)
    if not names:
        raise ProfileError(f"{profile.dialect.title} needs no key", "nothing was kept")
    try:
        works = keyring.get_keyring().priority >= 1  # others keep nothing, or keep it readable
    except Exception:  # a store's own library may raise whatever it likes
        works = False
    if not works:
        raise ProfileError("no key store works on this machine", f"set {names[0]} in the environment instead")


def keep(profile: Profile, key: str) -> None:
    """Put a key into the system's key store.

    Raises:
        ProfileError: no key store works here; the remedy names the environment variable.
    """
    import keyring

    check_store(profile)
    remedy = f"set {_variables(profile)[0]} in the environment instead"
    try:
        keyring.set_password(SERVICE, _account(profile), key.strip())
    except Exception as error:  # whose text may hold the key
        raise ProfileError(f"the key store does not take it: {type(error).__name__}", remedy) from None


def _kept(profile: Profile) -> str:
    """The key of a profile in the system's key store."""
    return _in_store(_account(profile))


def _in_store(account: str) -> str:
    """What the system's key store holds; one that does not answer is as good as empty."""
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
    """What a key is kept under: the variable that it stands for, so that profiles of one account share it."""
    names = _variables(profile)
    return names[0] if names else profile.provider


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def fill(text: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """A text of a profile with its ``${VARIABLES}``: from the environment, or else from the system's key store.

    Returns the text and the secrets that are in it now, to be blotted out wherever they come back.

    Raises:
        ProfileError: there is no such variable.
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
    """The headers of a tool's requests with their ``${VARIABLES}``, and the secrets that are in them now.

    Args:
        headers: as the profile has them.
        url: where they are sent.
        in_clear: whether the profile lets them go unencrypted.
        environ: our own environment.

    Raises:
        ProfileError: a variable is not set, or its value may not go there.
    """
    filled: dict[str, str] = {}
    keys: list[str] = []
    for name, value in headers.items():
        for variable in variables_in(value):
            check_encrypted(variable, url, in_clear)
            check_consent(variable, url)
        filled[name], found = fill(value, environ)
        keys += found
    return filled, keys


def variables_in(text: str) -> list[str]:
    """The variables that a text of a profile names as ``${NAME}``."""
    return _VARIABLE.findall(text)


def with_authorizations(
    session: Mapping[str, Any], declared: Collection[ToolSpec], environ: Mapping[str, str]
) -> tuple[dict[str, Any] | None, list[str], list[str]]:
    """A session whose hosted MCP servers have their tokens in place of the tokens' names.

    Only servers that the profile declares as tools get one, and only where it may go.

    Args:
        session: as it would be sent.
        declared: the tools that are offered.
        environ: our own environment.

    Returns:
        The session, ``None`` if there is nothing to fill in; the tokens; and why some were not filled in.
    """
    keys: list[str] = []
    problems: list[str] = []
    tools = []
    known = [spec.server for spec in declared if spec.server]
    for tool in session.get("tools") or []:
        name, url = tool.get("authorization"), str(tool.get("server_url") or "")
        ours = any(server.get("server_url") == url and server.get("authorization") == name for server in known)
        if name and tool.get("type") == "mcp" and ours:
            try:
                filled, found = fill_headers({"authorization": name}, url, False, environ)
                tool, keys = {**tool, **filled}, keys + found
            except KeyRefused as error:
                problems.append(f"{error.sentence}, so it was not sent")
            except ProfileError:
                pass  # a token that is not there leaves its name
        tools.append(tool)
    return ({**session, "tools": tools} if keys else None), keys, problems
