"""Places in a recording as a user types them: a time, a turn or an event."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from rtvoice_tui.recording.timeline import Timeline
from rtvoice_tui.store.event_log import EventLog

_TIME = re.compile(r"(?:(\d{1,6}):)?(\d{1,9}(?:[.,]\d{1,9})?)\s*s?")
_TURN = re.compile(r"t(?:urn)?\s*(\d{1,9})")
_EVENT = re.compile(r"(?:e(?:vent)?\s*|#)(\d{1,9})")


_HINT = "type a time such as 1:23, turn 4, or event 120"


class NoPlace(ValueError):
    """There is no such place; the sentence says why."""


def time_of(words: str, timeline: Timeline) -> float:
    """The time of a typed place, in seconds of the recording.

    Raises:
        NoPlace: it is none, or not in the recording.
    """
    words = words.strip().lower()
    if found := _TIME.fullmatch(words):
        at = _seconds(found)
        if timeline.ended and at > timeline.ends:
            raise NoPlace(_ended(timeline.ends))
        return at
    if found := _TURN.fullmatch(words):
        turn = int(found[1])
        if turn not in timeline.turns:
            raise NoPlace(f"there is no turn {turn}: there are {len(timeline.turns)}")
        return timeline.turns[turn]
    if found := _EVENT.fullmatch(words):
        known = timeline.time_of_event(int(found[1]))
        if known is None:
            raise NoPlace(f"there is no event {found[1]}")
        return known
    raise NoPlace(_HINT)


def event_of(words: str, log: EventLog, times: Sequence[float], ends: float) -> int:
    """The event of a typed place, counted from 0: the first of a turn, or the last until a time.

    Args:
        words: the place.
        log: all events.
        times: when each of them was, in seconds.
        ends: when the recording ends, in seconds.

    Raises:
        NoPlace: it is none, or not in the recording.
    """
    words = words.strip().lower()
    if found := _TIME.fullmatch(words):
        at = _seconds(found)
        if at > ends:
            raise NoPlace(_ended(ends))
        event = bisect_right(times, at + 1e-9) - 1
        if event < 0:
            raise NoPlace(f"there is no event before {words}")
        return event
    if found := _TURN.fullmatch(words):
        first = log.first_of_turn(int(found[1]))
        if first is None:
            raise NoPlace(f"there is no turn {int(found[1])}")
        return log.number_of(first) - 1
    if found := _EVENT.fullmatch(words):
        if not 0 < int(found[1]) <= log.events:
            raise NoPlace(f"there is no event {int(found[1])}: there are {log.events}")
        return int(found[1]) - 1
    raise NoPlace(_HINT)


def _ended(at: float) -> str:
    return f"the recording ends at {int(at) // 60}:{int(at) % 60:02}"


def _seconds(found: re.Match[str]) -> float:
    return 60 * int(found[1] or 0) + float(found[2].replace(",", "."))
