"""What a replay shows in place of the devices: their names, and the levels of both sides."""

from typing import NamedTuple

from rtvoice_tui.audio.pcm.levels import measure
from rtvoice_tui.engine.observers import Observed, Observer, Stepped
from rtvoice_tui.media import DeviceState, Level
from rtvoice_tui.recording.format import Track
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.session.commands import MicFrame
from rtvoice_tui.store.store import Store

TICK_S = 0.02
"""Seconds between two steps while it plays."""


class _Measured(NamedTuple):
    at: float
    level: Level


class HeardLevels:
    """Levels of what was heard, for the meter: of the last block before a time."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._last = 0.0

    def until(self, at: float) -> list[_Measured]:
        """The level of the last `TICK_S` seconds, once for each of them; nothing without sound."""
        if not 0 <= at - self._last < TICK_S:
            self._last = at
            for segment, size in self._recording.stretches(Track.HEARD):
                place = int((at - TICK_S - segment.at) * segment.rate) * 2
                if 0 <= place < size:
                    pcm = self._recording.pcm(Track.HEARD, segment.place + place, int(TICK_S * segment.rate) * 2)
                    return [_Measured(at, measure(pcm[: len(pcm) // 2 * 2]))]
        return []


def prepared_store() -> Store:
    """A store for a replay."""
    store = Store()
    prepare(store)
    return store


def prepare(store: Store) -> None:
    """Tell in place of the devices, which are not recorded, that this is a recording."""
    for view in (store.audio.input, store.audio.output):
        view.name, view.state = "recording", DeviceState.OPEN


def level_observer(store: Store) -> Observer:
    """Observer that shows the level of the microphone."""

    def observe(observed: Observed, at: float) -> None:
        if isinstance(observed, Stepped) and isinstance(observed.input, MicFrame):
            level_db = observed.input.level_db
            if level_db is not None:
                store.mic.update(Level(level_db, level_db), at)

    return observe
