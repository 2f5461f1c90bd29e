"""Lines of the event stream: an event, or a group of events with its name, size and duration."""

from collections.abc import Callable
from itertools import islice

from rich.cells import cell_len
from textual.cache import FIFOCache, LRUCache

from rtvoice_tui.protocol.wire import GroupKind
from rtvoice_tui.store.differing import differing_lines
from rtvoice_tui.store.event_groups import Group
from rtvoice_tui.store.event_log import EventLog, Row
from rtvoice_tui.store.json_text import indented
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.query import Query
from rtvoice_tui.store.settings_at import settings_compared
from rtvoice_tui.ui.clock import minutes, precise
from rtvoice_tui.ui.panes.event_folds import Place
from rtvoice_tui.ui.panes.event_words import (
    call_of,
    family_ink,
    mark_of,
    reason_of,
    short_name,
    words_of,
)
from rtvoice_tui.ui.widgets.follow_view import right_aligned
from rtvoice_tui.ui.widgets.lines import Piece

SHOWN_EVENTS = 50
"""Maximum number of events shown when a folded row is opened."""

SHOWN_LINES = 5_000
"""Number of lines after which no further event of a folded row is shown."""

NAMED_BY = 200
"""Maximum number of a group's rows that are searched for what names the group."""

_MARKED = {
    "response.function_call_arguments.done",
    "response.done",
    "conversation.item.create",
    "conversation.item.truncate",
    "response.output_item.added",
    "session.update",
}

_CALLING = (".output_item.added", ".output_item.done", ".function_call_arguments.done")
"""Ends of the types of events that name a function which a response calls."""

_NAMES = {GroupKind.SPEECH: ("your speech", "you"), GroupKind.MICROPHONE: ("microphone", "dim")}


