"""Saving changes what was changed and nothing else, wholly or not at all, and for its owner alone."""

import os
import stat
import tomllib

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from profile_files import COMMENTED, OWN, kept, put, save

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import store, writing
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import HostedRun
from rtvoice_tui.profiles.store import MAX_BYTES, load_profile, profile_path, profile_text
from rtvoice_tui.profiles.writing import Changes, save_changes, write_privately

pytestmark = pytest.mark.usefixtures("mine")


def test_a_changed_value_changes_its_line_and_no_other(mine):
    assert save("mine", {"voice": "cedar"}) == mine
    assert mine.read_text() == COMMENTED.replace('voice = "marin"', 'voice = "cedar"')


def test_a_new_key_is_added_to_the_session_and_everything_else_stays(mine):
    save("mine", {"speed": 1.2})
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
    save("mine", {"turn_detection": detection})
    session = load_profile("mine").session
    assert session.turn_detection == detection
    assert (session.input_rate, session.voice) == (24_000, "marin")
    others = ["# My assistant.", "# How it behaves.", "# What it can do.", "output_rate = 24000   # fixed"]
    assert all(line in mine.read_text().splitlines() for line in others)


def test_an_object_is_added_to_a_session_that_had_none(mine):
    save("mine", {"transcription": {"model": "gpt-transcribe"}})
    profile = load_profile("mine")
    assert profile.session.transcription == {"model": "gpt-transcribe"}
    assert [tool.name for tool in profile.tools] == ["get_weather"]
    assert profile.audio.input_device == "USB"


def test_turn_detection_that_was_switched_off_is_saved_as_such(mine):
    save("mine", {"turn_detection": None})
    assert load_profile("mine").session.manual_turns


def test_instructions_of_several_lines_stay_readable(mine):
    text = 'First.\nSecond "quoted" and \\ and """three""".\n\nLast.'
    save("mine", {"instructions": text})
    assert load_profile("mine").session.instructions == text
    assert "Second" in [line.split()[0] for line in mine.read_text().splitlines() if line.startswith("Second")]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_instructions_survive_being_saved(mine, text):
    mine.write_text(COMMENTED)
    save("mine", {"instructions": text})
    saved = load_profile("mine").session.instructions
    assert str(saved).replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_saving_a_built_in_profile_makes_an_own_file_with_its_comments(tmp_path):
    path = save("yandex", {"voice": "alena"})
    assert path == profile_path("yandex")
    assert "# or a whole gpt://folder/model URI" in path.read_text()
    profile = load_profile("yandex")
    assert profile.session.voice == "alena"
    assert len(profile.tools) == 3


def test_a_profile_without_a_session_gets_one(mine):
    mine.write_text('provider = "openai"\n[[tools]]\nname = "a"\n')
    save("mine", {"voice": "cedar"})
    profile = load_profile("mine")
    assert (profile.session.voice, [tool.name for tool in profile.tools]) == ("cedar", ["a"])


def test_a_saved_file_is_for_its_owner_alone(mine):
    mine.chmod(0o644)
    save("mine", {"voice": "cedar"})
    assert stat.S_IMODE(mine.stat().st_mode) == 0o600


def test_a_new_folder_is_for_its_owner_alone(tmp_path):
    write_privately(tmp_path / "new" / "file.toml", "x = 1\n")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "file.toml").stat().st_mode) == 0o600


def test_no_temporary_file_stays(mine):
    save("mine", {"voice": "cedar"})
    assert kept() == ["mine.toml"]


def test_a_disk_that_fails_in_the_middle_leaves_the_old_file_whole(mine, monkeypatch):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(ProfileError) as caught:
        save("mine", {"voice": "cedar"})
    assert "No space left" in caught.value.sentence
    assert "mine.toml" in caught.value.sentence
    assert mine.read_text() == COMMENTED
    assert kept() == ["mine.toml"]


def test_text_that_cannot_be_written_leaves_the_old_file_whole_and_nothing_else(mine):
    with pytest.raises(ProfileError):
        save("mine", {"instructions": "caf\udce9"})
    assert mine.read_text() == COMMENTED
    assert kept() == ["mine.toml"]


