"""A terminal to run commands in: a pty with pyte as its screen, read by a thread of its own.

    with Terminal([command], environment, columns=120, rows=40) as terminal:
        terminal.wait_for("READY")
        terminal.press("t").type("hello").press("enter")
        terminal.quit()

The child is the leader of its own session with the pty as controlling terminal, as under a terminal emulator, so it
gets SIGWINCH on `resize` and SIGHUP on `hang_up`. Everything waits for conditions; nothing sleeps for a fixed time.
It knows synchronized output, as current terminals do: what is drawn between its marks is seen all at once, and what a
condition sees is one state of the screen.
"""

import base64
import codecs
import contextlib
import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from quick_screen import QuickScreen
from virtual_audio import environment_without_sound

COMMAND = str(Path(sys.executable).with_name("rtvoice-tui"))
LIMIT_S = float(os.environ.get("RTVOICE_WAIT_S", "60"))

KEYS = {
    "enter": "\r", "tab": "\t", "shift+tab": "\x1b[Z", "escape": "\x1b", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "ctrl+end": "\x1b[1;5F", "ctrl+home": "\x1b[1;5H",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~", "f6": "\x1b[17~",
    "f7": "\x1b[18~", "f8": "\x1b[19~", "f10": "\x1b[21~",
}  # fmt: skip
# as a shell does it: no signal is blocked, and ctrl+C ends, whatever the tests themselves were started with
_ATTACH = (
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "signal.signal(signal.SIGINT, signal.SIG_DFL); signal.pthread_sigmask(signal.SIG_SETMASK, []);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
# what a terminal swallows and pyte would print: kitty's keyboard modes and mode requests
_UNKNOWN = re.compile(r"\x1b\[(?:[<>=][0-9;]*[a-zA-Z]|\?[0-9;]*\$[a-z]|\?u)")
_ASKS_FRAMES, _HAS_FRAMES = "\x1b[?2026$p", "\x1b[?2026;2$y"
_FRAME = re.compile(r"(\x1b\[\?2026[hl])")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?<>=$]*)?\Z")
# one emoji of several characters takes two cells in current terminals; pyte gives each character its own, or fails
_ONE_EMOJI = re.compile(
    r"(?P<first>[\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff]"
    r"|(?P<begins>[\U0001f300-\U0001faff])(?:\ufe0f|[\U0001f3fb-\U0001f3ff]|\u200d[\u2600-\U0001faff])+"
)
_CLIPBOARD = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


ONE_CERTIFICATE = Path(__file__).with_name("one_certificate.pem")
"""An authority that signs nothing."""


def private_environment(folder: Path, **more: str) -> dict[str, str]:
    """An environment in which a program finds no sound, no keys and no files but those below ``folder``."""
    mine = ("YANDEX_", "OPENAI_", "AZURE_", "XAI_", "HF_", "TEXTUAL", "RTVOICE", "XDG_", "PYTEST_", "NO_COLOR", "COLOR")
    mine += ("PYTHONDONTWRITEBYTECODE",)  # an installed program is compiled once, not at every start
    mine += ("COLUMNS", "LINES")  # they would overrule the terminal's own size; pytest's import of readline sets them
    kept = {name: value for name, value in environment_without_sound().items() if not name.startswith(mine)}
    folders = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
    no_key_store = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    no_key_store["SSL_CERT_FILE"] = str(ONE_CERTIFICATE)  # reading those of the system takes long
    return kept | folders | no_key_store | {"HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8"} | more


