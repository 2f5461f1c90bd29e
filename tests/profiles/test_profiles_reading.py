"""Profiles are read from TOML; what is wrong with one is a sentence with file and key, never an exception."""

import os

import msgspec
import pytest
from profile_files import OWN, find_key, put

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.secrets import KeyState, endpoint, key_state
from rtvoice_tui.profiles.store import BUILT_IN, MAX_BYTES, load_profile, parse_profile, profile_names, profile_path
from rtvoice_tui.protocol.realtime.dialects import ALL_SETTINGS


def objection(text: str) -> ProfileError:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "my.toml")
    error = caught.value
    assert "my.toml" in error.sentence
    assert "\n" not in error.sentence
    assert error.remedy
    return error


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_profiles_are_valid(name):
    profile = load_profile(name)
    assert profile.provider == name
    assert profile.trusted
    rate = profile.dialect.fixed_rate or profile.session.input_rate
    assert profile.session.input_rate == profile.session.output_rate == rate
    assert not profile.session.voice or not profile.dialect.voices or profile.session.voice in profile.dialect.voices
    said = {key for key in profile.dialect.settings | ALL_SETTINGS if profile.session.is_set(key)}
    assert said <= profile.dialect.settings


@pytest.mark.parametrize("name", ["local", "yandex", "openai"])
def test_a_built_in_profile_can_tell_the_weather(name):
    assert "get_weather" in {tool.name for tool in load_profile(name).active_tools}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_profile_runs_nothing_but_what_ships_with_the_app(name):
    own = [tool for tool in load_profile(name).tools if tool.run.kind == "python"]
    assert all(tool.run.target.startswith("demo:") for tool in own)


def test_file_search_without_an_index_stays_in_the_profile_for_later():
    assert [tool.name for tool in load_profile("yandex").tools] == ["get_weather", "web_search", "file_search"]


def test_an_own_file_is_read_before_a_built_in_of_the_same_name():
    put("yandex", 'provider = "yandex"\nmodel = "my-model"\n')
    assert load_profile("yandex").model == "my-model"


def test_own_profiles_are_listed_after_the_built_in_ones():
    for name in ("zebra", "alpha", "local"):
        put(name, OWN)
    (paths.profiles_folder() / "notes.txt").write_text("no profile")
    (paths.profiles_folder() / ".hidden.toml").write_text(OWN)
    assert profile_names() == ["local", "yandex", "openai", "azure", "xai", "hf", "alpha", "zebra"]


def test_without_a_folder_only_the_built_in_profiles_are_listed():
    assert profile_names() == list(BUILT_IN)


def test_an_empty_file_is_a_profile_of_defaults():
    put("empty", "")
    assert load_profile("empty") == Profile()


def test_a_missing_profile_is_told_with_those_that_exist():
    put("mine", OWN)
    with pytest.raises(ProfileError) as caught:
        load_profile("yours")
    assert "yours" in caught.value.sentence
    assert all(name in caught.value.remedy for name in ("local", "yandex", "mine"))


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", ".hidden", "a b", "x" * 65, "a\n", "a\x00", "-x", "ä"])
def test_a_name_that_would_leave_the_folder_is_refused(name):
    for use in (profile_path, load_profile):
        with pytest.raises(ProfileError) as caught:
            use(name)
        assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('provider = "telepathy"', ["provider"]),
        ("model = 5", ["model"]),
        ("colour = 1", ["colour"]),
        ('[session]\nvoice = ["a"]', ["session.voice"]),
        ("[session]\nvolume = 11", ["session", "volume"]),
        ('[session]\nturn_detection = "off"', ["session.turn_detection"]),
        ('[session]\nspeed = "fast"', ["session.speed"]),
        ('[session]\noutput_modalities = "audio"', ["session.output_modalities"]),
        ('[[tools]]\ndescription = "nameless"', ["tools", "name"]),
        ('[[tools]]\nname = "a"\npolicy = "sometimes"', ["tools", "policy"]),
        ('[[tools]]\nname = "a"\nparameters = "{}"', ["tools", "parameters"]),
        ('[[tools]]\nname = "a"\nrun = {kind = "shell"}', ["tools", "kind"]),
        ("tools = 5", ["tools"]),
        ("[audio]\nvolume = 3", ["audio", "volume"]),
        ("session = 5", ["session"]),
    ],
)
def test_a_wrong_key_is_named(text, words):
    sentence = objection(text).sentence
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize(
    "text",
    [
        "model = ",
        '[session\nvoice = "a"',
        "a = 1\na = 2",
        'model = "\x1b[2J"',
        "\x00",
        "a = " + "[" * 50_000,
        "a = " + "{b = " * 50_000,
        'model = "\\ud800"',
    ],
    ids=["no value", "open table", "twice", "escape codes", "nul", "deep list", "deep table", "surrogate"],
)
def test_what_is_no_toml_is_told(text):
    try:
        objection(text)
    except RecursionError:
        pytest.fail("an invalid profile must never stop the app")


@pytest.mark.parametrize("key", ["input_rate", "output_rate"])
@pytest.mark.parametrize("rate", [0, -24_000, 10**12])
def test_a_rate_that_no_device_has_is_refused_when_it_is_read(key, rate):
    assert key in objection(f"[session]\n{key} = {rate}").sentence


