"""``{placeholders}`` of a profile filled with a call's arguments: once, by name alone, and never looked into again."""

import json
import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names(template: str) -> list[str]:
    """The arguments that a template wants."""
    return _PLACEHOLDER.findall(template)


def starts(template: str) -> bool:
    """Whether a template begins with a placeholder."""
    return _PLACEHOLDER.match(template) is not None


def word(value: Any) -> str:
    """An argument as text: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fill(template: str, arguments: Mapping[str, Any], quote: Any = word) -> str:
    """The template with its placeholders filled; one whose argument is missing becomes nothing.

    Args:
        template: text with ``{name}`` in it; other braces stay as they are.
        arguments: values by name.
        quote: makes text of a value.
    """
    return _PLACEHOLDER.sub(lambda match: quote(arguments[match[1]]) if match[1] in arguments else "", template)


def fill_value(template: Any, arguments: Mapping[str, Any]) -> Any:
    """The same inside objects and lists; a text that is one placeholder becomes the argument itself."""
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
