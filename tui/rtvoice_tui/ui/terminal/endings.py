"""Clean exit: signals and a closed terminal end the app in the same way as its quit key.

The app exits on its own event loop. If the loop is blocked, a thread ends the process by force and restores the
terminal.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

LIMIT_S = 8.0
"""Seconds after a requested end, or after the end of the app, until the process exits by force."""

FLUSH_S = 1.0
"""Seconds to try to reset a terminal that accepts no output; then it is left as it is."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU")
"""Handled signals: the default action of each of them terminates the process."""

_MODES_OFF = (
    "\x1b[?2026l"  # end synchronized output
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"  # mouse
    "\x1b[?2004l\x1b[?1004l\x1b[<u"  # bracketed paste, focus reports, kitty's keyboard reports
    "\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[0m"  # normal screen, visible cursor, line wrapping, default colours
)

End = Callable[[str, int], None]
"""Ends the app with a sentence and an exit code; may be called from any thread, and more than once."""


class Endings:
    """Ends the app when a signal arrives or the terminal is closed.

    Attributes:
        terminal_gone: whether the terminal was closed, so that output cannot be shown.
    """

    def __init__(self) -> None:
        self.terminal_gone = False
        self._end: End | None = None
        self._asked: tuple[str, int] | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._modes = _terminal_modes()
        self._signals: dict[int, Any] = {}
        self._forced_by: threading.Thread | None = None

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Context in which signals and a closed terminal end the app. Entered on the main thread."""
        self._handle_signals()
        wake, woken = os.pipe()
        watching = threading.Thread(target=self._watch_terminal, args=(wake,), name="terminal-watch", daemon=True)
        watching.start()
        try:
            yield
        finally:
            self._over.set()
            os.write(woken, b"x")
            watching.join()
            os.close(wake)
            os.close(woken)
            for number, before in self._signals.items():
                restored = before if before is not None else signal.SIG_DFL
                # after a requested end, another signal would only interrupt Python's shutdown with a traceback
                signal.signal(number, signal.SIG_IGN if self._asked else restored)
            code = self._asked[1] if self._asked else 0
            threading.Thread(target=_end_lingering, args=(code,), name="forced-end", daemon=True).start()

    def use(self, end: End) -> None:
        """Set the function that ends the app; it is called at once if an end was requested before."""
        with self._lock:
            self._end, asked = end, self._asked
        if asked is not None:
            end(*asked)

    def _handle_signals(self) -> None:
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                self._signals[number] = signal.signal(number, self._received)

    def _received(self, number: int, frame: FrameType | None) -> None:
        self._ask(f"{signal.Signals(number).name} was received", 128 + number)

    def _ask(self, sentence: str, code: int) -> None:
        if self._asked is None:
            self._asked = sentence, code
            self._forced_by = threading.Thread(target=self._force, args=(code,), name="forced-end", daemon=True)
            self._forced_by.start()
        if self._end is not None:
            self._end(*self._asked)

    def _watch_terminal(self, wake: int) -> None:
        """Wait until the terminal of stdin or stderr hangs up, or the app has ended. Runs on a thread of its own."""
        poll = getattr(select, "poll", None)
        if poll is None:
            return
        watched = poll()
        for stream in (sys.__stdin__, sys.__stderr__):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    watched.register(stream.fileno(), 0)  # mask 0: only hang-ups and errors are reported
        watched.register(wake, select.POLLIN)
        if any(descriptor != wake for descriptor, _ in watched.poll()) and not self._over.is_set():
            self.terminal_gone = True
            self._ask("the terminal was closed", 128 + getattr(signal, "SIGHUP", 1))

    def _force(self, code: int) -> None:
        """Exit by force if the app has not ended after `LIMIT_S`. Runs on a thread of its own."""
        if self._over.wait(LIMIT_S):
            return
        with contextlib.suppress(Exception):
            self._give_terminal_back()
        os._exit(code)

    def _give_terminal_back(self) -> None:
        """Restore the terminal's modes, even if the terminal accepts no output and blocks the write of a frame."""
        if self._modes is None:
            return
        import termios

        descriptor, attributes = self._modes
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
        terminal = os.dup(descriptor)
        os.set_blocking(terminal, False)
        try:
            self._throw_frames_away()
            deadline = time.monotonic() + FLUSH_S
            while time.monotonic() < deadline:
                self._wake_writer()
                time.sleep(FLUSH_S / 20)
                termios.tcflush(terminal, termios.TCOFLUSH)
                with contextlib.suppress(BlockingIOError):
                    if os.write(terminal, _MODES_OFF.encode()) == len(_MODES_OFF):
                        break
        finally:
            os.set_blocking(terminal, True)

    def _throw_frames_away(self) -> None:
        """Redirect stdout and stderr to the null device, so that the rest of a frame is discarded."""
        with open(os.devnull, "wb") as nothing:
            for stream in (sys.__stdout__, sys.__stderr__):
                with contextlib.suppress(OSError, ValueError):
                    if stream is not None:
                        os.dup2(nothing.fileno(), stream.fileno())

    def _wake_writer(self) -> None:
        """Interrupt the blocked write with a signal: Python then repeats it, now on the null device.

        Only a signal with a handler interrupts a write; our handler of SIGUSR2 only requests the end once more.
        """
        handled = signal.getsignal(signal.SIGUSR2) == self._received
        number = signal.SIGUSR2 if handled else signal.SIGWINCH
        for thread in threading.enumerate():
            if thread.ident is not None and not isinstance(thread, threading._DummyThread):
                with contextlib.suppress(OSError):  # the thread has just ended
                    signal.pthread_kill(thread.ident, number)


def _end_lingering(code: int) -> None:
    """Exit by force if a thread keeps the process alive for `LIMIT_S` after the app has ended."""
    time.sleep(LIMIT_S)
    os._exit(code)


def _terminal_modes() -> tuple[int, list[Any]] | None:
    """File descriptor and original termios attributes of the terminal; ``None`` without a terminal."""
    try:
        import termios

        descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
        return descriptor, termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError):
        return None
    except Exception:  # termios.error: it is no terminal
        return None
