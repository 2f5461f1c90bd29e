"""Ten seconds of sound in columns: nothing that was loud, lost or said falls between two of them."""

from rtvoice_tui.media import Level
from rtvoice_tui.session.facts import Phase, PhaseChanged
from rtvoice_tui.store.sound_history import COLUMNS, SoundHistory
from rtvoice_tui.store.store import Store


def test_a_column_keeps_the_loudest_frame_and_a_gap_is_no_silence():
    store = Store()
    history = SoundHistory(store)
    for at, level in ((20.01, Level(-30, -20)), (20.05, Level(-40, -3, clipped=True)), (20.31, Level(-60, -60))):
        store.mic.update(level, at)
    assert history.levels(store.mic, 20.35)[-4:] == [Level(-30, -3, clipped=True), None, None, Level(-60, -60)]
    assert history.levels(store.mic, 20.35, merge=2)[-2:] == [Level(-30, -3, clipped=True), Level(-60, -60)]


def test_ten_seconds_are_kept_and_what_is_older_leaves():
    store = Store()
    history = SoundHistory(store)
    store.audio.local_speech = True
    for step in range(1, 301):
        store.mic.update(Level(-20, -10), step / 15)
        history.sample(step / 15)
        store.audio.local_speech = step > 250
    assert len(history.levels(store.mic, 20.0)) == len(history.columns(20.0)) == COLUMNS
    assert None not in history.levels(store.mic, 20.0)
    assert [column.near for column in history.columns(20.0)].index(True) == 67
    assert not any(history.levels(store.mic, 40.0))
    assert not any(column.near for column in history.columns(40.0))


def test_who_spoke_and_what_was_lost_is_in_the_column_of_its_moment():
    store = Store()
    history = SoundHistory(store)
    store.audio.underruns = 4
    history.sample(5.0)
    history.sample(5.1)
    store.record(PhaseChanged(Phase.SPEAKING), 5.2)
    store.audio.underruns, store.audio.dropped, store.audio.overflows = 6, 1, 2
    store.audio.ducked, store.audio.buffered_ms = True, 800.0
    history.sample(5.22)
    store.audio.buffered_ms = 300.0
    history.sample(5.28)
    earlier, last = history.columns(5.28)[-2:]
    assert (earlier.spoke, earlier.underruns, earlier.lost) == (False, 0, 0)
    assert (last.spoke, last.ducked, last.underruns, last.lost, last.buffered_ms) == (True, True, 2, 3, 800.0)


def test_merged_columns_do_not_change_while_time_goes_by():
    store = Store()
    history = SoundHistory(store)
    for step in range(100):
        store.speaker.update(Level(-50 + step % 7, -40 + step % 11), 10 + step / 30)
    before = history.levels(store.speaker, 14.0, merge=2)
    assert history.levels(store.speaker, 14.19, merge=2) == before
    assert history.levels(store.speaker, 14.21, merge=2)[:-1] == before[1:]
