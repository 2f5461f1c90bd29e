"""Pane 1: the live transcript of user and agent, with truncated speech marked and function calls in between."""

from collections import OrderedDict
from dataclasses import dataclass, field

from rtvoice_tui.session.facts import Moment
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Entry, Speaker
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.widgets.follow_view import FollowView, right_aligned
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.wrapping import GrowingLines

MARGIN = 12
"""Cells before the text, for time and speaker."""

TAIL = 9
"""Cells after the text, reserved for the state of an entry."""

_INKS = {Speaker.YOU: "you", Speaker.AGENT: "agent", Speaker.TOOL: "tool", Speaker.SEAM: "dim"}
_STATE_INKS = {"ok": "ok", "failed": "error", "denied": "error", "cancelled": "warn", "asks": "warn"}
_PARTIAL = "…"

LAID_OUT = 2_000
"""Maximum number of wrapped lines kept; those of other entries are wrapped again when they are drawn."""


@dataclass(slots=True)
class _Block:
    """An entry as it is laid out for one width."""

    entry: Entry
    version: int = -1
    rewritten: int = -1
    consumed: int = 0
    height: int = 0
    lines: GrowingLines | None = None
    note: list[str] = field(default_factory=list)


class TranscriptView(FollowView):
    """Shows the store's transcript; for a growing response only the added text is laid out.

    Args:
        store: source of transcript and timings.
        hints: lines shown while the transcript is empty.
    """

    def __init__(self, store: Store, hints: tuple[str, ...] = ()) -> None:
        super().__init__(id="transcript")
        self._store = store
        self._seen = (-1, -1)
        self._blocks: list[_Block] = []
        self._laid_out: OrderedDict[int, int] = OrderedDict()
        self._lines_kept = 0
        self._tops: list[int] = [0]
        self._width = 0
        self._hints = hints

    def refresh_from_model(self) -> bool:
        """Lay out the entries that changed; returns whether anything did."""
        transcript = self._store.transcript
        width = max(8, self.text_width - MARGIN - TAIL)
        seen = (transcript.version, self._store.timings.version)
        if seen == self._seen and width == self._width:
            return False
        changed = transcript.changed_since(self._seen[0])
        if width != self._width or changed is None:
            self._blocks.clear()
            self._laid_out.clear()
            self._lines_kept = 0
            self._width = width
            changed = list(range(len(transcript.entries)))
        self._seen = seen
        first_changed = len(self._blocks)
        for index in changed:
            if index == len(self._blocks):
                self._blocks.append(_Block(transcript.entries[index]))
            block = self._blocks[index]
            if block.version != block.entry.version:
                before = block.height if block.version >= 0 else -1
                self._lay_out(block)
                if block.height != before:
                    first_changed = min(first_changed, index)
        del self._tops[first_changed + 1 :]
        for block in self._blocks[first_changed:]:
            self._tops.append(self._tops[-1] + block.height)
        return True

    def _lay_out(self, block: _Block) -> None:
        entry = block.entry
        version, rewritten, parts = entry.version, entry.rewritten, entry.parts
        if block.lines is None or block.rewritten != rewritten or block.consumed > len(parts):
            block.lines = GrowingLines(self._width)
            block.consumed = 0
            block.rewritten = rewritten
        fresh = parts[block.consumed :]
        text = "".join(fresh)
        block.lines.append(text.lstrip() if block.lines.lines == [""] else text)
        block.consumed += len(fresh)
        block.version = version
        block.note = GrowingLines.of(entry.note, self._width + TAIL - 2).lines if entry.note else []
        block.height = len(block.lines.lines) + len(block.note)
        self._keep(block)

    def _keep(self, block: _Block) -> None:
        """Mark a block as used last; drop the lines of the least recently used blocks beyond `LAID_OUT` lines."""
        self._lines_kept += block.height - self._laid_out.pop(block.entry.index, 0)
        self._laid_out[block.entry.index] = block.height
        while self._lines_kept > LAID_OUT and len(self._laid_out) > 1:
            index, height = self._laid_out.popitem(last=False)
            self._blocks[index].lines = None
            self._lines_kept -= height

    def _lines_of(self, block: _Block) -> GrowingLines:
        if block.lines is None:
            block.lines = GrowingLines.of("".join(block.entry.parts[: block.consumed]).lstrip(), self._width)
        self._keep(block)
        return block.lines

    @property
    def line_count(self) -> int:
        """Number of lines of all entries, or of the hints while there are no entries."""
        return self._tops[-1] if self._blocks else len(self._hints)

    def entry_at(self, line: int) -> tuple[Entry, int]:
        """The entry at a line, and the index of the line within the entry."""
        low, high = 0, len(self._blocks) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._tops[middle] <= line:
                low = middle
            else:
                high = middle - 1
        return self._blocks[low].entry, line - self._tops[low]

    def pieces(self, line: int) -> list[Piece]:
        """Time, speaker and text of a line, or a line of the entry's note."""
        if not self._blocks:
            return [(self._hints[line], "dim")]
        low, high = 0, len(self._blocks) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._tops[middle] <= line else (low, middle - 1)
        block, row = self._blocks[low], line - self._tops[low]
        entry = block.entry
        words = self._lines_of(block).lines
        if row >= len(words):
            mark = "⟂ " if row == len(words) else "  "
            note = block.note[row - len(words) :][:1] or [""]  # empty if the text has just been rewritten
            return [(" " * (MARGIN - 2) + mark, "warn"), (note[0], "warn")]
        head: Piece = (" " * MARGIN, "dim")
        pieces: list[Piece] = [head]
        if row == 0:
            label = f"{entry.speaker:<5} "
            pieces = [(f"{minutes(entry.at):>5} ", "dim"), (label, _INKS[entry.speaker])]
        pieces.append((words[row], self._words_ink(block, row)))
        if row == len(words) - 1:
            return self._with_tail(entry, pieces)
        return pieces

    def _words_ink(self, block: _Block, row: int) -> str:
        entry = block.entry
        if entry.heard is not None and self._lines_of(block).starts[row] >= entry.heard * entry.length:
            return "unheard"
        if entry.speaker is Speaker.TOOL:
            return "tool"
        if entry.speaker is Speaker.SEAM:
            return "dim"
        return "plain" if entry.final or entry.speaker is Speaker.AGENT else "dim"

    def _with_tail(self, entry: Entry, pieces: list[Piece]) -> list[Piece]:
        """Add the state of an entry to its last line: still growing, state of a call, or latency in ms."""
        if entry.final and pieces:  # servers that stream words leave a space behind the last
            pieces = [*pieces[:-1], (pieces[-1][0].rstrip(), pieces[-1][1])]
        if entry.speaker is Speaker.TOOL:
            ink = _STATE_INKS.get(entry.state, "dim")
            return right_aligned(pieces, [(f" {entry.state}", ink)], self.text_width)
        if entry.speaker is Speaker.YOU and not entry.final:
            return [*pieces, (_PARTIAL if entry.length else "(listening)", "dim")]
        if entry.speaker is Speaker.YOU and not entry.length:
            return [*pieces, (f"({one_line(entry.missing, 80) or 'no words recognised'})", "dim")]
        if entry.speaker is Speaker.AGENT and not entry.final:
            return [*pieces, ("▌", "agent")]
        if entry.out_of_band:
            return right_aligned(pieces, [(" out-of-band", "dim")], self.text_width)
        if entry is not self._store.transcript.first_answer(entry.turn):
            return pieces  # the wait of a turn ends with its first answer
        timing = self._store.timings.of(entry.turn)
        waited = timing.waited_ms if timing is not None else None
        if entry.speaker is Speaker.AGENT and waited is not None and Moment.FIRST_TEXT in timing.moments:  # type: ignore[union-attr]
            return right_aligned(pieces, [(f" {waited:.0f} ms", "dim")], self.text_width)
        return pieces

    def turn_at(self, line: int) -> int:
        """The turn a line belongs to."""
        return self.entry_at(line)[0].turn if self._blocks else 0

    def show_turn(self, turn: int) -> None:
        """Move the cursor to the first line of a turn."""
        index = self._store.transcript.first_of_turn(turn)
        if index is not None and index < len(self._blocks):
            self.move_cursor(self._tops[index])

    def copy_text(self) -> str:
        """The entry under the cursor, or the whole conversation."""
        if self.cursor is not None and self._blocks:
            return self.entry_at(self.cursor)[0].text
        return "\n".join(f"{entry.speaker}: {entry.text}" for entry in self._store.transcript.entries)