@pytest.mark.parametrize("line", ["heartbeat_s = nan", "heartbeat_s = -1", '[[tools]]\nname = "a"\ntimeout_s = -1'])
def test_a_time_that_cannot_pass_is_refused_when_it_is_read(line):
    assert line.rsplit("\n", 1)[-1].split()[0] in objection(line).sentence


def test_a_file_that_is_not_utf_8_is_told():
    put("latin", "model = 'caf\xe9'".encode("latin-1"))
    with pytest.raises(ProfileError) as caught:
        load_profile("latin")
    assert "UTF-8" in caught.value.sentence
    assert "latin.toml" in caught.value.sentence


def test_a_file_that_is_too_large_is_not_read():
    put("large", "#" * (MAX_BYTES + 1))
    with pytest.raises(ProfileError) as caught:
        load_profile("large")
    assert "large" in caught.value.sentence


def test_a_folder_in_the_place_of_a_file_is_told():
    profile_path("folder").mkdir(parents=True)
    with pytest.raises(ProfileError) as caught:
        load_profile("folder")
    assert "cannot be read" in caught.value.sentence


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told():
    put("secret", OWN)
    profile_path("secret").chmod(0)
    with pytest.raises(ProfileError) as caught:
        load_profile("secret")
    assert "cannot be read" in caught.value.sentence


def test_a_tool_that_is_switched_off_is_not_offered():
    profile = parse_profile('[[tools]]\nname = "a"\npolicy = "off"\n[[tools]]\nname = "b"\n', "my.toml")
    assert [spec.name for spec in profile.tool_specs] == ["b"]


def test_xdg_variables_move_every_folder(folders):
    for path in (paths.config_folder(), paths.profiles_folder(), paths.themes_folder()):
        assert path.is_relative_to(folders / "config")
    assert paths.state_file().is_relative_to(folders / "state")
    assert paths.log_file().is_relative_to(folders / "state")


def with_provider(provider: str, **changes: object) -> Profile:
    return msgspec.structs.replace(Profile(provider=provider), **changes)


def test_a_yandex_key_and_folder_come_from_the_environment():
    found = endpoint(load_profile("yandex"), {"YANDEX_CLOUD_API_KEY": " key\n", "YANDEX_CLOUD_FOLDER_ID": "b1g"})
    assert found.url == ("wss://ai.api.cloud.yandex.net/v1/realtime?model=gpt://b1g/speech-realtime-deepseek-v4-flash")
    assert found.headers == {"Authorization": "Api-Key key"}


def test_a_folder_in_the_profile_wins_over_the_environments():
    profile = msgspec.structs.replace(load_profile("yandex"), folder_id="mine")
    assert "gpt://mine/" in endpoint(profile, {"YANDEX_CLOUD_API_KEY": "k", "YANDEX_CLOUD_FOLDER_ID": "other"}).url


def test_a_whole_model_uri_needs_no_folder():
    profile = msgspec.structs.replace(load_profile("yandex"), model="gpt://f/m/latest")
    assert endpoint(profile, {"YANDEX_CLOUD_API_KEY": "k"}).url.endswith("?model=gpt://f/m/latest")


@pytest.mark.parametrize("environ", [{}, {"YANDEX_CLOUD_API_KEY": " "}, {"OPENAI_API_KEY": "k"}])
def test_a_missing_key_is_told_with_the_variable_to_set(environ):
    with pytest.raises(ProfileError) as caught:
        endpoint(load_profile("yandex"), environ)
    assert "YANDEX_CLOUD_API_KEY" in caught.value.remedy


def test_a_missing_folder_is_told_with_the_variable_to_set():
    with pytest.raises(ProfileError) as caught:
        endpoint(load_profile("yandex"), {"YANDEX_CLOUD_API_KEY": "k"})
    assert "YANDEX_CLOUD_FOLDER_ID" in caught.value.sentence


def test_the_variable_that_a_profile_names_is_the_only_one_looked_at():
    profile = with_provider("openai", api_key_env="MY_KEY")
    assert find_key(profile, {"MY_KEY": "mine", "OPENAI_API_KEY": "other"}) == "mine"
    with pytest.raises(ProfileError) as caught:
        find_key(profile, {"OPENAI_API_KEY": "other"})
    assert "MY_KEY" in caught.value.remedy


def test_a_server_of_ones_own_needs_no_key():
    profile = with_provider("generic", url="ws://localhost:8765/v1/realtime")
    assert endpoint(profile, {}).headers == {}


def test_no_repr_of_an_endpoint_shows_the_key():
    found = endpoint(load_profile("yandex"), {"YANDEX_CLOUD_API_KEY": "geheim", "YANDEX_CLOUD_FOLDER_ID": "b1g"})
    assert "geheim" not in repr(found) + str(found)
    assert "geheim" not in found.url


def test_it_is_known_whether_there_is_a_key_and_which_provider_needs_none():
    mine = Profile(provider="openai", api_key_env="MY_KEY")
    assert key_state(mine, {"MY_KEY": "sk-1"}) is KeyState.SET
    assert key_state(mine, {"OPENAI_API_KEY": "sk-1"}) is KeyState.MISSING
    assert key_state(mine, {"MY_KEY": "  "}) is KeyState.MISSING
    assert key_state(Profile(provider="local"), {}) is KeyState.UNUSED
