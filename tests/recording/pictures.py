"""What a store holds, as values that can be compared."""

from typing import Any

from rtvoice_tui.store.store import Store


def picture(store: Store) -> dict[str, Any]:
    """Everything that facts and frames have put into a store."""
    events = store.events
    rows = [(events.row(number), events.turn_of(number), events.texts(number)) for number in range(len(events))]
    return {
        "transcript": [values(entry) for entry in store.transcript.entries],
        "calls": [values(record) for record in store.calls.records],
        "usage": values(store.usage),
        "timings": values(store.timings),
        "session": values(store.session),
        "notices": values(list(store.notices)),
        "edits": values(list(store.edits)),
        "talk": values(store.talk),
        "interruptions": values(store.interruptions),
        "audio settings": store.audio_settings,
        "events": values(rows),
    }


def values(thing: Any, depth: int = 0) -> Any:
    """An object's values, nested ones included."""
    if isinstance(thing, str):
        return thing.encode("utf-8", "replace").decode()  # no file can hold half a character
    if depth > 8 or isinstance(thing, bytes | int | float | None | bool):
        return thing
    if isinstance(thing, dict):
        return {key: values(value, depth + 1) for key, value in thing.items()}
    if isinstance(thing, list | tuple | set | frozenset) or type(thing).__name__ == "deque":
        return [values(value, depth + 1) for value in thing]
    if hasattr(thing, "__dict__"):
        kept = {key: value for key, value in vars(thing).items() if key != "_lock" and not callable(value)}
        return {key: values(value, depth + 1) for key, value in kept.items()}
    if hasattr(thing, "__slots__"):
        return {key: values(getattr(thing, key), depth + 1) for key in thing.__slots__ if hasattr(thing, key)}
    return repr(thing)


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The parts that differ, each with what is different first."""
    return [f"{part}: {_first(before[part], after[part])}" for part in before if before[part] != after[part]]


def _first(before: Any, after: Any, path: str = "") -> str:
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        key = next(key for key in before if before[key] != after[key])
        return _first(before[key], after[key], f"{path}.{key}")
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        place = next(place for place, value in enumerate(before) if value != after[place])
        return _first(before[place], after[place], f"{path}[{place}]")
    return f"{path} was {str(before)[-600:]}, is {str(after)[-600:]}"
