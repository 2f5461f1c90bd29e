"""``api_key_env`` names a variable; a key that was put there by mistake is refused, and repeated nowhere."""

import traceback

import pytest
from profile_files import put

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.store import load_profile, parse_profile

NAMES = """
    OPENAI_API_KEY AZURE_OPENAI_API_KEY YANDEX_CLOUD_API_KEY XAI_API_KEY REALTIME_API_KEY MY_KEY MY_KEY_2 my_key
    AWS_SECRET_ACCESS_KEY V2_TOKEN GATEWAYKEY KEY k K2 _KEY __key__ myKey OpenAiKey GITHUB_TOKEN HF_TOKEN
    A_REALLY_LONG_NAME_OF_A_VARIABLE_THAT_HOLDS_THE_KEY_OF_THE_STAGING_GATEWAY_2 KEY_0123456789 TOKEN_2026_07
    company_realtime_gateway_production_api_key PROD1_EU2_KEY3
""".split()

KEYS = {
    "openai, of a project": "sk-proj-Xq3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObNQxVt6ZlKy1PwDuEr",
    "openai, older": "sk-Xq3vB7nL0pTz9RkWf5YdT3BlbkFJUeGh2MsCj8Ai4ObN",
    "yandex": "AQVNzX3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObN",
    "yandex, with a dash": "AQVN2x-vB7nL0pTz9RkWf5YdUeGh2Ms_j8Ai4ObN",
    "yandex, iam": "t1.9euelZqRkpSXnpKVjZCNx5yQlM2Qy-3rnpWakJqTl43PmZqZlcaUlJWd.Qk3vB7nL0pTz9RkWf5Yd",
    "32 hex digits": "3f9a0b7c2d8e4f6a1b5c9d0e7f2a8b4c",
    "32 hex digits, upper case": "3F9A0B7C2D8E4F6A1B5C9D0E7F2A8B4C",
    "hex digits that begin with a letter": "af9a0b7c2d8e4f6a1b5c9d0e7f2a8b4c",
    "azure, 84 characters": "6Qk3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObNQxVt6ZlKy1PwDuErJQQJ99BGACYeBjFXJ3w3AAABACOGabc",
    "azure, from a letter on": "Bk3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObNQxVt6ZlKy1PwDuErJQQJ99BGACYeBjFXJ3w3AAABACOGabcd",
    "xai": "xai-Qk3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObNQxVt6ZlKy1PwDuEr",
    "hugging face": "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",
    "google": "AIzaSyDk3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4",
    "github": "ghp_Qk3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObN",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "uuid": "3f9a0b7c-2d8e-4f6a-1b5c-9d0e7f2a8b4c",
    "with a line end": "secret0815\nX-Evil",
    "with a line end behind it": "SECRETLY_0815\n",
    "with a blank": "Bearer secret0815",
    "a reference": "${SECRET_0815}",
    "with a value": "MY_KEY=secret0815",
    "a digit first": "0815secret",
    "another alphabet": "КЛЮЧ_0815",
    "a fullwidth letter": "ＭＹ_KEY_0815",
    "an escape code": "\x1b[2Jsecret0815",
}


def toml(value: str) -> str:
    """A profile that names a variable."""
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in value)
    return f'provider = "openai"\napi_key_env = "{escaped}"\n'


def parts(value: str) -> list[str]:
    """What of a key must not be seen: no piece of it that would help anybody."""
    return [piece for piece in (value[at : at + 8] for at in range(0, len(value) - 7, 4)) if piece.strip()]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_variable_is_taken(name: str) -> None:
    assert parse_profile(toml(name), "mine.toml").api_key_env == name


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_in_the_place_of_its_name_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse_profile(toml(key), "mine.toml")
    told = caught.value
    assert "mine.toml" in told.sentence
    assert "api_key_env" in told.sentence
    assert told.remedy
    assert "\n" not in told.sentence
    said = f"{told.sentence} {told.remedy} {told!r}" + "".join(traceback.format_exception(told))
    assert [part for part in parts(key) if part in said] == []


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_the_list_of_profiles_does_not_repeat_it_either(key: str) -> None:
    put("mine", toml(key))
    (entry,) = [entry for entry in library.listed() if entry.name == "mine"]
    assert entry.profile is None
    shown = f"{entry.about} {entry.problem} {entry.remedy} {entry!r}"
    assert "api_key_env" in shown
    assert [part for part in parts(key) if part in shown] == []


def test_a_profile_that_names_no_variable_uses_the_provider_s() -> None:
    assert parse_profile('provider = "openai"\napi_key_env = ""\n', "mine.toml").api_key_env == ""


def test_a_file_that_holds_a_key_is_not_taken_in(folders) -> None:
    (folders / "friend.toml").write_text(toml(KEYS["yandex"]))
    with pytest.raises(ProfileError) as caught:
        library.import_profile(folders / "friend.toml")
    assert KEYS["yandex"] not in f"{caught.value.sentence} {caught.value.remedy}"


def test_mending_the_file_mends_the_profile() -> None:
    put("mine", toml(KEYS["32 hex digits"]))
    with pytest.raises(ProfileError):
        load_profile("mine")
    put("mine", toml("MY_KEY"))
    assert load_profile("mine").api_key_env == "MY_KEY"