class Terminal:
    """Runs one command; use it in a ``with`` block.

    Args:
        command: program and arguments.
        environment: the whole environment of the program.
        columns: width.
        rows: height.

    Attributes:
        process: the running program.
        received: bytes that came from it so far.
    """

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str], columns: int = 120, rows: int = 40
    ) -> None:
        self.received = 0
        self._raw = bytearray()
        self._shown = QuickScreen(columns, rows)
        self._screen = self._shown.screen
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._carry = ""
        self._frame: list[str] | None = None  # what has come of a frame that is not finished
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._ended = False
        self._reads = threading.Event()
        self._reads.set()
        self._master, slave = os.openpty()
        self._set_size(columns, rows)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _ATTACH, *map(str, command)],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=dict(environment),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            error.add_note(f"the screen was:\n{self.text}")
        self.close()

    # --- what is shown

    @property
    def lines(self) -> list[str]:
        """The screen, line by line, without trailing blanks."""
        with self._lock:
            return self._shown.lines()

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    @property
    def written(self) -> str:
        """All that the program has written, escape codes included."""
        with self._lock:
            return bytes(self._raw).decode(errors="replace")

    @property
    def raw(self) -> bytes:
        """The bytes that the program has written, escape codes included: the last four million."""
        with self._lock:
            return bytes(self._raw)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the terminal's own cursor: in the field that has the focus."""
        with self._lock:
            return self._screen.cursor.x, self._screen.cursor.y

    def bold(self, text: str) -> bool:
        """Whether a text is on the screen in bold letters."""
        with self._lock:
            row, column = self._find(text)
            return row >= 0 and bool(self._screen.buffer[row][column].bold)

    def marked(self, text: str) -> bool:
        """Whether a text is on the screen with another background than where its row begins."""
        with self._lock:
            row, column = self._find(text)
            return row >= 0 and self._screen.buffer[row][column].bg != self._screen.buffer[row][0].bg

    def _find(self, text: str) -> tuple[int, int]:
        found = ((row, line.find(text)) for row, line in enumerate(self._screen.display))
        return next(((row, column) for row, column in found if column >= 0), (-1, -1))

    @property
    def clipboard(self) -> str:
        """What the program last put into the terminal's clipboard."""
        with self._lock:
            found = _CLIPBOARD.findall(bytes(self._raw))
        return base64.b64decode(found[-1]).decode() if found else ""

    def wait_for(self, wanted: str | Callable[[str], object], what: str = "", limit: float = LIMIT_S) -> str:
        """Wait until the screen holds a text, or until it satisfies a function; returns the screen.

        Raises:
            AssertionError: it did not come, or the program ended.
        """
        holds = (lambda screen: wanted in screen) if isinstance(wanted, str) else wanted
        what = what or (f"'{wanted}' is on the screen" if isinstance(wanted, str) else "the screen is as expected")
        deadline = time.monotonic() + limit
        while True:
            with self._lock:
                ended, screen = self._ended, self.text
                if holds(screen):
                    return screen
            if ended:
                raise AssertionError(f"the program ended before {what}:\n{screen}")
            if time.monotonic() > deadline:
                raise AssertionError(f"in vain waited until {what}:\n{screen}")
            with self._changed:
                self._changed.wait(0.1)  # also without output: a predicate may look at more than the screen

    def wait_gone(self, text: str, limit: float = LIMIT_S) -> str:
        """Wait until a text is not on the screen."""
        return self.wait_for(lambda screen: text not in screen, f"'{text}' has left the screen", limit)

    def wait_reading(self, limit: float = LIMIT_S) -> None:
        """Wait until a program of one thread waits for input.

        No user is as quick as a test: in the microseconds before Python sleeps in a read, it misses ctrl+C.
        """
        deadline = time.monotonic() + limit
        while (stat := _stat(self.process.pid)) is not None and stat[1] != "S":
            assert time.monotonic() < deadline, f"the program does not read:\n{self.text}"
            time.sleep(0.002)

    # --- what a user does

    def press(self, *keys: str) -> Self:
        """Press keys: names like ``f7`` or ``enter``, ``ctrl+p``, or single characters."""
        for key in keys:
            if key in KEYS:
                self._write(KEYS[key])
            elif key.startswith("ctrl+") and len(key) == 6:
                self._write(chr(ord(key[-1].upper()) - 64))
            elif len(key) == 1:
                self._write(key)
            else:
                raise ValueError(f"no key {key}")
        return self

    def type(self, text: str) -> Self:
        """Type a text."""
        self._write(text)
        return self

    def paste(self, text: str) -> Self:
        """Paste a text: the terminal marks it, and sends line ends as the enter key does."""
        self._write(f"\x1b[200~{text}\x1b[201~".replace("\n", "\r"))
        return self

    def resize(self, columns: int, rows: int) -> Self:
        """Make the window larger or smaller."""
        with self._lock:
            self._shown.resize(columns, rows)
            self._set_size(columns, rows)
        return self

    # --- the end

    def wait_end(self, limit: float = LIMIT_S) -> int:
        """Wait until the program has ended; its exit code (negative for a signal)."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program does not end:\n{self.text}") from None

    def quit(self, key: str = "q", limit: float = LIMIT_S) -> int:
        """Press a key that ends the program; its exit code."""
        self.press(key)
        return self.wait_end(limit)

    def hang_up(self) -> None:
        """Close the window, as a user closes a terminal emulator."""
        master, self._master = self._master, -1
        with contextlib.suppress(OSError):
            os.close(master)

    def stop_reading(self) -> None:
        """Take nothing more of what the program writes, as a terminal emulator that hangs, until `go_on_reading`."""
        self._reads.clear()

    def go_on_reading(self) -> None:
        """Take what the program writes again."""
        self._reads.set()

    def close(self) -> None:
        """End what is still running and give everything back."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reads.set()
        self._reader.join(2.0)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _write(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self._master, data) :]

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while True:
            self._reads.wait()
            master = self._master
            ready = select.poll()
            if master >= 0:
                ready.register(master, select.POLLIN)
                if not ready.poll(100):  # a read that waits would keep a closed window open
                    continue
            try:
                data = os.read(master, 65536)
            except OSError as error:
                if error.errno == errno.EINTR:
                    continue
                data = b""
            with self._changed:
                if not data:
                    self._show("".join(self._frame or ()))
                    self._ended = True
                    self._changed.notify_all()
                    return
                self.received += len(data)
                self._raw += data
                del self._raw[:-16_000_000]
                self._feed(self._decoder.decode(data))
                self._changed.notify_all()

    def _feed(self, text: str) -> None:
        text = self._carry + text
        unfinished = _UNFINISHED.search(text)
        self._carry = unfinished.group() if unfinished else ""
        text = text[: len(text) - len(self._carry)]
        for part in _FRAME.split(text):
            if _FRAME.fullmatch(part):
                self._show("".join(self._frame or ()))
                self._frame = [] if part.endswith("h") else None
            elif self._frame is not None:
                self._frame.append(part)
            else:
                self._show(part)

    def _show(self, text: str) -> None:
        text = _UNKNOWN.sub(lambda asked: self._swallow(asked.group()), text)
        self._shown.feed(_ONE_EMOJI.sub(lambda emoji: emoji["first"] or emoji["begins"], text))

    def _swallow(self, asked: str) -> str:
        """A mode or an answer is asked for; nothing comes of what this terminal does not know, not even letters."""
        if asked == _ASKS_FRAMES:
            with contextlib.suppress(OSError):  # the window may be closed meanwhile
                self._write(_HAS_FRAMES)
        return ""


# --- other processes


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: str
    command: str

    @property
    def alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        now = _stat(self.pid)
        return now is not None and now[2] == self.started and now[1] != "Z"


def descendants(pid: int) -> list[Process]:
    """All processes that a process has started, and those that these have started."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        stat = _stat(int(folder.name))
        if stat is not None:
            parents.setdefault(stat[0], []).append(int(folder.name))
    found: list[Process] = []
    waiting = list(parents.get(pid, []))
    while waiting:
        child = waiting.pop()
        stat = _stat(child)
        if stat is not None:
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append(Process(child, stat[2], command))
        waiting += parents.get(child, [])
    return found


def wait_gone(processes: Sequence[Process], limit: float = LIMIT_S) -> None:
    """Wait until processes have ended.

    Raises:
        AssertionError: one still runs.
    """
    deadline = time.monotonic() + limit
    while alive := [process for process in processes if process.alive]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.02)


def _stat(pid: int) -> tuple[int, str, str] | None:
    """Parent, state and start time of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), fields[0], fields[19]
