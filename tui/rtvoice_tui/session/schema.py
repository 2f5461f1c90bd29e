"""Whether the arguments of a call are what its tool takes. What does not fit is told, never guessed.

A schema from a stranger can take for ever to check. `bounded` says where it cannot; everything else is checked by a
process that can be ended (`fx.CheckArguments`).
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from rtvoice_tui.errors import ArgumentsRefused

MAX_TEXT = 300
"""Characters of an objection: it may quote the value it is about."""


_UNBOUNDED = frozenset(
    (
        "pattern patternProperties uniqueItems $ref $dynamicRef $recursiveRef unevaluatedItems unevaluatedProperties"
        " $schema"
    ).split()
)
"""Keywords whose check may take longer than the product of both sizes: searches, pairs, references."""

_DATA = frozenset(("enum", "const", "default", "examples", "description", "title", "$comment"))
"""Keywords that hold no schema."""

_NAMES = frozenset(("properties", "$defs", "definitions", "dependentSchemas"))
"""Keywords that hold schemas by name."""

MAX_WORK, MAX_WORK_NESTED = 100_000, 20_000
"""Characters of the arguments times parts of the schema: more than that takes too long to be waited for.

The second holds where alternatives stand in the schema: what is wrong in each of them is put into words.
"""

_ALTERNATIVES = frozenset(("allOf", "anyOf", "oneOf", "not", "if", "contains", "propertyNames", "dependentSchemas"))


def prepare() -> None:
    """Load what checking needs, which takes a while: before a call comes, and off the session's loop."""
    import jsonschema
    import referencing  # noqa: F401

    jsonschema.Draft202012Validator({}).is_valid({})


def read(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call, checked against its tool's JSON Schema.

    Args:
        text: JSON as the model wrote it; nothing counts as no arguments.
        parameters: the schema; an empty one takes every object.

    Raises:
        ArgumentsRefused: they are no JSON object, or do not fit the schema.
    """
    try:
        arguments = json.loads(text.strip() or "{}", parse_constant=_no_constant)
    except ValueError as error:
        raise ArgumentsRefused(f"the arguments are not JSON: {error}") from None
    except RecursionError:
        raise ArgumentsRefused("the arguments are not JSON: they are nested too deeply") from None
    if not isinstance(arguments, dict):
        raise ArgumentsRefused("the arguments are not a JSON object")
    check(arguments, parameters)
    return arguments


def bounded(text: str, parameters: Mapping[str, Any]) -> bool:
    """Whether `read` takes a short time for sure: no more than the product of both sizes.

    Args:
        text: the arguments.
        parameters: the schema, which may come from a stranger.
    """
    parts, most = 0, MAX_WORK
    waiting: list[tuple[Any, _Node]] = [(parameters, _Node.SCHEMA)]
    while waiting:
        value, kind = waiting.pop()
        parts += 1 + (len(value) // 8 if isinstance(value, str) else 0)
        if kind is _Node.SCHEMA and isinstance(value, Mapping) and not _ALTERNATIVES.isdisjoint(value):
            most = MAX_WORK_NESTED
        if parts * max(1, len(text)) > most:
            return False
        if isinstance(value, list):
            waiting += [(entry, kind) for entry in value]
        elif isinstance(value, Mapping):
            if kind is _Node.SCHEMA and not _UNBOUNDED.isdisjoint(value):
                return False
            waiting += [(entry, _inside(kind, key)) for key, entry in value.items()]
    return True


class _Node(Enum):
    """What a part of a schema is: a schema, a table of schemas by name, or plain data."""

    SCHEMA = "schema"
    NAMES = "names"
    DATA = "data"


def _inside(kind: _Node, key: str) -> _Node:
    if kind is _Node.DATA or (kind is _Node.SCHEMA and key in _DATA):
        return _Node.DATA
    return _Node.NAMES if kind is _Node.SCHEMA and key in _NAMES else _Node.SCHEMA


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def check(arguments: Any, parameters: Mapping[str, Any], what: str = "arguments") -> None:
    """Whether a value fits a schema. May take for ever unless it is `bounded`.

    Args:
        arguments: the value.
        parameters: the schema.
        what: what the value is, as the sentence names it.

    Raises:
        ArgumentsRefused: it does not fit, or the schema cannot be used.
    """
    if not parameters or set(parameters) == {"type"}:
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from referencing import Registry

    # a registry of our own: a schema from elsewhere must not make us fetch what it refers to
    draft = parameters.get("$schema")
    named = {"$schema": draft} if isinstance(draft, str) else {}
    validator = validator_for(named, default=Draft202012Validator)(dict(parameters), registry=Registry())
    try:
        error = best_match(validator.iter_errors(arguments))
    except RecursionError:
        raise ArgumentsRefused(f"the {what} are nested too deeply") from None
    except Exception as fault:  # the schema itself: an unknown reference, a pattern that is none
        reason = _brief(" ".join(str(fault).split()))
        raise ArgumentsRefused(f"the tool's own schema cannot be used: {reason}") from None
    if error is not None:
        raise ArgumentsRefused(f"{_brief(_path(what, error.absolute_path))}: {_brief(error.message)}")


def _path(what: str, parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in [what, *parts])[1:]


def _brief(text: str) -> str:
    """Both ends of a long text: an objection begins with the value that it is about, and ends with what is wrong."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT // 2]}…{text[-MAX_TEXT // 2 :]}"
