"""Validates the arguments of a call against its tool's JSON Schema. Invalid arguments are rejected, never repaired.

Validation against an untrusted schema may take unbounded time. `bounded` reports when it cannot; everything else is
validated in a subprocess that can be killed (`effects.CheckArguments`).
"""

import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.session.schema_patterns import DATA, without_unreadable_patterns

MAX_TEXT = 300
"""Maximum characters of each part of an error message: it may quote the invalid value."""


_UNBOUNDED = frozenset(
    (
        "pattern patternProperties uniqueItems $ref $dynamicRef $recursiveRef unevaluatedItems unevaluatedProperties"
        " $schema"
    ).split()
)
"""Keywords whose validation may take longer than arguments size times schema size: regexes, pairs, references."""

_NAMES = frozenset(("properties", "$defs", "definitions", "dependentSchemas"))
"""Keywords whose values map names to schemas."""

MAX_WORK, MAX_WORK_NESTED = 100_000, 20_000
"""Limits for validation on the session's loop: characters of the arguments times nodes of the schema.

The second limit applies to schemas with alternatives: the validator formats an error message for each of them.
"""

_ALTERNATIVES = frozenset(("allOf", "anyOf", "oneOf", "not", "if", "contains", "propertyNames", "dependentSchemas"))


MAX_DEPTH = 32
"""Depth to which arguments and references of a schema are followed."""


def prepare() -> None:
    """Import the validator, which is slow: call it from a helper thread before the first call."""
    import jsonschema
    import referencing  # noqa: F401

    jsonschema.Draft202012Validator({}).is_valid({})


