"""Commands without a stream, without a disk or without a place to write say so in a sentence, and never fall apart."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from terminal import COMMAND, Terminal

FAILED, COULD_NOT_RUN = 1, 3
LIMIT_S = 40
CASES = {
    # the cockpit needs a terminal on both sides
    "$C <&-": COULD_NOT_RUN,
    "$C <&- >&- 2>&-": COULD_NOT_RUN,
    # the line mode needs only what it prints to
    "$C --plain --no-audio --no-connect <&-": 0,
    "echo hello | $C --plain --no-audio >&-": COULD_NOT_RUN,
    "echo hello | $C --plain --no-audio >/dev/full": COULD_NOT_RUN,
    # what is said is all that these do
    "$C doctor >&-": COULD_NOT_RUN,
    "$C doctor >/dev/full": COULD_NOT_RUN,
    "$C profiles list >/dev/full": COULD_NOT_RUN,
    "$C --help >/dev/full": COULD_NOT_RUN,
    "$C --version >/dev/full": COULD_NOT_RUN,
    "$C serve --port 0 >/dev/full": COULD_NOT_RUN,
    # what is missing is not needed
    "$C --version <&- 2>&-": 0,
    "$C doctor 2>&-": 0,
    "$C profiles list <&- 2>&-": 0,
    # what reads a key finds none
    "$C profiles set-key openai <&-": None,
    "$C devices <&- >&-": FAILED,
}
"""A shell's command line, and its exit code; ``None``: any but 0."""


def run(environment: dict[str, str], line: str) -> subprocess.CompletedProcess[str]:
    """Run a shell's command line, in which ``$C`` is the command."""
    with subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", line.replace("$C", COMMAND)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, errors = shell.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {line}") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(line, shell.returncode, said, errors)


def assert_one_sentence(told: str) -> None:
    assert "Traceback" not in told
    assert "Error" not in told.removeprefix("Error: ")
    assert len(told.splitlines()) <= 1, told


@pytest.mark.parametrize("line", CASES)
def test_a_stream_that_is_missing_or_full_is_a_sentence_and_an_exit_code(environment: dict[str, str], line: str):
    done = run(environment, line)
    assert_one_sentence(done.stderr)
    if CASES[line] is None:
        assert done.returncode > 0
    else:
        assert done.returncode == CASES[line], done.stderr
    says = done.returncode != 0 and "2>&-" not in line
    assert bool(done.stderr.strip()) is says, "a failure has its sentence"


@pytest.mark.parametrize("command", ["doctor", "profiles list", "profiles show local", "--help"])
def test_a_reader_that_has_had_enough_is_no_fault_to_be_told(environment: dict[str, str], command: str):
    done = run(environment, f"$C {command} | head -0")
    assert done.stderr == ""


def test_a_server_without_a_terminal_serves(environment: dict[str, str]):
    line = "exec $C serve --port 0 <&-".replace("$C", COMMAND)
    with subprocess.Popen(["bash", "-c", line], env=environment, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            assert serving.stdout.readline().startswith("listening on ws://127.0.0.1:")
        finally:
            serving.terminate()
        serving.wait(LIMIT_S)


def test_the_cockpit_draws_on_the_terminal_when_its_errors_go_to_a_file(tmp_path: Path, environment: dict[str, str]):
    errors = tmp_path / "errors"
    with Terminal(["sh", "-c", f"exec {COMMAND} --no-audio --no-connect 2>{errors}"], environment) as terminal:
        terminal.wait_for("OFFLINE", limit=20)
        terminal.press("q")
        assert terminal.wait_end() == 0
    assert errors.read_text() == ""
