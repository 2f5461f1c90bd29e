"""A replay shows at any time what the session showed then, however one got there."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.bench import new_store
from recording.pictures import differences, picture
from recording.recorded import Recorded
from recording.talk import recorded_talk
from rtvoice_tui.engine.observers import EventLogObserver, store_observer
from rtvoice_tui.errors import AudioError, RecordingError
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.format import JOURNAL, WIRE
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replay_session import ReplaySession
from rtvoice_tui.recording.replaying import Replayer
from rtvoice_tui.session.commands import LocalSpeech, SendText
from rtvoice_tui.store.store import Store


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recorded_talk(tmp_path_factory.mktemp("recorded") / "talk")


@pytest.fixture
def spoken(tmp_path: Path) -> Recording:
    """Somebody who is heard by the microphone after a quarter of 40 s, and for half of them."""
    recorded = Recorded(tmp_path)
    recorded.session.open()
    recorded.session.listen(10.0)
    recorded.session.step(LocalSpeech(True))
    recorded.session.listen(20.0)
    recorded.session.step(LocalSpeech(False))
    recorded.session.listen(10.0)
    recorded.end()
    return Recording(recorded.folder)


class Player:
    """A replay on a thread of its own, with a clock that only the test moves."""

    def __init__(self, recording: Recording, store: Store) -> None:
        self.store = store
        self.at = 0.0
        self.session = ReplaySession(recording, store, lambda: self.at)
        self._prepared = threading.Event()
        self.session.changed = self._prepared.set
        self._thread = threading.Thread(target=lambda: asyncio.run(self.session.run()))

    def __enter__(self) -> "Player":
        self._thread.start()
        self.until(lambda: self.session.timeline.ended)
        return self

    def __exit__(self, *_: object) -> None:
        self.session.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def until(self, holds: Callable[[], object]) -> None:
        for _ in range(2_000):
            self.session.take()
            if holds():
                return
            threading.Event().wait(0.005)
        raise AssertionError(f"in vain waited at {self.session.clock}")

    def go(self, at: float) -> None:
        """Jump, and take over what is shown then."""
        self.session.seek(at)
        self.until(lambda: self.shown == pytest.approx(self.session.clock, abs=1e-6))

    @property
    def shown(self) -> float:
        return self.session.shown_at


@contextlib.contextmanager
def playing(recording: Recording) -> Iterator[Player]:
    with new_store() as store, Player(recording, store) as player:
        yield player


def straight(recording: Recording, at: float) -> dict[str, object]:
    """What a replay from the beginning has shown at a time."""
    with new_store() as store:
        log = EventLogObserver(store.events, RealtimeWire(), lambda fact: None)
        Replayer(recording, [store_observer(store), log]).until(at)
        return picture(store)


def test_after_any_jumps_it_shows_what_a_replay_from_the_beginning_shows(recording: Recording) -> None:
    with playing(recording) as player:
        ends = player.session.timeline.ends
        for at in (3.0, 0.7, ends, 5.0, 1.0, 4.2, 4.3, 0.0, ends / 2):
            player.go(at)
            assert differences(straight(recording, at), picture(player.store)) == []


def test_time_goes_on_at_its_speed_stands_still_and_stops_at_the_end(recording: Recording) -> None:
    with playing(recording) as player:
        session = player.session
        session.play()
        player.at += 1.5
        assert session.clock == pytest.approx(1.5)
        player.until(lambda: [entry.text for entry in player.store.transcript.entries])
        assert session.use_speed(+1) == 2.0
        player.at += 1.0
        assert session.clock == pytest.approx(3.5)
        session.pause()
        player.at += 100.0
        assert session.clock == pytest.approx(3.5)
        session.play()
        player.at += 100.0
        player.until(lambda: not session.playing)
        assert session.clock == session.timeline.ends
        assert player.store.transcript.entries[-1].text.strip() == "You are welcome."
        session.play()
        player.until(lambda: not player.store.transcript.entries)


def test_speeds_end_at_a_quarter_and_at_sixteen_times(recording: Recording) -> None:
    with new_store() as store:
        session = ReplaySession(recording, store)
        assert [session.use_speed(+1) for _ in range(6)] == [2, 4, 8, 16, 16, 16]
        assert [session.use_speed(-1) for _ in range(7)][-2:] == [0.25, 0.25]


def test_it_goes_from_turn_to_turn(recording: Recording) -> None:
    with playing(recording) as player:
        turns = player.session.timeline.turns
        assert list(turns) == [1, 2, 3]
        for turn in (1, 2, 3):
            assert player.session.seek_turn(+1)
            assert player.session.clock == turns[turn]
        assert not player.session.seek_turn(+1)
        player.session.seek(turns[3] + 1.5)
        assert player.session.seek_turn(-1)
        assert player.session.clock == turns[3]
        assert player.session.seek_turn(-1)
        assert player.session.clock == turns[2]
        player.session.seek_turn(-1)
        assert player.session.seek_turn(-1)
        assert player.session.clock == player.session.timeline.begins


def test_nothing_is_sent_and_nothing_is_run(recording: Recording) -> None:
    with playing(recording) as player:
        session = player.session
        for ask in (session.connect, session.disconnect, lambda: session.post(SendText("hello")),
                    lambda: session.start_manual_run("get_weather", "{}"), session.play_test_tone):  # fmt: skip
            ask()
        assert {notice.text for _, notice in player.store.notices} == {"this is a replay: nothing is sent"}


class Speaker:
    """Notes what is asked of the sound."""

    def __init__(self, fails: bool = False) -> None:
        self.asked: list[tuple[str, float]] = []
        self._fails = fails

    def play(self, position: Callable[[], float], speed: float) -> None:
        if self._fails:
            raise AudioError("no speaker", "plug one in")
        self.asked.append(("play", round(position(), 2)))
        self.asked.append(("speed", speed))

    def stop(self) -> None:
        self.asked.append(("stop", 0))

    def mute(self, muted: bool) -> None:
        self.asked.append(("mute", muted))


def test_a_pause_while_the_device_is_opened_is_silent(recording: Recording) -> None:
    with playing(recording) as player:
        asked: list[str] = []

        class SlowSpeaker(Speaker):
            def play(self, position: Callable[[], float], speed: float) -> None:
                player.session.pause()
                asked.append("play")

            def stop(self) -> None:
                asked.append("stop")

        player.session.use_sound(SlowSpeaker())
        player.session.play()
        player.until(lambda: asked[-1:] == ["stop"] and "play" in asked)


def test_sound_begins_again_where_time_goes_on(recording: Recording) -> None:
    with playing(recording) as player:
        speaker = Speaker()
        player.session.use_sound(speaker)
        player.session.play()
        player.until(lambda: ("speed", 1.0) in speaker.asked)
        player.session.seek(4.0)
        player.until(lambda: ("play", 4.0) in speaker.asked)
        player.session.use_speed(-1)
        player.until(lambda: ("speed", 0.5) in speaker.asked)
        player.session.pause()
        assert speaker.asked[-1] == ("stop", 0)


def test_a_speaker_that_is_none_is_told_once(recording: Recording) -> None:
    with playing(recording) as player:
        player.session.use_sound(Speaker(fails=True))
        player.session.play()
        player.until(lambda: [notice.text for _, notice in player.store.notices] == ["no speaker"])


def test_a_damaged_recording_is_replayed_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    damaged = recorded_talk(tmp_path / "talk")
    lines = (damaged.folder / WIRE).read_bytes().splitlines(keepends=True)
    (damaged.folder / WIRE).write_bytes(b"".join(lines[: len(lines) // 2]))
    with playing(Recording(damaged.folder)) as player:
        player.go(player.session.timeline.ends)
        player.until(lambda: any("damaged" in notice.text for _, notice in player.store.notices))


def test_a_recording_without_a_session_is_refused(tmp_path: Path) -> None:
    empty = recorded_talk(tmp_path / "talk")
    (empty.folder / JOURNAL).write_bytes(b"")
    with new_store() as store, pytest.raises(RecordingError, match="holds no session"):
        ReplaySession(Recording(empty.folder), store)


def test_after_any_jumps_it_shows_whether_the_user_is_heard(spoken: Recording) -> None:
    with playing(spoken) as player:
        begins = player.session.timeline.begins
        for at, heard in ((15.0, True), (5.0, False), (28.0, True), (35.0, False), (12.0, True)):
            player.go(begins + at)
            assert player.store.audio.local_speech is heard, at


def test_a_recording_that_is_deleted_meanwhile_is_told_once(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk")
    with playing(recording) as player:
        shutil.rmtree(recording.folder)
        for at in (1.0, 4.0, 2.0):
            player.session.seek(at)
        player.until(lambda: [n.text for _, n in player.store.notices if "was deleted meanwhile" in n.text])
        player.session.seek(3.0)
        player.until(lambda: player.session.clock == pytest.approx(3.0, abs=0.1))
        assert len([n for _, n in player.store.notices if "was deleted meanwhile" in n.text]) == 1


def test_at_the_end_the_sound_is_not_cut_off(recording: Recording) -> None:
    with playing(recording) as player:
        speaker = Speaker()
        player.session.use_sound(speaker)
        player.go(player.session.timeline.ends - 0.5)
        player.session.play()
        player.until(lambda: any(asked == "play" for asked, _ in speaker.asked))
        player.at += 10.0
        player.until(lambda: not player.session.playing)
        assert speaker.asked[-1] != ("stop", 0)