def read(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the arguments of a call and validate them against its tool's JSON Schema.

    Args:
        text: JSON as the model wrote it; an empty text means no arguments.
        parameters: the schema; an empty one accepts every object.

    Raises:
        ArgumentsRefused: the text is not a JSON object, or does not match the schema.
    """
    try:
        arguments = without_nulls(
            json.loads(text.strip() or "{}", parse_constant=_no_constant, parse_float=_finite), parameters
        )
    except ValueError as error:
        raise ArgumentsRefused(f"the arguments are not JSON: {error}") from None
    except RecursionError:
        raise ArgumentsRefused("the arguments are not JSON: they are nested too deeply") from None
    if not isinstance(arguments, dict):
        raise ArgumentsRefused("the arguments are not a JSON object")
    check(arguments, parameters)
    return arguments


def without_nulls(arguments: Any, parameters: Mapping[str, Any]) -> Any:
    """Return the arguments without what means "not given": null for all of them, or for an optional one.

    Some models send null for each optional argument. It stays where the schema allows null, or requires the argument.

    Args:
        arguments: the parsed arguments.
        parameters: their schema.
    """
    return {} if arguments is None else _without_nulls(arguments, parameters, parameters, 0)


def _without_nulls(value: Any, schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    schema = _resolved(schema, root)
    if depth > MAX_DEPTH or not isinstance(schema, Mapping):
        return value
    if isinstance(value, list):
        return [_without_nulls(entry, schema.get("items"), root, depth + 1) for entry in value]
    if not isinstance(value, dict):
        return value
    shape = schema if "properties" in schema else _object_in(schema, root)
    properties, required = shape.get("properties"), shape.get("required")
    if not isinstance(properties, Mapping):
        return value
    needed = required if isinstance(required, list) else []
    kept = {}
    for name, entry in value.items():
        inner = properties.get(name)
        if entry is None and name in properties and name not in needed and not _takes_null(inner, root, 0):
            continue
        kept[name] = _without_nulls(entry, inner, root, depth + 1)
    return kept


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    """The schema that a local reference, such as ``#/$defs/City``, leads to."""
    for _ in range(MAX_DEPTH):
        path = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(path, str) or not path.startswith("#/"):
            return schema
        schema = root
        for part in path[2:].split("/"):
            schema = schema.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(schema, Mapping) else None
    return schema


def _object_in(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one alternative of a schema that describes an object with properties; the schema itself if there is none."""
    options = [_resolved(option, root) for name in ("anyOf", "oneOf", "allOf") for option in _list(schema.get(name))]
    objects = [option for option in options if isinstance(option, Mapping) and "properties" in option]
    return objects[0] if len(objects) == 1 else schema


def _takes_null(schema: Any, root: Mapping[str, Any], depth: int) -> bool:
    """Whether a schema may accept null; where that is not obvious, it may."""
    schema = _resolved(schema, root)
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return schema is not False
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else _list(kind)
    if kinds and "null" not in kinds:
        return False
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        return False
    if "const" in schema and schema["const"] is not None:
        return False
    for name, every in (("anyOf", False), ("oneOf", False), ("allOf", True)):
        options = [_takes_null(option, root, depth + 1) for option in _list(schema.get(name))]
        if options and not (all(options) if every else any(options)):
            return False
    return True


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def given(text: str, parameters: Mapping[str, Any]) -> str:
    """Return the JSON text of the arguments that a tool gets: see `without_nulls`. Other texts are unchanged."""
    if "null" not in text:
        return text.strip() or "{}"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    kept = without_nulls(value, parameters)
    return text if kept == value else json.dumps(kept, ensure_ascii=False)


def bounded(text: str, parameters: Mapping[str, Any]) -> bool:
    """Whether `read` is certain to be fast: its work is bounded by text size times schema size, within the limits.

    Args:
        text: the arguments.
        parameters: the schema; may be untrusted.
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
    """Kind of a node in a schema: a schema, a mapping of names to schemas, or data."""

    SCHEMA = "schema"
    NAMES = "names"
    DATA = "data"


def _inside(kind: _Node, key: str) -> _Node:
    if kind is _Node.DATA or (kind is _Node.SCHEMA and key in DATA):
        return _Node.DATA
    return _Node.NAMES if kind is _Node.SCHEMA and key in _NAMES else _Node.SCHEMA


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is larger than a number can be")
    return number


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def check(arguments: Any, parameters: Mapping[str, Any], what: str = "arguments") -> None:
    """Validate a value against a schema. May take unbounded time unless `bounded` returned true.

    Args:
        arguments: the value.
        parameters: the schema.
        what: name of the value in the error message.

    Raises:
        ArgumentsRefused: the value does not match, or the schema is unusable.
    """
    if not parameters or set(parameters) == {"type"}:
        return
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from referencing import Registry

    # an empty registry: an untrusted schema must not make us fetch its remote references
    draft = parameters.get("$schema")
    named = {"$schema": draft} if isinstance(draft, str) else {}
    try:
        readable = without_unreadable_patterns(parameters)
        validator = validator_for(named, default=Draft202012Validator)(readable, registry=Registry())
        error = best_match(validator.iter_errors(arguments))
    except RecursionError:
        raise ArgumentsRefused(f"the {what} are nested too deeply") from None
    except Exception as fault:  # the schema is invalid: an unknown type, an unknown reference
        reason = _brief(" ".join(str(fault).split()))
        raise ArgumentsRefused(f"the tool's own schema cannot be used: {reason}") from None
    if error is not None:
        raise ArgumentsRefused(f"{_brief(_path(what, error.absolute_path))}: {_brief(in_json(error))}")


def in_json(error: Any) -> str:
    """The validator's message with values as JSON: it writes None, True and False as Python does."""
    message = str(error.message).replace("False schema does not allow", "the schema does not allow")
    for value in (error.instance, error.validator_value):
        python = repr(value)
        if len(python) <= 10_000 and any(word in python for word in ("None", "True", "False")):
            message = message.replace(python, json.dumps(value, ensure_ascii=False, default=str))
    return message


def _path(what: str, parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in [what, *parts])[1:]


def _brief(text: str) -> str:
    """Shorten a long text in the middle: a message begins with the value and ends with what is wrong with it."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT // 2]}…{text[-MAX_TEXT // 2 :]}"
