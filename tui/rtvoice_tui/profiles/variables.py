"""Distinguishes names of environment variables from API keys that were entered by mistake."""

import re

_PART = r"(?:[A-Za-z0-9]{1,8}|[0-9]{1,12}|[A-Za-z]{9,24}[0-9]{0,2})"
VARIABLE_PATTERN = rf"^(?![0-9])(?=.{{0,96}}\Z)(?:_*{_PART}(?:_+{_PART})*_*)?\Z"
"""Matches the name of a variable or an empty text, but not a key: keys are long runs of letters and digits."""

WANTED = "the name of an environment variable, like OPENAI_API_KEY, and not the key itself"


def is_variable_name(text: str) -> bool:
    """Whether a text can be the name of a variable and does not look like a key."""
    return bool(text) and re.search(VARIABLE_PATTERN, text) is not None
