"""Profile files that would take for ever to read are refused by every command, soon and with a sentence."""

import os
import resource
import subprocess
from pathlib import Path

import pytest

from terminal import COMMAND, Terminal

CPU_S = 10.0
"""Two seconds of processor time, what the command itself takes, and a busy machine."""

STOP_S = 30
"""What takes so much processor time is ended by the system."""

BOMBS = {
    "50 000 dotted parts": ".".join("a" * 50_000) + " = 1",
    "400 000 dotted parts of a list": "[[" + ".".join("a" * 400_000) + "]]",
    "50 000 lists": "model = " + "[" * 50_000 + "]" * 50_000,
    "50 000 tables": "model = " + "{a = " * 50_000 + "1" + "}" * 50_000,
    "a key of 1 MB": "a" * 999_000 + " = 1",
    "100 000 short keys": "\n".join(f"{number:x} = 1" for number in range(100_000, 200_000)),
    "a key 160 000 times": "\n".join("a = 1" for _ in range(160_000)),
    "20 000 headers of deep tables": "\n".join(f"[{'a.' * 20}{number:x}]" for number in range(20_000)),
    "a number of 900 000 digits": "heartbeat_s = " + "1" * 900_000,
    "90 000 tools": "[[tools]]\n" * 90_000,
}


@pytest.fixture
def put(environment: dict[str, str]):
    """Put a bomb into the profiles' folder, under a name; its file."""
    folder = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles"
    folder.mkdir(parents=True)

    def puts(kind: str, name: str = "bomb") -> Path:
        file = folder / f"{name}.toml"
        file.write_text(BOMBS[kind], newline="")
        assert file.stat().st_size <= 1_000_000, "it is not refused for its size"
        return file

    return puts


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (STOP_S, STOP_S))


def ran(environment: dict[str, str], folder: Path, *arguments: str) -> tuple[int, str, float]:
    """Exit code, what was said, and seconds of processor time."""
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(
            [COMMAND, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            preexec_fn=limited,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return process.returncode, said.read(), used.ru_utime + used.ru_stime


def assert_refused(said: str, name: str) -> None:
    """The file is named, in a sentence that does not repeat what is in it."""
    assert f"{name}.toml" in said
    assert "Traceback" not in said
    assert len(max(said.splitlines(), key=len)) < 1_000


@pytest.mark.parametrize("kind", BOMBS)
def test_a_file_that_takes_for_ever_to_read_is_not_taken_in(
    environment: dict[str, str], tmp_path: Path, put, kind: str
) -> None:
    file = put(kind)
    ended, said, took = ran(environment, tmp_path, "profiles", "import", str(file), "--name", "taken")
    assert ended == 1, said[-2000:]
    assert took < CPU_S
    assert_refused(said, "bomb")
    assert sorted(path.name for path in file.parent.glob("*.toml")) == ["bomb.toml"]


def test_files_that_take_for_ever_to_read_are_listed_as_not_usable(
    environment: dict[str, str], tmp_path: Path, put
) -> None:
    names = [f"bomb{number}" for number in range(len(BOMBS))]
    for name, kind in zip(names, BOMBS, strict=True):
        put(kind, name)
    ended, said, took = ran(environment, tmp_path, "profiles", "list")
    assert ended == 0, said[-2000:]
    assert took < CPU_S * 2, "the folder is read once"
    assert said.count("not usable") == len(BOMBS)
    for name in names:
        assert_refused(said, name)


@pytest.mark.parametrize("kind", ["50 000 dotted parts", "50 000 tables"])
def test_a_file_that_takes_for_ever_to_read_is_told_by_the_doctor(
    environment: dict[str, str], tmp_path: Path, put, kind: str
) -> None:
    put(kind)
    ended, said, took = ran(environment, tmp_path, "doctor", "bomb")
    assert ended == 1, said[-2000:]
    assert took < CPU_S
    assert_refused(said, "bomb")


@pytest.mark.parametrize("kind", ["50 000 dotted parts", "100 000 short keys"])
@pytest.mark.parametrize("remembered", [False, True], ids=["named", "remembered"])
def test_a_start_with_such_a_file_is_refused_or_has_the_built_in_agent(
    environment: dict[str, str], put, kind: str, remembered: bool
) -> None:
    put(kind)
    command = ["prlimit", f"--cpu={STOP_S}", COMMAND, "--no-audio", "--no-connect"]
    if not remembered:
        with Terminal([*command, "--profile", "bomb"], environment) as terminal:
            assert terminal.wait_end() == 1
            assert "bomb.toml" in terminal.text
            assert "Traceback" not in terminal.text
        return
    state = Path(environment["XDG_STATE_HOME"]) / "rtvoice-tui"
    state.mkdir(parents=True)
    (state / "state.toml").write_text('profile = "bomb"\n')
    with Terminal(command, environment) as terminal:
        terminal.wait_for("bomb.toml")
        assert terminal.lines[0].split()[:3] == ["○", "OFFLINE", "local"]
        assert terminal.quit() == 0
