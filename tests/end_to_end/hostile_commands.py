"""The installed command, run with a terminal or with pipes: what came out, byte by byte."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from terminal import COMMAND, Terminal

Run = Callable[..., "Done"]


class Done(NamedTuple):
    """How a command ended and what it wrote: to its terminal, or to both pipes."""

    code: int
    raw: bytes

    @property
    def text(self) -> str:
        """What it wrote, line by line."""
        return self.raw.decode(errors="replace").replace("\r\n", "\n")


def in_terminal(environment: dict[str, str], *arguments: str | Path, answer: Sequence[str] = ()) -> Done:
    """Run it with a terminal as its input and both outputs; ``answer`` is what to wait for and what to type then."""
    with Terminal([COMMAND, *arguments], environment, columns=200) as terminal:
        if answer:
            asked, typed = answer
            terminal.wait_for(asked)
            terminal.wait_reading()
            terminal.type(typed)
        code = terminal.wait_end()
        terminal.close()
        return Done(code, terminal.raw)


def in_pipes(environment: dict[str, str], *arguments: str | Path, stdin: bytes = b"") -> Done:
    """Run it without any terminal."""
    done = subprocess.run(
        [COMMAND, *arguments],
        env=environment,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        timeout=60,
    )
    return Done(done.returncode, done.stdout)


def for_a_file(environment: dict[str, str], *arguments: str | Path) -> bytes:
    """What it writes into a pipe, and nothing that is said beside it."""
    done = subprocess.run(
        [COMMAND, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
    )
    return done.stdout
