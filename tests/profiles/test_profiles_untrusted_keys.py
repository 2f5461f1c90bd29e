"""Nobody looks for a key of a profile that is not trusted: not in the environment, the key store, or what was typed."""

from collections.abc import Iterator, Mapping

import keyring
import pytest
from keyring.backend import KeyringBackend
from profile_files import key_source, put

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.secrets import endpoint, use_for_this_run
from rtvoice_tui.profiles.store import load_profile

KEY = "canary-7f3a19c2d4e8b605"


class Noting(KeyringBackend):
    """A key store that has every key, and notes what it is asked for."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(username)
        return KEY

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class Watched(Mapping[str, str]):
    """An environment that has every key, and notes what is looked at."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.asked.append(name)
        return KEY

    def __iter__(self) -> Iterator[str]:
        return iter(("OPENAI_API_KEY",))

    def __len__(self) -> int:
        return 1


@pytest.fixture
def store() -> Iterator[Noting]:
    was = keyring.get_keyring()
    noting = Noting()
    keyring.set_keyring(noting)
    yield noting
    keyring.set_keyring(was)


STRANGERS = {
    "another program's key": Profile(provider="generic", url="ws://127.0.0.1:1/x", api_key_env="AWS_SECRET_ACCESS_KEY"),
    "the usual key": Profile(provider="generic", url="ws://127.0.0.1:1/x"),
    "a provider's key to its own host": Profile(provider="openai"),
    "a provider's key to this machine": Profile(provider="openai", url="ws://127.0.0.1:1/x"),
    "a folder's name": Profile(provider="yandex"),
    "a host of one's own": Profile(provider="azure", url="wss://mine.openai.azure.com/openai/v1/realtime"),
    "no key": Profile(provider="hf"),
    "no key, and another agent": Profile(provider="local", url="ws://127.0.0.1:1/x"),
    "a key in the clear": Profile(provider="generic", url="ws://evil.example/x", api_key_env="HOME"),
}


def untrusted(profile: Profile) -> Profile:
    """The profile as it is after an import."""
    lines = [f'{name} = "{getattr(profile, name)}"' for name in ("provider", "url", "api_key_env")]
    put("friend", "trusted = false\n" + "\n".join(line for line in lines if not line.endswith('""')) + "\n")
    return load_profile("friend")


@pytest.mark.parametrize("profile", STRANGERS.values(), ids=STRANGERS)
def test_an_untrusted_profile_has_no_endpoint_and_no_key_is_looked_for(store: Noting, profile: Profile) -> None:
    environ = Watched()
    with pytest.raises(ProfileError) as caught:
        endpoint(untrusted(profile), environ)
    assert "not trusted" in caught.value.sentence
    assert caught.value.remedy
    assert KEY not in caught.value.sentence + caught.value.remedy
    assert (environ.asked, store.asked) == ([], [])


@pytest.mark.parametrize("profile", STRANGERS.values(), ids=STRANGERS)
def test_that_an_untrusted_profile_has_no_key_source_takes_no_look(store: Noting, profile: Profile) -> None:
    environ = Watched()
    assert key_source(untrusted(profile), environ) == ""
    assert (environ.asked, store.asked) == ([], [])


def test_a_key_that_was_typed_does_not_go_to_an_untrusted_address(store: Noting) -> None:
    profile = untrusted(STRANGERS["the usual key"])
    use_for_this_run(profile, KEY)
    try:
        with pytest.raises(ProfileError) as caught:
            endpoint(profile, {})
        assert "not trusted" in caught.value.sentence
        assert key_source(profile, {}) == ""
    finally:
        use_for_this_run(profile, "")


@pytest.mark.parametrize("case", ["another program's key", "the usual key"])
def test_once_it_is_trusted_its_key_goes_to_its_address(store: Noting, case: str) -> None:
    untrusted(STRANGERS[case])
    library.trust("friend")
    found = endpoint(load_profile("friend"), {"AWS_SECRET_ACCESS_KEY": KEY, "REALTIME_API_KEY": KEY})
    assert found.headers == {"Authorization": f"Bearer {KEY}"}


def test_the_list_says_that_an_untrusted_profile_does_not_connect(store: Noting) -> None:
    untrusted(STRANGERS["the usual key"])
    (entry,) = [entry for entry in library.listed() if entry.name == "friend"]
    assert "not trusted" in entry.about
    assert store.asked == []
