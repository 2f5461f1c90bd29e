"""Two programs that write the same profile lose nothing of each other's."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from profile_files import COMMENTED, kept, put, refused

import rtvoice_tui
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.profiles.writing import Changes, Saved, save_changes

pytestmark = pytest.mark.usefixtures("mine")

WEATHER = msgspec.convert({"name": "get_weather", "run": {"kind": "python", "target": "demo:get_weather"}}, ToolEntry)
OFF = msgspec.structs.replace(WEATHER, policy="off")
OURS = [
    Changes({"voice": "cedar"}),
    Changes(connection={"model": "gpt-realtime-2.1"}),
    Changes({"turn_detection": None}),
    Changes({"instructions": UNSET}),
    Changes(tools={"get_weather": OFF}),
    Changes(tools={"new": ToolEntry(name="new")}),
    Changes(audio={"input_device": "Headset"}),
]
IDS = ["voice", "model", "turn_detection", "instructions", "tool", "new tool", "microphone"]


def meanwhile(changes: Changes) -> str:
    """Another program saves changes of its own; returns the file's text then."""
    return save_changes("mine", changes, profile_text("mine")).text


def after(changes: Changes) -> tuple[object, ...]:
    """What the settings that were changed are in the profile."""
    profile = load_profile("mine")
    tools = {tool.name: tool for tool in profile.tools}
    return (
        [getattr(profile.session, key) for key in changes.session],
        {key: getattr(profile, key) for key in changes.connection},
        [tools.get(name) for name in changes.tools],
        [getattr(profile.audio, key) for key in changes.audio],
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(ours, theirs, id=f"{mine}, {other}")
        for (ours, mine), (theirs, other) in itertools.permutations(zip(OURS, IDS, strict=True), 2)
    ],
)
def test_other_things_changed_meanwhile_are_both_in_the_file(mine, ours, theirs):
    meanwhile(theirs)
    wanted = after(theirs)
    saved = save_changes("mine", ours, COMMENTED)
    assert saved.name == "mine"
    assert saved.text == mine.read_text()
    assert "another program" in saved.sentence
    assert "mine.toml" in saved.sentence
    assert after(theirs) == wanted
    both = after(ours)
    mine.write_text(COMMENTED)
    meanwhile(ours)
    assert after(ours) == both
    assert kept() == ["mine.toml"]


def test_a_comment_written_meanwhile_stays(mine):
    mine.write_text("# Written meanwhile.\n" + COMMENTED)
    saved = save_changes("mine", Changes({"voice": "cedar"}), COMMENTED)
    assert mine.read_text() == "# Written meanwhile.\n" + COMMENTED.replace('"marin"', '"cedar"')
    assert saved.name == "mine"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Changes({"voice": "cedar"}), Changes({"voice": "coral"})),
        (Changes({"voice": "cedar"}), Changes({"voice": UNSET})),
        (Changes({"voice": UNSET}), Changes({"voice": "coral"})),
        (Changes({"speed": 1.2}), Changes({"speed": 0.8})),
        (Changes({"turn_detection": None}), Changes({"turn_detection": {"type": "semantic_vad"}})),
        (Changes(connection={"model": "a"}), Changes(connection={"model": "b"})),
        (Changes(audio={"input_device": "Headset"}), Changes(audio={"input_device": "Webcam"})),
        (
            Changes(tools={"get_weather": OFF}),
            Changes(tools={"get_weather": msgspec.structs.replace(WEATHER, timeout_s=3.0)}),
        ),
        (Changes(tools={"get_weather": OFF}), Changes(tools={"get_weather": None})),
        (Changes(tools={"get_weather": None}), Changes(tools={"get_weather": OFF})),
        (Changes(tools={"x": ToolEntry(name="x")}), Changes(tools={"x": ToolEntry(name="x", description="other")})),
        (Changes({"voice": "cedar", "speed": 2.0}, connection={"model": "a"}), Changes({"speed": 0.8})),
    ],
)
def test_of_the_same_thing_theirs_stays_and_ours_is_in_a_profile_of_its_own(mine, ours, theirs):
    text = meanwhile(theirs)
    saved = save_changes("mine", ours, COMMENTED)
    assert mine.read_text() == text
    assert saved.name == "mine-mine"
    assert kept() == ["mine-mine.toml", "mine.toml"]
    assert "mine.toml" in saved.sentence
    assert "'mine-mine'" in saved.sentence
    put("alone", COMMENTED)
    assert saved.text == profile_text("mine-mine") == save_changes("alone", ours, COMMENTED).text


