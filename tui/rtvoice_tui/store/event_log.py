"""Log of all events in both directions that needs only a few bytes of memory per event.

The events are JSON lines in a temporary file that is deleted with the process; memory holds columns of offsets, times
and flags. Runs of deltas of the same kind are folded into one row with a count. Audio is not logged, only its size.
Rows of one response or utterance form a group, see `event_groups`.
"""

import json
import os
import tempfile
import threading
import weakref
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

import msgspec

from rtvoice_tui.protocol.wire import GroupMark
from rtvoice_tui.store.event_groups import EventGroups, GroupsState
from rtvoice_tui.store.joined_texts import JoinedState, JoinedTexts


class _Delta(msgspec.Struct):
    delta: Any = ""


SENT, RECEIVED = 0, 1

MAX_NAMES = 4096
MAX_NAME = 200
MAX_RUNS = 256

_DELTA_DECODER = msgspec.json.Decoder(_Delta)

_FLUSH_BYTES = 1 << 16


@dataclass(frozen=True)
class Row:
    """One line of the event stream.

    Attributes:
        number: index of the row.
        at: time of the row's first event, in seconds on the store's clock.
        gap_ms: time since the first event of the previous row, in ms.
        sent: whether it is a client event.
        name: the event's ``type``.
        count: number of events that are folded into the row.
        audio_bytes: bytes of PCM audio in these events.
        error: whether one of them is an error or could not be decoded fully.
    """

    number: int
    at: float
    gap_ms: float
    sent: bool
    name: str
    count: int
    audio_bytes: int
    error: bool


class LogState(NamedTuple):
    """A log at one time, for `EventLog.at`: how far it was, and what changes in rows that are there already."""

    events: int
    rows: int
    size: int
    unreadable: int
    turn: int
    counts: "array[int]"
    audio: "array[int]"
    joined: JoinedState
    foldable: dict[tuple[str, str], int]
    groups: GroupsState


