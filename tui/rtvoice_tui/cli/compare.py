"""``rtvoice-tui sessions compare``: two events of a recording, or the session's settings at two times."""

import click

from rtvoice_tui.cli.console import write_exactly
from rtvoice_tui.recording.conversation import replayed_store
from rtvoice_tui.recording.places import NoPlace, row_of
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.store.causes import cause_of
from rtvoice_tui.store.differing import differing_lines
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.json_text import indented
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.settings_at import settings_at, settings_compared, settings_lines


def compare_places(recording: Recording, first: str, second: str | None, settings: bool) -> None:
    """Print how two events or the settings at two places differ.

    Args:
        recording: the recording.
        first: a time, a turn or an event.
        second: another one; ``None`` for the cause of the first, or for the settings at the first alone.
        settings: whether the settings are meant.

    Raises:
        click.UsageError: there is no such place, or no cause is known.
        RecordingError: the recording cannot be replayed.
    """
    with replayed_store(recording) as (store, problem):
        log = store.events
        try:
            one = row_of(first, log)
            other = row_of(second, log) if second is not None else None
        except NoPlace as error:
            raise click.UsageError(
                f"{error}{f' (the recording could be read until: {problem})' if problem else ''}"
            ) from None
        if other is None and not settings:
            one, other = _cause_of(log, one), one
        if other is None:
            lines = settings_lines(settings_at(log, one))
        elif settings:
            one, other = sorted((one, other))
            lines = [*_head(log, one, other), *settings_compared(log, one, other)]
        else:
            lines = [*_head(log, one, other), *differing_lines(*(indented(log.text(row)) for row in (one, other)))]
    write_exactly("\n".join(lines) + "\n")


def _head(log: EventLog, one: int, other: int) -> list[str]:
    """What is compared, in two lines as in a diff."""
    return [
        f"{sign} event {log.number_of(row)}  {log.row(row).at:.2f} s  {one_line(log.name(row), 80)}"
        for sign, row in (("---", one), ("+++", other))
    ]


def _cause_of(log: EventLog, row: int) -> int:
    cause = cause_of(log, row, lambda before: range(before - 1, -1, -1))
    if cause is None:
        raise click.UsageError("no event is known that caused this one; name another to compare it with")
    return cause
