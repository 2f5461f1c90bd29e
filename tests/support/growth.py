"""What grows with the length of a session: work, counted in executed lines, and what is kept, in entries and bytes."""

import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import rtvoice_tui

OURS = "rtvoice_tui"
FOLDER = str(Path(rtvoice_tui.__file__).parent)

Roots = Mapping[str, object]


def lines_run(action: Callable[[], object]) -> int:
    """How many lines of our own code an action executes: a loop counts as often as it turns, whatever time it takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if event == "call":
            return trace if frame.f_code.co_filename.startswith(FOLDER) else None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def containers(roots: Roots) -> dict[str, Any]:
    """Every container that hangs on our own objects, by its path."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    waiting = deque(roots.items())
    while waiting:
        path, value = waiting.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict | list | set | deque | array):
            found[path] = value
        elif _is_ours(value):
            waiting.extend((f"{path}.{name.lstrip('_')}", inner) for name, inner in _fields(value))
    return found


def size_of(value: object, seen: set[int] | None = None) -> int:
    """Bytes of a value with everything in it; what was ``seen`` before is not counted again."""
    seen = set() if seen is None else seen
    size, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type) or callable(each):
            continue
        seen.add(id(each))
        size += sys.getsizeof(each)
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list | tuple | set | frozenset | deque):
            waiting += each
        elif _is_ours(each):
            waiting += [inner for _, inner in _fields(each)]
            size += sys.getsizeof(each.__dict__) if hasattr(each, "__dict__") else 0
    return size


def lengths(roots: Roots) -> dict[str, int]:
    """How many entries every container has."""
    return {path: len(value) for path, value in containers(roots).items()}


def census(roots: Roots) -> dict[str, tuple[int, int]]:
    """Entries and bytes of every container; what two of them hold counts for the one nearer to a root."""
    found = containers(roots)
    seen = {id(value) for value in found.values()}
    sized = {}
    for path, value in found.items():
        seen.discard(id(value))
        sized[path] = (len(value), size_of(value, seen))
    return sized


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """By how many entries containers have grown, where they have."""
    return {path: more for path, count in after.items() if (more := count - before.get(path, 0)) > 0}


def _is_ours(value: object) -> bool:
    return type(value).__module__.startswith(OURS) and not isinstance(value, str | type)


def _fields(value: object) -> Iterable[tuple[str, object]]:
    """Attributes, whether they are in a dictionary or in slots."""
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    named = [*slots, *getattr(value, "__struct_fields__", ())]
    inner = {name: getattr(value, name) for name in named if hasattr(value, name)}
    return (inner | getattr(value, "__dict__", {})).items()
