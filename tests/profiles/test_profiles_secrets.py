"""Keys are found where they may be, in that order, and are seen nowhere but in a header."""

import traceback

import keyring
import msgspec
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordSetError
from profile_files import COMMENTED, find_key, key_source

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.secrets import endpoint, keep, use_for_this_run
from rtvoice_tui.profiles.store import BUILT_IN, load_profile, parse_profile

SECRET = "geheim-0815"
OPENAI = Profile(provider="openai")
AZURE = Profile(provider="azure", url="wss://mine.openai.azure.com/openai/v1/realtime", model="voice")
HF = Profile(provider="hf")


class Memory(KeyringBackend):
    """A key store that forgets."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Failing(Memory):
    """A key store that answers everything with an error, which quotes what it was given."""

    def __init__(self, error: type[Exception]) -> None:
        super().__init__()
        self._error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self._error("the key store is locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self._error(f"cannot keep {password}")


class BusError(Exception):
    """What a key store's own library raises."""


@pytest.fixture(autouse=True)
def nothing_typed(monkeypatch):
    monkeypatch.setattr(secrets, "_typed", {})


@pytest.fixture(autouse=True)
def before():
    """The key store that was set before is set again afterwards."""
    was = keyring.get_keyring()
    yield was
    keyring.set_keyring(was)


@pytest.fixture
def store():
    memory = Memory()
    keyring.set_keyring(memory)
    return memory


@pytest.fixture
def no_store():
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())


def failing(error: type[Exception]) -> None:
    keyring.set_keyring(Failing(error))


ERRORS = pytest.mark.parametrize("error", [KeyringError, PasswordSetError, OSError, RuntimeError, BusError])


# --- the order


def test_a_typed_key_wins_over_the_environments_and_that_over_the_key_stores(store):
    environ = {"OPENAI_API_KEY": "from the environment"}
    keep(OPENAI, "kept")
    use_for_this_run(OPENAI, "typed")
    assert (find_key(OPENAI, environ), key_source(OPENAI, environ)) == ("typed", "typed for this run")
    use_for_this_run(OPENAI, "")
    assert (find_key(OPENAI, environ), key_source(OPENAI, environ)) == ("from the environment", "OPENAI_API_KEY")
    assert (find_key(OPENAI, {}), key_source(OPENAI, {})) == ("kept", "the system's key store")
    store.kept.clear()
    assert key_source(OPENAI, {}) == ""
    with pytest.raises(ProfileError):
        find_key(OPENAI, {})


def test_blanks_and_line_ends_around_a_key_are_dropped_wherever_it_comes_from(store):
    use_for_this_run(OPENAI, "  typed\n")
    assert find_key(OPENAI, {}) == "typed"
    use_for_this_run(OPENAI, " \n")
    assert find_key(OPENAI, {"OPENAI_API_KEY": " set \r\n"}) == "set"
    keep(OPENAI, "\tkept \n")
    assert find_key(OPENAI, {"OPENAI_API_KEY": "  "}) == "kept"
    store.kept = dict.fromkeys(store.kept, " kept by another program\n")
    assert find_key(OPENAI, {}) == "kept by another program"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("yandex", "YANDEX_CLOUD_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
        ("azure", "AZURE_OPENAI_API_KEY"),
        ("xai", "XAI_API_KEY"),
    ],
)
def test_a_provider_looks_for_its_own_variable_and_for_no_other(no_store, name, variable):
    profile = load_profile(name)
    assert find_key(profile, {variable: SECRET}) == SECRET
    others = dict.fromkeys(
        {"OPENAI_API_KEY", "XAI_API_KEY", "AZURE_OPENAI_API_KEY", "REALTIME_API_KEY"} - {variable}, "o"
    )
    with pytest.raises(ProfileError) as caught:
        find_key(profile, others)
    assert variable in caught.value.remedy
    assert profile.dialect.title in caught.value.sentence


