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

FLUSH_S = 1.0
"""A terminal that takes nothing for so long is left as it is."""

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
                restored = before if before is not None else signal.SIG_DFL
                # the end was asked for: one more signal would only interrupt Python's own end with a traceback
                signal.signal(number, signal.SIG_IGN if self._asked else restored)
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
        """End the app's modes, also where a frame's write waits for a terminal that takes nothing."""
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
        """Whatever a frame still has to write goes nowhere."""
        with open(os.devnull, "wb") as nothing:
            for stream in (sys.__stdout__, sys.__stderr__):
                with contextlib.suppress(OSError, ValueError):
                    if stream is not None:
                        os.dup2(nothing.fileno(), stream.fileno())

    def _wake_writer(self) -> None:
        """Interrupt the write that waits for the terminal: it looks around only when a signal comes.

        The signal has to have a handler, or it interrupts nothing; ours for SIGUSR2 only asks for the end once more.
        """
        handled = signal.getsignal(signal.SIGUSR2) == self._received
        number = signal.SIGUSR2 if handled else signal.SIGWINCH
        for thread in threading.enumerate():
            if thread.ident is not None and not isinstance(thread, threading._DummyThread):
                with contextlib.suppress(OSError):  # it has just ended
                    signal.pthread_kill(thread.ident, number)


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
