"""The query language: words, "phrases", /regexes/, and fields; what follows a ``-`` must not be there.

weather -audio type:response turn:3-5 dir:up slower:500 "light jacket" /de(lta|ad)/
"""

import re
from dataclasses import dataclass
from functools import cached_property

FIELDS = {
    "type": "a part of the event's type",
    "dir": "up or down",
    "turn": "3, or 3-5",
    "item": "id of an item",
    "call": "id of a call",
    "code": "code of an error",
    "since": "1:23, or 83 s",
    "slower": "ms after the event before",
}
"""The fields, and what stands behind their colon."""

_TERM = re.compile(
    r'(?P<no>-?)(?:(?P<field>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|/(?P<regex>(?:[^/\\]|\\.)+)/(?=\s|$)|(?P<word>\S+))'
)
_TIME = re.compile(r"(?:(\d+):)?(\d+(?:\.\d+)?)s?")
_TURNS = re.compile(r"(\d+)(?:-(\d+))?")


class QueryError(ValueError):
    """A query cannot be understood; the sentence says why."""


@dataclass(frozen=True)
class Text:
    """A text that must be there, or must not.

    Attributes:
        needle: the text, in lower case.
        unwanted: whether it must not be there.
        regex: a regular expression in place of the text.
        in_type: whether only the type is searched.
    """

    needle: str
    unwanted: bool = False
    regex: re.Pattern[str] | None = None
    in_type: bool = False

    @cached_property
    def _in_bytes(self) -> "re.Pattern[bytes] | None":
        return None if self.regex is None else re.compile(self.regex.pattern.encode(), re.IGNORECASE | re.MULTILINE)

    @property
    def in_bytes(self) -> bool:
        """Whether it can be found in UTF-8 that is not decoded."""
        return (self.needle if self.regex is None else self.regex.pattern).isascii()

    def find(self, lowered: bytes, start: int) -> int:
        """Where bytes, in lower case, hold it from ``start`` on; -1 if they do not."""
        if self._in_bytes is None:
            return lowered.find(self.needle.encode(), start)
        found = self._in_bytes.search(lowered, start)
        return -1 if found is None else found.start()

    def holds(self, text: str) -> bool:
        """Whether a text, in lower case, holds it."""
        return self.needle in text if self.regex is None else self.regex.search(text) is not None


@dataclass(frozen=True)
class Span:
    """A number that must lie within bounds, or must not.

    Attributes:
        name: the field: ``turn``, ``since``, ``slower`` or ``dir`` (1 is up).
        least: lower bound.
        most: upper bound.
        unwanted: whether it must not.
    """

    name: str
    least: float
    most: float = float("inf")
    unwanted: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value is as it must be."""
        return (self.least <= value <= self.most) is not self.unwanted


@dataclass(frozen=True)
class Query:
    """A query.

    Attributes:
        words: as it was typed.
        texts: texts that must be there, or must not.
        spans: numbers that must lie within bounds.
    """

    words: str = ""
    texts: tuple[Text, ...] = ()
    spans: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.texts or self.spans)


def parse(words: str) -> Query:
    """A query as it was typed.

    Raises:
        QueryError: a field's value, or a regular expression, is none.
    """
    texts: list[Text] = []
    spans: list[Span] = []
    for found in _TERM.finditer(words):
        if found[0] == "-":
            continue
        field = found["field"] or ""
        value = next((found[kind] for kind in ("phrase", "regex", "word") if found[kind] is not None), "")
        if field and field not in FIELDS:
            field, value = "", found[0].removeprefix("-")  # such as an address
        term = _term(field, value, bool(found["no"]), found["regex"] is not None)
        if isinstance(term, Span):
            spans.append(term)
        elif term.needle:
            texts.append(term)
    return Query(words.strip(), tuple(texts), tuple(spans))


def _term(field: str, value: str, unwanted: bool, is_regex: bool) -> Text | Span:
    match field:
        case "dir":
            if value not in ("up", "down"):
                raise QueryError("dir: is up or down")
            return Span("dir", value == "up", value == "up", unwanted)
        case "turn":
            if (turns := _TURNS.fullmatch(value)) is None:
                raise QueryError("turn: is a number, or two such as 3-5")
            return Span("turn", int(turns[1]), int(turns[2] or turns[1]), unwanted)
        case "since":
            if (time := _TIME.fullmatch(value)) is None:
                raise QueryError("since: is a time such as 1:23 or 83")
            return Span("since", 60 * int(time[1] or 0) + float(time[2]), unwanted=unwanted)
        case "slower":
            if (wait := _TIME.fullmatch(value.removesuffix("ms"))) is None or wait[1]:
                raise QueryError("slower: is a number of ms")
            return Span("slower", float(wait[2]), unwanted=unwanted)
    if is_regex:
        try:
            return Text(value, unwanted, re.compile(value, re.IGNORECASE), in_type=field == "type")
        except re.error as error:
            raise QueryError(f"/{value}/ is no regular expression: {error}") from None
    if field == "code":
        return Text(value.lower(), unwanted, re.compile(rf'"code"\s*:\s*"[^"]*{re.escape(value)}', re.IGNORECASE))
    return Text(value.lower(), unwanted, in_type=field == "type")
