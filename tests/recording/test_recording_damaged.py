"""A recording in any state is read as far as it goes, or named in a sentence; nothing outside of it is touched."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recording.recorded import Recorded
from recording.replays import replayed
from rtvoice_tui.cli.main import main
from rtvoice_tui.profiles import paths
from rtvoice_tui.recording.format import JOURNAL, MANIFEST, SOUND, WIRE, Track
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.session.inputs import Observed

NASTY = "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202e[bold]# *x* <b>`\r\n\x00\x7f"
"""Escape codes, markup, control characters."""

FILES = (MANIFEST, JOURNAL, WIRE, SOUND, *(track.file for track in Track))
NAME = "2026-01-02-030405-mine-abcd"
COMMANDS = (
    ("list",),
    ("show", NAME),
    *(("export", NAME, "--format", kind) for kind in ("md", "json", "srt", "vtt", "jsonl")),
)
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a recording with texts of all kinds."""
    recorded = Recorded(tmp_path_factory.mktemp("whole"), profile=NASTY)
    session = recorded.session
    session.open()
    session.turn(1, NASTY, NASTY)
    call = {"type": "function_call", "id": "item_c", "call_id": "call_1", "name": NASTY, "arguments": NASTY}
    session.server("response.created", response={"id": "resp_c", "status": "in_progress", "output": []})
    session.server("response.output_item.done", response_id="resp_c", output_index=0, item=call)
    session.server("response.done", response={"id": "resp_c", "status": "completed", "output": [call]})
    session.server("error", error={"type": NASTY, "message": NASTY})
    session.step(Observed(Notice(Level.ERROR, NASTY, NASTY)))
    session.frame(f"no JSON {NASTY}")
    recorded.recording.heard(bytes(960), 1.0, 24_000)
    session.ask(NASTY)
    session.close(NASTY)
    recorded.end()
    return {name: (recorded.folder / name).read_bytes() for name in FILES}


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the recordings."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    monkeypatch.setattr(paths, "recordings_folder", lambda: folder)
    monkeypatch.setattr(paths, "settings_file", lambda: tmp_path / "settings.toml")
    return folder


@pytest.fixture
def folder(root: Path, whole: dict[str, bytes]) -> Path:
    """A recording in it."""
    return written(root, whole)


def written(root: Path, files: dict[str, bytes]) -> Path:
    folder = root / NAME
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def sessions(*arguments: str) -> Result:
    """A command, which ends with output or one sentence, and prints nothing that acts on a terminal."""
    done = CliRunner().invoke(main, ["sessions", *arguments])
    if done.exit_code:
        assert done.exit_code == 1, done.output
        assert isinstance(done.exception, SystemExit), done.exception
        assert re.fullmatch(r"Error: [^\n]+\n", done.stderr), done.stderr
    assert not CONTROLS.search(done.stderr)
    if arguments[0] in ("list", "show"):
        assert not CONTROLS.search(done.stdout)
    return done


def all_commands() -> None:
    for command in COMMANDS:
        sessions(*command)


def test_every_command_prints_the_nastiest_texts_harmlessly(folder: Path) -> None:
    all_commands()
    shown = sessions("show", NAME).stdout
    assert "␛[31mred" in shown.replace("\\", "")
    assert "*x*" not in re.sub("`[^`\n]*`", "", shown)


def test_an_export_to_a_terminal_is_harmless_too(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    assert CONTROLS.search(sessions("export", NAME, "--format", "json").stdout)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    for kind in ("md", "json", "srt", "vtt", "jsonl"):
        done = sessions("export", NAME, "--format", kind)
        assert done.exit_code == 0
        assert done.stdout
        assert not CONTROLS.search(done.stdout)


ANY_PLACE = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@ANY_PLACE
@given(name=st.sampled_from(FILES), part=st.floats(0, 1))
def test_cut_off_at_any_byte_it_is_read_or_named(root: Path, whole: dict[str, bytes], name: str, part: float) -> None:
    written(root, whole | {name: whole[name][: int(len(whole[name]) * part)]})
    all_commands()


@pytest.mark.parametrize("name", [SOUND, *(track.file for track in Track)])
@pytest.mark.parametrize("part", [0.0, 0.37, 0.99])
def test_sound_that_is_cut_off_takes_no_word_away(root: Path, whole: dict[str, bytes], name: str, part: float) -> None:
    everything = replayed(written(root, whole))
    cut = replayed(written(root, whole | {name: whole[name][: int(len(whole[name]) * part)]}))
    assert cut["transcript"] == everything["transcript"]


@ANY_PLACE
@given(
    name=st.sampled_from((MANIFEST, JOURNAL, WIRE, SOUND)),
    part=st.floats(0, 1, exclude_max=True),
    bytes_=st.sampled_from(
        [b"\0", b"\xff", b"9", b"-", b"e9", b'"', b"}", b"\n", b"999999999999999999999", b"\x1b[2J"]
    ),
    insert=st.booleans(),
)
def test_with_other_bytes_at_any_place_it_is_read_or_named(
    root: Path, whole: dict[str, bytes], name: str, part: float, bytes_: bytes, insert: bool
) -> None:
    data = whole[name]
    place = int(len(data) * part)
    written(root, whole | {name: data[:place] + bytes_ + data[place + (0 if insert else len(bytes_)) :]})
    all_commands()


def shuffled(data: bytes, order: list[int]) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[place % len(lines)] for place in order)


