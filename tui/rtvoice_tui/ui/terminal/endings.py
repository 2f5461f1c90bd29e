"""Every end is a clean end: signals and a terminal that is closed end the app as its own key does.

Signals are handled as soon as the app is made. What ends the app runs on its loop; a thread makes sure that the
process ends even where the loop does not come to it, and gives the terminal back then.
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
"""The process ends by force if it has not ended so long after it was asked to."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU")
"""Signals that end a program that does not handle them."""

_MODES_OFF = (
    "\x1b[?2026l"  # frames are not held back any more
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"  # mouse
    "\x1b[?2004l\x1b[?1004l\x1b[<u"  # bracketed paste, focus reports, kitty's keyboard reports
    "\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[0m"  # the normal screen, its cursor, wrapping, no colour
)

End = Callable[[str, int], None]
"""Ends the app with a sentence and an exit code; may be called from any thread, and more than once."""


class Endings:
    """What ends the app from outside.

    Attributes:
        terminal_gone: whether nobody can read what is written any more.
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
        """Inside, signals and the terminal's end are turned into the app's own end."""
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
                signal.signal(number, before if before is not None else signal.SIG_DFL)
            code = self._asked[1] if self._asked else 0
            threading.Thread(target=_end_lingering, args=(code,), name="forced-end", daemon=True).start()

    def use(self, end: End) -> None:
        """There is an app that can be ended; what came before counts now."""
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
        """Wait until the other end of standard input or error is closed, or the app is over."""
        poll = getattr(select, "poll", None)
        if poll is None:
            return
        watched = poll()
        for stream in (sys.__stdin__, sys.__stderr__):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    watched.register(stream.fileno(), 0)  # only that it hangs up is of interest
        watched.register(wake, select.POLLIN)
        if any(descriptor != wake for descriptor, _ in watched.poll()) and not self._over.is_set():
            self.terminal_gone = True
            self._ask("the terminal was closed", 128 + getattr(signal, "SIGHUP", 1))

    def _force(self, code: int) -> None:
        """End the process if it does not end by itself."""
        if self._over.wait(LIMIT_S):
            return
        with contextlib.suppress(Exception):
            self._give_terminal_back()
        os._exit(code)

    def _give_terminal_back(self) -> None:
        if self._modes is None:
            return
        import termios

        descriptor, attributes = self._modes
        termios.tcflush(descriptor, termios.TCOFLUSH)  # a terminal that is not read would keep us waiting
        termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
        os.set_blocking(descriptor, False)
        os.write(descriptor, _MODES_OFF.encode())
        os.set_blocking(descriptor, True)


def _end_lingering(code: int) -> None:
    """End a process whose app is over and that some thread keeps from ending."""
    time.sleep(LIMIT_S)
    os._exit(code)


def _terminal_modes() -> tuple[int, list[Any]] | None:
    """The terminal and how it was before the app changed it."""
    try:
        import termios

        descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
        return descriptor, termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError):
        return None
    except Exception:  # termios.error: it is no terminal
        return None
