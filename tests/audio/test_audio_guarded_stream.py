"""A speaker's stream is emptied, closed and lost from different threads at the same time."""

import threading
from types import SimpleNamespace

import pytest

from rtvoice_tui.audio.backends.guarded_stream import GuardedStream


class Stream:
    """Stands in for a PortAudio stream. What it is told is kept; ``abort`` tells of its end, as ALSA's does."""

    def __init__(self, guarded: GuardedStream, tells_end: bool = True) -> None:
        self.told: list[str] = []
        self.starts = True
        self.aborting, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self._guarded, self._tells_end = guarded, tells_end
        guarded.stream = self

    def start(self) -> None:
        self.told.append("start")
        if not self.starts:
            raise OSError("the device is gone")

    def abort(self) -> None:
        self.told.append("abort")
        self.aborting.set()
        assert self.go_on.wait(10)
        if self._tells_end:
            self._guarded.finished()

    def close(self) -> None:
        self.told.append("close")


@pytest.fixture
def opened() -> SimpleNamespace:
    losses: list[str] = []
    guarded = GuardedStream(lambda: losses.append("lost"))
    return SimpleNamespace(guarded=guarded, stream=Stream(guarded), losses=losses)


def test_emptying_a_stream_is_no_loss_and_it_goes_on(opened):
    opened.guarded.empty(lambda at: opened.stream.told.append("emptied"))
    assert opened.stream.told == ["abort", "emptied", "start"]
    assert opened.losses == []


def test_a_stream_that_ends_by_itself_is_lost_and_that_is_told_once(opened):
    opened.guarded.empty(lambda at: None)
    opened.guarded.finished()
    opened.guarded.finished()
    assert opened.losses == ["lost"]


def test_an_end_that_is_told_late_is_still_that_of_the_emptying(opened):
    opened.stream._tells_end = False
    opened.guarded.empty(lambda at: None)
    opened.guarded.finished()
    assert opened.losses == []


def test_a_stream_that_does_not_start_again_is_lost(opened):
    opened.stream.starts = False
    opened.guarded.empty(lambda at: None)
    opened.guarded.finished()
    assert opened.losses == ["lost"]


def test_closing_waits_for_an_emptying_and_nothing_is_emptied_after_it(opened):
    opened.stream.go_on.clear()
    emptying = threading.Thread(target=opened.guarded.empty, args=(lambda at: None,))
    emptying.start()
    assert opened.stream.aborting.wait(10)
    closing = threading.Thread(target=opened.guarded.close)
    closing.start()
    closing.join(0.05)
    assert "close" not in opened.stream.told
    opened.stream.go_on.set()
    emptying.join()
    closing.join()
    opened.guarded.empty(lambda at: None)
    opened.guarded.finished()
    assert opened.stream.told == ["abort", "start", "close"]
    assert opened.losses == []
