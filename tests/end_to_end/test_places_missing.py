"""Without a temporary folder, without a home, or with one that cannot be written: a sentence, and what still goes."""

import subprocess
from pathlib import Path

import pytest
from small_places import PLACE, READ_ONLY_TEMPORARY, needs_mounts, own_folders, room, with_mounts
from speaking import quit_cleanly

from terminal import COMMAND, Terminal

COULD_NOT_RUN = 3
QUIET = ("--no-audio", "--no-connect")


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90
    )


@pytest.mark.parametrize("place", ["missing", "a file", "below a file"])
def test_a_temporary_folder_that_is_none_is_replaced_by_the_system_s(
    environment: dict[str, str], tmp_path: Path, place: str
) -> None:
    (tmp_path / "a file").touch()
    named = {"missing": tmp_path / "no", "a file": tmp_path / "a file"}.get(place, tmp_path / "a file" / "no")
    with Terminal([COMMAND, *QUIET], environment | {"TMPDIR": str(named)}) as terminal:
        terminal.wait_for("OFFLINE")
        quit_cleanly(terminal)


@needs_mounts
def test_without_any_temporary_folder_the_cockpit_says_so_and_does_not_open(environment: dict[str, str]) -> None:
    command = [*with_mounts(room(), READ_ONLY_TEMPORARY), COMMAND, *QUIET]
    with Terminal(command, own_folders(environment, TMPDIR="/tmp")) as terminal:
        assert terminal.wait_end() == COULD_NOT_RUN
        assert "Traceback" not in terminal.written
        (sentence,) = [line for line in terminal.lines if line]
        assert "temporary" in sentence
        assert "TMPDIR" in sentence


@needs_mounts
@pytest.mark.parametrize(("arguments", "code"), [(["profiles", "list"], 0), (["--help"], 0), (["doctor"], 1)])
def test_without_any_temporary_folder_the_other_commands_work_and_the_doctor_says_so(
    environment: dict[str, str], arguments: list[str], code: int
) -> None:
    done = run(own_folders(environment), *with_mounts(room(), READ_ONLY_TEMPORARY), COMMAND, *arguments)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    assert ("temporary" in done.stdout) is (arguments[0] == "doctor")


@pytest.mark.parametrize("home", [None, "/dev/null"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["profiles", "list"], 0), (["profiles", "path"], 0), (["doctor"], 0), (["--help"], 0)],
    ids=["list", "path", "doctor", "help"],
)
def test_commands_that_only_read_need_no_home(
    environment: dict[str, str], home: str | None, arguments: list[str], code: int
) -> None:
    bare = {name: value for name, value in environment.items() if not name.startswith("XDG_") and name != "HOME"}
    done = run(bare | ({} if home is None else {"HOME": home}), COMMAND, *arguments)
    unfit = arguments == ["doctor"] and home is not None  # no profile could be kept there
    assert done.returncode == (1 if unfit else code), done.stderr
    assert ("set HOME or XDG_CONFIG_HOME" in done.stdout) is unfit
    assert done.stderr == ""
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("home", ["/dev/null", "/proc"])
@pytest.mark.parametrize("arguments", [["copy", "openai", "mine"], ["import", "FILE"]], ids=["copy", "import"])
def test_what_cannot_be_kept_in_a_home_is_one_sentence(
    environment: dict[str, str], tmp_path: Path, home: str, arguments: list[str]
) -> None:
    (tmp_path / "mine.toml").write_text('provider = "openai"\n')
    named = [str(tmp_path / "mine.toml") if word == "FILE" else word for word in arguments]
    bare = {name: value for name, value in environment.items() if not name.startswith("XDG_")}
    done = run(bare | {"HOME": home}, COMMAND, "profiles", *named)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("Error: ")
    assert home in sentence


@pytest.mark.parametrize("home", ["/dev/null", "/proc"])
def test_the_cockpit_opens_and_ends_without_a_home_that_can_be_written(environment: dict[str, str], home: str) -> None:
    bare = {name: value for name, value in environment.items() if not name.startswith("XDG_")}
    with Terminal([COMMAND, *QUIET], bare | {"HOME": home}) as terminal:
        terminal.wait_for("OFFLINE")
        quit_cleanly(terminal)
        assert "Traceback" not in terminal.written


@needs_mounts
def test_the_cockpit_opens_where_its_own_folders_can_be_read_only(environment: dict[str, str]) -> None:
    command = [*with_mounts(room(), f"mkdir -p {PLACE}/config", f"mount -o remount,ro {PLACE}"), COMMAND, *QUIET]
    with Terminal(command, own_folders(environment, TMPDIR="/tmp")) as terminal:
        terminal.wait_for("OFFLINE")
        quit_cleanly(terminal)
