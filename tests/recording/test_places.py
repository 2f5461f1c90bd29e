"""Places in a recording as a user types them."""

from pathlib import Path

import pytest

from recording.talk import recorded_talk
from rtvoice_tui.recording.conversation import replayed_store
from rtvoice_tui.recording.places import NoPlace, event_of, time_of
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.timeline import Timeline
from rtvoice_tui.store.store import Store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_talk(tmp_path_factory.mktemp("recorded") / "talk").folder


@pytest.fixture
def timeline(folder: Path) -> Timeline:
    """The time line of a recording, indexed to its end."""
    made = Timeline(Recording(folder), Store)
    made._index()
    return made


def test_an_event_of_the_microphone_has_a_time_of_its_own(timeline: Timeline) -> None:
    times = [timeline.time_of_event(number) or 0.0 for number in range(4, 16)]
    assert len(set(times)) > 6
    assert times == sorted(times)
    assert time_of("event 12", timeline) == timeline.time_of_event(12)


@pytest.mark.parametrize("before", ["", "e", "turn ", "0:"])
def test_numbers_of_any_length_are_no_place(timeline: Timeline, folder: Path, before: str) -> None:
    words = before + "9" * 5_000
    with pytest.raises(NoPlace):
        time_of(words, timeline)
    with replayed_store(Recording(folder)) as (store, _), pytest.raises(NoPlace):
        event_of(words, store.events, [], 9e9)
