"""Whether a tool can be offered to a model: its name, and the JSON Schema of its arguments.

The one check for all ways in which a tool enters: a profile's file, an import, an MCP server, a Python signature, and
the forms of the screen. What passes is accepted by every server as a function tool.
"""

import json
import re
from typing import Any

from rtvoice_tui.errors import SchemaRefused
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.runs import McpRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.schema import in_json
from rtvoice_tui.tools.references import lost_reference

MAX_NAME = 64

MAX_PARTS = 3000
"""Maximum number of values in a schema: larger ones could not be validated in time."""

_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def own_specs(profile: Profile) -> tuple[ToolSpec, ...]:
    """The tools that a profile defines itself.

    An MCP server is left out: its name only becomes a prefix of its tools' names, which `prefixed` makes valid.
    """
    tools = (tool for tool in profile.active_tools if not isinstance(tool.run, McpRun))
    return tuple(tool.spec(profile.tool_policy) for tool in tools)


def problem_of(spec: ToolSpec) -> str:
    """Return why a tool cannot be offered; empty if it can. May take some 100 ms for a large schema."""
    try:
        check_name(spec.name, set())
        if not spec.hosted:
            check(spec.parameters)
    except SchemaRefused as refused:
        return str(refused)
    except Exception as fault:  # a schema that the validator itself fails on
        return f"parameters: it cannot be checked: {type(fault).__name__}"
    return ""


def check(schema: Any) -> None:
    """Check that a value is a valid JSON Schema for a tool's arguments.

    Raises:
        SchemaRefused: it is not valid or has more than `MAX_PARTS` values; the sentence names the path.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for

    if not isinstance(schema, dict):
        raise SchemaRefused("parameters: a tool's schema is an object")
    if _is_larger(schema, MAX_PARTS):  # validation time is quadratic
        raise SchemaRefused(f"parameters: it has more than {MAX_PARTS} parts, so it could not be checked in time")
    try:
        draft = {"$schema": schema["$schema"]} if isinstance(schema.get("$schema"), str) else {}
        validator = validator_for(draft, default=Draft202012Validator)
        error = best_match(validator(validator.META_SCHEMA).iter_errors(schema))
    except RecursionError:
        raise SchemaRefused("it is nested too deeply") from None
    _check_json(schema)
    if error is not None:
        raise SchemaRefused(f"{_path(error.absolute_path)}: {_wrong_type(error) or in_json(error)}")
    if lost := lost_reference(schema):
        raise SchemaRefused(f"parameters: nothing in it is at $ref '{lost[:100]}'")
    if schema.get("type", "object") not in ("object", ["object"]):
        raise SchemaRefused(f"parameters.type: it must be 'object'; it is {json.dumps(schema['type'])[:100]}")
    properties = schema.get("properties", {})
    if not isinstance(schema.get("required", []), list):  # as draft 3 has it
        raise SchemaRefused("parameters.required: it is the list of the names that are required")
    missing = [name for name in schema.get("required", []) if name not in properties]
    if missing:
        raise SchemaRefused(f"parameters.required: there is no property '{missing[0]}'")


def _wrong_type(error: Any) -> str:
    """What a schema's ``type`` may be; empty if the error is about something else."""
    if not error.absolute_path or error.absolute_path[-1] != "type" or error.validator != "anyOf":
        return ""
    return f"{json.dumps(error.instance)[:100]} is none of {', '.join(_TYPES)}"


def _check_json(schema: dict[str, Any]) -> None:
    """Check that a schema can be sent as JSON; TOML and Python have values that JSON does not."""
    try:
        json.dumps(schema, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise SchemaRefused(f"parameters: it is no JSON: {error}") from None


def _is_larger(value: Any, most: int) -> bool:
    """Whether a JSON value contains more than ``most`` values."""
    waiting, count = [value], 0
    while waiting and count <= most:
        part = waiting.pop()
        count += 1
        if isinstance(part, dict | list):
            waiting += part.values() if isinstance(part, dict) else part
    return count > most


def check_name(name: str, others: set[str]) -> None:
    """Check the name of a tool.

    Raises:
        SchemaRefused: the name is not valid or in use.
    """
    if not _NAME.fullmatch(name):
        raise SchemaRefused(f"name: 1 to {MAX_NAME} letters, digits, '_' or '-': {_name_problem(name)}")
    if name in others:
        raise SchemaRefused(f"name: there is a tool '{name}' already")


def _name_problem(name: str) -> str:
    """What a name has that it must not have."""
    odd = next((sign for sign in name if not _NAME.fullmatch(sign)), "")
    if odd:
        return "it has a space" if odd == " " else f"it has {odd!r}"
    return f"it has {len(name)} characters" if name else "it is empty"


def _path(parts: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in ["parameters", *parts])[1:]