def test_the_variable_that_a_profile_names_overrides_the_providers_everywhere(store):
    own = Profile(provider="openai", api_key_env="MY_KEY")
    keep(OPENAI, "the provider's")
    use_for_this_run(OPENAI, "the provider's")
    environ = {"OPENAI_API_KEY": "the provider's"}
    with pytest.raises(ProfileError) as caught:
        find_key(own, environ)
    assert "MY_KEY" in caught.value.remedy
    assert "OPENAI_API_KEY" not in caught.value.remedy
    keep(own, "mine, kept")
    assert find_key(own, environ) == "mine, kept"
    assert find_key(own, environ | {"MY_KEY": "mine"}) == "mine"
    use_for_this_run(own, "mine, typed")
    assert find_key(own, environ | {"MY_KEY": "mine"}) == "mine, typed"
    assert find_key(OPENAI, {}) == "the provider's"


def test_profiles_of_one_provider_share_a_key_and_those_of_two_do_not(store):
    keep(OPENAI, "shared")
    assert find_key(Profile(provider="openai", model="another"), {}) == "shared"
    with pytest.raises(ProfileError):
        find_key(Profile(provider="xai"), {})


# --- the header


def test_the_key_of_azure_goes_into_a_header_of_its_own_and_an_entra_token_does_not():
    assert endpoint(AZURE, {"AZURE_OPENAI_API_KEY": SECRET}).headers == {"api-key": SECRET}
    assert endpoint(AZURE, {"AZURE_OPENAI_API_KEY": "eyJ0"}).headers == {"Authorization": "Bearer eyJ0"}


@pytest.mark.parametrize(("name", "variable"), [("openai", "OPENAI_API_KEY"), ("xai", "XAI_API_KEY")])
def test_the_key_of_others_goes_into_the_authorization_header(name, variable):
    assert endpoint(load_profile(name), {variable: SECRET}).headers == {"Authorization": f"Bearer {SECRET}"}


def test_the_servers_of_hugging_face_need_no_key_and_get_none(store):
    environ = {"HF_TOKEN": SECRET, "OPENAI_API_KEY": SECRET, "REALTIME_API_KEY": SECRET}
    assert find_key(HF, environ) == ""
    assert endpoint(HF, environ).headers == {}
    assert key_source(HF, environ) == ""
    assert "needs no key" in secrets.key_source_hint(HF)
    named = msgspec.structs.replace(HF, api_key_env="HF_TOKEN")
    assert endpoint(named, environ).headers == {}


def test_a_key_that_is_not_sent_is_not_said_to_come_from_somewhere():
    assert key_source(msgspec.structs.replace(HF, api_key_env="HF_TOKEN"), {"HF_TOKEN": SECRET}) == ""


def test_where_a_key_comes_from_names_its_variable():
    assert "OPENAI_API_KEY" in secrets.key_source_hint(OPENAI)
    assert "MY_KEY" in secrets.key_source_hint(Profile(provider="openai", api_key_env="MY_KEY"))


def test_an_azure_profile_without_an_address_is_told_what_one_looks_like():
    with pytest.raises(ProfileError) as caught:
        endpoint(load_profile("azure"), {"AZURE_OPENAI_API_KEY": SECRET})
    assert "openai.azure.com" in caught.value.sentence


def test_a_server_of_ones_own_needs_no_key_but_gets_one_that_is_there(store):
    profile = Profile(provider="generic", url="ws://localhost:1/")
    assert endpoint(profile, {}).headers == {}
    keep(profile, SECRET)
    assert endpoint(profile, {}).headers == {"Authorization": f"Bearer {SECRET}"}


# --- the key store


def test_a_kept_key_is_under_the_apps_name_and_the_variable_it_stands_for(store):
    keep(OPENAI, SECRET)
    assert store.kept == {("rtvoice-tui", "OPENAI_API_KEY"): SECRET}


def test_without_a_key_store_the_remedy_names_the_variable_and_nothing_is_kept(no_store):
    for profile, variable in ((OPENAI, "OPENAI_API_KEY"), (Profile(api_key_env="MY_KEY", provider="xai"), "MY_KEY")):
        with pytest.raises(ProfileError) as caught:
            keep(profile, SECRET)
        assert variable in caught.value.remedy
        assert SECRET not in caught.value.sentence + caught.value.remedy
        with pytest.raises(ProfileError):
            find_key(profile, {})
        assert key_source(profile, {}) == ""


def test_a_store_that_keeps_keys_readable_is_not_used(store, monkeypatch):
    monkeypatch.setattr(Memory, "priority", 0.5)
    with pytest.raises(ProfileError):
        keep(OPENAI, SECRET)
    assert store.kept == {}


