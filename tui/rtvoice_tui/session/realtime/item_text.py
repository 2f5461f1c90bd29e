"""The text of one conversation item, from all events that tell of it.

Servers tell the same words in several events: deltas, one or more "done" events for each content part (some send one
per sentence), the finished part, the finished item, and ``response.done``. A server may use only one of them, and some
send the words of speech twice, as text and as transcript. The text of an item is what any of these events has told of
its parts, by content index.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rtvoice_tui.protocol.realtime.objects import Part

MAX_SEARCHED = 2000
"""Characters of a text up to which it is searched in another as whole words."""

TEXT: Final = "text"
TRANSCRIPT: Final = "transcript"


class TextChange(NamedTuple):
    """How an item's text changed: ``text`` is added, or with ``replace`` is the whole text."""

    text: str = ""
    replace: bool = False


UNCHANGED: Final = TextChange()


@dataclass
class _PartText:
    """The text of one content part.

    Attributes:
        source: `TEXT` or `TRANSCRIPT`: the first one counts, where a server sends both.
        told: what was told as complete; one sentence after the other, if it was told so.
        deltas: what followed since; a list, so that a long text is not copied for each delta.
        whole: whether something was told as complete.
        announced: whether the text was told when the part began: deltas may repeat it, or go on.
    """

    source: str
    told: str = ""
    deltas: list[str] = field(default_factory=list)
    whole: bool = False
    announced: bool = False

    @property
    def blank(self) -> bool:
        """Whether it has no words yet."""
        return (not self.told or self.told.isspace()) and all(not text or text.isspace() for text in self.deltas)

    @property
    def text(self) -> str:
        """The text so far; deltas after a complete text that only repeat it are left out."""
        pending = "".join(self.deltas)
        if self.announced and pending:
            told, more = _plain(self.told), _plain(pending)
            if told.startswith(more) or more.startswith(told):
                return self.told if len(told) > len(more) else pending
        if self.whole and pending and _holds(self.told, pending):
            return self.told
        return self.told + pending

    def complete(self, text: str) -> None:
        """A complete text: all of the part, or the next sentence of it."""
        if self.announced:
            self.told, self.deltas, self.announced = self.text, [], False
        pending, self.deltas, self.whole = "".join(self.deltas), [], True
        if not text.strip() or _plain(self.told + pending) == _plain(text):
            self.told += pending
        elif not self.told.strip() or _plain(text).startswith(_plain(self.told)):
            self.told = text
        elif pending or not _plain(self.told).endswith(_plain(text)):
            self.told = _joined(self.told, text)

    def settle(self, text: str) -> None:
        """The part's text in a finished item, which is final; of an interrupted one it may be shorter."""
        known = self.text
        if _plain(known).startswith(_plain(text)):  # cut within a word
            text = known
        self.told, self.deltas, self.whole = (known if _holds(known, text) else text), [], True


class ItemText:
    """The text of an item of the agent, part by part."""

    def __init__(self) -> None:
        self._parts: dict[int, _PartText] = {}
        self._source = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was told yet."""
        return not self._parts

    @property
    def is_speech(self) -> bool:
        """Whether it is the transcript of speech."""
        return self._source == TRANSCRIPT

    @property
    def text(self) -> str:
        """The text of all parts in order; parts that only repeat others in another form are left out."""
        shown: list[str] = []
        main = "".join(part.text for part in self._parts.values() if part.source == self._source)
        for index in sorted(self._parts):
            part = self._parts[index]
            if part.source == self._source or (part.whole and not _holds(main, part.text)):
                shown.append(part.text)
        return "".join(shown)

    def append(self, index: int, source: str, delta: str) -> TextChange:
        """Add a delta to a content part."""
        part = self._part(index, source)
        if part.source != source:
            return UNCHANGED
        before = self.text if part.whole else ""
        part.deltas.append(delta)
        if part.whole and source == self._source:
            return self._change(before)
        if source != self._source:
            return UNCHANGED  # shown once it is complete, unless it repeats what is shown
        at_end = index >= max(self._parts)
        return TextChange(delta) if at_end else TextChange(self.text, replace=True)

    def announce(self, index: int, source: str, text: str) -> TextChange:
        """A part has words already when it begins."""
        before = self.text
        part = self._part(index, source)
        if part.source == source and part.blank:
            part.told, part.whole, part.announced = text, True, True
        return self._change(before)

    def complete(self, index: int, source: str, text: str) -> TextChange:
        """A part, or a sentence of it, was told as complete; an empty text changes nothing."""
        before = self.text
        if not text.strip() and index in self._parts:
            source = self._parts[index].source
        part = self._part(self._index_of(index, text), source)
        if part.source == source:
            part.complete(text)
        return self._change(before)

    def settle(self, content: Sequence[Part]) -> TextChange:
        """The parts of a finished item."""
        before = self.text
        told = [(index, part) for index, part in enumerate(content) if part.words.strip()]
        whole = "".join(part.words for _, part in told)
        if not told or _holds(before, whole) or _plain(before).startswith(_plain(whole)):
            return UNCHANGED
        for index, part in told:
            words = part.words
            if index not in self._parts and len(told) == len(self._parts) == 1:
                index = next(iter(self._parts))  # some servers count the parts of a finished item anew
            if index in self._parts or not _holds(before, words):
                self._part(index, TRANSCRIPT if part.transcript and not part.text else TEXT).settle(words)
        return self._change(before)

    def _part(self, index: int, source: str) -> _PartText:
        """The text of a content part; one that is still blank takes the source that has words."""
        if all(part.blank for part in self._parts.values()):
            self._source = source
        part = self._parts.get(index)
        if part is None or part.blank:
            part = self._parts[index] = _PartText(source)
        return part

    def _index_of(self, index: int, text: str) -> int:
        """The index of a completed part; some servers count it in another way than its deltas."""
        only = next(iter(self._parts.items()), None) if len(self._parts) == 1 else None
        if index in self._parts or only is None or only[1].whole or not _begins(text, only[1].text):
            return index
        return only[0]

    def _change(self, before: str) -> TextChange:
        after = self.text
        return TextChange(after, replace=True) if after != before else UNCHANGED


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _holds(known: str, text: str) -> bool:
    """Whether a text contains another, as whole words."""
    known, text = _plain(known), _plain(text)
    if not text or known == text:
        return True
    if len(text) > MAX_SEARCHED:
        return text in known
    place = known.find(text)
    while place >= 0:
        end = place + len(text)
        if not (_in_word(known, place) or _in_word(known, end)):
            return True
        place = known.find(text, place + 1)
    return False


def _begins(text: str, start: str) -> bool:
    """Whether a text begins with another, as whole words."""
    text, start = _plain(text), _plain(start)
    return text.startswith(start) and not (start and _in_word(text, len(start)))


def _in_word(text: str, place: int) -> bool:
    """Whether a place in a text is between two letters of a script that puts spaces between words."""
    if not 0 < place < len(text):
        return False
    return all(
        letter.isalnum() and unicodedata.east_asian_width(letter) not in "WF" for letter in text[place - 1 : place + 1]
    )


def _joined(told: str, text: str) -> str:
    """Two sentences as one text; scripts with wide characters have no space between them."""
    wide = unicodedata.east_asian_width(told[-1]) in "WF"
    return told + text if wide or told[-1].isspace() or text[0].isspace() else f"{told} {text}"
