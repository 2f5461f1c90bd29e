"""Pane 2: all events of both directions, with consecutive deltas folded into one row, and a word filter."""

import contextlib
import json
from bisect import bisect_left
from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.cache import LRUCache

from rtvoice_tui.store.event_log import EventLog, Row
from rtvoice_tui.store.plain import one_line, visible
from rtvoice_tui.ui.bindings import bindings
from rtvoice_tui.ui.clock import precise
from rtvoice_tui.ui.widgets.follow_view import FollowView, right_aligned
from rtvoice_tui.ui.widgets.lines import Piece

_SHORT = (
    ("conversation.item.input_audio_transcription", "transcription"),
    ("input_audio_buffer", "input_audio"),
    ("conversation.item", "item"),
    ("response.function_call_arguments", "response.arguments"),
    ("response.output_audio_transcript", "response.transcript"),
)


_FAMILIES = (
    (("function_call", "mcp", "tool"), "tool"),
    (("audio_buffer", "audio.", "audio_transcription"), "you"),
    (("response.",), "agent"),
    (("session.", "rate_limits", "conversation.created"), "dim"),
)
"""Words in the types of events, and the ink of their family; the first that fits counts."""

CAUSE_WITHIN = 20_000
"""Maximum number of rows that are searched for the cause of an error."""

SHOWN_EVENTS = 50
"""Maximum number of events shown when a folded row is opened."""

SHOWN_LINES = 5_000
"""Number of lines after which no further event of a folded row is shown."""

SCAN_ROWS = 4_000
SCAN_EVENTS = 4_000
"""Maximum number of rows, and of events in them, that a filter scans per pulse, so that the app stays responsive."""

WATCHED_ROWS = 64
"""Number of last rows that are filtered again when they grow."""


