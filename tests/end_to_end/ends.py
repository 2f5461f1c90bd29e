"""The app as a job of a shell in a terminal, and what must be true once it has ended."""

import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from job_shell import OVER
from speaking import await_live

from realtime_server import FakeServer, Session
from terminal import COMMAND, Process, Terminal, descendants, wait_gone
from virtual_audio import wait_until

LIMIT_S = 10.0
"""How long an end may take."""

SHELL = Path(__file__).with_name("job_shell.py")
_MODE = re.compile(r"\x1b\[\?([0-9;]+)([hl])")
_KEYBOARD = re.compile(r"\x1b\[([><])([0-9]*)[0-9;]*u")
_NORMAL = {"7", "25"}
"""Modes that are on in a terminal in which nothing has begun: long lines wrap, and the cursor is seen."""


class Job:
    """The app that runs.

    Attributes:
        terminal: where it runs.
    """

    def __init__(self, terminal: Terminal, notes: Path) -> None:
        self.terminal = terminal
        self._notes = notes
        self.pid = int(self.note("started", 60))

    def _noted(self, word: str) -> list[dict[str, int]]:
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        return [note for note in map(json.loads, lines) if word in note]

    def note(self, word: str, limit: float = LIMIT_S, times: int = 1) -> int:
        """Wait until the shell has noted something so often; what it noted at last."""
        wait_until(lambda: len(self._noted(word)) >= times, f"the shell notes '{word}'", limit)
        return self._noted(word)[-1][word]

    def modes_are_back(self, word: str) -> bool:
        """Whether the terminal's modes were those of before when something was noted."""
        return self._noted(word)[-1]["same"] == 1

    def send(self, number: signal.Signals) -> None:
        """Send the app a signal, and nobody else."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Close the window; the shell has been told when this returns."""
        self.terminal.hang_up()
        self.note("hung_up")

    @property
    def started(self) -> list[Process]:
        """All processes that the app has started."""
        return descendants(self.pid)

    @property
    def stopped(self) -> bool:
        """Whether all of it stands still."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/stat")
        return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in tasks)


@contextlib.contextmanager
def job(
    command: Sequence[str | Path], environment: dict[str, str], ignored: Sequence[str] = (), tty: str = ""
) -> Iterator[Job]:
    """Run a command as a job; whatever of it a failed test has left is ended.

    Args:
        command: program and arguments.
        environment: of the program.
        ignored: names of signals that it inherits as ignored.
        tty: the terminal that is its standard input, if not the one it runs in.
    """
    notes = Path(environment["HOME"]) / "notes-of-the-shell"
    notes.unlink(missing_ok=True)
    wanted = json.dumps({"ignored": list(ignored), "input": tty})
    with Terminal([sys.executable, "-I", "-S", SHELL, notes, wanted, *command], environment) as terminal:
        made = Job(terminal, notes)
        try:
            yield made
        finally:
            for process in descendants(terminal.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)


def await_ready(made: Job) -> None:
    """Wait until the session is live."""
    await_live(made.terminal)


def left_on(written: str) -> set[str]:
    """What a program has changed of a terminal and not changed back, by what it wrote: modes, and keyboard modes."""
    on = set(_NORMAL)
    for numbers, switch in _MODE.findall(written):
        (on.update if switch == "h" else on.difference_update)(numbers.split(";"))
    pushed = 0
    for way, count in _KEYBOARD.findall(written):
        pushed = pushed + 1 if way == ">" else max(0, pushed - int(count or 1))
    return (
        {f"{mode} is on" for mode in on - _NORMAL}
        | {f"{mode} is off" for mode in _NORMAL - on}
        | {f"{pushed} keyboard modes"} - {"0 keyboard modes"}
    )


def assert_ended(made: Job, code: Container[int], started: Sequence[Process]) -> None:
    """It has ended with one of these codes in time, has left no process, and the terminal is as it was."""
    ended = made.note("ended")
    assert ended in code, f"it ended with {ended}"
    wait_gone(started, LIMIT_S)
    wait_until(lambda: OVER in made.terminal.written, "all that was written has come")
    written = made.terminal.written
    assert "\x1b[?1049h" in written, "the app has drawn"
    left = left_on(written)
    assert not left, f"the terminal was left so: {sorted(left)}"
    assert made.modes_are_back("ended"), "the terminal's line has other modes than before"
    fault = re.search(r"Traceback|Fatal Python error", written)
    assert not fault, written[fault.start() : fault.start() + 2000] if fault else ""


ANY_CODE = range(-64, 256)


def codes(*numbers: signal.Signals) -> set[int]:
    """How a process may end that signals have ended."""
    return {code for number in numbers for code in (-number, 128 + number)}


def remote(server: FakeServer, *more: str | Path) -> list[str | Path]:
    """The app, connected to a server."""
    return [COMMAND, "--provider", "generic", "--url", server.url, *more]


def write_profile(environment: dict[str, str], name: str, text: str) -> Path:
    """A profile where the command finds it."""
    path = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def goodbyes(server: FakeServer) -> list[int | None]:
    """How the clients of a server have left, in time."""
    wait_until(lambda: all(session.close_code for session in server.sessions), "every client has left")
    return [session.close_code for session in server.sessions]


async def silent(session: Session) -> None:
    """A server that only listens."""
