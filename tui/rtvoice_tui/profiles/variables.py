"""Names of environment variables, told from keys that were put in their place."""

import re

_PART = r"(?:[A-Za-z0-9]{1,8}|[0-9]{1,12}|[A-Za-z]{9,24}[0-9]{0,2})"
VARIABLE_PATTERN = rf"^(?![0-9])(?=.{{0,96}}\Z)(?:_*{_PART}(?:_+{_PART})*_*)?\Z"
"""What the name of a variable looks like, or nothing; keys, which are long runs of letters and digits, do not."""

WANTED = "the name of an environment variable, like OPENAI_API_KEY, and not the key itself"


def is_variable_name(text: str) -> bool:
    """Whether a text can be a variable's name, and is not a key that was put in its place."""
    return bool(text) and re.search(VARIABLE_PATTERN, text) is not None