class EventsView(FollowView):
    """Rows of the event log, laid out when they are drawn.

    Attributes:
        filter: the words of the filter, as they were typed.

    Args:
        log: the events.
        rates: returns the sample rates in Hz of received and of sent audio, to compute its duration.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("events")

    def __init__(self, log: EventLog, rates: Callable[[], tuple[int, int]]) -> None:
        super().__init__(id="events")
        self._log = log
        self._rates = rates
        self._rates_from = [(0, rates())]  # row from which on rates are valid: another profile may have others
        self._seen = -1
        self._hits: list[int] | None = None
        self._scanned = 0
        self._counted: dict[int, int] = {}  # events of the last rows when they were filtered
        self._wanted: list[str] = []
        self.filter = ""
        self._returns: tuple[int, int] | None = None  # the cause that was gone to, and where from
        self._unwanted: list[str] = []
        self._marks: LRUCache[int, str] = LRUCache(512)
        self._painted: LRUCache[int, int] = LRUCache(512)

    def refresh_from_model(self) -> bool:
        """Check for new rows, and filter them."""
        behind = self._hits is not None and self._scanned < len(self._log)
        if self._log.version == self._seen and not behind:
            return False
        self._seen = self._log.version
        if (rates := self._rates()) != self._rates_from[-1][1]:
            self._rates_from.append((len(self._log), rates))
        self._scan()
        return True

    def changed_lines(self) -> list[int] | None:
        """Visible lines whose event count has grown since they were painted."""
        top = int(self.scroll_offset.y)
        lines = []
        for line in range(top, min(top + self.size.height, self.line_count)):
            number = line if self._hits is None else self._hits[line]
            count = self._log.count(number)
            if self._painted.get(number) != count:
                lines.append(line)
        return lines

    def _scan(self) -> None:
        """Filter new rows, as many as one pulse has time for, and those that have grown since."""
        if self._hits is None:
            return
        for number, count in self._counted.items():
            if self._log.count(number) != count:
                self._judge(number)
        end, events = min(len(self._log), self._scanned + SCAN_ROWS), 0
        while self._scanned < end and events < SCAN_EVENTS:
            events += self._log.count(self._scanned)
            self._judge(self._scanned)
            self._scanned += 1

    def _judge(self, number: int) -> None:
        """Add a row to the hits, or remove it."""
        assert self._hits is not None
        place = bisect_left(self._hits, number)
        was = place < len(self._hits) and self._hits[place] == number
        self._counted[number] = self._log.count(number)
        if len(self._counted) > WATCHED_ROWS:
            del self._counted[min(self._counted)]
        if self._log.matches(number, self._wanted, self._unwanted):
            if not was:
                self._hits.insert(place, number)
                self._moved(place, 1)
        elif was:
            del self._hits[place]
            self._moved(place, -1)

    def _moved(self, place: int, step: int) -> None:
        """A line was added or removed: the cursor stays on its event, or goes to the one that took its place."""
        if self.cursor is not None:
            self.cursor += step if place < self.cursor or (step > 0 and place == self.cursor) else 0
            self.cursor = min(self.cursor, self.line_count - 1) if self.line_count else None

    def set_filter(self, text: str) -> None:
        """Show only rows with all these words; a word after ``-`` hides rows. Empty shows all."""
        self.filter = text.strip()
        words = text.lower().split()
        self._wanted = [word for word in words if not word.startswith("-")]
        self._unwanted = [word[1:] for word in words if word.startswith("-") and len(word) > 1]
        self._hits = [] if self._wanted or self._unwanted else None
        self._returns = None
        self._scanned = 0
        self._counted.clear()
        self.cursor = None
        self.follow = True
        self._scan()
        self.sync(force=True)

    @property
    def empty(self) -> list[Piece]:
        """What is shown in place of rows if the filter lets none pass."""
        if self._hits is None:
            return []
        searching = self._scanned < len(self._log)
        words = "searching for" if searching else "no event has"
        return [(f" {words}: ", "dim"), (one_line(self.filter, 60), "plain"), ("   esc shows all", "dim")]

    @property
    def labels(self) -> dict[str, str]:
        """The key that freezes follows again while the view is frozen."""
        return {} if self.follow else {"freeze": "follow"}

    @property
    def filtered(self) -> bool:
        """Whether a filter hides rows."""
        return self._hits is not None

    @property
    def total(self) -> int:
        """Number of rows without the filter."""
        return len(self._log)

    @property
    def line_count(self) -> int:
        """Number of rows that pass the filter."""
        return len(self._log) if self._hits is None else len(self._hits)

    def row_at(self, line: int) -> Row:
        """The event of a line."""
        return self._log.row(line if self._hits is None else self._hits[line])

    def pieces(self, line: int) -> list[Piece]:
        """Time, gap to the previous event (ms), direction, event type, audio duration and count."""
        row = self.row_at(line)
        self._painted[row.number] = row.count
        gap = f"{row.gap_ms:.0f}" if row.gap_ms < 99_999 else f"{row.gap_ms / 1000:.0f}s"
        arrow, ink = ("↑", "sent") if row.sent else ("↓", "received")
        left: list[Piece] = [
            (f"{precise(row.at):>8} ", "dim"),
            (f"{gap:>5} ", "dim"),
            (f"{arrow} ", ink),
            ("✗ " if row.error else "", "error"),
            (_short(row.name), "error" if row.error else _family(row.name)),
        ]
        mark = self._mark(row)
        if mark:
            left.append((f"  {mark}", "dim"))
        return right_aligned(left, self._amount(row), self.text_width)

    def _amount(self, row: Row) -> list[Piece]:
        right: list[Piece] = []
        if row.audio_bytes:
            rates = next(rates for start, rates in reversed(self._rates_from) if row.number >= start)
            right.append((f" {row.audio_bytes / 2 / rates[row.sent]:.1f} s", "dim"))
        if row.count > 1:
            right.append((f" ×{row.count}", "title"))
        return right

    def _mark(self, row: Row) -> str:
        """Text that distinguishes an event from others of its type, such as a function's name or an error code."""
        if row.name not in _MARKED and not row.error:
            return ""
        mark = self._marks.get(row.number)
        if mark is None:
            mark = self._marks[row.number] = _mark_of(self._log.text(row.number))
        return mark

    def action_freeze(self) -> None:
        """Stop following, or follow again."""
        if self.follow:
            self._set_follow(False)
        else:
            self.action_follow()

    def action_cause(self) -> None:
        """Go from an error to the event that caused it, and back."""
        if self._returns is not None and self.cursor == self._returns[0]:
            self.move_cursor(self._returns[1])
            self._returns = None
            return
        line = self.cursor if self.cursor is not None else self._last_error()
        cause = self._cause_of(line) if line is not None else None
        if line is None or cause is None:
            self.app.notify("this event names no event that caused it", markup=False)
            return
        self._returns = (cause, line)
        self.move_cursor(cause)

    def _last_error(self) -> int | None:
        first = max(0, self.line_count - CAUSE_WITHIN)
        return next((line for line in range(self.line_count - 1, first - 1, -1) if self.row_at(line).error), None)

    def _cause_of(self, line: int) -> int | None:
        """The line of the sent event that an error names; ``None`` if it names none that is in sight."""
        caused = _caused_by(self._log.text(self.row_at(line).number))
        if not caused:
            return None
        for before in range(line - 1, max(-1, line - CAUSE_WITHIN), -1):
            row = self.row_at(before)
            if row.sent and caused in (text := self._log.text(row.number)) and _id_of(text) == caused:
                return before
        return None

    def show_turn(self, turn: int) -> None:
        """Move the cursor to the first event of a turn."""
        number = self._log.first_of_turn(turn)
        if number is None:
            return
        line: int | None = number
        if self._hits is not None:
            line = next((i for i, hit in enumerate(self._hits) if hit >= number), None)
        if line is not None:
            self.move_cursor(line)

    def turn_at(self, line: int) -> int:
        """The turn a line belongs to."""
        return self._log.turn_of(self.row_at(line).number)

    def copy_text(self) -> str:
        """The JSON of the event under the cursor, or of the last one."""
        if not self.line_count:
            return ""
        line = self.cursor if self.cursor is not None else self.line_count - 1
        return "\n".join(self._log.texts(self.row_at(line).number))

    def details(self, line: int) -> tuple[str, list[str]]:
        """A title and the event's JSON, indented, line by line."""
        row = self.row_at(line)
        lines: list[str] = []
        texts, shown = self._log.texts(row.number, limit=SHOWN_EVENTS), 0
        for text in texts:
            if len(lines) >= SHOWN_LINES:
                break
            shown += 1
            if row.count > 1:
                lines.append(f"— {shown} of {row.count} —")
            lines += _indented(text)
        if row.count > shown:
            lines.append(f"— and {row.count - shown} more of the same kind —")
        direction = "sent" if row.sent else "received"
        return f"{one_line(row.name, 80)} · {direction} at {precise(row.at)}", lines


