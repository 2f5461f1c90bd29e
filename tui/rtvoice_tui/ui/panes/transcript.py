"""Pane 1: the conversation. Turns with a bar and a heading, calls in between, and what was cut off."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable

from rtvoice_tui.session.facts import Moment
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.query import Query
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Entry, Speaker, Spoken
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.panes.transcript_blocks import SPEECH, Block, copied, word_at
from rtvoice_tui.ui.widgets.follow_view import FollowView, right_aligned
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.wrapping import wrapped

_INKS = {Speaker.YOU: "you", Speaker.AGENT: "agent", Speaker.TOOL: "tool", Speaker.SEAM: "dim"}
_STATE_INKS = {"ok": "ok", "failed": "error", "denied": "error", "cancelled": "warn", "asks": "warn"}
_STATE_SIGNS = {"ok": "✓ ", "failed": "✗ ", "denied": "✗ ", "cancelled": "⊥ ", "asks": "? "}
_PARTIAL = "…"

LAID_OUT = 2_000
"""Maximum number of wrapped lines kept; those of other entries are wrapped again when they are drawn."""

_LEAD = 0.6
"""Share of the view's height above the line that is being spoken, while the end is followed."""


class TranscriptView(FollowView):
    """Shows the store's transcript; for a growing response only the added text is laid out.

    Args:
        store: source of transcript and timings.
        hints: lines shown while the transcript is empty.
        foot: returns the lines below the conversation, see `phase_lines`.
    """

    def __init__(
        self, store: Store, hints: tuple[str, ...] = (), foot: Callable[[], list[list[Piece]]] = lambda: []
    ) -> None:
        super().__init__(id="transcript")
        self._store = store
        self._seen = (-1, -1)
        self._blocks: list[Block] = []
        self._laid_out: OrderedDict[int, int] = OrderedDict()
        self._lines_kept = 0
        self._tops: list[int] = [0]
        self._width = 0
        self._hints = hints
        self._foot = foot
        self._below: list[list[Piece]] = []
        self._word: tuple[int, int, int] | None = None  # entry, start and end of the word that is being spoken
        self._repainted: list[int] | None = None
        self._judged: tuple[tuple[int, int, Query], bool] | None = None  # the entry that was searched last

    def refresh_from_model(self) -> bool:
        """Lay out the entries that changed; returns whether anything did."""
        transcript = self._store.transcript
        width = self.text_width
        seen = (transcript.version, self._store.timings.version)
        self._repainted = None
        below = self._lines_below()
        stays, self._below = below == self._below, below
        if seen == self._seen and width == self._width:
            return self._word_moved(transcript.spoken) if stays else True
        changed = transcript.changed_since(self._seen[0])
        if width != self._width or changed is None:
            kept = {block.entry.index for block in self._blocks if block.unfolded}
            self._blocks.clear()
            self._laid_out.clear()
            self._lines_kept = 0
            self._width = width
            self._blocks = [Block(entry, unfolded=entry.index in kept) for entry in transcript.entries if kept]
            changed = list(range(len(transcript.entries)))
        self._seen = seen
        first_changed = len(self._blocks) if len(self._tops) > len(self._blocks) else 0
        for index in changed:
            if index == len(self._blocks):
                self._blocks.append(Block(transcript.entries[index]))
            block = self._blocks[index]
            if block.version != block.entry.version:
                before = block.height if block.version >= 0 else -1
                block.lay_out(self._width)
                self._keep(block)
                if block.height != before:
                    first_changed = min(first_changed, index)
        self._place(first_changed)
        self._word_moved(transcript.spoken)
        self._repainted = None
        return True

    def reset(self) -> None:
        """Begin again with what the store holds now."""
        super().reset()
        self._seen, self._width, self._word = (-1, -1), 0, None
        self._blocks.clear()
        self._laid_out.clear()
        self._lines_kept, self._tops = 0, [0]

    def _lines_below(self) -> list[list[Piece]]:
        """The lines below the conversation, wrapped; without one they are followed by the hints of what to do."""
        foot = [row for line in self._foot() for row in wrapped(line, self.text_width, 2)]
        if self._store.transcript.entries:
            return [[], *foot] if foot else []
        if foot and self._store.session.lost:
            return foot
        hints: list[list[Piece]] = [[(hint, "dim")] for hint in self._hints]
        return [*foot, [], *hints] if foot else hints

    def _place(self, first: int) -> None:
        """Compute the first line of each block after the first one that changed its height."""
        del self._tops[first + 1 :]
        for block in self._blocks[first:]:
            self._tops.append(self._tops[-1] + block.height)

    def _keep(self, block: Block) -> None:
        """Mark a block as used last; drop the lines of the least recently used blocks beyond `LAID_OUT` lines."""
        self._lines_kept += block.height - self._laid_out.pop(block.entry.index, 0)
        self._laid_out[block.entry.index] = block.height
        while self._lines_kept > LAID_OUT and len(self._laid_out) > 1:
            index, height = self._laid_out.popitem(last=False)
            self._blocks[index].lines = None
            self._lines_kept -= height

    # --- the word that is being spoken

    def _word_moved(self, spoken: Spoken | None) -> bool:
        """Find the word that is being spoken; whether it is another one than before."""
        word = None
        if spoken is not None and spoken.entry.index < len(self._blocks):
            entry = spoken.entry
            indent = self._blocks[entry.index].indent
            text = entry.text[indent:]
            word = (entry.index, *word_at(text, max(0, int(spoken.share * entry.length) - indent)))
        if word == self._word:
            return False
        before, self._word = self._word, word
        self._repainted = [line for known in (before, word) if known is not None for line in self._lines_of_word(known)]
        return True

    def _lines_of_word(self, word: tuple[int, int, int]) -> list[int]:
        index, start, end = word
        block = self._blocks[index]
        starts = block.whole(self._width).starts
        top = self._tops[index] + block.head
        first, last = max(0, bisect_right(starts, start) - 1), max(0, bisect_left(starts, end) - 1)
        most = max(0, block.words - 1)
        return [top + row for row in range(min(first, most), min(last, most) + 1)]

    def changed_lines(self) -> list[int] | None:
        """The lines of the word that is being spoken, if nothing else changed."""
        return self._repainted

    @property
    def end(self) -> int:
        """Where the view is scrolled to while it follows: the line that is being spoken stays in sight."""
        if self._word is None or not self._blocks:
            return self.max_scroll_y
        line = self._lines_of_word(self._word)[-1]
        return max(0, min(self.max_scroll_y, line - int(self.size.height * _LEAD)))

    # --- lines

    @property
    def line_count(self) -> int:
        """Number of lines of all entries, and of those below."""
        return self._tops[-1] + len(self._below)

    def _block_at(self, line: int) -> tuple[Block, int]:
        low, high = 0, len(self._blocks) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._tops[middle] <= line else (low, middle - 1)
        return self._blocks[low], line - self._tops[low]

    def entry_at(self, line: int) -> tuple[Entry, int]:
        """The entry at a line, and the index of the line within the entry."""
        block, row = self._block_at(line)
        return block.entry, row

    def pieces(self, line: int) -> list[Piece]:
        """Heading, words or note of an entry."""
        if line >= self._tops[-1]:
            return self._below[line - self._tops[-1]]
        block, row = self._block_at(line)
        entry = block.entry
        if row < block.head:
            blank = (row == 0 and block.head == 2) or entry.speaker is Speaker.SEAM
            return [] if blank else self._heading(entry)
        row -= block.head
        if row >= block.words:
            note = block.note[row - block.words :][:1] or [""]  # empty if the text has just been rewritten
            return [self._bar(entry), (note[0], "dim" if block.is_cut else "warn")]
        lines = block.whole(self._width)
        self._keep(block)
        if row >= len(lines.lines):
            return []  # the text was shortened, and is laid out at the next pulse
        text = lines.lines[row]
        if entry.speaker is Speaker.TOOL:
            return self._call(entry, text, row, last=row == len(lines.lines) - 1)
        if entry.speaker is Speaker.SEAM:
            return [("── ", "dim"), (text, "dim")]
        pieces = [self._bar(entry), *self._words(block, row, text, lines.starts[row])]
        return [*pieces, *self._after_words(entry)] if row == len(lines.lines) - 1 else pieces

    def _bar(self, entry: Entry) -> Piece:
        return ("▌ " if entry.speaker in SPEECH else "  ", _INKS[entry.speaker])

    def _heading(self, entry: Entry) -> list[Piece]:
        """Speaker, time, and the time that the user waited for the first answer of a turn."""
        pieces: list[Piece] = [self._bar(entry), (str(entry.speaker), _INKS[entry.speaker])]
        pieces.append((f"  {minutes(entry.at)}", "dim"))
        if entry.out_of_band:
            pieces.append((" · out-of-band", "dim"))
        elif (waited := self._waited(entry)) is not None:
            pieces.append((f" · {waited:.0f} ms", "dim"))
        return pieces

    def _waited(self, entry: Entry) -> float | None:
        """Milliseconds until the first answer of a turn began; ``None`` for all other entries."""
        if entry.speaker is not Speaker.AGENT or entry is not self._store.transcript.first_answer(entry.turn):
            return None
        timing = self._store.timings.of(entry.turn)
        return timing.waited_ms if timing is not None and Moment.FIRST_TEXT in timing.moments else None

    def _words(self, block: Block, row: int, text: str, start: int) -> list[Piece]:
        """The words of a line: those that nobody heard are struck through, the one that is being spoken is marked."""
        entry = block.entry
        if entry.final and row == len(block.whole(self._width).lines) - 1:
            text = text.rstrip()  # servers that stream words leave a space behind the last
        if block.is_cut:
            heard = max(0, block.heard_characters - start)
            rest = text[heard:] if block.unfolded else ""
            return [(text[:heard], "plain"), (rest, "unheard")]
        ink = "plain" if entry.final or entry.speaker is Speaker.AGENT else "dim"
        if self._word is None or self._word[0] != entry.index:
            return [(text, ink)]
        first, last = (min(max(0, place - start), len(text)) for place in self._word[1:])
        return [(text[:first], ink), (text[first:last], "spoken"), (text[last:], ink)]

    def _after_words(self, entry: Entry) -> list[Piece]:
        """What stands behind the last word: a sign that more may come, or why there are no words."""
        if entry.speaker is Speaker.YOU and not entry.final:
            return [(_PARTIAL if entry.length else "(listening)", "dim")]
        if entry.speaker is Speaker.YOU and not entry.length:
            return [(f"({one_line(entry.missing, 80) or 'no words recognised'})", "dim")]
        return [("…", "agent")] if entry.speaker is Speaker.AGENT and not entry.final else []

    def _call(self, entry: Entry, text: str, row: int, last: bool) -> list[Piece]:
        pieces: list[Piece] = [("  fn " if row == 0 else "     ", "dim"), (text, "tool")]
        if not last:
            return pieces
        state = f" {_STATE_SIGNS.get(entry.state, '')}{entry.state}"
        return right_aligned(pieces, [(state, _STATE_INKS.get(entry.state, "dim"))], self.text_width)

    # --- turns, folding, copying

    def turn_at(self, line: int) -> int:
        """The turn a line belongs to."""
        return self.entry_at(line)[0].turn if self._blocks else 0

    def show_turn(self, turn: int) -> None:
        """Move the cursor to the heading of a turn."""
        index = self._store.transcript.first_of_turn(turn)
        if index is not None and index < len(self._blocks):
            block = self._blocks[index]
            self.move_cursor(self._tops[index] + max(0, block.head - 1))

    def action_open(self) -> None:
        """On the line of a cut: show the words that nobody heard, or fold them; elsewhere open the turn."""
        line = self.cursor
        if line is not None and self._blocks:
            block, row = self._block_at(line)
            if block.is_cut and block.unheard and block.head + block.words <= row < block.height:
                before = self.line_count
                block.unfolded = not block.unfolded
                block.whole(self._width)
                block.fold(self._width)
                self._keep(block)
                self._place(block.entry.index)
                self.seen_lines += self.line_count - before  # none of them is new
                self.move_cursor(self._tops[block.entry.index] + block.head + block.words)
                self.sync(force=True)
                return
        super().action_open()

    def _find_next(self) -> str | None:
        """Go to the next line of what the query asks for; words that nobody heard are unfolded where they hold it."""
        before = self.line_count
        for block in self._blocks:
            folded = block.is_cut and block.unheard and not block.unfolded
            unheard = block.entry.text[block.heard_characters :].lower() if folded else ""
            if folded and any(text.holds(unheard) for text in self._query.wanted):
                block.unfolded = True
                block.whole(self._width)
                block.fold(self._width)
                self._keep(block)
                self._place(block.entry.index)
        if self.line_count != before:
            self.seen_lines += self.line_count - before  # none of them is new
            self.sync(force=True)
        return super()._find_next()

    def holds(self, line: int) -> bool:
        """Whether the query asks for the part of the conversation, and the line is where it holds a wanted word."""
        if not self._blocks or line >= self._tops[len(self._blocks)]:
            return False
        block, row = self._block_at(line)
        if not self._passes(block.entry):
            return False
        words = "".join(text for text, _ in self.pieces(line)).lower()
        if any(text.holds(words) for text in self._query.wanted):
            return True
        first = block.head - 1 if block.entry.speaker in SPEECH else block.head
        return row == first and not self._shown_in(block)

    def _passes(self, entry: Entry) -> bool:
        """Whether the query asks for a part of the conversation."""
        key = (entry.index, entry.version, self._query)
        if self._judged is None or self._judged[0] != key:
            values = {"turn": entry.turn, "since": entry.at, "dir": entry.speaker is Speaker.YOU}
            values["slower"] = self._waited(entry) or 0.0
            words = f"{entry.speaker} {entry.text} {entry.note} {entry.state}".lower()
            self._judged = (key, self._query.holds(words, values))
        return self._judged[1]

    def _shown_in(self, block: Block) -> bool:
        """Whether a line of a part holds a wanted word; none does if the word is cut by the end of a line."""
        first = self._tops[block.entry.index]
        lines = (self.pieces(first + row) for row in range(block.height))
        texts = ("".join(text for text, _ in pieces).lower() for pieces in lines)
        return any(wanted.holds(text) for text in texts for wanted in self._query.wanted)

    def copy_text(self) -> str:
        """The entry under the cursor, or the whole conversation; words that nobody heard only where they are shown."""
        if self.cursor is not None and self._blocks:
            block, _ = self._block_at(self.cursor)
            return copied(block.entry, minutes(block.entry.at), block.unfolded)
        return "\n".join(copied(b.entry, minutes(b.entry.at), b.unfolded) for b in self._blocks)
