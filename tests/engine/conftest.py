"""Every session of these tests is recorded, and replayed when it has ended: the store must be the same."""

from pathlib import Path

import pytest

from recording.pictures import differences, picture
from rtvoice_tui.engine.observers import EventLogObserver, store_observer
from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.format import MANIFEST, Manifest, encoded
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.recorder import Recorder
from rtvoice_tui.recording.replaying import Replayer
from rtvoice_tui.store.store import Store

HALF_CHARACTERS = (
    "test_a_result_that_is_not_text_for_a_socket_is_answered_all_the_same",
    "test_typed_text_that_is_no_unicode_does_not_silence_the_session",
    "test_an_edit_with_text_that_is_no_unicode_does_not_silence_the_session",
)
"""Tests of text that no file can hold: its recording has question marks."""


class Replayed:
    """Records one session in memory, and compares at its end."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._files = {MANIFEST: bytearray(encoded(Manifest(app="test", started="2026-01-01T00:00:00+00:00")))}
        self.recorder = Recorder(
            RealtimeWire(), lambda name, data: self._files.setdefault(name, bytearray()).extend(data)
        )
        self.recorder.keep_sound(True)

    def compare(self) -> None:
        """Replay what was recorded, and compare."""
        self.recorder.flush()
        self._folder.mkdir()
        for name, data in self._files.items():
            (self._folder / name).write_bytes(data)
        before = picture(self._store)
        store = Store()
        try:
            log = EventLogObserver(store.events, RealtimeWire(), lambda fact: None)
            replayer = Replayer(Recording(self._folder), [store_observer(store), log])
            replayer.all()
            assert (replayer.ended, replayer.problem) == (True, "")
            assert differences(before, picture(store)) == []
        finally:
            store.events.close()


@pytest.fixture(autouse=True)
def every_session_replays(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Record all sessions of the test; a difference fails the session, and so the test."""
    if request.node.name in HALF_CHARACTERS:
        return
    make = SessionWorker.__init__

    def recorded(worker: SessionWorker, plan: Plan, store: Store) -> None:
        make(worker, plan, store)
        replayed = Replayed(tmp_path_factory.mktemp("recorded") / "session", store)
        worker.observers.append(replayed.recorder)
        worker.at_end.append(replayed.compare)

    monkeypatch.setattr(SessionWorker, "__init__", recorded)
