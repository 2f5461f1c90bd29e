"""A key in the place of its variable's name is shown nowhere: not by a command, on the screen or in the log."""

import subprocess
from pathlib import Path

import pytest
from speaking import quit_cleanly

from recorder import files_with
from terminal import COMMAND, Terminal

KEYS = {
    "openai": "sk-proj-Xq3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObNQxVt6Zl",
    "yandex": "AQVNzX3vB7nL0pTz9RkWf5YdUeGh2MsCj8Ai4ObN",
    "hex": "af9a0b7c2d8e4f6a1b5c9d0e7f2a8b4c",
}
PIECES = {name: key[8:24] for name, key in KEYS.items()}


@pytest.fixture
def folder(environment: dict[str, str]) -> Path:
    found = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles"
    found.mkdir(parents=True)
    return found


def written_elsewhere(home: Path, piece: str) -> list[str]:
    """The files that hold a key, but for the profile itself."""
    return [file for file in files_with(home, piece) if not file.endswith("profiles/mine.toml")]


@pytest.mark.parametrize("kind", ["yandex"])
def test_no_command_repeats_a_key_that_a_profile_has_in_place_of_a_name(
    environment: dict[str, str], folder: Path, tmp_path: Path, kind: str
) -> None:
    (folder / "mine.toml").write_text(f'provider = "openai"\napi_key_env = "{KEYS[kind]}"\n')
    commands = [
        (["profiles", "list"], 0),
        (["doctor", "mine"], 1),
        (["doctor", "mine", "--live"], 1),
        (["profiles", "set-key", "mine"], 1),
        (["profiles", "trust", "mine", "--yes"], 1),
        (["profiles", "import", str(folder / "mine.toml"), "--name", "again"], 1),
    ]
    for command, code in commands:
        done = subprocess.run(
            [COMMAND, *command], env=environment, capture_output=True, text=True, input="sk-typed\n", timeout=60
        )
        told = done.stdout + done.stderr
        assert PIECES[kind] not in told
        assert "Traceback" not in told
        assert "api_key_env" in told
        assert done.returncode == code, told
    assert written_elsewhere(tmp_path, PIECES[kind]) == []


def test_the_app_says_that_the_profile_it_opened_last_has_a_key_in_it_and_not_which(
    environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    (folder / "mine.toml").write_text(f'provider = "openai"\napi_key_env = "{KEYS["yandex"]}"\n')
    state = Path(environment["XDG_STATE_HOME"]) / "rtvoice-tui" / "state.toml"
    state.parent.mkdir(parents=True)
    state.write_text('profile = "mine"\n')
    with Terminal([COMMAND, "--no-audio", "--no-connect"], environment, columns=240) as terminal:
        terminal.wait_for("api_key_env", limit=20)
        terminal.press("6").wait_for("local is open instead")
        terminal.press("p").wait_for("not usable")
        terminal.press("escape").wait_gone("not usable")
        quit_cleanly(terminal)
        assert PIECES["yandex"] not in terminal.written
    assert written_elsewhere(tmp_path, PIECES["yandex"]) == []


@pytest.mark.parametrize("value", [*KEYS.values(), "Bearer secret0815 secret0815"])
def test_a_key_on_the_command_line_is_refused_with_one_sentence_and_code_2(
    environment: dict[str, str], tmp_path: Path, value: str
) -> None:
    command = [COMMAND, "--provider", "openai", "--api-key-env", value, "--no-audio", "--no-connect"]
    with Terminal(command, environment) as terminal:
        assert terminal.wait_end(limit=15) == 2
        terminal.close()
        said = " ".join(terminal.text.split())
        assert said.startswith("Error: ")
        assert "--api-key-env" in said
        assert "Usage" not in said
        assert value[8:24] not in terminal.written
    assert files_with(tmp_path, value[8:24]) == []
