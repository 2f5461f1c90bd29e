"""Turns msgspec's validation errors of a profile into sentences for users.

msgspec's message names the path of the value; the profile's types define what is allowed there. Imported only when
a profile is not valid.
"""

import datetime
import difflib
import re
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from msgspec import inspect

from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.variables import WANTED

SHOWN = 40
"""Maximum number of characters of a value that are shown."""

LIKENESS = 0.7
"""Minimum similarity (0 to 1, as in `difflib`) of a name that is suggested instead of an unknown one."""

_KEYS = frozenset(("api_key", "apikey", "key", "token", "secret", "authorization", "password"))
_RUN_KEYS = frozenset(("key_in_clear", "url", "argv", "headers", "method", "target", "env", "pass_env", "private"))
"""Keys of a tool's ``run`` that people write beside it."""

_WHERE_KEYS_ARE = "take it out, and keep the key in the environment or with: rtvoice-tui profiles set-key NAME"

_WORDS: list[tuple[tuple[type, ...], str]] = [
    ((inspect.StrType, inspect.LiteralType), "text"),
    ((inspect.IntType,), "a whole number"),
    ((inspect.FloatType,), "a number"),
    ((inspect.BoolType,), "true or false"),
    ((inspect.ListType,), "a list"),
    ((inspect.DictType, inspect.StructType), "a table"),
]


_CURLY = ("\u201c", "\u201d", "\u2018", "\u2019", "\u00ab", "\u201e")
"""Typographic quotes, which word processors write."""

_REPEATED = ("Cannot overwrite a value", "Cannot declare", "Cannot mutate", "Cannot redefine", "Duplicate")


def toml_remedy(message: str, text: str) -> str:
    """What to do about text that is not TOML.

    Args:
        message: what the parser says; it names the line where it could not go on.
        text: the text of the file.
    """
    found = re.search(r"at line (\d+)", message)
    lines = text.splitlines()
    line = lines[int(found[1]) - 1] if found and 0 < int(found[1]) <= len(lines) else ""
    value = line.partition("=")[2].strip()
    if message.startswith(_REPEATED):
        return "keep one of the two lines"
    if "\\" in line and re.search(r"escape|hex value", message, re.IGNORECASE):
        return "write \\\\ for each backslash, or put the text into 'single quotes'"
    if value[:1] in _CURLY or message.startswith(("Illegal character", "Unterminated string", "Expected \"'")):
        return "begin and end the text with the same straight quote"
    if message.startswith("Invalid value") and ("column 1)" in message or "end of document" in message):
        return "close the bracket that is open above"
    if message.startswith("Invalid value") and value[:1].isalpha():
        return f'put the text into quotes: "{value[:SHOWN]}"'
    if message.startswith(("Unclosed", "Expected ']'")):
        return "close the bracket"
    if message.startswith("Expected '='"):
        return "write the line as key = value"
    if message.startswith("Expected newline"):
        return "write one key and one value in a line"
    return "fix the line"


class Objection(NamedTuple):
    """A sentence that names the key, and the remedy."""

    sentence: str
    remedy: str


@dataclass
class _Place:
    """A key of a profile: its path, its value, and the types and choices that are allowed."""

    key: str
    value: Any
    kinds: tuple[inspect.Type, ...]
    choices: tuple[Any, ...] = ()
    required: bool = True

    def all(self, *wanted: type) -> list[Any]:
        """Return the allowed types that are instances of the given classes."""
        return [kind for kind in self.kinds if isinstance(kind, wanted)]