@pytest.mark.parametrize("profile", [HF, Profile(provider="local")], ids=["hf", "local"])
def test_a_key_that_nobody_needs_is_not_kept(store, profile):
    with pytest.raises(ProfileError) as caught:
        keep(profile, SECRET)
    assert "needs no key" in caught.value.sentence
    assert store.kept == {}


@ERRORS
def test_a_key_store_that_fails_is_as_good_as_none(error):
    failing(error)
    assert find_key(OPENAI, {"OPENAI_API_KEY": "set"}) == "set"
    assert key_source(OPENAI, {}) == ""
    assert endpoint(Profile(provider="generic", url="ws://localhost:1/"), {}).headers == {}
    with pytest.raises(ProfileError) as caught:
        find_key(OPENAI, {})
    assert "OPENAI_API_KEY" in caught.value.remedy


@ERRORS
def test_a_key_store_that_does_not_take_a_key_is_told_without_the_key(error):
    failing(error)
    with pytest.raises(ProfileError) as caught:
        keep(OPENAI, SECRET)
    assert "OPENAI_API_KEY" in caught.value.remedy
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@ERRORS
def test_a_key_store_that_cannot_even_say_whether_it_works_is_as_good_as_none(store, monkeypatch, error):
    def fail(_: object) -> float:
        raise error("no bus")

    monkeypatch.setattr(Memory, "priority", property(fail))
    assert key_source(OPENAI, {}) == ""
    with pytest.raises(ProfileError) as caught:
        keep(OPENAI, SECRET)
    assert "OPENAI_API_KEY" in caught.value.remedy
    with pytest.raises(ProfileError):
        find_key(OPENAI, {})


# --- never seen


@pytest.mark.parametrize("place", ["typed", "environment", "key store"])
@pytest.mark.parametrize("name", [name for name in BUILT_IN if name not in ("local", "hf")])
def test_a_key_is_seen_in_no_repr_and_no_address(store, name, place):
    profile = AZURE if name == "azure" else msgspec.structs.replace(load_profile(name), folder_id="b1g")
    environ = {}
    if place == "typed":
        use_for_this_run(profile, SECRET)
    elif place == "environment":
        environ = {profile.dialect.key_vars[0]: SECRET}
    else:
        keep(profile, SECRET)
    found = endpoint(profile, environ)
    assert any(SECRET in value for value in found.headers.values())
    assert SECRET not in repr(found) + str(found) + f"{found}" + found.url
    assert SECRET not in repr(profile) + msgspec.json.encode(profile).decode()
    assert SECRET not in key_source(profile, environ) + secrets.key_source_hint(profile)


@pytest.mark.parametrize(
    "profile",
    [
        Profile(provider="yandex"),
        Profile(provider="azure"),
        Profile(provider="openai", url="ftp://nowhere"),
        Profile(provider="openai", url="ws://host:99999/"),
    ],
    ids=["no folder", "no address", "no WebSocket address", "no port"],
)
@pytest.mark.parametrize("place", ["typed", "environment", "key store"])
def test_a_key_is_in_no_exception(store, profile, place):
    environ = {}
    if place == "typed":
        use_for_this_run(profile, SECRET)
    elif place == "environment":
        environ = {profile.dialect.key_vars[0]: SECRET}
    else:
        keep(profile, SECRET)
    with pytest.raises(ProfileError) as caught:
        endpoint(profile, environ)
    told = caught.value
    assert SECRET not in f"{told} {told!r} {told.sentence} {told.remedy}" + "".join(traceback.format_exception(told))


def test_a_profile_has_no_place_for_a_key_and_does_not_repeat_one_that_was_put_there():
    for text in (f'api_key = "{SECRET}"', f'[session]\napi_key = "{SECRET}"', f'{COMMENTED}key = "{SECRET}"'):
        with pytest.raises(ProfileError) as caught:
            parse_profile(text, "my.toml")
        told = caught.value
        assert SECRET not in f"{told} {told.sentence} {told.remedy}"


def test_the_key_store_of_before_is_still_the_one_that_is_used(before):
    keyring.set_keyring(Memory())
    assert keyring.get_keyring() is not before
