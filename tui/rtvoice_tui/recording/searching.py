"""Finds what was said, and events, in recordings."""

import contextlib
from collections.abc import Iterable

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.conversation import Part, conversation, replayed_store
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.store.event_search import EventSearch
from rtvoice_tui.store.query import Query


def holding(recordings: Iterable[Recording], query: Query) -> dict[str, int]:
    """How many parts of each recording a query asks for, by the name of those that have any.

    Args:
        recordings: where to search; those that cannot be replayed are left out.
        query: what is asked for; of events, if it has fields that only events have.

    Raises:
        QueryError: a regular expression takes too long.
    """
    found = {}
    for recording in recordings:
        with contextlib.suppress(RecordingError, OSError):
            if hits := len(events_with(recording, query)) if query.of_events else len(said_with(recording, query)):
                found[recording.name] = hits
    return found


def said_with(recording: Recording, query: Query) -> list[Part]:
    """The parts of a conversation that a query asks for: what was said, and calls with their results.

    Raises:
        RecordingError: it cannot be replayed, or there is no room for the replay's events.
        QueryError: a regular expression takes too long.
    """
    return [part for part in conversation(recording).parts if _holds(part, query)]


def _holds(part: Part, query: Query) -> bool:
    values = {"turn": part.turn, "since": part.at, "dir": part.who == "user", "slower": part.waited_ms or 0.0}
    return query.holds(f"{part.text} {part.output}".lower(), values)


def events_with(recording: Recording, query: Query) -> list[tuple[int, float, bool, str]]:
    """The events that a query asks for: number from 1, time in seconds, whether it was sent, and its JSON.

    Raises:
        RecordingError: it cannot be replayed, or there is no room for the replay's events.
        QueryError: a regular expression takes too long.
    """
    with replayed_store(recording) as (store, _):
        log = store.events
        search = EventSearch(log, query, lambda name: name)
        while search.behind:
            search.scan()
        search.scan()
        rows = ((log.row(number), log.text(number)) for number in search.hits)
        return [(log.number_of(row.number), row.at, row.sent, text) for row, text in rows]
