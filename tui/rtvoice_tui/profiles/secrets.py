"""Where keys come from: the environment. They go into a header and nowhere else."""

from collections.abc import Mapping

from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import ProfileError
from rtvoice_tui.protocol.dialects import Endpoint, address, auth_headers, model_uri


def endpoint(profile: Profile, environ: Mapping[str, str]) -> Endpoint:
    """Address and headers of a profile's server.

    Raises:
        ProfileError: key, folder or address is missing.
    """
    dialect = profile.dialect
    key = find_key(profile, environ)
    folder_id = profile.folder_id or environ.get(dialect.folder_var, "") if dialect.folder_var else ""
    try:
        url = address(dialect, profile.url, model_uri(dialect, profile.model, folder_id))
    except ValueError as error:
        raise ProfileError(str(error), "then press c to connect") from None
    return Endpoint(url, auth_headers(dialect, key))


def find_key(profile: Profile, environ: Mapping[str, str]) -> str:
    """The key of a profile's provider.

    Raises:
        ProfileError: the provider needs one and none is set.
    """
    dialect = profile.dialect
    names = (profile.api_key_env,) if profile.api_key_env else dialect.key_vars
    for name in names:
        if environ.get(name, "").strip():
            return environ[name].strip()
    if profile.api_key_env or (names and not profile.url):
        raise ProfileError(f"{dialect.title} needs a key", f"set {' or '.join(names)}, then start again")
    return ""
