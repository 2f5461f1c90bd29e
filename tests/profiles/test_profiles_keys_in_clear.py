"""A key travels encrypted, or not at all: only to this machine, or where the profile says so, it may be read."""

from collections.abc import Iterator

import keyring
import pytest
from keyring.backends.fail import Keyring
from profile_files import put

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.secrets import endpoint
from rtvoice_tui.profiles.store import load_profile, parse_profile

KEY = "canary-7f3a19c2d4e8b605"
ENVIRON = dict.fromkeys(
    ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "XAI_API_KEY", "YANDEX_CLOUD_API_KEY", "MY_KEY"), KEY
)
ENVIRON |= {"REALTIME_API_KEY": KEY, "YANDEX_CLOUD_FOLDER_ID": "b1g"}
ALLOWED = "key_in_clear = true\n"

IN_CLEAR = [
    "ws://gateway.example/v1/realtime",
    "http://gateway.example/v1/realtime",
    "WS://gateway.example/v1/realtime",
    "HTTP://gateway.example:443/v1/realtime",
    "ws://gateway.example:443/",
    "ws://localhost.evil.example/",
    "ws://127.0.0.1.nip.example/",
    "ws://127.0.0.1@evil.example/",
    "ws://localhost:80@evil.example/",
    "ws://10.0.0.1/",
    "ws://192.168.1.20:8765/",
    "ws://128.0.0.1/",
    "ws://[fe80::1]/",
    "ws://[::ffff:192.168.1.20]/",
    "ws://printer/",
    "ws://printer.local/",
]
THIS_MACHINE = ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.3.2.1", "[::ffff:127.0.0.1]"]


@pytest.fixture(autouse=True)
def no_store() -> Iterator[None]:
    was = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(was)


def profile(url: str, provider: str = "generic", more: str = 'api_key_env = "MY_KEY"\n') -> str:
    return f'provider = "{provider}"\nurl = "{url}"\n{more}'


def trusted(text: str, environ: dict[str, str] = ENVIRON) -> dict[str, str]:
    """The headers of a profile whose address the user has agreed to."""
    put("mine", text)
    library.trust("mine")
    return endpoint(load_profile("mine"), environ).headers


def refused(text: str) -> None:
    with pytest.raises(ProfileError) as caught:
        trusted(text)
    assert "unencrypted" in caught.value.sentence
    assert "key_in_clear" in caught.value.remedy
    assert KEY not in caught.value.sentence + caught.value.remedy


@pytest.mark.parametrize("url", IN_CLEAR)
def test_a_key_is_not_sent_where_everybody_can_read_it(url: str) -> None:
    refused(profile(url))


@pytest.mark.parametrize("provider", ["openai", "azure", "xai", "yandex", "generic"])
def test_no_provider_s_key_is_sent_in_the_clear_even_to_its_own_host(provider: str) -> None:
    hosts = {"openai": "api.openai.com", "azure": "mine.openai.azure.com", "xai": "api.x.ai"}
    host = hosts.get(provider, "ai.api.cloud.yandex.net")
    refused(profile(f"ws://{host}/v1/realtime", provider, ""))
    refused(profile(f"http://{host}/v1/realtime", provider, ""))


@pytest.mark.parametrize("url", IN_CLEAR)
def test_a_profile_may_say_that_its_key_travels_in_the_clear(url: str) -> None:
    assert KEY in str(trusted(profile(url, more=f'api_key_env = "MY_KEY"\n{ALLOWED}')))


def test_that_it_may_travel_in_the_clear_is_no_agreement_to_another_host() -> None:
    put("mine", profile("ws://gateway.example/", "openai", ALLOWED))
    with pytest.raises(ProfileError) as caught:
        endpoint(load_profile("mine"), ENVIRON)
    assert "gateway.example" in caught.value.sentence


def test_to_say_no_is_to_say_nothing() -> None:
    refused(profile("ws://gateway.example/", more='api_key_env = "MY_KEY"\nkey_in_clear = false\n'))


@pytest.mark.parametrize("host", THIS_MACHINE)
@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_to_this_machine_a_key_needs_no_encryption(scheme: str, host: str) -> None:
    assert KEY in str(trusted(profile(f"{scheme}://{host}:8765/")))


@pytest.mark.parametrize("scheme", ["wss", "https", "WSS"])
def test_an_encrypted_connection_needs_no_setting(scheme: str) -> None:
    assert KEY in str(trusted(profile(f"{scheme}://gateway.example/")))


@pytest.mark.parametrize("url", ["ws://gateway.example/", "http://gateway.example/"])
def test_without_a_key_nothing_needs_to_be_encrypted(url: str) -> None:
    assert trusted(profile(url, more=""), {}) == {}
    assert trusted(profile(url, "hf", "")) == {}


def test_the_list_says_which_profiles_send_their_key_in_the_clear() -> None:
    put("mine", profile("ws://gateway.example/", more=ALLOWED))
    put("other", profile("wss://gateway.example/"))
    about = {entry.name: entry.about for entry in library.listed()}
    assert "unencrypted" in about["mine"]
    assert "unencrypted" not in about["other"]


@pytest.mark.parametrize("value", ["1", '"yes"', "[]", "{}"])
def test_the_setting_is_true_or_false(value: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(f"key_in_clear = {value}\n", "mine.toml")
    assert "key_in_clear must be true or false" in caught.value.sentence


def test_an_imported_profile_that_says_so_is_not_trusted_either(folders) -> None:
    (folders / "friend.toml").write_text(profile("ws://gateway.example/", more=ALLOWED))
    with pytest.raises(ProfileError) as caught:
        endpoint(load_profile(library.import_profile(folders / "friend.toml")), ENVIRON)
    assert "not trusted" in caught.value.sentence