@ANY_PLACE
@given(name=st.sampled_from((JOURNAL, WIRE, SOUND)), order=st.lists(st.integers(0, 500), max_size=30))
def test_with_its_lines_in_any_order_it_is_read_or_named(
    root: Path, whole: dict[str, bytes], name: str, order: list[int]
) -> None:
    written(root, whole | {name: shuffled(whole[name], order)})
    all_commands()


def a_folder(path: Path, outside: Path) -> None:
    path.mkdir()


def a_pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def a_link(path: Path, outside: Path) -> None:
    path.symlink_to(outside / path.name)


def a_link_to_a_device(path: Path, outside: Path) -> None:
    path.symlink_to("/dev/zero")


def a_link_to_itself(path: Path, outside: Path) -> None:
    path.symlink_to(path)


def a_long_line(path: Path, outside: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)
        file.seek(1 << 30)
        file.write(b"\n")


def nothing(path: Path, outside: Path) -> None:
    pass


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "instead", [a_folder, a_pipe, a_link, a_link_to_a_device, a_link_to_itself, a_long_line, nothing]
)
def test_with_something_else_in_place_of_a_file_it_is_read_or_named_and_deleted_alone(
    tmp_path: Path, folder: Path, whole: dict[str, bytes], name: str, instead: Callable[[Path, Path], None]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / name).write_bytes(whole[name])
    (folder / name).unlink()
    instead(folder / name, outside)
    for command in COMMANDS[:3]:
        done = sessions(*command)
        if instead is a_link and name == MANIFEST and command[0] != "list":
            assert "it is a link" in done.stderr
    assert sessions("delete", NAME).exit_code == 0
    assert not folder.exists()
    assert (outside / name).read_bytes() == whole[name]


def test_a_folder_that_is_a_link_is_neither_listed_nor_deleted(tmp_path: Path, root: Path, folder: Path) -> None:
    outside = tmp_path / "outside"
    folder.rename(outside)
    folder.symlink_to(outside)
    assert sessions("list").stdout == ""
    assert sessions("delete", str(folder)).exit_code == 1
    assert sessions("delete", NAME).exit_code == 1
    sessions("prune")
    assert len(list(outside.iterdir())) == len(FILES)


def test_what_is_no_recording_is_never_deleted(tmp_path: Path, root: Path, folder: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / MANIFEST).write_bytes((folder / MANIFEST).read_bytes())
    (project / "work.txt").touch()
    for name in (str(project), f"{root}/../project", "../project", "", ".", "..", "/", str(root)):
        done = sessions("delete", name)
        assert done.exit_code == 1, name
    assert (project / "work.txt").exists()
    assert folder.exists()


def test_of_several_names_none_is_deleted_if_one_is_wrong(folder: Path) -> None:
    assert sessions("delete", NAME, "nothing").exit_code == 1
    assert folder.exists()
    assert sessions("delete", NAME, NAME, "last").stdout == f"deleted {NAME}\n"


@pytest.mark.parametrize("name", ["~nobody-of-this-name", "x" * 5_000, "a\nb", "\x1b[2J", "../../etc", "*"])
def test_a_name_that_is_none_is_told_in_a_sentence(root: Path, name: str) -> None:
    for command in ("show", "delete", "export"):
        assert re.search("there is no recording|is no recording", sessions(command, name).stderr)


def test_other_files_in_the_folder_of_the_recordings_are_left_alone(root: Path, folder: Path) -> None:
    for name in ("notes.txt", "2026-01-02-030405-mine-abcd\n", "2026-01-02-030405-..-abcg", "\x1b[2J"):
        (root / name).mkdir()
    assert len(sessions("list").stdout.splitlines()) == 1
    (root.parent / "settings.toml").write_text("[recording]\nsessions = 1\nblack_box_sessions = 1\n")
    assert sessions("prune").stdout == ""
    assert len(list(root.iterdir())) == 5


def test_a_later_version_is_named_and_can_be_deleted(folder: Path) -> None:
    manifest = (folder / MANIFEST).read_bytes().replace(b'"version":1', b'"version":2')
    (folder / MANIFEST).write_bytes(manifest.replace(b'"profile"', b'"profiles"'))
    assert "later version" in sessions("list").stdout
    assert "update rtvoice-tui" in sessions("show", NAME).stderr
    assert sessions("delete", NAME).exit_code == 0


def test_a_provider_that_is_not_known_is_named_and_the_list_goes_on(root: Path, folder: Path) -> None:
    for name in (JOURNAL, MANIFEST):
        data = (folder / name).read_bytes().replace(b'"openai"', b'"future"')
        (folder / name).write_bytes(data.replace(b'"complete"', b'"recording"'))
    assert "provider" in sessions("list").stdout
    assert "provider" in sessions("show", NAME).stderr


def test_what_a_damaged_recording_still_holds_is_shown_with_a_word_about_the_rest(folder: Path) -> None:
    frames = (folder / WIRE).read_bytes().splitlines(keepends=True)
    (folder / WIRE).write_bytes(b"".join(frames[:-4]))
    shown = sessions("show", NAME).stdout
    assert "red" in shown
    assert "the recording is damaged" in shown


def test_without_room_for_a_replay_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def full() -> None:
        raise OSError("full")

    monkeypatch.setattr("rtvoice_tui.recording.conversation.Store", full)
    assert "TMPDIR" in sessions("show", NAME).stderr
