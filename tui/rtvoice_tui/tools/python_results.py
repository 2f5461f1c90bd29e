"""The JSON form of what a Python tool returns. Runs in the tool's process."""

import collections.abc
import inspect
import io
import itertools
from typing import Any

MAX_ITEMS = 10_000
"""Maximum number of values that are taken from a generator."""


def as_json(value: Any) -> Any:
    """Dataclasses, dates and similar types as JSON types.

    Raises:
        TypeError: a value has no form in JSON; the message names its type.
    """
    import msgspec

    if isinstance(value, bytes | bytearray):
        return _text_of(bytes(value))
    return msgspec.to_builtins(value, str_keys=True, enc_hook=_other_as_json)


def _other_as_json(value: Any) -> Any:
    """The JSON form of a value that msgspec does not know: of generators, models, arrays, and what has a text.

    Raises:
        TypeError: it has none.
    """
    if isinstance(value, io.IOBase):
        raise TypeError("its result is no JSON (an open file): return its text")
    if isinstance(value, collections.abc.Iterator | collections.abc.KeysView | collections.abc.ValuesView | range):
        return list(itertools.islice(value, MAX_ITEMS))
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
        if len(found) >= MAX_ITEMS:
            break
    return found
