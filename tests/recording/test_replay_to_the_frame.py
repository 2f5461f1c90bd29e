"""A replay up to a time holds what the session held then: not a frame more, not a frame less."""

from pathlib import Path

from recording.pictures import differences, picture
from recording.recorded import Recorded
from rtvoice_tui.engine.observers import EventLogObserver, store_observer
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.checkpoints import Checkpoint
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replaying import BEGINNING, Place, Replayer
from rtvoice_tui.store.store import Store


def replayer(folder: Path, store: Store, place: Place = BEGINNING) -> Replayer:
    log = EventLogObserver(store.events, RealtimeWire(), lambda fact: None)
    return Replayer(Recording(folder), [store_observer(store), log], place)


def test_up_to_any_time_a_replay_holds_what_the_session_held_then_and_goes_on_from_there(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    session, held = recorded.session, {}

    def look() -> None:
        held[session.at] = picture(recorded.store)
        session.at += 0.001

    session.open()
    for _ in range(3):
        session.listen(0.06)  # microphone frames are recorded half a second at a time
        look()
    session.ask()
    look()
    session.listen(0.3)
    look()
    session.turn(1)
    look()
    ends = recorded.end()

    store = Store()
    try:
        replay = replayer(recorded.folder, store)
        for at, before in held.items():
            replay.until(at)
            assert differences(before, picture(store)) == [], f"at {at:.2f} s"
            place, copy = Checkpoint(replay.place, store).restore(store.events)
            rest = replayer(recorded.folder, copy, place)
            rest.all()
            assert differences(ends, picture(copy)) == [], f"from {at:.2f} s on"
    finally:
        store.events.close()