@pytest.mark.parametrize("changes", [{"voice": 5}, {"colour": "red"}, {"turn_detection": "off"}])
def test_a_change_that_would_make_the_profile_invalid_is_refused_and_not_written(mine, changes):
    with pytest.raises(ProfileError) as caught:
        save("mine", changes)
    assert next(iter(changes)) in caught.value.sentence
    assert mine.read_text() == COMMENTED


@pytest.mark.parametrize("text", ["provider = ", "session = 5\n", "[session\n"])
def test_saving_into_a_broken_file_is_told_and_leaves_it_alone(mine, text):
    mine.write_text(text)
    with pytest.raises(ProfileError) as caught:
        save("mine", {"voice": "cedar"})
    assert "mine.toml" in caught.value.sentence
    assert mine.read_text() == text


def test_a_name_that_would_leave_the_folder_is_not_written_to(tmp_path):
    with pytest.raises(ProfileError):
        save("../evil", {"voice": "cedar"})
    assert not list(tmp_path.rglob("evil*"))


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path, monkeypatch):
    (tmp_path / "blocked").write_text("a file")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "blocked"))
    with pytest.raises(ProfileError) as caught:
        save("yandex", {"voice": "alena"})
    assert caught.value.remedy


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(mine):
    mine.parent.chmod(0o500)
    try:
        with pytest.raises(ProfileError) as caught:
            save("mine", {"voice": "cedar"})
    finally:
        mine.parent.chmod(0o700)
    assert "cannot be written" in caught.value.sentence