class EventRows:
    """Makes the pieces of lines.

    Args:
        log: the events.
        rates: returns the sample rates in Hz of received and of sent audio, to compute its duration.
    """

    def __init__(self, log: EventLog, rates: Callable[[], tuple[int, int]]) -> None:
        self._log = log
        self._rates = rates
        self._rates_from = [(0, rates())]  # row from which on rates are valid: another profile may have others
        self._marks: LRUCache[int, str] = LRUCache(512)
        self._told: FIFOCache[int, tuple[int, list[Piece]]] = FIFOCache(
            512
        )  # an LRUCache keeps the first value of a key

    def note_rates(self) -> None:
        """Use the rates of now for the rows that follow."""
        if (rates := self._rates()) != self._rates_from[-1][1]:
            self._rates_from.append((len(self._log), rates))

    def event(self, number: int, width: int, inside: bool = False) -> list[Piece]:
        """Time, gap to the previous row (ms), direction, event type, audio duration and count.

        Args:
            number: number of the row.
            width: width of the line in cells.
            inside: whether it is indented, below the head line of its group.
        """
        return right_aligned(*self._event(number, inside), width)

    def _event(self, number: int, inside: bool = False) -> tuple[list[Piece], list[Piece]]:
        row = self._log.row(number)
        arrow, ink = ("↑", "sent") if row.sent else ("↓", "received")
        left: list[Piece] = [
            *_when(row),
            (f"{'  ' if inside else ''}{arrow} ", ink),
            ("✗ " if row.error else "", "error"),
            (short_name(row.name), "error" if row.error else family_ink(row.name)),
        ]
        if mark := self._mark(row):
            left.append((f"  {mark}", "dim"))
        right: list[Piece] = []
        if row.audio_bytes:
            right.append((f" {self._seconds(row.number, row.audio_bytes, row.sent):.1f} s", "dim"))
        if row.count > 1:
            right.append((f" ×{row.count}", "title"))
        return left, right

    def group(self, number: int, width: int, unfolded: bool) -> list[Piece]:
        """Time and gap of the first event, the group's name, what is told of it, number of events and duration."""
        left, right, audio = self._group(number, unfolded)
        if audio and sum(cell_len(text) for text, _ in (*left, *right)) + len(audio) <= width:
            left.append((audio, "dim"))
        return right_aligned(left, right, width)

    def words(self, place: Place) -> str:
        """All that a line says, without its columns, for a search."""
        if place.head:
            left, right, audio = self._group(place.group, unfolded=False)
            return "".join(text for text, _ in (*left, *right)) + audio
        return "".join(text for pieces in self._event(place.row) for text, _ in pieces)

    def holds(self, place: Place, query: Query) -> bool:
        """Whether a query asks for a line.

        Raises:
            QueryError: a regular expression takes too long.
        """
        row, turn = self._log.row(place.row), self._log.turn_of(place.row)
        values = {"turn": turn, "since": row.at, "slower": row.gap_ms, "dir": row.sent}
        name = f"{short_name(row.name)} {row.name}".lower()
        return query.holds(self.words(place).lower(), values, name, lambda: self._log.text(place.row).lower())

    def _group(self, number: int, unfolded: bool) -> tuple[list[Piece], list[Piece], str]:
        """What is on the left and on the right, and the seconds of audio, which are left out if there is no room."""
        group = self._log.groups.group(number)
        row = self._log.row(group.first)
        name, ink = _NAMES.get(group.kind, (f"response {group.ordinal}", "agent"))
        left: list[Piece] = [
            *_when(row),
            ("▾ " if unfolded else "▸ ", "key"),
            ("✗ " if group.failed else "", "error"),
            (name, "error" if group.failed else ink),
            *self._about(group),
        ]
        right: list[Piece] = [
            (f" {group.events:>3}", "dim" if ink == "dim" else "title"),
            (f"{_duration(max(0.0, group.until - row.at)):>8}", "dim"),
        ]
        audio = ""
        if group.audio_bytes:
            audio = f"  audio {self._seconds(row.number, group.audio_bytes, row.sent):.1f} s"
        return left, right, audio

    def details(self, number: int) -> tuple[str, list[str]]:
        """A title and the event's JSON, indented, line by line."""
        row = self._log.row(number)
        lines: list[str] = []
        texts, shown = self._log.texts(number, limit=SHOWN_EVENTS), 0
        for text in texts:
            if len(lines) >= SHOWN_LINES:
                break
            shown += 1
            if row.count > 1:
                lines.append(f"— {shown} of {row.count} —")
            lines += indented(text)
        if row.count > shown:
            lines.append(f"— and {row.count - shown} more of the same kind —")
        direction = "sent" if row.sent else "received"
        return (
            f"{one_line(row.name, 80)} · event {self._log.number_of(number)} · {direction} at {precise(row.at)}",
            lines,
        )

    def compared(self, first: int, second: int) -> tuple[str, list[str]]:
        """A title, and the lines of two events' JSON: those of one alone begin with ``-`` or ``+``."""
        names = " and ".join(
            f"{precise(self._log.row(number).at)} {short_name(self._log.name(number))}" for number in (first, second)
        )
        return names, differing_lines(*(indented(self._log.text(number)) for number in (first, second)))

    def settings_compared(self, first: int, second: int) -> tuple[str, list[str]]:
        """A title, and how the settings of the session differ between two events."""
        times = " and ".join(precise(self._log.row(number).at) for number in sorted((first, second)))
        return f"settings of the session at {times}", settings_compared(self._log, first, second)

    def _about(self, group: Group) -> list[Piece]:
        """How a response ended and which functions it called; the first words of an utterance."""
        known = self._told.get(group.number)
        if known is None or known[0] != group.events:
            known = self._told[group.number] = (group.events, self._read_about(group))
        return known[1]

    def _read_about(self, group: Group) -> list[Piece]:
        log = self._log
        if group.kind is GroupKind.MICROPHONE:
            return []
        rows = {row: log.name(row) for row in islice(log.groups.rows(group.number), NAMED_BY)}
        if group.kind is GroupKind.SPEECH:
            words = [row for row, name in rows.items() if name.endswith((".completed", ".updated"))]
            return [(f"  {words_of(log.text(words[-1]))}", "plain")] if words else []
        about: list[Piece] = []
        if not group.status:
            about.append((" …", "dim"))
        elif group.status != "completed":
            about.append((f"  {one_line(group.status, 20)}", "error" if group.failed else "warn"))
            ends = [row for row, name in rows.items() if name.startswith("response.") and name.count(".") == 1]
            reason = reason_of(log.text(ends[-1])) if ends else ""
            about.append((f" {reason}" if reason and reason != group.status else "", "dim"))
        calls = dict(call_of(log.text(row)) for row, name in rows.items() if name.endswith(_CALLING))
        return [*about, *((f"  {name}", "tool") for name in calls.values() if name)]

    def _mark(self, row: Row) -> str:
        """Text that distinguishes an event from others of its type, such as a function's name or an error code."""
        if row.name not in _MARKED and not row.error:
            return ""
        mark = self._marks.get(row.number)
        if mark is None:
            mark = self._marks[row.number] = mark_of(self._log.text(row.number))
        return mark

    def _seconds(self, number: int, audio_bytes: int, sent: bool) -> float:
        """Duration of audio that began with a row."""
        rates = next(rates for start, rates in reversed(self._rates_from) if number >= start)
        return audio_bytes / 2 / rates[sent]


def _when(row: Row) -> list[Piece]:
    gap = f"{row.gap_ms:.0f}" if row.gap_ms < 99_999 else f"{row.gap_ms / 1000:.0f}s"
    return [(f"{precise(row.at):>8} ", "dim"), (f"{gap:>5} ", "dim")]


def _duration(seconds: float) -> str:
    """A duration as ``373 ms``, ``1.5 s`` or ``2:05``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 99.95 else minutes(seconds)
