"""Converts how a tool is run to one line of text and back; fields that are not in the line are kept."""

import json
import re
import shlex
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from rtvoice_tui.errors import SchemaRefused
from rtvoice_tui.profiles import runs
from rtvoice_tui.profiles.runs import KINDS, ToolRun

_ADDRESS = ("http://", "https://")
_METHODS = get_args(get_type_hints(runs.HttpRun)["method"])

HINTS = {
    "python": "FILE.py:FUNCTION",
    "command": "program and arguments: weather --city {city}",
    "http": "GET https://host/path/{city}",
    "mcp": "command of an MCP server, or its https://... address",
    "mock": "the result, as text or JSON",
    "ask": "what you are asked",
    "hosted": "id of a search index, or the https://... address of an MCP server",
}


def line_of(run: ToolRun) -> str:
    """Return the line that the user edits."""
    match run:
        case runs.CommandRun():
            return shlex.join(run.argv)
        case runs.McpRun():
            return run.url or shlex.join(run.argv)
    return run.summary


_TARGET = re.compile(r"(demo|.+\.py):[^\W\d]\w*")
"""A function in a file, or one of the built-in examples."""


def run_of(kind: str, line: str, base: ToolRun) -> ToolRun:
    """Parse a line; if the kind did not change, all fields that are not in the line are kept from ``base``.

    Args:
        kind: name of the kind.
        line: the typed line.
        base: how the tool was run before.

    Raises:
        SchemaRefused: there is no such kind, or the line is not valid for it.
    """
    if kind not in KINDS:
        raise SchemaRefused(f"kind: one of {', '.join(KINDS)}")
    old = base if base.kind == kind else None
    if old is not None and line == line_of(old):
        return old  # parsing again would change a mock result such as a number or text with outer spaces
    try:
        fields = _fields(kind, line.strip())
        kept = msgspec.to_builtins(replace(old, **fields)) if old is not None else {"kind": kind, **fields}
        made: ToolRun = msgspec.convert(kept, ToolRun)
        return made
    except msgspec.ValidationError as error:
        raise SchemaRefused(f"runs: {str(error).replace('$.', '')}") from None


def _fields(kind: str, line: str) -> dict[str, Any]:
    if not line and kind in ("python", "command", "http", "mcp"):
        raise SchemaRefused(f"runs: {HINTS[kind]}")
    address = line.startswith(_ADDRESS)
    match kind:
        case "python":
            if not _TARGET.fullmatch(line):
                raise SchemaRefused(f"runs: {HINTS[kind]}, such as tools.py:get_weather")
            return {"target": line}
        case "command":
            return {"argv": _words(kind, line)}
        case "http":
            return _request(line)
        case "mcp":
            return {"url": line, "argv": []} if address else {"argv": _words(kind, line), "url": ""}
        case "mock":
            return {"result": _value(line)}
        case "ask":
            return {"question": line}
    return {"server_url": line, "index_id": ""} if address else {"index_id": line, "server_url": ""}


def _request(line: str) -> dict[str, Any]:
    """Parse method and address; the default method is GET."""
    method, _, url = ("GET", "", line) if line.startswith(_ADDRESS) else line.partition(" ")
    url = url.strip()
    if not url.startswith(_ADDRESS):
        raise SchemaRefused(f"runs: {HINTS['http']}")
    if method.upper() not in _METHODS:
        raise SchemaRefused(f"runs: the method is one of {', '.join(_METHODS)}")
    return {"method": method.upper(), "url": url}


def _words(kind: str, line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise SchemaRefused(f"runs: {error}") from None
    if not words or not words[0].strip():
        raise SchemaRefused(f"runs: {HINTS[kind]}")
    return words


def _value(line: str) -> Any:
    """Parse JSON objects and lists; everything else is text."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return line
    return value if isinstance(value, dict | list) else line
