"""The JSON form of what a Python tool returns. Runs in the tool's process."""

import collections.abc
import inspect
import io
import itertools
import math
from typing import Any

MAX_ITEMS = 10_000
"""Maximum number of values that are taken from a generator."""

CUT = f"[cut after {MAX_ITEMS} values]"
"""Last value of a list that was cut."""


def as_json(value: Any) -> Any:
    """Dataclasses, dates and similar types as JSON types.

    Raises:
        TypeError: a value has no form in JSON; the message names its type.
    """
    import msgspec

    if isinstance(value, BaseException):
        raise TypeError(f"its result is an exception ({type(value).__name__}: {value}): raise it instead")
    raw = (bytes, bytearray, memoryview)  # else they become base64
    return _plain(msgspec.to_builtins(value, str_keys=True, builtin_types=raw, enc_hook=_other_as_json))


def _plain(value: Any) -> Any:
    """Bytes as text, and numbers that JSON does not have as ``null`` or text; also inside lists and dicts."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return _text_of(bytes(value))
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _other_as_json(value: Any) -> Any:
    """The JSON form of a value that msgspec does not know: of generators, models, arrays, and what has a text.

    Raises:
        TypeError: it has none.
    """
    for kind, plain in ((str, str.__str__), (int, int.__int__), (float, float.__float__), (bytes, bytes.__bytes__)):
        if isinstance(value, kind):  # a subclass
            return plain(value)  # type: ignore[arg-type]
    if inspect.isawaitable(value) or inspect.isasyncgen(value):
        if inspect.iscoroutine(value):
            value.close()  # else Python warns that it was never awaited
        raise TypeError(f"its result is no JSON ({type(value).__name__} inside it): await it first")
    if isinstance(value, io.IOBase):
        raise TypeError("its result is no JSON (an open file): return its text")
    if isinstance(value, collections.abc.Iterator | collections.abc.KeysView | collections.abc.ValuesView | range):
        found = list(itertools.islice(value, MAX_ITEMS + 1))
        return found if len(found) <= MAX_ITEMS else [*found[:MAX_ITEMS], CUT]
    for method in ("model_dump", "tolist", "_asdict", "to_dict", "isoformat"):
        if not isinstance(value, type) and callable(form := getattr(value, method, None)):
            return form()
    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    if isinstance(value, collections.abc.Sequence | collections.abc.Set):
        return list(value)
    kind = type(value)
    if isinstance(value, type) or callable(value) or str(value) == object.__repr__(value):
        raise TypeError(f"its result is no JSON ({kind.__name__}): return text, a number, a list or a dict")
    return str(value)


def _text_of(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise TypeError("its result is no JSON (bytes that are not UTF-8): return text") from None


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