def test_a_second_collision_gets_a_name_of_its_own(mine):
    names = []
    for voice in ("coral", "echo", "sage"):
        meanwhile(Changes({"voice": voice}))
        names.append(save_changes("mine", Changes({"voice": f"my {voice}"}), COMMENTED).name)
    assert names == ["mine-mine", "mine-mine-2", "mine-mine-3"]
    assert [load_profile(name).session.voice for name in ("mine", *names)] == ["sage", "my coral", "my echo", "my sage"]


def test_the_same_value_on_both_sides_is_lost_by_neither(mine):
    meanwhile(Changes({"voice": "cedar"}))
    saved = save_changes("mine", Changes({"voice": "cedar"}), COMMENTED)
    assert load_profile("mine").session.voice == load_profile(saved.name).session.voice == "cedar"


def test_a_tool_renamed_to_a_name_that_another_program_has_given_meanwhile_does_not_make_two_of_that_name(mine):
    meanwhile(Changes(tools={"weather": ToolEntry(name="weather", description="theirs")}))
    saved = save_changes(
        "mine", Changes(tools={"get_weather": msgspec.structs.replace(WEATHER, name="weather")}), COMMENTED
    )
    assert [tool.name for tool in load_profile("mine").tools] == ["get_weather", "weather"]
    assert [tool.name for tool in load_profile(saved.name).tools] == ["weather"]


@pytest.mark.parametrize("text", ["model = ", "[session\n", "colour = 1\n"])
def test_a_file_that_another_program_broke_meanwhile_is_told_and_left_alone(mine, text):
    mine.write_text(text)
    with refused("mine.toml"):
        save_changes("mine", Changes({"voice": "cedar"}), COMMENTED)
    assert mine.read_text() == text
    assert kept() == ["mine.toml"]


def test_a_profile_that_another_program_deleted_meanwhile_is_told_with_its_name(mine):
    mine.unlink()
    with refused("'mine'"):
        save_changes("mine", Changes({"voice": "cedar"}), COMMENTED)


def test_the_long_name_of_a_profile_leaves_room_for_ours():
    name = "n" * 64
    put(name, COMMENTED.replace('"marin"', '"coral"'))
    saved = save_changes(name, Changes({"voice": "cedar"}), COMMENTED)
    assert saved.name != name
    assert load_profile(saved.name).session.voice == "cedar"
    assert load_profile(name).session.voice == "coral"


SPOKEN = COMMENTED.replace('voice = "marin"', 'voice = "marin"\nrole = "marin"\nspeed = 0.5')
VOICES = st.sampled_from([UNSET, "cedar", "coral", "echo"])  # not the one it has: that would be no change
SESSIONS = st.fixed_dictionaries(
    {}, optional={"voice": VOICES, "role": VOICES, "speed": st.sampled_from([UNSET, 1.0, 2.0])}
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SESSIONS, SESSIONS)
def test_whatever_two_programs_change_each_finds_its_own_where_it_was_told(mine, ours, theirs):
    mine.write_text(SPOKEN)
    for name in kept():
        if name != "mine.toml":
            (mine.parent / name).unlink()
    meanwhile(Changes(theirs))
    saved = save_changes("mine", Changes(ours), SPOKEN)
    assert isinstance(saved, Saved)
    there = load_profile("mine").session
    assert {key: getattr(there, key) for key in theirs} == theirs
    own = load_profile(saved.name).session
    assert {key: getattr(own, key) for key in ours} == ours


TIMES = 30
PROGRAM = f"""
import sys
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.store import profile_text
from rtvoice_tui.profiles.writing import Changes, save_changes
me, base = sys.argv[1], profile_text("mine")
print("ready", flush=True)
sys.stdin.readline()
for number in range({TIMES}):
    name = f"{{me}}_{{number}}"
    saved = save_changes("mine", Changes(tools={{name: ToolEntry(name=name)}}), base)
    assert saved.name == "mine", saved
    base = saved.text
"""


def test_two_processes_that_save_thirty_times_each_lose_nothing(mine):
    environment = {"PYTHONPATH": str(Path(rtvoice_tui.__file__).parents[1])}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, me],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ) | environment,
        )
        for me in ("left", "right")
    ]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    tools = [tool.name for tool in load_profile("mine").tools]
    for me in ("left", "right"):
        assert [name for name in tools if name.startswith(me)] == [f"{me}_{number}" for number in range(TIMES)]
    assert len(tools) == 1 + 2 * TIMES
    assert kept() == ["mine.toml"]
    assert all(line in mine.read_text() for line in ("# My assistant.", "# tuned for my room", "# What it can do."))
