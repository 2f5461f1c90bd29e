"""What a session leaves behind, as bytes that can be compared."""

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import msgspec

from rtvoice_tui.session import effects as fx
from rtvoice_tui.session.inputs import Input
from rtvoice_tui.store.store import Store

_NOT_OF_FACTS = ("events", "audio", "mic", "speaker")
"""The event log holds frames; the others are measured by devices."""


def remembered(journal: Iterable[tuple[Input, float]], effects: Iterable[Iterable[fx.Effect]]) -> bytes:
    """A fresh store after all facts of a conversation."""
    store = Store()
    for (_, at), step in zip(journal, effects, strict=True):
        for effect in step:
            if isinstance(effect, fx.Report):
                store.record(effect.fact, at)
    store.events.close()
    kept = {name: _plain(value) for name, value in vars(store).items() if name not in _NOT_OF_FACTS}
    return json.dumps(kept, sort_keys=True).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum | str | int | float | None):
        return value
    if isinstance(value, dict):
        return [[_plain(key), _plain(entry)] for key, entry in value.items()]
    if isinstance(value, list | tuple | deque):
        return [_plain(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    kept = getattr(value, "__dict__", {})
    return {name: _plain(entry) for name, entry in kept.items() if "lock" not in name}
