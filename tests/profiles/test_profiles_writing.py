"""Saving changes what was changed and nothing else, wholly or not at all, and for its owner alone."""

import os
import stat
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtvoice_tui.profiles import store
from rtvoice_tui.profiles.store import ProfileError, load_profile, profile_path, save_session, write_privately

COMMENTED = """\
# My assistant.
provider = "openai"   # the second choice
model = "gpt-realtime-2"

# How it behaves.
[session]
voice = "marin"   # or cedar
instructions = "Be brief."
turn_detection = {type = "server_vad", threshold = 0.5}   # tuned for my room
input_rate = 24000
output_rate = 24000   # fixed

# What it can do.
[[tools]]
name = "get_weather"   # demo
run = {kind = "python", target = "demo:get_weather"}

[audio]
input_device = "USB"
"""


@pytest.fixture(autouse=True)
def mine(tmp_path, monkeypatch):
    """A commented profile called ``mine`` in a folder of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = profile_path("mine")
    file.parent.mkdir(parents=True)
    file.write_text(COMMENTED)
    return file


def test_a_changed_value_changes_its_line_and_no_other(mine):
    assert save_session("mine", {"voice": "cedar"}) == mine
    assert mine.read_text() == COMMENTED.replace('voice = "marin"', 'voice = "cedar"')


def test_a_new_key_is_added_to_the_session_and_everything_else_stays(mine):
    save_session("mine", {"speed": 1.2})
    lines = mine.read_text().splitlines()
    assert [line for line in lines if line not in COMMENTED.splitlines()] == ["speed = 1.2"]
    assert [line for line in lines if line in COMMENTED.splitlines()] == COMMENTED.splitlines()
    assert load_profile("mine").session.speed == 1.2


@pytest.mark.parametrize(
    "detection",
    [
        {"type": "semantic_vad", "eagerness": "low"},
        {"type": "none"},
        {"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 300},
    ],
)
def test_a_changed_turn_detection_leaves_the_keys_after_it_where_they_belong(mine, detection):
    save_session("mine", {"turn_detection": detection})
    session = load_profile("mine").session
    assert session.turn_detection == detection
    assert (session.input_rate, session.voice) == (24_000, "marin")
    kept = ["# My assistant.", "# How it behaves.", "# What it can do.", "output_rate = 24000   # fixed"]
    assert all(line in mine.read_text().splitlines() for line in kept)


def test_an_object_is_added_to_a_session_that_had_none(mine):
    save_session("mine", {"transcription": {"model": "gpt-transcribe"}})
    profile = load_profile("mine")
    assert profile.session.transcription == {"model": "gpt-transcribe"}
    assert [tool.name for tool in profile.tools] == ["get_weather"]
    assert profile.audio.input_device == "USB"


def test_turn_detection_that_was_switched_off_is_saved_as_such(mine):
    save_session("mine", {"turn_detection": None})
    assert load_profile("mine").session.manual_turns


def test_instructions_of_several_lines_stay_readable(mine):
    text = 'First.\nSecond "quoted" and \\ and """three""".\n\nLast.'
    save_session("mine", {"instructions": text})
    assert load_profile("mine").session.instructions == text
    assert "Second" in [line.split()[0] for line in mine.read_text().splitlines() if line.startswith("Second")]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_instructions_survive_being_saved(mine, text):
    mine.write_text(COMMENTED)
    save_session("mine", {"instructions": text})
    saved = load_profile("mine").session.instructions
    assert str(saved).replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_saving_a_built_in_profile_makes_an_own_file_with_its_comments(tmp_path):
    path = save_session("yandex", {"voice": "alena"})
    assert path == profile_path("yandex")
    assert "# or a whole gpt://folder/model URI" in path.read_text()
    profile = load_profile("yandex")
    assert profile.session.voice == "alena"
    assert len(profile.tools) == 3


def test_a_profile_without_a_session_gets_one(mine):
    mine.write_text('provider = "openai"\n[[tools]]\nname = "a"\n')
    save_session("mine", {"voice": "cedar"})
    profile = load_profile("mine")
    assert (profile.session.voice, [tool.name for tool in profile.tools]) == ("cedar", ["a"])


def test_a_saved_file_is_for_its_owner_alone(mine):
    mine.chmod(0o644)
    save_session("mine", {"voice": "cedar"})
    assert stat.S_IMODE(mine.stat().st_mode) == 0o600


def test_a_new_folder_is_for_its_owner_alone(tmp_path):
    write_privately(tmp_path / "new" / "file.toml", "x = 1\n")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "file.toml").stat().st_mode) == 0o600


def test_no_temporary_file_stays(mine):
    save_session("mine", {"voice": "cedar"})
    assert os.listdir(mine.parent) == ["mine.toml"]


def test_a_disk_that_fails_in_the_middle_leaves_the_old_file_whole(mine, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(ProfileError) as caught:
        save_session("mine", {"voice": "cedar"})
    assert "No space left" in caught.value.sentence
    assert "mine.toml" in caught.value.sentence
    assert mine.read_text() == COMMENTED
    assert os.listdir(mine.parent) == ["mine.toml"]


def test_text_that_cannot_be_written_leaves_the_old_file_whole_and_nothing_else(mine):
    with pytest.raises(ProfileError):
        save_session("mine", {"instructions": "caf\udce9"})
    assert mine.read_text() == COMMENTED
    assert os.listdir(mine.parent) == ["mine.toml"]


@pytest.mark.parametrize("changes", [{"voice": 5}, {"colour": "red"}, {"turn_detection": "off"}])
def test_a_change_that_would_make_the_profile_invalid_is_refused_and_not_written(mine, changes):
    with pytest.raises(ProfileError) as caught:
        save_session("mine", changes)
    assert next(iter(changes)) in caught.value.sentence
    assert mine.read_text() == COMMENTED


@pytest.mark.parametrize("text", ["provider = ", "session = 5\n", "[session\n"])
def test_saving_into_a_broken_file_is_told_and_leaves_it_alone(mine, text):
    mine.write_text(text)
    with pytest.raises(ProfileError) as caught:
        save_session("mine", {"voice": "cedar"})
    assert "mine.toml" in caught.value.sentence
    assert mine.read_text() == text


def test_a_name_that_would_leave_the_folder_is_not_written_to(tmp_path):
    with pytest.raises(ProfileError):
        save_session("../evil", {"voice": "cedar"})
    assert not list(tmp_path.rglob("evil*"))


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path, monkeypatch):
    (tmp_path / "blocked").write_text("a file")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "blocked"))
    with pytest.raises(ProfileError) as caught:
        save_session("yandex", {"voice": "alena"})
    assert caught.value.remedy


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(mine):
    mine.parent.chmod(0o500)
    try:
        with pytest.raises(ProfileError) as caught:
            save_session("mine", {"voice": "cedar"})
    finally:
        mine.parent.chmod(0o700)
    assert "cannot be written" in caught.value.sentence


def test_a_key_never_gets_into_a_file(mine, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-geheim")
    save_session("mine", {"voice": "cedar"})
    assert "sk-geheim" not in mine.read_text()
    with pytest.raises(ProfileError):
        store.parse_profile('api_key = "sk-geheim"', "mine")


def test_line_ends_of_another_system_survive(mine):
    mine.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    save_session("mine", {"voice": "cedar"})
    assert tomllib.loads(mine.read_text())["session"]["voice"] == "cedar"
    assert "# tuned for my room" in mine.read_text()
