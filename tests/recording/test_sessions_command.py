"""``rtvoice-tui sessions``: what each command prints and writes."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from recording.recorded import Recorded
from recording.talk import Talk, recorded_talk
from rtvoice_tui.cli.main import main
from rtvoice_tui.profiles import paths


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the recordings."""
    monkeypatch.setattr(paths, "recordings_folder", lambda: tmp_path / "recordings")
    monkeypatch.setattr(paths, "settings_file", lambda: tmp_path / "settings.toml")
    return tmp_path / "recordings"


def conversation(root: Path, asked: bool = True, words: str = "What is new?") -> str:
    """A recording of two turns; returns its name."""
    recorded = Recorded(root, asked)
    recorded.session.open()
    recorded.session.turn(1, words, "Nothing at all.")
    recorded.session.turn(2, "And now?", "Still nothing.")
    recorded.end()
    return recorded.folder.name


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["sessions", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def test_the_list_says_how_long_how_much_and_what_about(root: Path) -> None:
    name = conversation(root)
    other = conversation(root, asked=False, words="Who are you?")
    lines = {line.split()[0]: line for line in run("list").splitlines()}
    assert lines.keys() == {name, other}
    assert lines[name].endswith("    0:00  2 turns   sound  What is new?")
    assert "sound" not in lines[other]
    assert "Who are you?" in lines[other]


def test_without_a_recording_the_list_says_when_there_will_be_one(root: Path) -> None:
    done = CliRunner().invoke(main, ["sessions", "list"])
    assert (done.stdout, done.exit_code) == ("", 0)
    assert "no session is recorded yet" in done.stderr


def test_a_session_that_goes_on_is_listed_as_such(root: Path) -> None:
    recorded = Recorded(root)
    recorded.session.open()
    recorded.session.turn(1, "Still here.")
    recorded.recording._recorder.flush()
    while not (root.exists() and "Still here." in run("list")):
        pass
    assert "running" in run("list")
    assert "is being recorded" in run("delete", "last", code=1)
    recorded.end()
    assert "running" not in run("list")
    assert run("delete", "last") == f"deleted {recorded.folder.name}\n"


def test_the_conversation_is_shown_with_who_said_what(root: Path) -> None:
    shown = run("show", conversation(root)[:20])
    places = [shown.index(words) for words in ("What is new?", "Nothing at all.", "And now?", "Still nothing.")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("kind", "word"), [("md", "**You**"), ("srt", "-->"), ("vtt", "WEBVTT"), ("jsonl", '"dir"'), ("json", '"parts"')]
)
def test_each_format_is_written_to_a_file_and_never_over_one(root: Path, tmp_path: Path, kind: str, word: str) -> None:
    conversation(root)
    file = tmp_path / f"talk.{kind}"
    assert run("export", "last", "--format", kind, "-o", str(file)) == f"{file}\n"
    text = file.read_text()
    assert word in text
    assert text == run("export", "last", "--format", kind)
    assert "exists already" in run("export", "last", "--format", kind, "-o", str(file), code=1)
    assert file.read_text() == text
    assert "cannot be written" in run("export", "last", "-o", str(tmp_path / "none" / "talk.md"), code=1)


def test_subtitles_do_not_overlap_and_can_be_read(tmp_path: Path) -> None:
    talk = Talk().opened()
    for number in range(4):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": f"Question {number}?"}]}
        talk.up("conversation.item.create", item=item)
        talk.after(0.05).answers("A long answer that takes some time to be read by anybody.", 0.5).after(1.0)
    recorded_talk(tmp_path / "talk", talk)
    times = re.findall(r"00:(\d\d:\d\d,\d{3})", run("export", str(tmp_path / "talk"), "--format", "srt"))
    assert len(times) == 16
    assert times == sorted(times)
    seconds = [60 * float(time[:2]) + float(time[3:].replace(",", ".")) for time in times]
    assert all(end - start > 1.49 for start, end in zip(seconds[::2], seconds[1::2], strict=True))


def test_a_dash_is_standard_output_and_not_a_file(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation(root)
    monkeypatch.chdir(tmp_path)
    assert run("export", "last", "-o", "-") == run("show", "last")
    assert not (tmp_path / "-").exists()


def test_the_suffix_of_a_sound_may_be_in_capitals(root: Path, tmp_path: Path) -> None:
    conversation(root)
    run("export", "last", "--format", "flac", "-o", str(tmp_path / "talk.FLAC"))
    assert [path.name for path in tmp_path.glob("talk*")] == ["talk.FLAC"]


def test_the_events_and_the_conversation_are_json_for_other_programs(root: Path) -> None:
    conversation(root)
    events = [json.loads(line)["event"]["type"] for line in run("export", "last", "--format", "jsonl").splitlines()]
    assert "session.update" in events
    assert "response.done" in events
    parts = json.loads(run("export", "last", "--format", "json"))["parts"]
    assert [part["who"] for part in parts] == ["user", "agent"] * 2


def test_a_search_takes_the_query_of_the_screen_and_finds_what_was_said(root: Path) -> None:
    name = conversation(root)
    conversation(root, words="Who are you?")
    assert run("search", '"what is"') == f"{name}     0:00  user: What is new?\n"
    assert run("search", "/wh.t\\b/", "-nothing") == f"{name}     0:00  user: What is new?\n"
    assert run("search", "/wh.t is/", "new") == f"{name}     0:00  user: What is new?\n"
    assert 'as \'"what is" -"is new"\' asks' in run("search", "what is", "-is new", code=1)
    assert run("search", "what", "-new", code=1) == "nothing is as 'what -new' asks\n"


def test_a_search_for_a_field_of_events_finds_events(root: Path) -> None:
    name = conversation(root)
    found = run("search", "type:response.done").splitlines()
    assert len(found) == 2
    assert all(line.startswith(f"{name}  ") and '"response.done"' in line for line in found)


def test_a_query_that_is_wrong_is_told_with_the_place(root: Path) -> None:
    conversation(root)
    assert "since:" in run("search", "since:soon", code=2)


def test_two_events_are_compared_by_the_numbers_that_a_search_prints(root: Path) -> None:
    conversation(root)
    found = run("search", "type:response.done").splitlines()
    places = ["event " + line.split(" event ")[1].split()[0] for line in found]
    lines = run("compare", "last", *places).splitlines()
    assert '    "type": "response.done"' in [line.rstrip(",") for line in lines]
    assert {line[0] for line in lines} == {" ", "-", "+"}
    assert lines[0].startswith(f"--- {places[0]}  ")
    assert lines[1].startswith(f"+++ {places[1]}  ")
    assert run("compare", "last", places[0], places[0]).splitlines()[2] == "both are the same"


def test_an_event_alone_is_compared_with_its_cause(tmp_path: Path) -> None:
    talk = Talk().opened().calls("get_weather", "{}", "sunny").answers("It is sunny.", 0.2)
    recorded_talk(tmp_path / "talk", talk)
    done = next(n for n, (_, _, event) in enumerate(talk.frames, 1) if event.get("response", {}).get("id") == "resp_2")
    lines = run("compare", str(tmp_path / "talk"), f"event {done}").splitlines()
    assert '-   "type": "response.create"' in lines
    assert '+   "type": "response.created",' in lines
    assert "no event is known that caused this one" in run("compare", str(tmp_path / "talk"), "event 1", code=2)


def test_the_settings_at_a_place_and_at_two(tmp_path: Path) -> None:
    talk = Talk().opened().answers("Yes.", 0.2)
    talk.down("session.updated", session={"model": "talker", "voice": "cedar"})
    recorded_talk(tmp_path / "talk", talk)
    assert json.loads(run("compare", str(tmp_path / "talk"), "event 3", "--settings"))["model"] == "talker"
    lines = run("compare", str(tmp_path / "talk"), "event 3", f"event {len(talk.frames)}", "--settings").splitlines()
    assert [line for line in lines[2:] if line[0] != " "] == ["-   ]", "+   ],", '+   "voice": "cedar"']
    late = run("compare", str(tmp_path / "talk"), "0:00", f"{talk.now:.2f}", "--settings").splitlines()
    assert late[1].startswith(f"+++ event {len(talk.frames)}  ")
    assert late[-2:] == lines[-2:]
    assert "the recording ends at 0:0" in run("compare", str(tmp_path / "talk"), "0:00", "9:00", code=2)


def test_a_place_among_frames_of_sound_is_that_frame(tmp_path: Path) -> None:
    talk = Talk().opened().asks("A question of two seconds?", 2.0)
    recorded_talk(tmp_path / "talk", talk)
    sound = [n for n, (_, _, event) in enumerate(talk.frames, 1) if event["type"] == "input_audio_buffer.append"]
    lines = run(
        "compare", str(tmp_path / "talk"), f"event {sound[4]}", f"{talk.frames[sound[9] - 1][0]:.3f}"
    ).splitlines()
    assert lines[0].startswith(f"--- event {sound[4]}  ")
    assert lines[1].startswith(f"+++ event {sound[9]}  ")


def test_before_the_server_told_any_settings_that_is_said(root: Path) -> None:
    conversation(root)
    assert run("compare", "last", "event 1", "--settings") == "the server told no settings before\n"


@pytest.mark.parametrize("place", ["event 0", "event 99999", "turn 9", "soon", ""])
def test_a_place_that_is_not_there_is_told(root: Path, place: str) -> None:
    conversation(root)
    told = run("compare", "last", place, code=2)
    assert "there is no " in told or "type a time such as 1:23" in told


def test_prune_does_what_the_settings_say_and_refuses_settings_that_are_wrong(root: Path, tmp_path: Path) -> None:
    for _ in range(3):
        conversation(root)
    (tmp_path / "settings.toml").write_text("[recording]\nsession = 1\n")
    assert "unknown field `session`" in run("prune", code=1)
    (tmp_path / "settings.toml").write_text("[recording]\nsessions = 1\n")
    assert run("prune").count("deleted ") == 2
    assert len(run("list").splitlines()) == 1


@pytest.mark.parametrize("command", ["list", "show", "export", "delete", "prune"])
def test_every_command_has_a_help_that_begins_with_what_it_does(command: str) -> None:
    (line,) = [line for line in run("--help").splitlines() if line.startswith(f"  {command} ")]
    words = " ".join(run(command, "--help").split())
    assert line.split(maxsplit=1)[1].rstrip(".") in words
