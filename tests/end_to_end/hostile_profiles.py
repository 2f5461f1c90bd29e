"""Profiles all of whose texts are hostile, and broken ones whose errors would quote them."""

import copy
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hostile import Author, profile_toml
from msgspec import inspect

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.runs import KINDS
from rtvoice_tui.profiles.store import parse_profile

Table = dict[str, Any]


def profile(author: Author, provider: str = "generic", **instead: Any) -> Table:
    """Every text of a profile by its path, one tool of each kind; lists and tables hold one entry."""
    kind = typing.cast("inspect.StructType", inspect.type_info(Profile))
    filled = _struct(kind, "", author)
    # the name of a variable can hold nothing hostile: such a profile is refused
    return filled | {"provider": provider, "trusted": True, "api_key_env": "HOSTILE_KEY"} | instead


def tool(kind: str, author: Author) -> Table:
    """One tool of a kind."""
    entry = typing.cast("inspect.StructType", inspect.type_info(next(iter(typing.get_args(_tools())))))
    named, argument = f"{kind} tool", author.text(f"{kind} argument")
    value = {"type": "string", "description": author.text(named), "enum": [author.text(named)]}
    schema = {"type": "object", "properties": {argument: value}, "required": [argument]}
    more = {"parameters": schema, "run": _run(kind, author), "policy": "ask", "timeout_s": 5.0}
    return _struct(entry, named, author) | more


def _tools() -> Any:
    return typing.get_type_hints(Profile)["tools"]


def _run(kind: str, author: Author) -> Table:
    run = typing.cast("inspect.StructType", inspect.type_info(KINDS[kind]))
    filled = _struct(run, f"{kind} run", author) | {"kind": kind}
    filled.pop("original", None)
    if kind == "mcp":
        filled.pop("url")
    return filled


def _struct(kind: inspect.StructType, path: str, author: Author) -> Table:
    found: Table = {}
    for field in kind.fields:
        name = field.encode_name
        if path == "" and name == "tools":
            found[name] = [tool(each, author) for each in KINDS]
        elif name not in ("run", "policy", "timeout_s"):
            found[name] = _value(field.type, f"{path}.{name}".lstrip("."), author)
    return {name: value for name, value in found.items() if value is not None}


def _value(kind: inspect.Type, path: str, author: Author) -> Any:
    match kind:
        case inspect.UnionType():
            return _value(next(each for each in kind.types if not isinstance(each, inspect.NoneType)), path, author)
        case inspect.StrType() | inspect.AnyType():
            return author.text(path)
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.ListType():
            return [_value(kind.item_type, f"{path}[]", author)]
        case inspect.DictType():
            return {author.text(f"{path} (key)"): author.text(f"{path} (value)")}
        case inspect.StructType():
            return _struct(kind, path, author)
        case inspect.IntType() | inspect.FloatType():
            return _number(kind)
        case inspect.BoolType():
            return False
    return None


def _number(kind: inspect.IntType | inspect.FloatType) -> float:
    least = kind.ge if kind.ge is not None else 1
    return least if isinstance(kind, inspect.IntType) else float(least)


def broken(author: Author) -> Iterator[str]:
    """Texts that are no profiles, with something hostile in what is wrong about them."""
    yield from filter(_refused, _changed(author))


def _refused(text: str) -> bool:
    try:
        parse_profile(text, "it")
    except ProfileError:
        return True
    return False


def _changed(author: Author) -> Iterator[str]:
    whole = profile(author)
    for path in _paths(whole):
        yield profile_toml(_with(whole, path, 5 if isinstance(_at(whole, path), str) else author.text(f"{path}")))
    for path in ((), ("session",), ("audio",), ("tools", 0), ("tools", 1, "run")):
        table = copy.deepcopy(whole)
        _at(table, path)[author.text(f"unknown key of {path}")] = 1
        yield profile_toml(table)
    yield f"model = {author.text('raw')!r}\n"
    yield f'model = "{author.text("raw, unescaped")}"\n'
    yield f"{author.text('raw key')} = 1\n"
    yield f"x = {author.text('raw value')}\n"


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    entries: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from _paths(entry, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _with(value: Table, path: tuple[Any, ...], instead: Any) -> Table:
    value = copy.deepcopy(value)
    _at(value, path[:-1])[path[-1]] = instead
    return value


def put(environment: dict[str, str], name: str, text: str) -> Path:
    """A profile's file, where the command finds it."""
    path = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path
