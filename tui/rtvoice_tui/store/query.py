"""The query language: words, "phrases", /regexes/, and fields; what follows a ``-`` must not be there.

weather -audio type:response turn:3-5 dir:up slower:500 "light jacket" /de(lta|ad)/
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import AnyStr

import regex as regexes

FIELDS = {
    "type": "a part of the event's type",
    "dir": "up or down",
    "turn": "3, or 3-5",
    "item": "id of an item",
    "call": "id or tool of a call",
    "code": "code of an error",
    "since": "1:23, or 83 s",
    "slower": "ms after the event before",
}
"""The fields, and what stands behind their colon."""

MOST_S = 0.3
"""Seconds that one search with a regular expression may take."""

_NAMED = {"code": "code", "call": "call_id", "item": "id|item_id|previous_item_id"}
"""Names in the JSON whose values a field searches."""

_TERM = re.compile(
    r'(?P<no>-?)(?:(?P<field>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|/(?P<regex>(?:[^/\\]|\\.)+)/(?=\s|$)|(?P<word>\S+))'
)
_TIME = re.compile(r"(?:(\d{1,6}):)?(\d{1,9}(?:\.\d{1,9})?)s?")
_TURNS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


class QueryError(ValueError):
    """A query cannot be understood; the sentence says why."""


@dataclass(frozen=True)
class Text:
    """A text that must be there, or must not.

    Attributes:
        needle: the text, in lower case.
        unwanted: whether it must not be there.
        regex: a regular expression in place of the text.
        of_bytes: the same for bytes; ``None`` if it needs text.
        in_type: whether only the type is searched.
        named: whether it is the value of a name in the JSON of an event.
    """

    needle: str
    unwanted: bool = False
    regex: "regexes.Pattern[str] | None" = None
    of_bytes: "regexes.Pattern[bytes] | None" = None
    in_type: bool = False
    named: bool = False

    @property
    def in_bytes(self) -> bool:
        """Whether it can be found in UTF-8 that is not decoded."""
        return self.needle.isascii() if self.regex is None else self.of_bytes is not None

    def find(self, lowered: bytes, start: int) -> int:
        """Where bytes, in lower case, hold it from ``start`` on; -1 if they do not.

        Raises:
            QueryError: a regular expression takes too long.
        """
        if self.of_bytes is None:
            return lowered.find(self.needle.encode(), start)
        found = _searched(self.of_bytes, lowered, start)
        return -1 if found is None else found.start()

    def holds(self, text: str) -> bool:
        """Whether a text, in lower case, holds it."""
        return self.needle in text if self.regex is None else _searched(self.regex, text) is not None

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text, in lower case, holds it.

        Raises:
            QueryError: a regular expression takes too long.
        """
        if self.regex is not None:
            at = 0
            while at <= len(text) and (found := _searched(self.regex, text, at)) is not None:
                if found.end() > found.start():
                    yield found.span()
                at = max(found.end(), found.start() + 1)
            return
        at = text.find(self.needle)
        while at >= 0:
            yield at, at + len(self.needle)
            at = text.find(self.needle, at + len(self.needle))


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

    @property
    def of_events(self) -> bool:
        """Whether it asks for what only events have: a type, or a name in their JSON."""
        return any(text.in_type or text.named for text in self.texts)

    @property
    def wanted(self) -> tuple[Text, ...]:
        """The texts that are to be marked where they are found."""
        return tuple(text for text in self.texts if not (text.unwanted or text.in_type or text.named))

    def holds(
        self, text: str, values: Mapping[str, float], name: str = "", json: Callable[[], str] = lambda: ""
    ) -> bool:
        """Whether something is what is asked for.

        Args:
            text: its words, in lower case.
            values: its numbers by the field's name; without one, it is not what that field asks for.
            name: the type of an event, in lower case.
            json: returns the JSON of an event, in lower case.

        Raises:
            QueryError: a regular expression takes too long.
        """
        for wanted in self.texts:
            where = name if wanted.in_type else json() if wanted.named else text
            if wanted.holds(where) is wanted.unwanted:
                return False
        return all(span.name in values and span.holds(values[span.name]) for span in self.spans)


NO_QUERY = Query()
"""Asks for nothing."""


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
        field = (found["field"] or "").lower()
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
            if int(turns[2] or turns[1]) < int(turns[1]):
                raise QueryError(f"turn: no turn is in {value[:40]}")
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
        return _regex(value, unwanted, in_type=field == "type")
    if field in _NAMED:
        pattern = rf'"(?:{_NAMED[field]})"\s*:\s*"[^"]*{re.escape(value)}'
        if field == "call":  # a tool's name, where it is that of a call and not its definition
            name = rf'"name"\s*:\s*"[^"]*{re.escape(value)}'
            pattern = rf'{pattern}|"call_id"[^\n]*{name}|{name}[^\n]*"call_id"'
        return _regex(pattern, unwanted, named=True)
    return Text(value.lower(), unwanted, in_type=field == "type")


def _regex(pattern: str, unwanted: bool, in_type: bool = False, named: bool = False) -> Text:
    flags = regexes.IGNORECASE | regexes.MULTILINE
    try:
        in_bytes = regexes.compile(pattern.encode(), flags) if pattern.isascii() else None
        return Text(pattern, unwanted, regexes.compile(pattern, flags), in_bytes, in_type, named)
    except (regexes.error, RecursionError, OverflowError, ValueError, MemoryError) as error:
        raise QueryError(f"/{pattern[:60]}/ is no regular expression: {error}") from None


def _searched(pattern: "regexes.Pattern[AnyStr]", text: AnyStr, start: int = 0) -> "regexes.Match[AnyStr] | None":
    """The first match.

    Raises:
        QueryError: it takes too long, as nested repetitions may.
    """
    try:
        return pattern.search(text, start, timeout=MOST_S)
    except TimeoutError:
        raise QueryError(
            f"/{str(pattern.pattern)[:60]}/ takes too long: repeat less inside of what is repeated"
        ) from None
