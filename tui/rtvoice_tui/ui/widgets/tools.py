"""Pane 4: function calls and everything about the chosen one."""

import contextlib
import json
from typing import ClassVar

from rtvoice_tui.session.facts import CallState
from rtvoice_tui.store.calls import CallRecord
from rtvoice_tui.store.plain import one_line, visible
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.widgets.follow_view import FollowView, right_aligned
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.wrapping import GrowingLines

_STATE_INKS = {
    CallState.OK: "ok",
    CallState.FAILED: "error",
    CallState.CANCELLED: "warn",
    CallState.RUNNING: "agent",
    CallState.HOSTED: "dim",
    CallState.STREAMING: "agent",
}
MAX_DETAIL = 20_000


class ToolsView(FollowView):
    """The calls, newest first, and below them the chosen call's arguments and result as they come."""

    GROWS: ClassVar[bool] = False

    def __init__(self, store: Store) -> None:
        super().__init__(id="tools")
        self._store = store
        self._seen = (-1, 0, -1)
        self._lines: list[list[Piece]] = []
        self._chosen = 0
        self._records = 0

    def update_model(self) -> bool:
        """Lay out again when a call changed."""
        state = (self._store.calls.version, self.text_width, self._chosen)
        if state == self._seen:
            return False
        self._seen = state
        records = self._store.calls.records[::-1]
        if self._chosen and len(records) > self._records:
            self._chosen += len(records) - self._records  # the chosen call stays chosen; the newest is followed
        self._records = len(records)
        self._lines = [self._row(len(records) - i, record) for i, record in enumerate(records)]
        if not records:
            self._lines = [[("no call yet", "dim")]]
        else:
            self._chosen = min(self._chosen, len(records) - 1)
            self._lines += self._details(records[self._chosen])
        return True

    @property
    def line_count(self) -> int:
        """Calls and details."""
        return len(self._lines)

    def pieces(self, line: int) -> list[Piece]:
        """A line as laid out; the chosen call is marked."""
        pieces = self._lines[line]
        if line == self._chosen and self._store.calls.records:
            return [("›", "key"), *pieces]
        return [(" ", "plain"), *pieces] if line < len(self._store.calls.records) else pieces

    def move_cursor(self, line: int) -> None:
        """Choosing a call shows its details."""
        super().move_cursor(line)
        if self.cursor is not None and self.cursor < len(self._store.calls.records) and self.cursor != self._chosen:
            self._chosen = self.cursor
            self.sync(force=True)

    def show_turn(self, turn: int) -> None:
        """Choose the first call of a turn, if it has one."""
        records = self._store.calls.records[::-1]
        found = [i for i, record in enumerate(records) if record.call.turn == turn]
        if found:
            self.move_cursor(found[-1])

    def turn_at(self, line: int) -> int:
        """The turn of the call of a line."""
        records = self._store.calls.records[::-1]
        return records[line if line < len(records) else self._chosen].call.turn if records else 0

    def _row(self, number: int, record: CallRecord) -> list[Piece]:
        call = record.call
        duration = f"{record.duration_ms:,.0f} ms".replace(",", " ") if record.duration_ms is not None else ""
        left: list[Piece] = [(f"{number:>2} ", "dim"), (one_line(call.name, 40) or "…", "tool")]
        right: list[Piece] = [
            (f" {call.state:<9} ", _STATE_INKS[call.state]),
            (f"{duration:>8}", "dim"),
            (f"  turn {call.turn:<3}", "dim"),
        ]
        return right_aligned(left, right, self.text_width - 1)

    def _details(self, record: CallRecord) -> list[list[Piece]]:
        call = record.call
        width = max(8, self.text_width - 2)
        lines: list[list[Piece]] = [[("─" * self.text_width, "dim")]]
        lines += _block("arguments", _pretty(call.arguments), width, "plain")
        if call.state is CallState.HOSTED:
            lines += _block("", "runs at the provider; nothing is answered from here", width, "dim")
        if call.output:
            lines += _block("result", _pretty(call.output), width, "plain")
        if call.note:
            ink = "error" if call.state is CallState.FAILED else "warn"
            lines += _block("note", visible(call.note), width, ink)
        return lines

    def copy_text(self) -> str:
        """The chosen call as JSON."""
        records = self._store.calls.records[::-1]
        if not records:
            return ""
        call = records[self._chosen].call
        fields = {"name": call.name, "arguments": call.arguments, "output": call.output, "state": str(call.state)}
        return json.dumps({**fields, "call_id": call.call_id, "turn": call.turn}, ensure_ascii=False, indent=2)


def _pretty(text: str) -> str:
    """JSON indented where it is whole; text that still streams as it is."""
    if len(text) <= MAX_DETAIL:
        with contextlib.suppress(ValueError, RecursionError):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return visible(text[:MAX_DETAIL])


def _block(title: str, text: str, width: int, ink: str) -> list[list[Piece]]:
    head: list[list[Piece]] = [[(title, "title")]] if title else []
    return head + [[("  ", "plain"), (line, ink)] for line in GrowingLines.of(text, width).lines]
