"""Reads typed lines from standard input on a thread of its own, and the signals that end the program."""

import asyncio
import codecs
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

LONGEST = 1_000_000
"""Characters of a line; a longer one is read in pieces."""

LIMIT_S = 8.0
"""Seconds after a signal until the process exits by force."""

ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT")
"""Signals that end the program."""


def read_lines(descriptor: int, heard: Callable[[str | None], None]) -> None:
    """Read lines until the end of the input. Blocks; those of a terminal come when enter is pressed.

    Args:
        descriptor: where to read.
        heard: called with each line, and with ``None`` at the end.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # the terminal was closed
            data = b""
        rest += decoder.decode(data, final=not data)
        *lines, rest = rest.split("\n")
        if not data or len(rest) > LONGEST:
            lines, rest = ([*lines, rest] if rest else lines), ""
        for line in lines:
            heard(line)
        if not data:
            heard(None)
            return


@contextlib.contextmanager
def signals(
    interrupted: Callable[[], None], ended: Callable[[int], None], suspended: Callable[[], None]
) -> Iterator[None]:
    """Context in which signals are requests. Entered in the loop of the main thread; the functions are called there.

    Args:
        interrupted: ctrl+C was pressed.
        ended: the program has to end; called with the signal's number. After `LIMIT_S` it exits by force.
        suspended: ctrl+Z was pressed.
    """

    def end(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=_force, args=(128 + number,), name="forced-end", daemon=True).start()
        ended(number)

    handlers: dict[int, Any] = {signal.SIGINT: lambda number, frame: interrupted()}
    handlers |= {number: end for name in ENDING if (number := getattr(signal, name, None)) is not None}
    if hasattr(signal, "SIGTSTP"):
        handlers[signal.SIGTSTP] = lambda number, frame: suspended()
    taken = [number for number in handlers if signal.getsignal(number) is not signal.SIG_IGN]  # as under nohup
    before = {number: signal.getsignal(number) for number in taken}
    try:
        with _waking_loop(taken):
            for number in taken:
                signal.signal(number, handlers[number])
            yield
    finally:
        for number, handler in before.items():
            # from here on a signal would only interrupt Python's shutdown with a traceback
            signal.signal(number, signal.SIG_IGN if number != signal.SIGINT else handler)


@contextlib.contextmanager
def _waking_loop(numbers: Iterable[int]) -> Iterator[None]:
    """Context in which signals wake the running loop.

    Python runs its handlers between two instructions: one that arrives as the loop goes to sleep would wait until
    something else happens.
    """
    loop = asyncio.get_running_loop()
    woken = []
    with contextlib.suppress(NotImplementedError):  # Windows wakes its loop by itself
        for number in numbers:
            loop.add_signal_handler(number, lambda: None)
            woken.append(number)
    try:
        yield
    finally:
        for number in woken:
            loop.remove_signal_handler(number)


def keep_from_children() -> None:
    """Block ctrl+C on this thread, so that it does not end the subprocesses that are started from here.

    A terminal sends it to all processes in the foreground, and blocked signals are inherited.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _force(code: int) -> None:
    time.sleep(LIMIT_S)
    os._exit(code)
