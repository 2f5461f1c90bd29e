"""Edits a profile's TOML and preserves comments, order and everything else."""

from collections.abc import Mapping
from typing import Any

import msgspec
import tomlkit
from msgspec import UNSET
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Comment, Table, Whitespace

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import with_kind
from rtvoice_tui.profiles.store import check_size


def parsed_document(text: str, shown: str) -> tomlkit.TOMLDocument:
    """Parse TOML including its comments; ``shown`` names the file in errors.

    Raises:
        ProfileError: it is not valid TOML, too large, or nested too deeply.
    """
    check_size(text, shown)
    try:
        return tomlkit.parse(text)
    except (TOMLKitError, RecursionError, ValueError) as error:
        raise ProfileError(f"{shown} cannot be changed: {error}", "fix it by hand, or delete it") from error


def edited(
    text: str,
    shown: str,
    connection: Mapping[str, str],
    session: Mapping[str, Any],
    tools: Mapping[str, ToolEntry | None],
    audio: Mapping[str, Any],
) -> str:
    """Apply changes to a profile's text; returns the new text.

    Args:
        text: the profile's current text.
        shown: names the file in errors.
        connection: the new ``model`` and ``url``, where they changed.
        session: changed settings by name; ``UNSET`` removes a key, ``None`` writes ``{type = "none"}``.
        tools: changed tools by their previous name; ``None`` removes a tool, an unknown name adds one.
        audio: changed keys of the ``[audio]`` table; ``None`` removes a key.

    Raises:
        ProfileError: it is not valid TOML, too large, or nested too deeply.
    """
    document = parsed_document(text, shown)
    for key, value in connection.items():
        _put(document, key, value)
    said = {key: value for key, value in session.items() if value is not UNSET}
    if said:
        table = document.setdefault("session", tomlkit.table())
        for key, value in said.items():
            _put(table, key, value)
    if tools:
        _put_tools(document, tools)
    chosen = {key: value for key, value in audio.items() if value is not None}
    if chosen:
        table = document.setdefault("audio", tomlkit.table())
        for key, value in chosen.items():
            _put(table, key, value)
    text = document.as_string()
    out = [("session", key) for key, value in session.items() if value is UNSET]
    out += [("audio", key) for key, value in audio.items() if value is None]
    for name, key in out:
        document = parsed_document(text, shown)  # parse again: removing a dotted key breaks tomlkit's positions
        table = document.get(name, {})
        if key in table:
            kept = _trailing_comments(table[key]) if isinstance(table[key], Table) else ""
            table.pop(key)
            if kept:
                table.add(tomlkit.ws(kept))
        text = document.as_string()
    return text


def _put(table: Any, key: str, value: Any) -> None:
    """Set a key. A new key goes after the last key, before the comments that belong to the next table."""
    item = _item(value)
    if key in table:
        old = table[key]
        kept = _trailing_comments(old) if isinstance(old, Table) else ""
        table[key] = item
        if kept:
            table.add(tomlkit.ws(kept))
        return
    container: Any = table if isinstance(table, Container) else getattr(table, "value", None)
    if not isinstance(container, Container):  # a table written as dotted keys in several places
        table[key] = item
        return
    simple = [k for k, v in container.body if k is not None and not isinstance(v, Table | AoT) and not k.is_dotted()]
    if simple and isinstance(container.body[-1][1], Comment | Whitespace | Table | AoT):
        container._insert_after(simple[-1], key, item)
    else:
        table[key] = item


def _item(value: Any) -> Any:
    if value is None:
        return _inline({"type": "none"})
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(_toml(value))


def _toml(value: Any) -> Any:
    """Convert a value to TOML; entries that are ``None`` are left out, because TOML has no null."""
    if isinstance(value, Mapping):
        return _inline(value)
    if isinstance(value, list):
        return [_toml(entry) for entry in value if entry is not None]
    return value


def _inline(value: Mapping[str, Any]) -> Any:
    table = tomlkit.inline_table()
    for key, entry in value.items():
        if entry is not None:
            table[key] = _toml(entry)
    return table


def _put_tools(document: tomlkit.TOMLDocument, tools: Mapping[str, ToolEntry | None]) -> None:
    entries: Any = document.get("tools")
    places = {str(table.get("name")): index for index, table in enumerate(entries or [])}
    for name, tool in tools.items():
        if tool is not None and name in places:
            _change_tool(entries[places[name]], tool)
    for index in sorted(
        (places[name] for name, tool in tools.items() if tool is None and name in places), reverse=True
    ):
        _take_out(document, entries, index)
    for tool in (tool for name, tool in tools.items() if tool is not None and name not in places):
        _add_tool(document, tool)


def _add_tool(document: tomlkit.TOMLDocument, tool: ToolEntry) -> None:
    """Append a tool; comments below the last tool belong to what follows and stay at the end."""
    entries: Any = document.get("tools")
    table = _new_tool(tool)
    if entries is None:
        entries = tomlkit.aot()
        entries.append(table)
        document["tools"] = entries
    elif isinstance(entries, AoT):
        body = entries[-1].value.body if len(entries) else []
        moved: list[Any] = []
        while body and body[-1][0] is None:
            moved.insert(0, body.pop())
        entries.append(table)
        entries[-1].value.body.extend(moved)
    else:
        entries.append(_inline(table.unwrap()))


def _take_out(document: tomlkit.TOMLDocument, entries: Any, index: int) -> None:
    """Remove a tool; comments below it belong to what follows and are kept."""
    kept = _trailing_comments(entries[index]) if isinstance(entries, AoT) else ""
    del entries[index]
    if kept and isinstance(entries, AoT) and len(entries):
        before = entries[max(0, index - 1)]
        before.add(tomlkit.ws(kept)) if index else before.value.body.insert(0, (None, tomlkit.ws(kept)))
    elif kept:
        document.add(tomlkit.ws(kept))


def _trailing_comments(table: Table) -> str:
    """Return the comments and blank lines at the end of a table, which belong to what follows; empty if no comment."""
    lines: list[str] = []
    for key, item in reversed(table.value.body):
        if key is not None:
            break
        lines.insert(0, item.as_string())
    return "".join(lines) if any("#" in line for line in lines) else ""


def _change_tool(table: Any, tool: ToolEntry) -> None:
    """Write only the keys of a tool whose values changed."""
    before = msgspec.convert(with_kind({**table.unwrap(), "name": str(table.get("name"))}), ToolEntry)
    plain = ToolEntry(name=tool.name)
    for key in tool.__struct_fields__:
        value = getattr(tool, key)
        if value == getattr(before, key):
            continue
        if value == getattr(plain, key) and key != "name":
            table.pop(key, None)
        else:
            _put(table, key, _plain(value))


def _new_tool(tool: ToolEntry) -> Table:
    plain = ToolEntry(name=tool.name)
    table = tomlkit.table()
    for key in tool.__struct_fields__:
        value = getattr(tool, key)
        if key in ("name", "run") or value != getattr(plain, key):
            _put(table, key, _plain(value))
    return table


def _plain(value: Any) -> Any:
    """Convert a struct (``run``, ``filler``) to a table without its default values, if its type omits them."""
    return msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value
