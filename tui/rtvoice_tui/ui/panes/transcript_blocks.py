"""How an entry of the transcript is laid out: a blank line and a heading, its words, and a line where it was cut."""

from dataclasses import dataclass, field

from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.transcript import Entry, Speaker
from rtvoice_tui.ui.wrapping import GrowingLines

BAR = 2
"""Cells of the bar at the left of speech."""

TAIL = 10
"""Cells at the right of a call, for its state."""

SPEECH = (Speaker.YOU, Speaker.AGENT)


@dataclass(slots=True)
class Block:
    """An entry as it is laid out for one width.

    Attributes:
        entry: the entry.
        version: version of the entry that is laid out; -1 if none is.
        rewritten: how often its text had been replaced by then.
        consumed: number of its parts that are laid out.
        words: number of lines of words that are shown.
        unheard: number of lines of words that are folded.
        lines: all lines of its words; ``None`` if they were dropped and are made again when they are drawn.
        note: lines below the words.
        unfolded: whether words that nobody heard are shown.
    """

    entry: Entry
    version: int = -1
    rewritten: int = -1
    consumed: int = 0
    words: int = 0
    unheard: int = 0
    lines: GrowingLines | None = None
    note: list[str] = field(default_factory=list)
    unfolded: bool = False

    @property
    def head(self) -> int:
        """Number of lines above the words: a blank one and the heading of speech."""
        if self.entry.speaker in SPEECH:
            return 2 if self.entry.index else 1
        return 1 if self.entry.speaker is Speaker.SEAM else 0

    @property
    def height(self) -> int:
        """Number of lines."""
        return self.head + self.words + len(self.note)

    @property
    def is_cut(self) -> bool:
        """Whether the words end where the agent was interrupted."""
        return self.entry.heard is not None and self.entry.cut is not None

    @property
    def heard_characters(self) -> int:
        """Characters of the words that were heard, up to the end of a word."""
        entry = self.entry
        heard = entry.length if entry.heard is None else len(entry.heard_text)
        return max(0, heard - self.indent) if entry.heard != 0 else 0

    @property
    def indent(self) -> int:
        """Characters of white space before the first word: they are not shown."""
        first = next((part for part in self.entry.parts if part.strip()), "")
        before = self.entry.parts[: self.entry.parts.index(first)] if first else []
        return sum(map(len, before)) + len(first) - len(first.lstrip())

    def width_of_words(self, width: int) -> int:
        """Cells for its words in a view of a width."""
        return max(8, width - BAR - (TAIL + 2 if self.entry.speaker is Speaker.TOOL else 0))

    def lay_out(self, width: int) -> None:
        """Lay out what was added to the entry; all of it, if its text was replaced."""
        entry = self.entry
        version, rewritten, parts = entry.version, entry.rewritten, entry.parts
        if self.lines is None or self.rewritten != rewritten or self.consumed > len(parts):
            self.lines = GrowingLines(self.width_of_words(width))
            self.consumed = 0
            self.rewritten = rewritten
        fresh = parts[self.consumed :]
        text = "".join(fresh)
        self.lines.append(text.lstrip() if self.lines.lines == [""] else text)
        self.consumed += len(fresh)
        self.version = version
        self.fold(width)

    def fold(self, width: int) -> None:
        """Count the lines that are shown: words that nobody heard are folded into the line of the cut."""
        assert self.lines is not None
        self.words, self.unheard = len(self.lines.lines), 0
        if self.entry.final and self.words > 1 and not self.lines.lines[-1].strip():
            self.words -= 1  # servers that stream words leave a space behind the last
        if self.is_cut and not self.entry.length:
            self.words = 0
        elif self.is_cut:
            heard = self.heard_characters
            shown = sum(start < heard for start in self.lines.starts)
            self.unheard = (
                self.words - shown + (shown > 0 and self.lines.starts[-1] + len(self.lines.lines[-1]) > heard)
            )
            if not self.unfolded:
                self.words = shown
        self.note = self._note(self.width_of_words(width))

    def _note(self, width: int) -> list[str]:
        if not self.entry.note:
            return []
        if not self.is_cut:
            return GrowingLines.of(self.entry.note, width).lines
        return GrowingLines.of(cut_line(self.entry, self.unheard, self.unfolded), width).lines

    def whole(self, width: int) -> GrowingLines:
        """All lines of its words; made again if they were dropped."""
        if self.lines is None:
            text = "".join(self.entry.parts[: self.consumed]).lstrip()
            self.lines = GrowingLines.of(text, self.width_of_words(width))
        return self.lines


def cut_line(entry: Entry, unheard: int, unfolded: bool) -> str:
    """What happened where an answer was cut, in one line; ✓: the server has acknowledged it.

    Args:
        entry: the answer.
        unheard: number of lines that nobody heard.
        unfolded: whether they are shown.
    """
    cut = entry.cut
    assert cut is not None
    words = [f"cut: {cut.outcome}"]
    if cut.received_ms:
        words = [f"cut: heard {cut.heard_ms / 1000:.1f} of {cut.received_ms / 1000:.1f} s"]
        words[0] += " ✓" if entry.confirmed else f", {cut.outcome}"
    if unheard:
        words.append(f"{unheard} line{'' if unheard == 1 else 's'} unheard {'▾' if unfolded else '▸'}")
    return f"── {' · '.join(words)}"


def word_at(text: str, at: int) -> tuple[int, int]:
    """Start and end of the word at a place in a text, or of the next one."""
    start = at = min(at, max(0, len(text) - 1))
    while start < len(text) and text[start].isspace():
        start += 1
    while start > 0 and not text[start - 1].isspace() and at - start < 24:
        start -= 1
    end = start
    while end < len(text) and not text[end].isspace() and end - start < 32:
        end += 1
    return start, end


def copied(entry: Entry, time: str, unfolded: bool) -> str:
    """An entry as text: time, speaker, words, the state of a call, and where it was cut.

    Args:
        entry: the entry.
        time: its time.
        unfolded: whether words that nobody heard are part of it.
    """
    block = Block(entry, unfolded=unfolded)
    text = entry.text.lstrip() if block.is_cut else entry.text.strip()
    if entry.speaker is Speaker.SEAM:
        return f"{time}  ── {text} ──"
    if entry.speaker is Speaker.TOOL:
        return f"{time}  {text} {entry.state}".rstrip()
    if block.is_cut:
        heard = block.heard_characters
        rest = text[heard:].strip()
        mark = f"[{cut_line(entry, 0, unfolded=False).removeprefix('── ')}]"
        unheard = f" [not heard: {rest}]" if rest and unfolded else ""
        return f"{time}  {entry.speaker}: {text[:heard].strip()} {mark}{unheard}"
    missing = f"({one_line(entry.missing, 80)})" if entry.missing and not text else ""
    note = f" [{one_line(entry.note, 200)}]" if entry.note else ""
    return f"{time}  {entry.speaker}: {text or missing}{note}"
