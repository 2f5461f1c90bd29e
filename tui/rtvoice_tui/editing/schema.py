"""Tool definitions as text that the user edits."""

import json
from typing import Any

import msgspec

from rtvoice_tui.errors import SchemaRefused
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import with_kind
from rtvoice_tui.tools.definitions import check, check_name


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
