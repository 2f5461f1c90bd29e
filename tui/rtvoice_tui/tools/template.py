"""Fills ``{placeholders}`` of a profile with a call's arguments, in one pass: values are not expanded again."""

import json
import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names(template: str) -> list[str]:
    """The names of the placeholders in a template."""
    return _PLACEHOLDER.findall(template)


def starts(template: str) -> bool:
    """Whether a template starts with a placeholder."""
    return _PLACEHOLDER.match(template) is not None


def word(value: Any) -> str:
    """A value as text: strings unchanged, other values as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fill(template: str, arguments: Mapping[str, Any], quote: Any = word) -> str:
    """Fill the placeholders of a text; a placeholder without an argument becomes an empty string.

    Args:
        template: text with ``{name}`` placeholders; other braces are left unchanged.
        arguments: values by name.
        quote: converts a value to text.
    """
    return _PLACEHOLDER.sub(lambda match: quote(arguments[match[1]]) if match[1] in arguments else "", template)


def fill_value(template: Any, arguments: Mapping[str, Any]) -> Any:
    """Fill placeholders in a JSON value. A string that is one placeholder becomes the argument itself.

    If that argument is missing, the member or entry is left out; at the top level this raises KeyError.
    """
    if isinstance(template, Mapping):
        filled = {key: fill_value(value, arguments) for key, value in template.items() if not _absent(value, arguments)}
        return filled
    if isinstance(template, list):
        return [fill_value(value, arguments) for value in template if not _absent(value, arguments)]
    if not isinstance(template, str):
        return template
    alone = _PLACEHOLDER.fullmatch(template)
    return arguments[alone[1]] if alone else fill(template, arguments)


def _absent(template: Any, arguments: Mapping[str, Any]) -> bool:
    alone = _PLACEHOLDER.fullmatch(template) if isinstance(template, str) else None
    return alone is not None and alone[1] not in arguments
