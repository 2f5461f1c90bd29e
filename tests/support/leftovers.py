"""Ways in which a program leaves another one behind, and whether that is still there. For Linux.

What is left sleeps for a number of seconds that is nobody else's: by that it is found in the list of processes. It
writes a file when it is there, and whoever starts it waits for that file: nothing here can pass because it came late.
"""

import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 10.0
"""How long what is left may take to be gone; only a test that fails waits as long."""

HOLD = 'sleep "$2" & echo $! >"$1.new"; mv "$1.new" "$1"; wait'
DAEMON = """
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.chdir("/")
os.closerange(0, 256)
for _ in range(3):
    os.open(os.devnull, os.O_RDWR)
os.execvpe(sys.argv[1], sys.argv[1:], dict(PATH=os.defpath))
"""
WAYS = {
    "a child in the background": 'sh -c "$3" left "$1" "$2" &',
    "a child without its streams": 'sh -c "$3" left "$1" "$2" </dev/null >/dev/null 2>&1 &',
    "nohup": 'nohup sh -c "$3" left "$1" "$2" >/dev/null 2>&1 &',
    "a session of its own": 'setsid sh -c "$3" left "$1" "$2" &',
    "an empty environment": 'env -i setsid sh -c "$3" left "$1" "$2" >/dev/null 2>&1 &',
    "one that ignores requests": 'setsid sh -c "trap \'\' TERM HUP INT; $3" left "$1" "$2" >/dev/null 2>&1 &',
    "a daemon": '"$4" -S -E -c "$5" sh -c "$3" left "$1" "$2"',
    "one that starts others": 'setsid sh -c "echo >\\"\\$1\\"; while :; do sleep 0.1; done" left "$1" "$2" &',
}
"""In shell: $1 is the file to write, $2 the seconds, $3 what is left, $4 and $5 what makes a daemon of it."""

_ONCE_THERE = '\nuntil [ -s "$1" ]; do sleep 0.02; done\n'


@dataclass(frozen=True)
class Leftover:
    """One process that is left behind.

    Attributes:
        there: the file that it writes.
        seconds: how long it sleeps: the word by which it is found.
    """

    there: Path
    seconds: str

    def command(self, way: str, then: str = "exit 0") -> list[str]:
        """A program that leaves it behind in a way, and does something else once it is there."""
        script = WAYS[way] + _ONCE_THERE + then
        return ["sh", "-c", script, "sh", str(self.there), self.seconds, HOLD, sys.executable, DAEMON]

    @property
    def program(self) -> list[str]:
        """Itself."""
        return ["sh", "-c", HOLD, "left", str(self.there), self.seconds]

    @property
    def came(self) -> bool:
        """Whether it has been there."""
        return self.there.exists() and self.there.stat().st_size > 0

    @property
    def runs(self) -> bool:
        """Whether it is there, or anything else that was called with its number."""
        return bool(holders(self.seconds))


def leftover(folder: Path) -> Leftover:
    """A process to be left behind that cannot be mistaken for another one."""
    number = uuid.uuid4().int % 10**12
    return Leftover(folder / f"there-{number}", f"2832.{number:012d}")


def holders(word: str) -> list[tuple[int, str]]:
    """Number and command line of the processes that were called with a word; the dead are none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if word in line and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.append((int(folder.name), line))
    return found


def await_gone(left: Sequence[Leftover] | Leftover, limit: float = LIMIT_S) -> None:
    """Wait until what was left behind has ended; what has not is ended.

    Raises:
        AssertionError: something is still there.
    """
    all_left = [left] if isinstance(left, Leftover) else left
    deadline = time.monotonic() + limit
    while any(each.runs for each in all_left) and time.monotonic() < deadline:
        time.sleep(0.02)
    found = [holder for each in all_left for holder in holders(each.seconds)]
    end(all_left)
    assert not found, f"still there: {found}"


def end(left: Sequence[Leftover]) -> None:
    """End what a test that failed has left."""
    for each in left:
        for number, _ in holders(each.seconds):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
