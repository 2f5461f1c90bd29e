"""A provider's key goes to that provider; to any other host only after the user agreed to it once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backends.fail import Keyring
from profile_files import put

from rtvoice_tui.controller.planner import Options, Planner, with_options
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.secrets import endpoint, use_for_this_run
from rtvoice_tui.profiles.store import BUILT_IN, load_profile
from rtvoice_tui.protocol.realtime.dialects import DIALECTS

KEY = "canary-7f3a19c2d4e8b605"
VARIABLES = {name: dialect.key_vars[0] for name, dialect in DIALECTS.items() if dialect.key_vars and name != "generic"}
ENVIRON = dict.fromkeys([*VARIABLES.values(), "MY_KEY", "REALTIME_API_KEY"], KEY) | {"YANDEX_CLOUD_FOLDER_ID": "b1g"}
GATEWAY = 'provider = "openai"\nurl = "wss://gateway.example/v1/realtime"\n'


@pytest.fixture(autouse=True)
def no_store() -> Iterator[None]:
    was = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(was)


def found(text: str, name: str = "mine", environ: dict[str, str] = ENVIRON) -> dict[str, str]:
    """The headers that a profile of one's own connects with."""
    put(name, text)
    return endpoint(load_profile(name), environ).headers


def asked(text: str, *words: str) -> None:
    """Nothing is sent before the user agreed, and they are told what it is about."""
    with pytest.raises(ProfileError) as caught:
        found(text)
    for word in words:
        assert word in caught.value.sentence
    assert caught.value.remedy
    assert KEY not in caught.value.sentence + caught.value.remedy


def at(url: str, provider: str = "openai", variable: str = "") -> str:
    """A profile for an address."""
    named = f'api_key_env = "{variable}"\n' if variable else ""
    return f"provider = \"{provider}\"\nurl = '{url}'\n{named}"


@pytest.mark.parametrize("name", [name for name in BUILT_IN if name not in ("local", "hf", "azure")])
def test_a_built_in_profile_sends_its_key_without_a_question(name: str) -> None:
    assert KEY in str(endpoint(load_profile(name), ENVIRON).headers)


@pytest.mark.parametrize(
    "text",
    [
        at("wss://api.openai.com/v1/realtime"),
        at("wss://API.OpenAI.com/v1/realtime"),
        at("wss://api.openai.com:443/v1/realtime"),
        at("https://api.openai.com/v1/realtime"),
        at("wss://mine.openai.azure.com/openai/v1/realtime", "azure"),
        at("wss://Another-One.OPENAI.azure.com/openai/v1/realtime", "azure"),
        at("wss://api.x.ai/v1/realtime", "xai"),
        at("wss://ai.api.cloud.yandex.net/v1/realtime", "yandex"),
        at("wss://api.openai.com/v1/realtime", "generic", "OPENAI_API_KEY"),
        at("wss://api.openai.com/v1/realtime", "openai", "MY_KEY"),
        at("wss://gateway.example/", "generic", "MY_KEY"),
        at("wss://gateway.example/", "generic"),
        at("wss://gateway.example/", "openai", "MY_KEY"),
    ],
)
def test_a_provider_s_own_host_and_a_key_of_one_s_own_need_no_question(text: str) -> None:
    assert KEY in str(found(text))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LocalHost", "[::1]", "127.8.9.10", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"]
)
@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("provider", VARIABLES)
def test_this_machine_needs_no_question(provider: str, scheme: str, host: str) -> None:
    assert KEY in str(found(at(f"{scheme}://{host}:8765/x", provider)))


@pytest.mark.parametrize("provider", VARIABLES)
def test_another_host_is_asked_about_with_the_variable_and_the_host(provider: str) -> None:
    asked(at("wss://gateway.example/v1/realtime", provider), "gateway.example", VARIABLES[provider])
    asked(at("wss://gateway.example/", "generic", VARIABLES[provider]), "gateway.example", VARIABLES[provider])


@pytest.mark.parametrize("host", ["api.openai.com", "api.x.ai", "ai.api.cloud.yandex.net", "mine.openai.azure.com"])
@pytest.mark.parametrize("variable", VARIABLES.values())
def test_a_provider_s_key_does_not_go_to_another_provider_unasked(variable: str, host: str) -> None:
    own = {"OPENAI_API_KEY": "api.openai.com", "XAI_API_KEY": "api.x.ai"}
    own |= {"YANDEX_CLOUD_API_KEY": "ai.api.cloud.yandex.net", "AZURE_OPENAI_API_KEY": "mine.openai.azure.com"}
    text = at(f"wss://{host}/x", "generic", variable)
    if own[variable] == host:
        assert KEY in str(found(text))
    else:
        asked(text, host, variable)


LOOK_ALIKES = {
    "api.openai.com.evil.example": "api.openai.com.evil.example",
    "api.openai.com.evil.example.": "api.openai.com.evil.example",
    "evilopenai.com": "evilopenai.com",
    "evil-api.openai.com.example": "evil-api.openai.com.example",
    "api-openai.com": "api-openai.com",
    "api.openai.co": "api.openai.co",
    "openai.com@evil.example": "evil.example",
    "api.openai.com@evil.example": "evil.example",
    "api.openai.com:443@evil.example": "evil.example",
    "api.openai.com%40evil.example": "evil.example",
    "me:api.openai.com@evil.example:443": "evil.example",
    "api.openai.com\\@evil.example": "evil.example",
    "evil.example?@api.openai.com": "evil.example",
    "evil.example#@api.openai.com": "evil.example",
    "evil.example/@api.openai.com": "evil.example",
    "api.\u043epenai.com": "",
    "api.xn--penai-4qe.com": "xn--penai-4qe",
    "localhost.evil.example": "localhost.evil.example",
    "evil-localhost": "evil-localhost",
    "127.0.0.1.nip.example": "127.0.0.1.nip.example",
    "127.0.0.1@evil.example": "evil.example",
    "[::1]@evil.example": "evil.example",
    "127.1": "127.1",
    "0x7f000001": "0x7f000001",
    "2130706433": "2130706433",
    "[::ffff:8.8.8.8]": "",
    "128.0.0.1": "128.0.0.1",
    "0.0.0.0": "0.0.0.0",
    "10.0.0.1": "10.0.0.1",
}


