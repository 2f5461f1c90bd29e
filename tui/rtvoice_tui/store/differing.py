"""How two texts differ, line by line."""

import difflib
from collections.abc import Sequence

COMPARED_LINES = 2_000
"""Maximum number of lines that are compared."""


def differing_lines(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """All lines of both: those of one alone begin with ``-``, those of the other alone with ``+``."""
    one, other = one[:COMPARED_LINES], other[:COMPARED_LINES]
    if one == other:
        return ["both are the same", *one]
    lines = []
    for _, start, end, begins, ends in difflib.SequenceMatcher(None, one, other).get_opcodes():
        if one[start:end] == other[begins:ends]:
            lines += [f"  {line}" for line in one[start:end]]
        else:
            lines += [f"- {line}" for line in one[start:end]] + [f"+ {line}" for line in other[begins:ends]]
    return lines
