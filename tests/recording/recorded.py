"""A scripted session that is recorded, for tests."""

from pathlib import Path
from typing import Any

from recording.pictures import differences, picture
from recording.replays import replayed
from recording.scripted import Scripted
from rtvoice_tui.engine.observers import EventLogObserver, store_observer
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.session_recording import SessionRecording
from rtvoice_tui.session.facts import Notice
from rtvoice_tui.store.store import Store

DEFAULTS = RecordingSettings()
NO_BLACK_BOX = RecordingSettings(black_box=False)


class Recorded:
    """A session with its store and its recording.

    Attributes:
        notices: what the recording reported.
        recording: the recording.
        session: the session.
    """

    def __init__(self, root: Path, asked: bool = True, settings: RecordingSettings = DEFAULTS, **session: Any) -> None:
        self.notices: list[Notice] = []
        self.recording = SessionRecording(root, RealtimeWire(), lambda: 0.0, self.notices.append, asked, settings)
        self.store = Store()
        log = EventLogObserver(self.store.events, RealtimeWire(), lambda fact: None)
        self.session = Scripted([store_observer(self.store), log, self.recording], **session)

    @property
    def folder(self) -> Path:
        """The folder of the recording."""
        assert self.recording.folder is not None
        return self.recording.folder

    def end(self) -> dict[str, Any]:
        """End session and recording; returns what the store held."""
        before = picture(self.store)
        assert self.recording.close()
        self.store.events.close()
        return before

    def assert_whole(self) -> None:
        """End, and compare with a replay."""
        assert differences(self.end(), replayed(self.folder)) == []