def objection(message: str, raw: Any) -> Objection:
    """Turn a validation error of msgspec into an `Objection`; falls back to msgspec's own message.

    Args:
        message: msgspec's message.
        raw: the complete profile as it was parsed from TOML.
    """
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?([^`]*)`)?", message, re.DOTALL)
    complaint, path = (match[1], match[2] or "") if match else (message, "")
    try:
        return _said(complaint, _found(path, raw))
    except (LookupError, StopIteration, TypeError, ValueError, AttributeError):
        return Objection(f"{path or 'the file'}: {complaint}", "correct it")


def _said(complaint: str, place: _Place) -> Objection:
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", complaint, re.DOTALL):
        return _unknown(match[1], place)
    if match := re.fullmatch(r"Object missing required field `(.*)`", complaint):
        return Objection(f"{place.key} has no key '{match[1]}', which it needs", f"add {match[1]} = ... to it")
    if place.choices:
        wanted = _listed(str(choice) for choice in place.choices)
    elif ", got `" in complaint:
        words = [word for kind in place.kinds for types, word in _WORDS if isinstance(kind, types)]
        wanted = _listed(dict.fromkeys(words))
    elif " matching regex " in complaint:
        return Objection(f"{place.key} must be {WANTED}", "correct it, or take the line out")
    elif " of length >= 1" in complaint:
        return Objection(f"{place.key} must not be empty", "write something into it")
    else:
        wanted = _range(place.all(inspect.IntType, inspect.FloatType)[0])
    if not wanted:
        raise LookupError(complaint)
    remedy = "correct it" if place.required else "correct it, or take the line out"
    if isinstance(place.value, dict) and place.all(inspect.ListType):
        remedy = f"write [[{place.key}]] instead of [{place.key}]"
    return Objection(f"{place.key} must be {wanted}; it is {_told(place)}", remedy)


def _unknown(name: str, place: _Place) -> Objection:
    table = _table(place)
    known = [*([table.tag_field] if table.tag_field else []), *(field.encode_name for field in table.fields)]
    if name.lower() in _KEYS and not place.key:
        return Objection(f"a profile holds no key: {name} is no setting", _WHERE_KEYS_ARE)
    near = (
        _in_run(name, place) or _elsewhere(name) or next(iter(difflib.get_close_matches(name, known, 1, LIKENESS)), "")
    )
    sentence = f"{place.key or 'a profile'} has no key {_short(repr(name))}"
    if near:
        return Objection(f"{sentence}; did you mean {near}?", "correct the name, or take it out")
    return Objection(sentence, f"take it out, or write one of: {', '.join(known)}")


def _in_run(name: str, place: _Place) -> str:
    """Return how to write a key of a tool's ``run`` that stands beside it; empty if it is none."""
    if not re.fullmatch(r"tools\[\d+\]", place.key) or name not in _RUN_KEYS:
        return ""
    return f"{name} inside run = {{...}}"


def _elsewhere(name: str) -> str:
    """Return where else in a profile a key of this name is allowed; empty if nowhere."""
    profile = _profile()
    tables = [field for field in profile.fields if isinstance(field.type, inspect.StructType)]
    for table in tables:
        if name in {field.encode_name for field in typing.cast("inspect.StructType", table.type).fields}:
            return f"{table.encode_name}.{name}"
    names = {field.encode_name for field in profile.fields if field not in tables}
    return f"{name} at the top of the file, before all tables" if name in names else ""


def _found(path: str, raw: Any) -> _Place:
    """Resolve a path such as ``tools[0].run.env[...]`` to its place."""
    place = _Place("", raw, (_profile(),))
    for name, index in re.findall(r"\.?(\w+)|\[([^\]]*)\]", path):
        if name:
            place = _key_of(place, name)
        elif index.isdigit():
            item = place.all(inspect.ListType)[0].item_type
            place = _Place(f"{place.key}[{index}]", place.value[int(index)], _alternatives(item))
        else:
            kind = place.all(inspect.DictType)[0].value_type
            key = next(key for key, value in place.value.items() if _misfits(value, kind))
            shown = key if key.isidentifier() else _short(repr(key))
            place = _Place(f"{place.key}.{shown}", place.value[key], _alternatives(kind))
    return place


def _key_of(place: _Place, name: str) -> _Place:
    key, value = f"{place.key}.{name}".lstrip("."), place.value.get(name)
    tables: list[inspect.StructType] = place.all(inspect.StructType)
    if name in {table.tag_field for table in tables}:
        return _Place(key, value, (), tuple(table.tag for table in tables))
    table = _table(place)
    field = next(field for field in table.fields if field.encode_name == name)
    kinds = _alternatives(field.type)
    choices: tuple[Any, ...] = ()
    if isinstance(kinds[0], inspect.LiteralType):  # msgspec sorts them; the declaration keeps their order
        choices = typing.get_args(typing.get_type_hints(table.cls)[field.name])
    return _Place(key, value, kinds, choices, field.required)


def _table(place: _Place) -> inspect.StructType:
    """Return the table's type; of several types the one with the value's tag."""
    tables: list[inspect.StructType] = place.all(inspect.StructType)
    if len(tables) == 1:
        return tables[0]
    return next(table for table in tables if place.value.get(table.tag_field) == table.tag)


def _profile() -> inspect.StructType:
    return typing.cast("inspect.StructType", inspect.type_info(Profile))


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return tuple(each for each in kinds if not isinstance(each, inspect.NoneType))


def _misfits(value: Any, kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StrType) and not isinstance(value, str)


def _range(kind: Any) -> str:
    if kind.ge is not None and kind.le is not None:
        return f"between {_number(kind.ge)} and {_number(kind.le)}"
    words = (("above", kind.gt), ("at least", kind.ge), ("below", kind.lt), ("at most", kind.le))
    return " and ".join(f"{word} {_number(limit)}" for word, limit in words if limit is not None)


def _told(place: _Place) -> str:
    """Describe the value of a key. Text is shown only if it is one of a few choices, because it may be a secret."""
    match place.value:
        case bool():
            return str(place.value).lower()
        case int() | float():
            return _short(_number(place.value))
        case str():
            return _short(repr(place.value)) if place.choices else "text"
        case list():
            return "a list"
        case dict():
            return "a table"
        case datetime.time():
            return "a time"
    return "a date"


def _number(number: float) -> str:
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _listed(words: Iterable[str]) -> str:
    *some, last = [*words] or [""]
    return f"{', '.join(some)} or {last}" if some else last
