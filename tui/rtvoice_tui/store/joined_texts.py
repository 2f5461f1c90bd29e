"""What runs of deltas say together, for searching: in memory while a run grows, then in a temporary file."""

import os
import tempfile
import threading
import weakref
from array import array
from typing import NamedTuple

MOST_GROWING = 32_768
"""Bytes of a text in memory; a longer one is written in parts."""

OVERLAP = 512
"""Bytes that two parts of a text have in common, so that what lies across is found."""


class JoinedState(NamedTuple):
    """The texts at one time, for `JoinedTexts.at`: how many had ended, their size, and those that grew."""

    ended: int
    size: int
    growing: dict[int, bytes]


class JoinedTexts:
    """One text for each row of deltas. The session's thread adds, any thread reads.

    Raises:
        OSError: the temporary file cannot be created.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="rtvoice-tui-")  # noqa: SIM115 - open as long as this
        self.close = weakref.finalize(self, self._file.close)
        self._growing: dict[int, bytearray] = {}
        self._rows = array("I")
        self._offsets = array("Q")
        self._size = 0
        self._lock = threading.Lock()

    def add(self, row: int, delta: str) -> None:
        """Add a delta to the text of a row."""
        text = self._growing.setdefault(row, bytearray())
        text += delta.encode("utf-8", "replace").replace(b"\n", b" ")
        if len(text) > MOST_GROWING:
            self._keep({row: text})
            del text[:-OVERLAP]

    def end(self) -> None:
        """No text grows any more."""
        if self._growing:
            self._keep(self._growing)
            self._growing = {}

    def _keep(self, texts: dict[int, bytearray]) -> None:
        """Write texts to the file; what cannot be written is not found across its borders."""
        data = bytearray()
        rows, offsets = array("I"), array("Q")
        for row, text in texts.items():
            rows.append(row)
            offsets.append(self._size + len(data))
            data += text + b"\n"
        with self._lock:
            try:
                os.pwrite(self._file.fileno(), data, self._size)
            except (OSError, ValueError):
                return
            self._size += len(data)
            self._rows += rows
            self._offsets += offsets

    @property
    def ended(self) -> int:
        """Number of texts that have ended."""
        return len(self._rows)

    def growing(self) -> list[tuple[int, bytes]]:
        """The rows whose text grows, with the text so far."""
        return [(row, bytes(text)) for row, text in tuple(self._growing.items())]

    def part(self, first: int, limit: int) -> tuple[bytes, list[int], list[int]]:
        """Texts that have ended, a line each: where each begins, and its row; at most about ``limit`` bytes."""
        with self._lock:
            last, end = len(self._offsets), self._size
            if first >= last:
                return b"", [], []
            start = self._offsets[first]
            while last - first > 1 and end - start > limit:
                last = first + (last - first) // 2
                end = self._offsets[last]
            starts, rows = [offset - start for offset in self._offsets[first:last]], self._rows[first:last].tolist()
        try:
            data = os.pread(self._file.fileno(), end - start, start)
        except (OSError, ValueError):
            data = b""
        return data.ljust(end - start, b"\n"), starts, rows

    @property
    def memory_bytes(self) -> int:
        """Memory used, in bytes."""
        return 12 * len(self._rows) + sum(100 + len(text) for text in self._growing.values())

    def state(self) -> JoinedState:
        """The state now."""
        return JoinedState(len(self._rows), self._size, dict(self.growing()))

    def at(self, state: JoinedState) -> "JoinedTexts":
        """The texts as they were, with the same file: what is added must be what was added to this."""
        texts = JoinedTexts.__new__(JoinedTexts)
        texts._file, texts._lock = self._file, threading.Lock()
        texts.close = weakref.finalize(texts, lambda: None)
        texts._growing = {row: bytearray(text) for row, text in state.growing.items()}
        texts._rows, texts._offsets = self._rows[: state.ended], self._offsets[: state.ended]
        texts._size = state.size
        return texts