_MARKED = {
    "response.function_call_arguments.done",
    "response.done",
    "conversation.item.create",
    "conversation.item.truncate",
    "response.output_item.added",
    "session.update",
}


def _mark_of(text: str) -> str:
    try:
        event: Any = json.loads(text)
    except (ValueError, RecursionError):
        return one_line(text, 60)
    if not isinstance(event, dict):
        return one_line(text, 60)
    error = event.get("error") or _error_of_response(event.get("response"))
    if isinstance(error, str):
        return one_line(error, 60)
    if isinstance(error, dict):
        cause = f" →{error['event_id']}" if error.get("event_id") else ""
        return one_line(str(error.get("code") or error.get("type") or ""), 50) + one_line(cause, 30)
    item = event.get("item") if isinstance(event.get("item"), dict) else {}
    response = event.get("response") if isinstance(event.get("response"), dict) else {}
    assert isinstance(item, dict)
    assert isinstance(response, dict)
    if event.get("audio_end_ms") is not None:
        return one_line(f"{event['audio_end_ms']} ms", 30)
    name = event.get("name") or item.get("name") or item.get("type") or response.get("status") or ""
    identity = event.get("event_id") if event.get("type") == "session.update" else ""
    return one_line(str(name or identity or ""), 40)


def _caused_by(text: str) -> str:
    """The id of the client event that an error event names; empty if it names none."""
    error = _object(text).get("error")
    found = error.get("event_id") if isinstance(error, dict) else None
    return found if isinstance(found, str) else ""


def _id_of(text: str) -> str:
    found = _object(text).get("event_id")
    return found if isinstance(found, str) else ""


def _object(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(text)
        return value if isinstance(value, dict) else {}
    return {}


def _error_of_response(response: Any) -> Any:
    """The error of a response that failed."""
    details = response.get("status_details") if isinstance(response, dict) else None
    return details.get("error") or details.get("reason") if isinstance(details, dict) else None


def _family(name: str) -> str:
    """The ink of an event's type: sound, answers, tools, or the rest of the session."""
    return next((ink for words, ink in _FAMILIES if any(word in name for word in words)), "plain")


def _short(name: str) -> str:
    for long, short in _SHORT:
        if name.startswith(long):
            name = short + name[len(long) :]
            break
    return one_line(name, 60)


def _indented(text: str) -> list[str]:
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    lines = visible(text[:400_000]).split("\n")
    shown = [
        line if len(line) <= 4_000 else f"{line[:4_000]}… and {len(line) - 4_000} more characters" for line in lines
    ]
    return shown if len(shown) <= 5_000 else [*shown[:5_000], f"… and {len(shown) - 5_000} more lines"]
