"""Validates tool definitions before they are sent to a server."""

import json
import re
from typing import Any

import msgspec

from rtvoice_tui.errors import SchemaRefused
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import with_kind

MAX_NAME = 64

MAX_PARTS = 3000
"""Maximum number of values in a schema: larger ones would block the screen for too long."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def parsed(text: str) -> dict[str, Any]:
    """Parse and validate the JSON Schema of a tool's arguments.

    Raises:
        SchemaRefused: it is not JSON or not a valid schema; the sentence names line or path.
    """
    try:
        value = json.loads(text or "{}", parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise SchemaRefused(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise SchemaRefused("it is nested too deeply") from None
    check(value)
    return value  # type: ignore[no-any-return]


def _no_constant(word: str) -> None:
    raise SchemaRefused(f"{word} is no JSON value")


def check(schema: Any) -> None:
    """Check that a value is a valid JSON Schema for a tool's arguments.

    Raises:
        SchemaRefused: it is not valid or has more than `MAX_PARTS` values; the sentence names the path.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if not isinstance(schema, dict):
        raise SchemaRefused("parameters: a tool's schema is an object")
    if _is_larger(schema, MAX_PARTS):  # validation time is quadratic
        raise SchemaRefused(f"parameters: it has more than {MAX_PARTS} parts, so it could not be checked in time")
    try:
        error = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    except RecursionError:
        raise SchemaRefused("it is nested too deeply") from None
    if error is not None:
        raise SchemaRefused(f"{_path(error.absolute_path)}: {error.message}")
    if schema and schema.get("type") != "object":
        raise SchemaRefused("parameters.type: a tool takes an object: type is 'object'")
    properties = schema.get("properties", {})
    missing = [name for name in schema.get("required", []) if name not in properties]
    if missing:
        raise SchemaRefused(f"parameters.required: there is no property '{missing[0]}'")


def _is_larger(value: Any, most: int) -> bool:
    """Whether a JSON value contains more than ``most`` values."""
    waiting, count = [value], 0
    while waiting and count <= most:
        part = waiting.pop()
        count += 1
        if isinstance(part, dict | list):
            waiting += part.values() if isinstance(part, dict) else part
    return count > most


def tool_text(tool: ToolEntry) -> str:
    """Return a complete tool as JSON text for editing."""
    return json.dumps(msgspec.to_builtins(tool), indent=2, ensure_ascii=False) + "\n"


def tool_of(text: str, others: set[str]) -> ToolEntry:
    """Parse and validate a tool from JSON text.

    Args:
        text: the tool as JSON.
        others: names of the other tools.

    Raises:
        SchemaRefused: it is not valid; the sentence names line or path.
    """
    try:
        tool = msgspec.convert(with_kind(json.loads(text, parse_constant=_no_constant)), ToolEntry)
    except json.JSONDecodeError as error:
        raise SchemaRefused(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except msgspec.ValidationError as error:
        raise SchemaRefused(str(error).replace("$.", "")) from None
    except RecursionError:
        raise SchemaRefused("it is nested too deeply") from None
    check_name(tool.name, others)
    check(tool.parameters)
    return tool


def check_name(name: str, others: set[str]) -> None:
    """Check the name of a tool.

    Raises:
        SchemaRefused: the name is not valid or in use.
    """
    if not _NAME.fullmatch(name):
        raise SchemaRefused(f"name: 1 to {MAX_NAME} letters, digits, '_' or '-'")
    if name in others:
        raise SchemaRefused(f"name: there is a tool '{name}' already")


def _path(parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in ["parameters", *parts])[1:]
