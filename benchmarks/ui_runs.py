"""What the benchmarks of the screen share: commands in a pty that is only drained, CPU time, and a scripted server."""

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("rtvoice-tui"))
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

BARE_ONE_STATIC = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare is here")
Bare().run()
"""


def bench_environment(folder: Path) -> dict[str, str]:
    """No sound server, files below ``folder``, and bytecode kept as in an installed package."""
    mine = ("XDG_", "TEXTUAL", "PULSE_", "ALSA_", "NO_COLOR", "YANDEX_", "OPENAI_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    folders = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
    return kept | folders | {"HOME": str(folder), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


class Pty:
    """A command in a pty of 120x40 whose output is read and kept, but not interpreted."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.output = bytearray()
        self._changed = threading.Condition()
        self._ended = False
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=slave,
            stdout=slave,
            stderr=slave,  # where Textual draws
            env=dict(environment),
            start_new_session=True,
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._thread.join(2)
        os.close(self._master)

    def wait_for(self, sign: bytes, limit: float, start: int = 0) -> float:
        """When the output since ``start`` held these bytes.

        Raises:
            TimeoutError: it never did.
        """
        deadline = time.perf_counter() + limit
        with self._changed:
            while sign not in self.output[start:]:
                left = deadline - time.perf_counter()
                if left <= 0 or self._ended:
                    raise TimeoutError(f"{sign!r} did not come; the output ends with {bytes(self.output[-400:])!r}")
                self._changed.wait(left)
            return time.perf_counter()

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self._master, keys.encode())

    def cpu_seconds(self) -> float:
        """User and system time of the process alone, without its children."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def _read(self) -> None:
        while True:
            try:
                select.select([self._master], [], [])
                data = os.read(self._master, 1 << 16)
            except (OSError, ValueError):
                data = b""
            with self._changed:
                if not data:
                    self._ended = True
                    self._changed.notify_all()
                    return
                self.output += data
                self._changed.notify_all()


@contextmanager
def scripted_server(script: str, *arguments: str) -> Iterator[str]:
    """The server of ``scripted_server.py`` in a process of its own; gives its address."""
    with told_by_server(script, *arguments) as (url, _):
        yield url


@contextmanager
def told_by_server(script: str, *arguments: str) -> Iterator[tuple[str, IO[str]]]:
    """The same, and the lines that it prints."""
    command = [sys.executable, str(HERE / "scripted_server.py"), script, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip(), server.stdout
        finally:
            server.kill()
