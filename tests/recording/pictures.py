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
        "notices": list(store.notices),
        "edits": list(store.edits),
        "talk": values(store.talk),
        "interruptions": values(store.interruptions),
        "audio settings": store.audio_settings,
        "events": rows,
    }


def values(thing: Any, depth: int = 0) -> Any:
    """An object's values, nested ones included."""
    if depth > 8 or isinstance(thing, str | bytes | int | float | None | bool):
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
