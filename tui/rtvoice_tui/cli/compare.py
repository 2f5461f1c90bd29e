"""``rtvoice-tui sessions compare``: two events of a recording, or the session's settings at two times."""

from array import array
from collections.abc import Sequence

import click

from rtvoice_tui.cli.console import write_exactly
from rtvoice_tui.engine.observers import FrameReceived, FrameSent, Observed
from rtvoice_tui.recording.conversation import replayed_store
from rtvoice_tui.recording.places import NoPlace, event_of
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
    times = array("d")

    def note(observed: Observed, at: float) -> None:
        if isinstance(observed, FrameReceived | FrameSent):
            times.append(at)

    with replayed_store(recording, note) as (store, problem):
        log = store.events
        try:
            one = event_of(first, log, times, recording.ends)
            other = event_of(second, log, times, recording.ends) if second is not None else None
        except NoPlace as error:
            raise click.UsageError(f"{error}; {problem}" if problem else str(error)) from None
        if other is None and not settings:
            one, other = _cause_of(log, one), one
        if other is None:
            lines = settings_lines(settings_at(log, log.row_of(one)))
        elif settings:
            one, other = sorted((one, other))
            lines = [*_head(log, times, one, other), *settings_compared(log, log.row_of(one), log.row_of(other))]
        else:
            texts = [indented(log.text_of_event(event)) for event in (one, other)]
            lines = [*_head(log, times, one, other), *differing_lines(*texts)]
    write_exactly("\n".join(lines) + "\n")


def _head(log: EventLog, times: Sequence[float], one: int, other: int) -> list[str]:
    """What is compared, in two lines as in a diff."""
    return [
        f"{sign} event {event + 1}  {times[event]:.2f} s  {one_line(log.name(log.row_of(event)), 80)}"
        for sign, event in (("---", one), ("+++", other))
    ]


def _cause_of(log: EventLog, event: int) -> int:
    row = cause_of(log, log.row_of(event), lambda before: range(before - 1, -1, -1))
    if row is None:
        raise click.UsageError("no event is known that caused this one; name another to compare it with")
    return log.number_of(row) - 1
