"""What the command line reads and prints.

Output has one door: no text of a profile, a server, a tool or a device acts on the terminal. Standard streams that are
closed are replaced, and output that cannot be written is told.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from rtvoice_tui.store.plain import visible

COULD_NOT_RUN = 3
"""Exit code where the surroundings keep a command from running."""


class OutputFailed(Exception):
    """Standard output or error cannot be written to."""


class HarmlessStream:
    """A text stream that writes control characters as symbols.

    Args:
        stream: where the text goes.
        closed: whether it was closed when the command began, so that nobody would see the text.
    """

    def __init__(self, stream: TextIO, closed: bool = False) -> None:
        self._stream = stream
        self._closed = closed

    def write(self, text: str) -> int:
        """Write a text; returns its length.

        Raises:
            OutputFailed: the system refuses it.
        """
        if self._closed and text:
            raise OutputFailed("it is closed")
        with _told():
            self._stream.write(visible(text))
        return len(text)

    def write_exactly(self, text: str) -> None:
        """Write a file's own text: as it is into a file or a pipe, harmless on a terminal."""
        if self._closed or self._stream.isatty():
            self.write(text)
            return
        with _told():
            self._stream.write(text)

    def flush(self) -> None:
        """Write what waits.

        Raises:
            OutputFailed: the system refuses it.
        """
        with _told():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # who reads has seen enough; click ends the command
        raise
    except OSError as error:
        raise OutputFailed(error.strerror or str(error)) from None


def write_exactly(text: str) -> None:
    """Print a file's own text: exactly where it goes into a file or a pipe, harmless on a terminal."""
    cast("HarmlessStream", sys.stdout).write_exactly(text)


@contextmanager
def console() -> Iterator[None]:
    """Standard streams that can be used, and through which nothing acts on the terminal.

    Raises:
        SystemExit: the output cannot be written; a sentence says so where that is possible.
    """
    closed = _open_closed_streams()
    before = sys.stdout, sys.stderr
    out, err = HarmlessStream(sys.stdout, closed=1 in closed), HarmlessStream(sys.stderr)
    sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", err)
    try:
        try:
            yield
        finally:
            out.flush()
    except OutputFailed as failed:
        _leave_unwritten(1)
        with contextlib.suppress(OutputFailed, OSError):
            err.write(f"Error: the output cannot be written: {failed} (free some space, or write it elsewhere)\n")
            err.flush()
        raise SystemExit(COULD_NOT_RUN) from None
    except BrokenPipeError:
        _leave_unwritten(1)
        raise SystemExit(1) from None
    finally:
        sys.stdout, sys.stderr = before


def _open_closed_streams() -> set[int]:
    """Put the null device where a standard stream is closed: the next file that is opened would take its place.

    Returns the descriptors that were closed.
    """
    closed = set()
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.add(descriptor)
            os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            stream = os.fdopen(descriptor, mode, encoding="utf-8", errors="replace", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    return closed


def _leave_unwritten(descriptor: int) -> None:
    """What Python still holds for a stream goes nowhere: it would fail once more at the exit."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
