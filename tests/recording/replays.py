"""Replays of recordings, for tests."""

from pathlib import Path
from typing import Any

from recording.pictures import picture
from rtvoice_tui.engine.observers import EventLogObserver, store_observer
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replaying import Replayer
from rtvoice_tui.store.store import Store


def replayed(folder: Path, whole: bool = True) -> dict[str, Any]:
    """What a replay puts into a store; ``whole``: there is no problem with the recording."""
    store = Store()
    try:
        log = EventLogObserver(store.events, RealtimeWire(), lambda fact: None)
        replayer = Replayer(Recording(folder), [store_observer(store), log])
        replayer.all()
        assert replayer.ended
        assert not (whole and replayer.problem), replayer.problem
        return picture(store)
    finally:
        store.events.close()