class EventLog:
    """Log of the events of all sessions. The session's thread appends, the screen's thread reads.

    Raises:
        OSError: the temporary file cannot be created.

    Attributes:
        version: incremented on every change.
        events: number of events so far.
        unreadable: number of received events that are errors or could not be decoded fully.
        names: the event types so far, each once; bounded.
        pending_bytes: size of the texts that are not written to the file yet; bounded.
        joined: what runs of deltas say together.
        groups: which rows belong to one response or utterance.
        texts_lost: why texts could not be written to the file; empty if all were written.
    """

    def __init__(self) -> None:
        self.version = 0
        self.events = 0
        self.unreadable = 0
        self.texts_lost = ""
        self._file = tempfile.TemporaryFile(prefix="rtvoice-tui-")  # noqa: SIM115 - open as long as the log
        self.joined = JoinedTexts()
        self.close: Callable[[], object] = weakref.finalize(self, _close, self._file, self.joined.close)
        self._pending: list[bytes] = []
        self.pending_bytes = 0
        self._size = 0
        self._lock = threading.Lock()
        self.names: list[str] = []
        self._name_ids: dict[str, int] = {}
        # one entry per event
        self._offsets = array("Q")
        self._event_rows = array("I")
        # one entry per row
        self._times = array("d")
        self._kinds = array("H")
        self._flags = array("B")
        self._first_events = array("I")
        self._counts = array("I")
        self._audio = array("Q")
        self._foldable: dict[tuple[str, str], int] = {}
        self._turns = array("I")
        self._turn = 0
        self.groups = EventGroups()

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._times)

    def set_turn(self, turn: int) -> None:
        """Assign the rows that follow to a turn."""
        self._turn = turn

    def forget_ids(self) -> None:
        """Forget the ids of groups, because a new connection begins."""
        self.groups.forget_ids()

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
        group: GroupMark | None = None,
    ) -> None:
        """Add an event.

        Args:
            at: time in seconds on the store's clock.
            sent: whether it is a client event.
            name: its ``type`` on the wire.
            payload: the JSON text, or an object that replaces it for audio.
            fold_key: events with the same name and key are folded into one row, as long as only events with a fold
                key come between them; ``None``: is not folded and ends all runs.
            audio_bytes: bytes of PCM audio in the event.
            error: whether it is shown as an error; errors always have a row of their own.
            group: what the event tells about the group it belongs to; ``None`` if it stands for itself.
        """
        known = self._foldable.get((name, fold_key)) if fold_key is not None and not error else None
        row = len(self._times) if known is None else known
        self._write(payload)
        if fold_key is not None and not audio_bytes and isinstance(payload, str) and (delta := _delta(payload)):
            self.joined.add(row, delta)
        self._event_rows.append(row)
        self.events += 1
        if known is None:
            self._add_row(sent, name, fold_key, error, self.groups.assign(group, error))
        self._counts[row] += 1
        self._audio[row] += audio_bytes
        self.groups.count(row, at, audio_bytes)
        if known is None:
            self._times.append(at)
            self.groups.link(row)
        self.unreadable += error and not sent
        self.version += 1

    def row(self, number: int) -> Row:
        """Return a row by its index."""
        at = self._times[number]
        return Row(
            number,
            at,
            (at - self._times[number - 1]) * 1000 if number else 0.0,
            not self._flags[number] & 1,
            self.names[self._kinds[number]],
            self._counts[number],
            self._audio[number],
            bool(self._flags[number] & 2),
        )

    def first_from(self, at: float) -> int:
        """Return the first row at or after a time in seconds; the number of rows if there is none."""
        return bisect_left(self._times, at)

    def name(self, number: int) -> str:
        """Return the type of a row's events."""
        return self.names[self._kinds[number]]

    def count(self, number: int) -> int:
        """Return the number of events that are folded into a row."""
        return self._counts[number]

    def rows_named(self, names: Collection[str], end: int) -> list[int]:
        """Return the rows before one whose events are of one of these types."""
        kinds = frozenset(self._name_ids[name] for name in names if name in self._name_ids)
        return [number for number, kind in enumerate(self._kinds[:end]) if kind in kinds] if kinds else []

    def turn_of(self, number: int) -> int:
        """Return the turn that a row belongs to; 0 before the first turn."""
        return self._turns[number]

    def first_of_turn(self, turn: int) -> int | None:
        """Return the first row of a turn; ``None`` if it has none."""
        low, high = 0, len(self._turns)
        while low < high:
            middle = (low + high) // 2
            if self._turns[middle] < turn:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self._turns) and self._turns[low] == turn else None

    def texts(self, number: int, limit: int = 200) -> list[str]:
        """Return the JSON lines of a row's events, oldest first, at most ``limit`` of them."""
        found: list[str] = []
        index = self._first_events[number]
        while index < self.events and len(found) < min(limit, self._counts[number]):
            if self._event_rows[index] == number:
                found.append(self._read(index))
            index += 1
        return found

    def text(self, number: int) -> str:
        """Return the JSON line of a row's first event; empty if it cannot be read."""
        return self._read(self._first_events[number])

    def text_of_event(self, event: int) -> str:
        """Return the JSON line of an event, counted from 0; empty if it cannot be read."""
        return self._read(event)

    def texts_of_group(self, group: int, limit: int) -> list[str]:
        """Return the JSON lines of a group's events as they came, at most ``limit`` of them."""
        found: list[str] = []
        index = self._first_events[self.groups.first(group)]
        wanted = min(limit, self.groups.events(group))
        while index < self.events and len(found) < wanted:
            if self.groups.of_row[self._event_rows[index]] == group:
                found.append(self._read(index))
            index += 1
        return found

    # --- for searching

    def part(self, first: int, end: int, limit: int) -> tuple[bytes, int, int]:
        """Return the JSON lines of events, one after the other, where they begin in the file, and the event behind.

        Args:
            first: the first event.
            end: the event behind the last.
            limit: maximum number of bytes; one event is returned in any case.
        """
        with self._lock:
            self._flush()
            start = self._offsets[first]
            if self._begin_of(end) - start > limit:
                end = max(first + 1, bisect_left(self._offsets, start + limit, first, end) - 1)
            ends = self._begin_of(end)
        try:
            data = os.pread(self._file.fileno(), ends - start, start)
        except (OSError, ValueError):
            data = b""
        return data.ljust(ends - start, b"\n"), start, end

    def _begin_of(self, event: int) -> int:
        return self._size if event >= len(self._offsets) else self._offsets[event]

    def event_at(self, place: int, first: int, end: int) -> tuple[int, int]:
        """Return the event at a place of the file, and where it ends. It is one of those from ``first`` to ``end``."""
        event = bisect_right(self._offsets, place, first, end) - 1
        return event, self._begin_of(event + 1)

    def number_of(self, row: int) -> int:
        """Return the number of a row's first event among all events, from 1."""
        return self._first_events[row] + 1

    def row_of(self, event: int) -> int:
        """Return the row that an event is folded into."""
        return self._event_rows[event]

    def rows_until(self, event: int) -> int:
        """Return the number of rows whose first event comes before an event."""
        return min(len(self), bisect_left(self._first_events, event))

    def kind(self, number: int) -> int:
        """Return a number that rows of the same type, direction and error mark have in common."""
        return self._kinds[number] << 2 | self._flags[number]

    # --- earlier states

    def state(self) -> LogState:
        """The state of the log now."""
        rows = len(self._times)
        return LogState(
            self.events,
            rows,
            self._size,
            self.unreadable,
            self._turn,
            self._counts[:rows],
            self._audio[:rows],
            self.joined.state(),
            dict(self._foldable),
            self.groups.state(rows),
        )

    def at(self, state: LogState) -> "EventLog":
        """The log as it was at a time, with the same file: what is appended to it must be what was appended to this."""
        log = EventLog.__new__(EventLog)
        log.version, log.texts_lost = 0, self.texts_lost
        log.events, log.unreadable, log._turn, log._size = state.events, state.unreadable, state.turn, state.size
        log._file = self._file
        log.close = weakref.finalize(log, _nothing)
        log._lock = threading.Lock()
        log._pending, log.pending_bytes = [], 0
        self.flush()
        log.names, log._name_ids = list(self.names), dict(self._name_ids)
        for name in ("_offsets", "_event_rows"):
            setattr(log, name, getattr(self, name)[: state.events])
        for name in ("_times", "_kinds", "_flags", "_first_events", "_turns"):
            setattr(log, name, getattr(self, name)[: state.rows])
        log._counts, log._audio, log._foldable = state.counts[:], state.audio[:], dict(state.foldable)
        log.joined = self.joined.at(state.joined)
        log.groups = self.groups.at(state.groups)
        return log

    @property
    def memory_bytes(self) -> int:
        """Memory used by the columns, in bytes."""
        columns = (
            self._offsets, self._event_rows, self._times, self._kinds, self._flags, self._first_events,
            self._counts, self._audio, self._turns,
        )  # fmt: skip
        more = self.groups.memory_bytes + self.joined.memory_bytes
        return sum(len(column) * column.itemsize for column in columns) + more

    def _add_row(self, sent: bool, name: str, fold_key: str | None, error: bool, group: int) -> None:
        """Add a row for the event just written. Its time is appended last, because readers count rows by times."""
        if fold_key is None or len(self._foldable) >= MAX_RUNS:
            self._foldable.clear()
            self.joined.end()
        if fold_key is not None and not error:
            self._foldable[(name, fold_key)] = len(self._times)
        self._counts.append(0)
        self._audio.append(0)
        self._kinds.append(self._name_id(name))
        self._flags.append((not sent) | error << 1)
        self._first_events.append(self.events - 1)
        self._turns.append(self._turn)
        self.groups.reserve(group)

    def _name_id(self, name: str) -> int:
        """Return the number of an event type; after `MAX_NAMES` types all further ones share one number."""
        name = name[:MAX_NAME]
        known = self._name_ids.get(name)
        if known is None:
            if len(self.names) >= MAX_NAMES:
                return self._name_ids.setdefault("(more types)", MAX_NAMES - 1)
            known = self._name_ids[name] = len(self.names)
            self.names.append(name if known < MAX_NAMES - 1 else "(more types)")
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
            self.pending_bytes += len(line) + 1
            if self.pending_bytes > _FLUSH_BYTES:
                self._flush()

    def flush(self) -> None:
        """Write the pending lines to the file."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        """Write the pending lines; the caller holds the lock. If that fails, rows are kept but their texts are lost."""
        if self._pending:
            try:
                os.pwrite(self._file.fileno(), b"\n".join(self._pending) + b"\n", self._size - self.pending_bytes)
            except OSError as error:
                self.texts_lost = error.strerror or str(error)
            self._pending.clear()
            self.pending_bytes = 0

    def _read(self, index: int) -> str:
        with self._lock:
            start = self._offsets[index]
            end = self._offsets[index + 1] if index + 1 < len(self._offsets) else self._size
            self._flush()
        try:
            return os.pread(self._file.fileno(), end - start - 1, start).decode("utf-8", "replace")
        except (OSError, ValueError):
            return ""


def _nothing() -> None:
    """The file belongs to another log."""


def _close(file: IO[bytes], others: Callable[[], object]) -> None:
    file.close()
    others()


def readable(text: str) -> str:
    """JSON without escapes, so that words in any script are found as they are shown."""
    if "\\u" not in text:
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _delta(text: str) -> str:
    """The text that a delta event adds."""
    try:
        delta = _DELTA_DECODER.decode(text).delta
    except (msgspec.DecodeError, RecursionError):
        return ""
    return delta if isinstance(delta, str) else ""
