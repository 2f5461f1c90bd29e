"""Converts number words, as users type them and recognisers write them, to digits."""

import re

_ONES = {
    word: value
    for value, word in enumerate(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
            " seventeen eighteen nineteen"
        ).split()
    )
}
_TENS = {
    word: value * 10 for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES = {"hundred": 100, "thousand": 1000}
_WORDS = _ONES | _TENS | _SCALES


def in_digits(text: str) -> str:
    """A sentence in lower case with number words as digits: ``twenty-one plus four`` becomes ``21 plus 4``."""
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text.lower())
    tokens = re.findall(r"[^\W\d_]+|\d+(?:\.\d+)?|[-+*/×÷]", text)
    found: list[str] = []
    run: list[str] = []
    for token in [*tokens, ""]:
        if token in _WORDS and (not run or _continues(run[-1], token)):
            run.append(token)
            continue
        if run:
            found.append(str(_value(run)))
            run = []
        if token in _WORDS:
            run = [token]
        elif token:
            found.append(re.sub(r"^0+(?=\d)", "", token))
    return " ".join(found)


def _continues(before: str, word: str) -> bool:
    if word in _SCALES or before in _SCALES:
        return True
    return before in _TENS and word in _ONES and 0 < _ONES[word] < 10


def _value(run: list[str]) -> int:
    total = current = 0
    for word in run:
        if word == "hundred":
            current = max(current, 1) * 100
        elif word == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        else:
            current += _WORDS[word]
    return total + current