@pytest.mark.parametrize(("host", "shown"), LOOK_ALIKES.items(), ids=LOOK_ALIKES)
def test_what_only_looks_like_the_provider_or_this_machine_is_asked_about(host: str, shown: str) -> None:
    asked(at(f"wss://{host}/v1/realtime"), shown)


@pytest.mark.parametrize("host", ["openai.azure.com.evil.example", "mineopenai.azure.com", "mine.azure.com"])
def test_what_only_looks_like_a_resource_of_azure_is_asked_about(host: str) -> None:
    asked(at(f"wss://{host}/openai/v1/realtime", "azure"), host, "AZURE_OPENAI_API_KEY")


def test_a_key_that_was_typed_for_the_provider_does_not_go_elsewhere_unasked() -> None:
    use_for_this_run(load_profile("openai"), KEY)
    try:
        put("mine", GATEWAY)
        with pytest.raises(ProfileError) as caught:
            endpoint(load_profile("mine"), {})
        assert "gateway.example" in caught.value.sentence
    finally:
        use_for_this_run(load_profile("openai"), "")


def test_agreeing_once_holds_for_that_host_and_variable_in_every_profile() -> None:
    asked(GATEWAY)
    library.trust("mine")
    assert KEY in str(found(GATEWAY))
    assert KEY in str(found(at("wss://GATEWAY.example/another"), "second"))
    assert KEY in str(found(at("wss://gateway.example/", "generic", "OPENAI_API_KEY"), "third"))


@pytest.mark.parametrize(
    "text",
    [
        at("wss://gateway.example/", "xai"),
        at("wss://gateway.example/", "generic", "XAI_API_KEY"),
        at("wss://other.example/"),
        at("wss://sub.gateway.example/"),
        at("wss://gateway.example.evil.example/"),
        at("wss://gateway.example@evil.example/"),
    ],
)
def test_agreeing_holds_for_no_other_host_and_no_other_variable(text: str) -> None:
    put("mine", GATEWAY)
    library.trust("mine")
    asked(text)


def test_a_profile_that_gets_another_address_is_asked_about_again() -> None:
    put("mine", GATEWAY)
    library.trust("mine")
    asked(GATEWAY.replace("gateway.example", "elsewhere.example"), "elsewhere.example", "OPENAI_API_KEY")


def test_trusting_an_imported_profile_agrees_to_its_address(folders) -> None:
    (folders / "friend.toml").write_text(GATEWAY)
    name = library.import_profile(folders / "friend.toml")
    library.trust(name)
    assert KEY in str(endpoint(load_profile(name), ENVIRON).headers)
    assert KEY in str(found(GATEWAY))


def test_what_was_agreed_to_is_remembered_after_a_restart_in_the_state_folder(folders) -> None:
    program = "\n".join(
        [
            "import os",
            "from rtvoice_tui.profiles.secrets import endpoint",
            "from rtvoice_tui.profiles.store import ProfileError, load_profile",
            "try:",
            "    print(len(endpoint(load_profile('mine'), {'OPENAI_API_KEY': 'k'}).headers))",
            "except ProfileError as error:",
            "    print('asked')",
        ]
    )

    def restarted() -> str:
        paths = os.pathsep.join(path for path in sys.path if path)
        environment = os.environ | {"PYTHONPATH": paths, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        return done.stdout.strip()

    put("mine", GATEWAY)
    assert restarted() == "asked"
    library.trust("mine")
    assert restarted() == "1"
    kept = [file for file in (folders / "state").rglob("*") if file.is_file()]
    assert [file for file in kept if b"gateway.example" in file.read_bytes()]
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept)
    for file in kept:
        file.unlink()
    assert restarted() == "asked"


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"x = [", b"[[[", b'"openai" = 5\n', b"gateway.example"])
def test_a_damaged_memory_agrees_to_nothing_and_is_no_fault(folders, damage: bytes) -> None:
    put("mine", GATEWAY)
    library.trust("mine")
    for file in (folders / "state").rglob("*"):
        if file.is_file():
            file.write_bytes(damage)
    asked(GATEWAY, "gateway.example")


def test_an_address_of_the_command_line_needs_no_question_for_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    options = Options(profile="openai", url="wss://gateway.example/v1/realtime")
    plan, _ = Planner(options).plan(with_options(load_profile("openai"), options), None)
    assert KEY in str(asyncio.run(plan.source.endpoint()).headers)
    asked(GATEWAY, "gateway.example")
    put("mine", GATEWAY.replace("gateway.example", "elsewhere.example"))
    plan, _ = Planner(options).plan(load_profile("mine"), None)
    with pytest.raises(ProfileError) as caught:
        asyncio.run(plan.source.endpoint())
    assert "elsewhere.example" in caught.value.sentence
