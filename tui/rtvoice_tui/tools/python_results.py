"""The JSON form of what a Python tool returns. Runs in the tool's process."""

import collections.abc
import dataclasses
import datetime
import decimal
import enum
import inspect
import io
import itertools
import json
import math
import uuid
from collections.abc import Callable, Iterable
from typing import Any

MAX_ITEMS = 10_000
"""Maximum number of values that are taken from a generator."""

CUT = f"[cut after {MAX_ITEMS} values]"
"""Last value of a list that was cut."""

_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, bytes.__bytes__),
    (bytearray, bytes),
    (memoryview, bytes),
)
"""Types with a plain form of their own, and what makes it; also of their subclasses."""

_LISTS = (
    collections.abc.Iterator,
    collections.abc.KeysView,
    collections.abc.ValuesView,
    collections.abc.Sequence,
    collections.abc.Set,
)
_SCALARS = (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)
"""Types whose text msgspec knows best."""

_FORMS = ("model_dump", "tolist", "_asdict", "to_dict", "isoformat")
"""Methods by which other libraries' types give their values: pydantic, numpy, named tuples, pandas, dates."""

_NOTHING = ("NAType", "NaTType")
"""Types of pandas for values that are not there."""


def as_json(value: Any) -> Any:
    """Dataclasses, dates, arrays and similar types as JSON types.

    Raises:
        TypeError: a value has no form in JSON; the message names its type.
    """
    try:
        return _plain(value)
    except RecursionError:
        raise TypeError("its result contains itself, or is nested too deeply: return a simpler value") from None


def _plain(value: Any) -> Any:
    if value is None or value is True or value is False or type(value).__name__ in _NOTHING:
        return None if type(value).__name__ in _NOTHING else value
    for kind, plain in _BASES:
        if isinstance(value, kind) and not isinstance(value, enum.Enum):
            return _base(plain(value))
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if type(value) is dict:
        return _object(value.items())
    if type(value) in (list, tuple):
        return [_plain(inner) for inner in value]
    if (fields := _fields(value)) is not None:
        return _object(fields.items())
    return _other(value)


def _base(value: Any) -> Any:
    """Text, a whole number, or a number; ``null`` or text for numbers that JSON does not have; bytes as text."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise TypeError("its result is no JSON (bytes that are not UTF-8): return text") from None
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _object(items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, inner in items:
        key = _key(name)
        if key in found:
            raise TypeError(f"its result is no JSON (two of its keys are {key!r} there): rename one")
        found[key] = _plain(inner)
    return found


def _key(name: Any) -> str:
    """The name of a field in JSON: text as it is, anything else as its JSON."""
    plain = _plain(name)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _fields(value: Any) -> dict[str, Any] | None:
    """The public fields of a dataclass or of an attrs class, as far as they are set; None for any other value."""
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
    elif attributes := getattr(value, "__attrs_attrs__", ()):
        names = [field.name for field in attributes]
    else:
        return None
    return {name: getattr(value, name) for name in names if not name.startswith("_") and hasattr(value, name)}


def _other(value: Any) -> Any:
    """The JSON form of generators, models, arrays, and of what has a text.

    Raises:
        TypeError: it has none.
    """
    import msgspec

    _check_result(value)
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.to_builtins(value, str_keys=True, builtin_types=(bytes,), enc_hook=_plain))
    if isinstance(value, _SCALARS):
        kind = next(kind for kind in (datetime.datetime, *_SCALARS) if isinstance(value, kind))
        return msgspec.to_builtins(value) if type(value) is kind else _own_form(value)
    form = _own_form(value)
    if form is not value:
        return form
    if isinstance(value, collections.abc.Mapping):
        return _object(value.items())
    if isinstance(value, _LISTS) and not _has_text(value):  # UserString is a sequence
        found = list(itertools.islice(value, MAX_ITEMS + 1))
        return [_plain(inner) for inner in found[:MAX_ITEMS]] + [CUT] * (len(found) > MAX_ITEMS)
    return _plain(list(value)) if isinstance(value, tuple | list) else str(value)


def _own_form(value: Any) -> Any:
    """What one of the known methods of a value gives; the value itself if it has none of them."""
    for method in _FORMS:
        if callable(form := getattr(value, method, None)):
            plain = form()
            if type(plain) is not type(value):  # numpy's long double gives itself
                return _plain(plain)
    return str(value) if isinstance(value, _SCALARS) else value


def _has_text(value: Any) -> bool:
    """Whether a value's type says what its text is; else it is the same as its ``repr``."""
    own: Any = type(value).__str__
    return own is not object.__str__


def _check_result(value: Any) -> None:
    """Raises TypeError for a value that a tool returns by mistake; the message says what to do."""
    name = type(value).__name__
    if isinstance(value, BaseException):
        raise TypeError(f"its result is an exception ({name}: {value}): raise it instead")
    if inspect.isawaitable(value) or inspect.isasyncgen(value):
        if inspect.iscoroutine(value):
            value.close()  # else Python warns that it was never awaited
        raise TypeError(f"its result is no JSON ({name} inside it): await it first")
    if isinstance(value, io.IOBase):
        raise TypeError("its result is no JSON (an open file): return its text")
    has_form = isinstance(value, (*_LISTS, collections.abc.Mapping)) or any(
        callable(getattr(value, method, None)) for method in _FORMS
    )
    about_itself = not _has_text(value) and repr(value).startswith("<")
    if isinstance(value, type) or (not has_form and (callable(value) or about_itself)):
        raise TypeError(f"its result is no JSON ({name}): return text, a number, a list or a dict")


async def awaited(value: Any) -> Any:
    """The result of an awaitable, or of an asynchronous generator."""
    if inspect.isawaitable(value):
        value = await value
    return await _collected(value) if inspect.isasyncgen(value) else value


async def _collected(values: Any) -> list[Any]:
    """The values of an asynchronous generator."""
    found: list[Any] = []
    async for value in values:
        found.append(value)
        if len(found) > MAX_ITEMS:
            return [*found[:MAX_ITEMS], CUT]
    return found
