"""Removes what is private from a recording's texts: keys, names, numbers and addresses, by pattern.

It finds what looks private, not all that is: a number in words, or a name nobody introduced, stays.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("key", re.compile(r"\b(?:sk|pk|rk|ek|xai|hf|AIza|AQVN|t1\.|ghp|AKIA|Bearer |Api-Key )[-_]?[A-Za-z0-9_\-.]{16,}")),
    ("login", re.compile(r"(?<=://)[^\s/@\"]{1,200}:[^\s/@\"]{1,200}@")),
    (
        "key",
        re.compile(r"(?<=[?&])(?:api_?key|key|token|access_token|sig|signature|password)=[^&\s\"]{4,}", re.IGNORECASE),
    ),
    ("home", re.compile(r"(?:/home/|/Users/|\b[A-Za-z]:\\{1,4}Users\\{1,4})[^/\\\s\"':<>|]{1,64}")),
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+")),
    ("account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b")),
    ("number", re.compile(r"(?<![\w.])\+?\d(?:[ ()/.-]{0,3}\d){6,18}(?![\w])")),
    (
        "address",
        re.compile(
            r"\b\d{1,5} (?:[A-Z][\w'-]+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Square|Boulevard)\b\.?"
            r"|\b[A-ZÄÖÜ][\wäöüß-]{1,40}(?:straße|strasse|str\.|weg|platz|gasse|allee) ?\d{1,4}\w?"
            r"|\b(?:ул\.|улица|проспект|переулок) [А-ЯЁ][\w-]+(?:,? (?:д\.|дом)? ?\d{1,4})?"
        ),
    ),
)

_NAMED = re.compile(
    r"(?i:\b(?:my name is|my name's|i am called|this is|ich heiße|mein name ist|je m'appelle|me llamo|меня зовут))\s+"
    r"([^\W\d_][\w'’-]{1,30}(?: [A-ZÄÖÜА-ЯЁ][\w'’-]{1,30})?)"
)
_SECRET = re.compile(r"api[_-]?key|password|passwd|secret|^token$|access_token|authorization", re.IGNORECASE)
MOST_EXAMPLES = 20
"""Different texts of a kind that are shown."""

_TIMES = frozenset(("at", "expires_at", "created_at", "created"))
LEAST_NUMBER = 1_000_000_000
"""A whole number from here on may be that of a phone or an account."""

_NO_NAMES = frozenset("a an the not it that what how where here there my your all very just".split())


class Redactor:
    """Replaces what is private by its kind, such as ``[email]``.

    Args:
        names: names and other words that are to be removed as well.

    Attributes:
        removed: how often each kind was removed.
        examples: some of what was removed, by kind.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.removed: Counter[str] = Counter()
        self.examples: dict[str, dict[str, None]] = defaultdict(dict)
        self._names = {name.strip() for name in names if name.strip()}
        self._named: re.Pattern[str] | None = None
        self._compiled: int | None = None  # how many names the pattern has

    def learn(self, text: str) -> None:
        """Learn the names that are introduced in a text; they are removed everywhere."""
        for found in _NAMED.finditer(text):
            words = [word for word in found[1].split(" ") if word.lower() not in _NO_NAMES]
            if words and words[0] == found[1].split(" ")[0]:
                self._names |= {found[1].strip(), *(word for word in words if len(word) > 2)}

    def _compile(self) -> None:
        """Make the pattern of all names, once they are needed: they are learned one by one."""
        self._compiled = len(self._names)
        longest_first = sorted(self._names, key=len, reverse=True)
        words = "|".join(map(re.escape, longest_first))
        self._named = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """What is private in a text: start, end and kind, in order, none within another."""
        if self._compiled != len(self._names):
            self._compile()
        found = [(match.start(), match.end(), kind) for kind, pattern in _PATTERNS for match in pattern.finditer(text)]
        if self._named is not None:
            found += [(match.start(), match.end(), "name") for match in self._named.finditer(text)]
        kept: list[tuple[int, int, str]] = []
        for span in sorted(found, key=lambda span: (span[0], -span[1])):
            if not kept or span[0] >= kept[-1][1]:
                kept.append(span)
        return kept

    def text(self, text: str) -> str:
        """A text without what is private."""
        return "".join(self.pieces([text]))

    def pieces(self, pieces: list[str]) -> list[str]:
        """The pieces of a text without what is private in the whole of it; a piece may become empty."""
        whole = "".join(pieces)
        spans = self.spans(whole)
        if not spans:
            return pieces
        for start, end, kind in spans:
            self.removed[kind] += 1
            if len(self.examples[kind]) < MOST_EXAMPLES:
                self.examples[kind][whole[start:end]] = None
        redacted = []
        start = 0
        for piece in pieces:
            end = start + len(piece)
            redacted.append(_without(whole, spans, start, end))
            start = end
        return redacted

    def value(self, value: Any) -> Any:
        """A JSON value of which every text is without what is private."""
        if isinstance(value, str):
            return self._json(value) if value[:1] in ("{", "[") else self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self._named_value(name, inner) for name, inner in value.items()}
        if isinstance(value, int) and value >= LEAST_NUMBER and not isinstance(value, bool):
            self.removed["number"] += 1
            return 0
        return [self.value(inner) for inner in value] if isinstance(value, list) else value

    def _named_value(self, name: str, value: Any) -> Any:
        if _SECRET.search(name) and isinstance(value, str) and value:
            self.removed["key"] += 1
            return "[key]"
        return value if name in _TIMES and isinstance(value, int | float) else self.value(value)

    def _json(self, text: str) -> str:
        """A text that may be JSON itself, such as the arguments of a call, whatever its escapes."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        made = self.value(found)
        return text if made == found else json.dumps(made, ensure_ascii=False)


def _without(whole: str, spans: list[tuple[int, int, str]], start: int, end: int) -> str:
    """A part of a text; what is private stands where it begins."""
    shown = []
    at = start
    for first, last, kind in spans:
        if last <= at or first >= end:
            continue
        shown.append(whole[at : max(at, first)])
        if first >= start:
            shown.append(f"[{kind}]")
        at = min(last, end)
    return "".join([*shown, whole[at:end]])
