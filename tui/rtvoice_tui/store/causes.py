"""Finds the event of a log that caused another one."""

from collections.abc import Callable, Iterable

from rtvoice_tui.protocol.realtime.causes import Clue, clues
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.json_text import object_of

MOST_STEPS = 4
"""How far a cause is followed through events of the same response."""


def cause_of(log: EventLog, row: int, rows_before: Callable[[int], Iterable[int]]) -> int | None:
    """The row of the event that caused the one of a row; ``None`` if none is known.

    Args:
        log: the events.
        row: whose cause is wanted.
        rows_before: which rows before one are searched, the nearest first.
    """
    found = None
    for _ in range(MOST_STEPS):
        clue, cause = _nearest(log, clues(object_of(log.text(row))), rows_before(row))
        if cause is None:
            break
        found = row = cause
        if clue is None or not clue.goes_on:
            break
    return found


def _nearest(log: EventLog, wanted: tuple[Clue, ...], rows: Iterable[int]) -> tuple[Clue | None, int | None]:
    """The first of the rows that fits a clue, and the clue."""
    if not wanted:
        return None, None
    for number in rows:
        row = log.row(number)
        likely = [clue for clue in wanted if clue.sent == row.sent and clue.name in (row.name, "")]
        if not likely:
            continue
        text = log.text(number)
        for clue in likely:
            if (clue.value in text or "\\" in text) and clue.fits(object_of(text)):
                return clue, number
    return None, None
