"""A disk that fails: one sentence says so, the conversation goes on, and what was written stays readable."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.bench import plan_for, running, signal
from realtime_server import FakeServer, Session
from recording.recorded import Recorded
from recording.replays import replayed
from rtvoice_tui.controller.recordings import Recordings
from rtvoice_tui.recording import library, sink
from rtvoice_tui.recording.format import State
from rtvoice_tui.recording.handle import RecordingHandle
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.session.facts import Level, Phase

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def wait(condition: Callable[[], object]) -> None:
    """Wait for a condition, generously."""
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


@contextmanager
def full_after(monkeypatch: pytest.MonkeyPatch, size: int) -> Iterator[None]:
    """A disk that has room for so many bytes."""
    left = [size]
    write = os.write

    def limited(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise FULL
        written = write(descriptor, data[: left[0]])
        left[0] -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", limited)
        yield


def told(recorded: Recorded) -> str:
    """The one sentence with its remedy."""
    (notice,) = recorded.notices
    assert notice.level is Level.WARNING
    assert notice.remedy
    return notice.text


@pytest.mark.parametrize("size", [0, 1, 300, 20_000, 60_000])
def test_a_full_disk_is_told_once_and_what_was_written_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int
) -> None:
    monkeypatch.setattr(sink, "EVERY_S", 0.01)
    with full_after(monkeypatch, size):
        recorded = Recorded(tmp_path / "recordings")
        recorded.session.open()
        for number in range(1, 40):
            recorded.session.turn(number)
        wait(lambda: recorded.notices)
        recorded.session.turn(40)
        before = recorded.end()
    assert told(recorded) == "the recording ended: No space left on device"
    assert "--record DIR" in recorded.notices[0].remedy
    assert len(before["transcript"]) == 80  # the session goes on
    for entry in library.listed(tmp_path / "recordings"):
        assert entry.problem == ""
        assert Recording(entry.folder).manifest.state is State.RECORDING
        replay = replayed(entry.folder)
        assert replay["transcript"] == before["transcript"][: len(replay["transcript"])] or size == 60_000


def test_a_folder_that_is_removed_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sink, "EVERY_S", 0.01)
    recorded = Recorded(tmp_path)
    wait(lambda: library.listed(tmp_path))
    shutil.rmtree(recorded.folder)
    recorded.session.open()
    recorded.session.turn(1)
    wait(lambda: recorded.notices)
    recorded.session.turn(2)
    recorded.end()
    assert told(recorded) == "the recording ended: its folder was removed"
    assert not library.listed(tmp_path)


def test_a_folder_that_can_no_longer_be_written_keeps_what_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recorded = Recorded(tmp_path)
    recorded.session.open()
    recorded.session.turn(1)
    wait(lambda: library.listed(tmp_path))

    def refused(*paths: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", refused)
    before = recorded.end()
    assert told(recorded) == "the recording ended: Read-only file system"
    assert replayed(recorded.folder)["transcript"] == before["transcript"]


@pytest.mark.parametrize("asked", [True, False])
def test_a_place_that_cannot_be_written_is_told_once(tmp_path: Path, asked: bool) -> None:
    (tmp_path / "file").touch()
    recorded = Recorded(tmp_path / "file" / "recordings", asked)
    recorded.session.open()
    recorded.session.turn(1)
    wait(lambda: recorded.notices)
    recorded.session.turn(2)
    before = recorded.end()
    assert told(recorded) == "the recording ended: Not a directory"
    assert len(before["transcript"]) == 4


def test_a_disk_that_is_too_slow_delays_nothing_and_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reached, free, write = threading.Event(), threading.Event(), sink._write_all

    def slow(descriptor: int, data: bytes) -> None:
        reached.set()
        free.wait(10)
        write(descriptor, data)

    monkeypatch.setattr(sink, "_write_all", slow)
    monkeypatch.setattr(sink, "MOST_WAITING", 100_000)
    monkeypatch.setattr("rtvoice_tui.recording.session_recording.ENDING_S", 0.01)
    recorded = Recorded(tmp_path)
    assert reached.wait(10)
    recorded.session.open()
    for number in range(1, 10):
        recorded.session.turn(number)
    assert told(recorded) == "the recording ended: the disk is too slow"
    assert not recorded.recording.close()
    assert len(recorded.store.transcript.entries) == 18
    free.set()
    wait(lambda: library.listed(tmp_path))
    recorded.end()
    assert len(recorded.notices) == 1
    assert library.listed(tmp_path)[0].problem == ""


def test_two_apps_that_record_at_once_have_a_whole_recording_each(tmp_path: Path) -> None:
    both = [Recorded(tmp_path), Recorded(tmp_path)]
    for recorded in both:
        recorded.session.open()
    for number in range(1, 5):
        for recorded in both:
            recorded.session.turn(number, f"Words {number}.")
    for recorded in both:
        recorded.assert_whole()
        assert recorded.notices == []
    assert len(library.listed(tmp_path)) == 2


async def conversation(session: Session) -> None:
    await session.open()
    await session.speech_started("item_u1")
    await session.speech_ended("item_u1", "Hello?")
    await session.speak("resp_1", "item_a1", signal(0.2), words="Good day.")


@pytest.mark.parametrize("ended", [False, True], ids=["while the session runs", "after it has ended"])
async def test_the_notice_reaches_the_store_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ended: bool) -> None:
    monkeypatch.setattr(sink, "EVERY_S", 60 if ended else 0.01)
    async with FakeServer(conversation) as server, running(plan_for(server, connect=False)) as bench:
        worker = bench.worker
        recording = RecordingHandle(worker.plan, lambda: worker.clock, worker.report, True, tmp_path, False)
        worker.observers.append(recording)
        worker.at_end.append(recording.close)
        worker.connect()
        await bench.until(lambda: library.listed(tmp_path))
        with full_after(monkeypatch, 0):
            await bench.until(lambda: bench.words("AGENT") == ["Good day."] and bench.phase is Phase.LISTENING)
            if not ended:
                await bench.until(lambda: recording.problem)
            worker.stop()
            await bench.task
        notices = [notice for notice in bench.notices if "the recording" in notice.text]
        assert notices == [recording.problem]


class Desk:
    """Where notices go."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def report(self, notice: object) -> None:
        self.notices.append(getattr(notice, "text", ""))


def test_after_a_failure_the_key_says_why_nothing_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recorded = Recorded(tmp_path / "file")
    wait(lambda: recorded.notices)
    handle = RecordingHandle(None, lambda: 0.0, lambda fact: None, True, None, False)  # type: ignore[arg-type]
    handle._recording = recorded.recording
    desk = Desk()
    recordings = Recordings(desk, handle)  # type: ignore[arg-type]
    recordings.toggle()
    assert desk.notices == [recorded.notices[0].text]
    assert not recordings.sound
    recorded.end()