def test_a_key_never_gets_into_a_file(mine, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-geheim")
    save("mine", {"voice": "cedar"})
    assert "sk-geheim" not in mine.read_text()
    with pytest.raises(ProfileError):
        store.parse_profile('api_key = "sk-geheim"', "mine")


def test_line_ends_of_another_system_survive(mine):
    mine.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    save("mine", {"voice": "cedar"})
    assert tomllib.loads(mine.read_text())["session"]["voice"] == "cedar"
    assert "# tuned for my room" in mine.read_text()


def test_what_was_saved_is_given_back_with_its_name_and_text(mine):
    saved = save_changes("mine", Changes({"voice": "cedar"}), COMMENTED)
    assert (saved.name, saved.text, saved.sentence) == ("mine", mine.read_text(), "")


def test_no_changes_are_falsy_and_any_change_is_not():
    assert not Changes()
    assert Changes(connection={"model": ""})
    assert Changes({"voice": UNSET})
    assert Changes(tools={"a": None})


def test_a_setting_that_is_taken_out_takes_out_its_line_and_no_other(mine):
    save("mine", {"voice": UNSET})
    assert mine.read_text() == COMMENTED.replace('voice = "marin"   # or cedar\n', "")


def test_a_new_model_changes_its_line_and_no_other(mine):
    save("mine", connection={"model": "gpt-realtime-2.1"})
    assert mine.read_text() == COMMENTED.replace('"gpt-realtime-2"', '"gpt-realtime-2.1"')


def test_a_model_that_is_taken_back_is_empty_in_the_file(mine):
    save("mine", connection={"model": ""})
    assert load_profile("mine").model == ""


def test_a_new_address_is_added_beside_the_model_and_changes_no_other_line(mine):
    save("mine", connection={"url": "wss://example.com/v1/realtime"})
    assert load_profile("mine").url == "wss://example.com/v1/realtime"
    lines = mine.read_text().splitlines()
    assert [line for line in lines if line not in COMMENTED.splitlines()] == ['url = "wss://example.com/v1/realtime"']


def test_a_model_is_added_before_the_tables():
    put("mine", "[session]\nvoice = 'a'\n[audio]\ninput_device = 'USB'\n")
    save("mine", connection={"model": "m"})
    profile = load_profile("mine")
    assert (profile.model, profile.session.voice, profile.audio.input_device) == ("m", "a", "USB")


def test_a_tool_that_is_switched_off_is_one_line_more_and_nothing_else(mine):
    tool = load_profile("mine").tools[0]
    save("mine", tools={tool.name: msgspec.structs.replace(tool, policy="off")})
    added = [line for line in mine.read_text().splitlines() if line not in COMMENTED.splitlines()]
    assert added == ['policy = "off"']
    assert [line for line in mine.read_text().splitlines() if line not in added] == COMMENTED.splitlines()


def test_a_renamed_tool_keeps_its_place_and_its_comment(mine):
    tool = load_profile("mine").tools[0]
    save("mine", tools={tool.name: msgspec.structs.replace(tool, name="weather")})
    assert mine.read_text() == COMMENTED.replace('name = "get_weather"', 'name = "weather"')


def test_a_tool_that_is_not_there_can_be_taken_away(mine):
    save("mine", tools={"nobody": None})
    assert mine.read_text() == COMMENTED


def test_a_tool_is_added_to_a_profile_without_any():
    put("mine", 'provider = "openai"\n')
    tool = ToolEntry(name="a", description="several\nlines", run=HostedRun(index_id="i"))
    save("mine", tools={"a": tool})
    assert load_profile("mine").tools == [tool]


@pytest.mark.parametrize(
    "layout", ["tools = []\n", 'tools = [{name = "a"}]\n', 'tools = [\n  {name = "a"},  # one\n]\n']
)
def test_tools_on_one_line_are_added_to_and_taken_from(layout):
    put("mine", f"{layout}[audio]\ninput_device = 'USB'\n")
    tool = ToolEntry(name="b", parameters={"type": "object", "properties": {"x": {"anyOf": [{"type": "string"}]}}})
    save("mine", tools={"b": tool, "a": None})
    assert load_profile("mine").tools == [tool]
    assert load_profile("mine").audio.input_device == "USB"


def test_the_last_tool_can_be_taken_away_and_another_be_added(mine):
    save("mine", tools={"get_weather": None})
    assert load_profile("mine").tools == []
    save("mine", tools={"b": ToolEntry(name="b")})
    assert [tool.name for tool in load_profile("mine").tools] == ["b"]
    assert load_profile("mine").audio.input_device == "USB"


def test_saving_an_untrusted_profile_does_not_make_it_trusted():
    put("mine", "trusted = false   # imported\n" + COMMENTED)
    save("mine", {"voice": "cedar"})
    assert not load_profile("mine").trusted


@pytest.mark.parametrize("first", ["voice", "role", "speed"])
def test_settings_that_are_written_with_dots_can_be_taken_out_and_changed_at_once(first):
    put("mine", 'session.voice = "a"\nsession.role = "b"\nsession.speed = 1.0\nprovider = "openai"\n')
    changes = {first: UNSET} | {key: value for key, value in (("role", "y"), ("speed", 2.0)) if key != first}
    save("mine", changes)
    session = load_profile("mine").session
    assert {key: getattr(session, key) for key in changes} == changes


def test_a_device_is_written_into_the_table_of_audio_and_everything_else_stays(mine):
    save("mine", audio={"input_device": "Headset", "echo": "off"})
    assert mine.read_text() == COMMENTED.replace('"USB"', '"Headset"') + 'echo = "off"\n'


def test_a_profile_without_audio_gets_a_table_of_it():
    file = put("mine", OWN)
    save("mine", audio={"output_device": "HDMI"})
    assert file.read_text().startswith(OWN)
    assert load_profile("mine").audio.output_device == "HDMI"


TWO_TOOLS = """\
[session]
voice = "marin"

# About the first.
[[tools]]
name = "first"   # one

# About the second.
[[tools]]
name = "second"   # two

# About the sound.
[audio]
input_device = "USB"
"""


@pytest.mark.parametrize(
    ("gone", "stays"),
    [
        ("first", ["# About the second.", "# About the sound."]),
        ("second", ["# About the first.", "# About the sound."]),
    ],
)
def test_taking_a_tool_away_keeps_the_comments_above_what_follows_it(gone, stays):
    put("mine", TWO_TOOLS)
    save("mine", tools={gone: None})
    assert all(line in profile_text("mine").splitlines() for line in stays)


@pytest.mark.parametrize(
    "changes",
    [
        {"connection": {"model": "gpt-realtime-2.1"}},
        {"session": {"speed": 1.2}},
        {"tools": {"third": ToolEntry(name="third", description="new")}},
    ],
    ids=["a model before [session]", "a setting before [[tools]]", "a tool before [audio]"],
)
def test_what_is_added_does_not_come_between_a_table_and_the_comment_above_it(changes):
    text = 'provider = "openai"\n\n# About the agent.\n' + TWO_TOOLS
    put("mine", text)
    save("mine", **changes)
    pairs = {"# About the agent.": "[session]", "# About the first.": "[[tools]]", "# About the sound.": "[audio]"}
    lines = profile_text("mine").splitlines()
    assert {comment: lines[lines.index(comment) + 1] for comment in pairs} == pairs


def test_replacing_a_setting_that_has_a_table_of_its_own_keeps_the_comment_above_the_next_table():
    put("mine", '[session.transcription]\nmodel = "a"\n\n# About the sound.\n[audio]\ninput_device = "USB"\n')
    save("mine", {"transcription": {"model": "b"}})
    assert load_profile("mine").session.transcription == {"model": "b"}
    assert "# About the sound." in profile_text("mine")


def test_what_a_tool_says_though_it_is_the_default_stays_when_something_else_changes():
    put("mine", '[[tools]]\nname = "a"\npolicy = "default"   # I trust it\nparameters = {}   # enough\n')
    save("mine", tools={"a": ToolEntry(name="a", description="new")})
    assert 'policy = "default"   # I trust it\nparameters = {}   # enough\n' in profile_text("mine")


@pytest.mark.parametrize("run", ["", 'run = {target = "demo:get_time"}\n'], ids=["not said", "without its kind"])
def test_how_a_tool_runs_is_left_as_it_is_written_when_something_else_changes(run):
    text = f'[[tools]]\nname = "a"\n{run}'
    put("mine", text)
    tool = load_profile("mine").tools[0]
    save("mine", tools={"a": msgspec.structs.replace(tool, name="b")})
    assert profile_text("mine") == text.replace('"a"', '"b"')


def test_two_tools_can_swap_their_names():
    put("mine", '[[tools]]\nname = "a"\ndescription = "A"\n[[tools]]\nname = "b"\ndescription = "B"\n')
    a, b = load_profile("mine").tools
    swapped = {"a": msgspec.structs.replace(a, name="b"), "b": msgspec.structs.replace(b, name="a")}
    save("mine", tools=swapped)
    assert [(tool.name, tool.description) for tool in load_profile("mine").tools] == [("b", "A"), ("a", "B")]


def test_a_tool_can_take_the_name_of_one_that_is_taken_away():
    put("mine", '[[tools]]\nname = "a"\ndescription = "A"\n[[tools]]\nname = "b"\ndescription = "B"\n')
    a = load_profile("mine").tools[0]
    save("mine", tools={"a": msgspec.structs.replace(a, name="b"), "b": None})
    assert [(tool.name, tool.description) for tool in load_profile("mine").tools] == [("b", "A")]


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": {"a": ToolEntry(name="a", parameters={"enum": ["x", None]})}},
        {"tools": {"a": ToolEntry(name="a", parameters={"anyOf": [{"const": None}]})}},
        {"session": {"extra": {"stop": [None]}}},
    ],
    ids=["null in a list", "null in an object in a list", "null in a setting"],
)
def test_null_that_toml_cannot_hold_is_saved_without_it_or_refused_and_never_more_than_a_sentence(mine, changes):
    try:
        save("mine", **changes)
    except ProfileError:
        assert mine.read_text() == COMMENTED
    load_profile("mine")


def test_a_change_that_would_make_the_profile_too_large_to_be_read_is_refused(mine):
    with pytest.raises(ProfileError):
        save("mine", {"instructions": "x" * (MAX_BYTES + 1)})
    assert mine.read_text() == COMMENTED


def test_tables_in_an_odd_order_keep_their_values_and_comments():
    text = (
        '[[tools]]\nname = "a"   # one\n[audio]   # two\ninput_device = "USB"\n[[tools]]\nname = "b"   # three\n'
        '[session.turn_detection]   # four\ntype = "server_vad"\n'
    )
    put("mine", text)
    before = load_profile("mine")
    save("mine", {"voice": "cedar"}, tools={"b": None})
    after = load_profile("mine")
    assert after.session == msgspec.structs.replace(before.session, voice="cedar")
    assert (after.tools, after.audio) == (before.tools[:1], before.audio)
    assert all(f"# {word}" in profile_text("mine") for word in ("one", "two", "four"))
