"""Every field of every client event, from the shapes by which the agent checks them."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from rtvoice_tui.local_agent.validation import EVENTS, Range, Required

Path = tuple[str | int, ...]


def a_value(shape: Any, name: str = "") -> Any:
    """A value that fits a shape, with all fields there are."""
    if isinstance(shape, Required):
        return a_value(shape.shape, name)
    if isinstance(shape, tuple):
        return a_value(shape[0], name)
    if isinstance(shape, Mapping):
        return {field: a_value(inner, field) for field, inner in shape.items()}
    if isinstance(shape, list):
        return [a_value(shape[0])]
    if isinstance(shape, set):
        return max(shape)
    if isinstance(shape, Range):
        return int(shape.high) if shape.whole else 1.0
    if shape is str:
        return "heart" if name == "voice" else "AAAAAA==" if name == "audio" else "text"
    return {int: 1, bool: True, dict: {"a": "b"}, list: []}[shape]


def an_event(kind: str) -> dict[str, Any]:
    """An event that is in order, with all its fields."""
    event: dict[str, Any] = a_value(EVENTS[kind])
    return {**event, "type": kind}


def fields(shape: Any, path: Path = ()) -> Iterator[Path]:
    """Where there is a value: all places below a shape."""
    if isinstance(shape, Required):
        yield from fields(shape.shape, path)
    elif isinstance(shape, tuple):
        yield from fields(shape[0], path)
    elif isinstance(shape, Mapping):
        for name, inner in shape.items():
            yield (*path, name)
            yield from fields(inner, (*path, name))
    elif isinstance(shape, list):
        yield (*path, 0)
        yield from fields(shape[0], (*path, 0))


def value_at(event: Any, path: Path) -> Any:
    """What stands at a place."""
    for step in path:
        event = event[step]
    return event


def changed(event: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The same event with another value at one place."""
    event = copy.deepcopy(event)
    value_at(event, path[:-1])[path[-1]] = value
    return event


TEXTS = [
    (kind, path)
    for kind, shape in EVENTS.items()
    for path in fields(shape)
    if isinstance(value_at(an_event(kind), path), str)
]
"""All places that hold text."""
