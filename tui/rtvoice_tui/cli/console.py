"""Standard streams of the command line.

All output is escaped, so that no text of a profile, a server, a tool or a device can control the terminal. Closed
standard streams are replaced, and output that cannot be written is reported as an error.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from rtvoice_tui.store.plain import visible

COULD_NOT_RUN = 3
"""Exit code if the environment prevents a command from running: no terminal, output not writable."""


class OutputFailed(Exception):
    """Standard output or error cannot be written to."""


class HarmlessStream:
    """A text stream that writes control characters as symbols.

    Args:
        stream: the stream to write to.
        closed: whether the standard stream was closed at the start, so that writing has to fail.
    """

    def __init__(self, stream: TextIO, closed: bool = False) -> None:
        self._stream = stream
        self._closed = closed

    def write(self, text: str) -> int:
        """Write text with control characters as symbols; returns the length of the text.

        Raises:
            OutputFailed: writing failed, or the stream was closed.
        """
        if self._closed and text:
            raise OutputFailed("it is closed")
        self._write(visible(text))
        return len(text)

    def write_exactly(self, text: str) -> None:
        """Write text unchanged into a file or a pipe, but escaped on a terminal."""
        if self._closed or self._stream.isatty():
            self.write(text)
            return
        self._write(text)

    def _write(self, text: str) -> None:
        with _told():
            try:
                self._stream.write(text)
            except UnicodeEncodeError:  # an encoding that lacks these characters
                encoding = self._stream.encoding
                self._stream.write(text.encode(encoding, "replace").decode(encoding))

    def flush(self) -> None:
        """Flush the stream.

        Raises:
            OutputFailed: writing failed.
        """
        with _told():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # the reader closed the pipe; click ends the command
        raise
    except OSError as error:
        raise OutputFailed(error.strerror or str(error)) from None


def write_exactly(text: str) -> None:
    """Print text unchanged into a file or a pipe, but escaped on a terminal."""
    cast("HarmlessStream", sys.stdout).write_exactly(text)


@contextmanager
def console() -> Iterator[None]:
    """Replace standard output and error by escaping streams for the duration of a command.

    Raises:
        SystemExit: the output cannot be written; an error message is printed if possible.
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
    """Open the null device for each closed standard stream, so that no other file gets its descriptor.

    Returns:
        The descriptors that were closed.
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
    """Redirect a descriptor to the null device, so that flushing the remaining output at exit does not fail again."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
