"""Patterns of a JSON Schema that Python cannot compile: schemas have JavaScript's regular expressions.

What only the tool can read is left for the tool to check.
"""

import re
from collections.abc import Mapping
from typing import Any

_OPPOSITES = ("not", "if", "oneOf")
"""Keywords that refuse more if a schema inside them accepts more: with an unreadable pattern they are left out."""

DATA = frozenset(("enum", "const", "default", "examples", "description", "title", "$comment"))
"""Keywords whose values are data, not schemas."""

_NAMED = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
"""Keywords whose values map names, or patterns, to schemas."""


_JAVASCRIPT = (
    (r"\\[pP]\{[^}]{0,60}\}|\\u\{[0-9a-fA-F]+\}|\\c[A-Za-z]|\\k<\w+>|\\[A-Za-z]", r"\\w"),
    (r"\(\?<(?=\w)(\w+)>", "("),
    (r"\[\^\]|\[\]", "."),
    (r"\(\?<[=!]", "(?="),
    (r"(\\w)-(?=[^\]])", r"\1"),
)
"""What JavaScript's regular expressions have and Python's do not, with something of the same form."""


def without_unreadable_patterns(schema: Any) -> Any:
    r"""Return a schema without the patterns that Python cannot compile, such as ``\p{L}``.

    The same object if there are none. Each part is visited once, however deeply it is nested: the schema may be
    untrusted.

    Raises:
        RecursionError: it is nested more deeply than Python can go.
    """
    if isinstance(schema, list):
        entries = [without_unreadable_patterns(entry) for entry in schema]
        return schema if all(map(_is_same, entries, schema)) else entries
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: _readable(name, value) for name, value in schema.items()}
    left_out = {name for name in _OPPOSITES if name in kept and kept[name] is not schema[name]}
    if "if" in left_out:
        left_out |= {"then", "else"}
    if isinstance(schema.get("pattern"), str) and not _compiles(schema["pattern"]):
        left_out.add("pattern")
    named = schema.get("patternProperties")
    if isinstance(named, Mapping) and not all(map(_compiles, named)):
        kept["patternProperties"] = {key: value for key, value in kept["patternProperties"].items() if _compiles(key)}
        left_out |= {"additionalProperties", "unevaluatedProperties"}  # about the names that no pattern matches
    if not left_out and all(kept[name] is value for name, value in schema.items()):
        return schema
    return {name: value for name, value in kept.items() if name not in left_out}


def broken_patterns(schema: Any) -> list[str]:
    """The patterns of a schema that are no regular expressions at all, in Python's flavour or JavaScript's."""
    found, todo = [], [schema]
    while todo:
        match todo.pop():
            case list() as entries:
                todo += entries
            case Mapping() as part:
                named = part.get("patternProperties")
                patterns = [part.get("pattern"), *(named if isinstance(named, Mapping) else ())]
                found += [text for text in patterns if isinstance(text, str) and _is_broken(text)]
                for name, value in part.items():
                    if name not in DATA:
                        todo += value.values() if name in _NAMED and isinstance(value, Mapping) else [value]
    return found


def _is_broken(pattern: str) -> bool:
    """Whether a pattern does not compile, although what only JavaScript knows is left out."""
    for javascript, python in _JAVASCRIPT:
        pattern = re.sub(javascript, python, pattern)
    return not _compiles(pattern)


def _readable(name: str, value: Any) -> Any:
    if name in DATA:
        return value
    if name not in _NAMED or not isinstance(value, Mapping):
        return without_unreadable_patterns(value)
    kept = {key: without_unreadable_patterns(inner) for key, inner in value.items()}
    return value if all(kept[key] is inner for key, inner in value.items()) else kept


def _is_same(one: Any, other: Any) -> bool:
    return one is other


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True
