"""Every event of both directions, at a bounded cost of memory for any length of session.

The events themselves are JSON lines in a private file that vanishes with the process; memory holds columns of a
few bytes an event. Runs of the same kind of delta are folded into one row with a count. Speech never enters the log:
its size and duration do.
"""

import json
import os
import tempfile
import threading
import weakref
from array import array
from dataclasses import dataclass
from typing import Any

SENT, RECEIVED = 0, 1

MAX_NAMES = 4096
MAX_NAME = 200
MAX_RUNS = 256

_FLUSH_BYTES = 1 << 16


@dataclass(frozen=True)
class Row:
    """One line of the event stream.

    Attributes:
        number: index of the row.
        at: time of the row's first event, in seconds on the log's clock.
        gap_ms: time since the row before, in ms.
        sent: whether we said it.
        name: the event's ``type``.
        count: how many events are folded here.
        audio_bytes: PCM bytes they carried.
        error: whether it is an error or was not understood.
    """

    number: int
    at: float
    gap_ms: float
    sent: bool
    name: str
    count: int
    audio_bytes: int
    error: bool


class EventLog:
    """Appended to by the session, read by the screen.

    Attributes:
        version: grows with every change.
        events: number of events so far.
        unreadable: events that are errors, could not be understood or had to be mended.
        texts_lost: why the disk refused to keep texts; empty if it did not.
    """

    def __init__(self) -> None:
        self.version = 0
        self.events = 0
        self.unreadable = 0
        self.texts_lost = ""
        self._file = tempfile.TemporaryFile(prefix="rtvoice-tui-")  # noqa: SIM115 - open as long as the log
        self.close = weakref.finalize(self, self._file.close)
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._size = 0
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._name_ids: dict[str, int] = {}
        # one entry an event
        self._offsets = array("Q")
        self._event_rows = array("I")
        # one entry a row
        self._times = array("d")
        self._kinds = array("H")
        self._flags = array("B")
        self._first_events = array("I")
        self._counts = array("I")
        self._audio = array("Q")
        self._foldable: dict[tuple[str, str], int] = {}
        self._turns = array("I")
        self._turn = 0

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._times)

    def begin_turn(self, turn: int) -> None:
        """What comes now belongs to this turn."""
        self._turn = turn

    def append(
        self,
        at: float,
        sent: bool,
        name: str,
        payload: str | bytes | dict[str, Any],
        *,
        fold_key: str | None = None,
        audio_bytes: int = 0,
        error: bool = False,
    ) -> None:
        """Add an event.

        Args:
            at: seconds on the log's clock.
            sent: whether we said it.
            name: its ``type`` on the wire.
            payload: the JSON text as it came, or an object where the text must not be kept (speech).
            fold_key: events of one name and key that follow each other, with only other deltas between them, become
                one row; ``None`` never folds and ends all runs.
            audio_bytes: size of the PCM it carried.
            error: whether it is to be shown as a fault.
        """
        known = self._foldable.get((name, fold_key)) if fold_key is not None else None
        row = len(self._times) if known is None else known
        self._write(payload)
        self._event_rows.append(row)
        self.events += 1
        if known is None:
            self._add_row(at, sent, name, fold_key)
        self._counts[row] += 1
        self._audio[row] += audio_bytes
        self._flags[row] |= error << 1
        self.unreadable += error and not sent
        self.version += 1

    def row(self, number: int) -> Row:
        """A row by its index."""
        at = self._times[number]
        return Row(
            number,
            at,
            (at - self._times[number - 1]) * 1000 if number else 0.0,
            not self._flags[number] & 1,
            self._names[self._kinds[number]],
            self._counts[number],
            self._audio[number],
            bool(self._flags[number] & 2),
        )

    def count(self, number: int) -> int:
        """How many events are folded into a row."""
        return self._counts[number]

    def turn_of(self, number: int) -> int:
        """The turn a row belongs to; 0 before the first."""
        return self._turns[number]

    def first_of_turn(self, turn: int) -> int | None:
        """The first row of a turn, if it has any."""
        low, high = 0, len(self._turns)
        while low < high:
            middle = (low + high) // 2
            if self._turns[middle] < turn:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self._turns) and self._turns[low] == turn else None

    def texts(self, number: int, limit: int = 200) -> list[str]:
        """The JSON lines of a row's events, oldest first, at most ``limit`` of them."""
        found: list[str] = []
        index = self._first_events[number]
        while index < self.events and len(found) < min(limit, self._counts[number]):
            if self._event_rows[index] == number:
                found.append(self._read(index))
            index += 1
        return found

    def text(self, number: int) -> str:
        """The JSON line of a row's first event."""
        return self._read(self._first_events[number])

    def matches(self, start: int, wanted: list[str], unwanted: list[str], end: int | None = None) -> list[int]:
        """Rows from ``start`` (to ``end``) that hold all ``wanted`` and none of the ``unwanted`` lower-case strings.

        A row is searched in its direction (``up``, ``down``), its type, and the text of its first event.
        """
        hits = []
        for number in range(start, len(self) if end is None else end):
            row = self.row(number)
            head = f"{'up' if row.sent else 'down'} {row.name} {'error' if row.error else ''}".lower()
            if any(term in head for term in unwanted):
                continue
            missing = [term for term in wanted if term not in head]
            if missing:
                text = self.text(number).lower()
                if any(term not in text for term in missing):
                    continue
            hits.append(number)
        return hits

    @property
    def memory_bytes(self) -> int:
        """Bytes of memory that the columns take."""
        columns = (
            self._offsets, self._event_rows, self._times, self._kinds, self._flags, self._first_events,
            self._counts, self._audio, self._turns,
        )  # fmt: skip
        return sum(len(column) * column.itemsize for column in columns)

    def _add_row(self, at: float, sent: bool, name: str, fold_key: str | None) -> None:
        """Begin a row for the event just written. Its time comes last: from then on readers see the row."""
        if fold_key is None or len(self._foldable) >= MAX_RUNS:
            self._foldable.clear()
        if fold_key is not None:
            self._foldable[(name, fold_key)] = len(self._times)
        self._counts.append(0)
        self._audio.append(0)
        self._kinds.append(self._name_id(name))
        self._flags.append(not sent)
        self._first_events.append(self.events - 1)
        self._turns.append(self._turn)
        self._times.append(at)

    def _name_id(self, name: str) -> int:
        """A number for a type; a server that invents types without end gets one number for all later ones."""
        name = name[:MAX_NAME]
        known = self._name_ids.get(name)
        if known is None:
            if len(self._names) >= MAX_NAMES:
                return self._name_ids.setdefault("(more types)", MAX_NAMES - 1)
            known = self._name_ids[name] = len(self._names)
            self._names.append(name if known < MAX_NAMES - 1 else "(more types)")
        return known

    def _write(self, payload: str | bytes | dict[str, Any]) -> None:
        if isinstance(payload, dict):
            payload = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        if isinstance(payload, str):
            payload = payload.encode("utf-8", "replace")
        line = payload.replace(b"\n", b" ")
        with self._lock:
            self._offsets.append(self._size)
            self._size += len(line) + 1
            self._pending.append(line)
            self._pending_bytes += len(line) + 1
            if self._pending_bytes > _FLUSH_BYTES:
                self._flush()

    def flush(self) -> None:
        """Move what waits in memory to the file."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        """With the lock held; on a full disk rows stay, and their texts are lost."""
        if self._pending:
            try:
                os.pwrite(self._file.fileno(), b"\n".join(self._pending) + b"\n", self._size - self._pending_bytes)
            except OSError as error:
                self.texts_lost = error.strerror or str(error)
            self._pending.clear()
            self._pending_bytes = 0

    def _read(self, index: int) -> str:
        with self._lock:
            start = self._offsets[index]
            end = self._offsets[index + 1] if index + 1 < len(self._offsets) else self._size
            self._flush()
        try:
            return os.pread(self._file.fileno(), end - start - 1, start).decode("utf-8", "replace")
        except (OSError, ValueError):
            return ""
