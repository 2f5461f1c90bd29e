"""What was heard by now, to the sample: by the time at which a device plays what it was handed."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtvoice_tui.audio.backends.latency import LADDER, LatencyLadder, Setting
from rtvoice_tui.audio.backends.portaudio_clock import BLOCKS, DacClock
from rtvoice_tui.audio.playout import playback as module
from rtvoice_tui.audio.playout.heard_positions import HeardPositions
from rtvoice_tui.audio.playout.playback import UNSURE_S, Playback
from virtual_audio import RATE, compare, locatable

BLOCK = 240
TWICE = int(UNSURE_S * RATE)
HELD_S = 0.1
FADE = RATE * 5 // 1000


class Clock:
    """`time.perf_counter` as the playback sees it."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


class Device:
    """Takes a block every 10 ms, and plays it so much later."""

    def __init__(self, clock: Clock, playback: Playback, held_s: float = HELD_S, tells: bool = True) -> None:
        self.heard = bytearray()
        self._clock, self._playback, self._held_s, self._tells = clock, playback, held_s, tells
        self._held: list[tuple[float, bytes]] = []
        if not tells:
            playback.latency_ms = held_s * 1000

    def take(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.listen()
            at = self._clock.now + self._held_s
            self._held.append((at, self._playback.fill(BLOCK, at if self._tells else None)))
            self._clock.now += BLOCK / RATE

    def take_and_say(self, at: float) -> None:
        """A block is said to be heard at a time that may be wrong."""
        self.listen()
        self._held.append((self._clock.now + self._held_s, self._playback.fill(BLOCK, at)))
        self._clock.now += BLOCK / RATE

    def listen(self, at: float | None = None) -> None:
        """Whatever sounds until then was heard."""
        now = self._clock.now if at is None else at
        for began, pcm in self._held:
            self.heard += pcm[: max(0, min(BLOCK, round((now - began) * RATE))) * 2]
        self._held = [(now, pcm[round((now - at) * RATE) * 2 :]) if at < now else (at, pcm) for at, pcm in self._held]
        self._held = [(at, pcm) for at, pcm in self._held if pcm]

    def empty(self) -> None:
        """As a silencer does it."""
        self.listen()
        self._held.clear()
        self._playback.stopped(self._clock.now)

    @property
    def sound_ms(self) -> float:
        return len(bytes(self.heard).replace(b"\0\0", b"")) / 2 / RATE * 1000


def speaking(seconds: float = 2.0) -> tuple[Playback, bytes]:
    playback, speech = Playback(RATE), locatable(seconds)
    playback.play("item", speech)
    playback.end("item")
    return playback, speech


@pytest.mark.parametrize("tells", [True, False], ids=["by its time", "by its latency"])
def test_what_a_device_still_holds_was_not_heard(clock, tells):
    playback, _ = speaking()
    device = Device(clock, playback, tells=tells)
    device.take(30)
    device.listen()
    assert playback.report().played_ms["item"] == pytest.approx(device.sound_ms, abs=0.1)
    assert device.sound_ms == pytest.approx(200.0)
    clock.now += 0.0042
    assert playback.report().played_ms["item"] == pytest.approx(204.2, abs=0.1)


def test_an_answer_is_over_when_it_was_heard_not_when_it_was_handed_over(clock):
    playback, _ = speaking(0.1)
    device = Device(clock, playback)
    device.take(15)
    assert playback.buffered_ms == 0
    assert not playback.report().drained
    device.take(6)
    report = playback.report()
    assert (report.played_ms, report.drained) == ({"item": 100.0}, True)


def test_a_device_that_plays_on_after_a_flush_lets_all_be_heard_that_it_holds(clock):
    playback, _ = speaking()
    device = Device(clock, playback)
    device.take(30)
    playback.flush(5)
    device.take()
    assert playback.flushed
    assert playback.heard_ms() == {"item": 305.0}
    device.take(20)
    assert device.sound_ms == pytest.approx(305.0, abs=0.1), "the last sample of the fade is silence"
    assert playback.report().drained


@pytest.mark.parametrize("between", [0, 1], ids=["at once", "after a block of the fade"])
def test_what_an_emptied_device_threw_away_was_not_heard(clock, between):
    playback, _ = speaking()
    device, asked = Device(clock, playback), []
    playback.silencer = lambda: asked.append(True)
    device.take(30)
    playback.flush(5)
    device.take(between)
    assert asked == [True]
    assert not playback.flushed, "the device holds sound"
    clock.now += 0.002
    device.empty()
    assert playback.flushed
    assert playback.report().drained
    assert playback.heard_ms() == {"item": pytest.approx(device.sound_ms, abs=0.1)}
    assert playback.heard_ms()["item"] == pytest.approx(202.0 + 10 * between, abs=0.1)
    device.take(30)
    assert device.sound_ms == pytest.approx(202.0 + 10 * between, abs=0.1)
    assert playback.report().drained


def test_an_answer_that_begins_while_the_device_is_being_emptied_is_heard_whole(clock):
    playback, _ = speaking()
    playback.silencer = lambda: None
    device, following = Device(clock, playback), locatable(0.2, seed=2)
    device.take(30)
    playback.flush(5)
    playback.play("next", following)
    playback.end("next")
    device.take(3)
    device.empty()
    device.heard.clear()
    device.take(40)
    assert compare(following, bytes(device.heard)).whole
    assert playback.heard_ms()["next"] == 200.0


@pytest.mark.parametrize("silencer", [None, lambda: None], ids=["never comes again", "cannot be emptied"])
def test_a_flush_that_is_given_up_counts_what_was_heard_when_the_device_was_last_seen(clock, silencer):
    playback, _ = speaking()
    playback.silencer = silencer
    device = Device(clock, playback)
    device.take(30)
    playback.flush(5)
    clock.now += 0.06
    playback.give_up_flush()
    assert playback.flushed
    assert playback.heard_ms()["item"] == pytest.approx(200.0, abs=10.1)


def test_an_interruption_while_the_device_is_about_to_be_exchanged_counts_what_it_still_plays(clock):
    playback, _ = speaking()
    device = Device(clock, playback)
    device.take(50)
    playback.report()
    playback.held = True
    device.take(2)
    playback.flush(5)
    device.take(6)
    playback.give_up_flush()
    assert playback.flushed
    device.take(10)
    device.listen()
    assert playback.heard_ms()["item"] == pytest.approx(device.sound_ms, abs=0.1)


def test_a_dead_devices_sound_is_played_by_the_next_one_and_nothing_is_lost(clock):
    playback, speech = speaking(1.0)
    first = Device(clock, playback)
    first.take(40)
    first.listen()
    before = playback.report().played_ms["item"]
    clock.now += 0.5
    back = playback.requeue_unplayed()
    assert 2400 <= back - TWICE <= 2640
    assert playback.report().played_ms["item"] >= before - 30.1
    second = Device(clock, playback, held_s=0.02)
    second.take(100)
    heard = compare(speech, bytes(first.heard + second.heard))
    assert (heard.lost, heard.changed, heard.disordered) == (0, 0, 1)
    assert heard.repeated <= BLOCK + TWICE
    assert playback.report().drained
    assert playback.heard_ms()["item"] == 1000.0
    assert playback.underruns == 0


def test_nothing_is_lost_with_a_dead_device_that_told_too_early_times(clock):
    playback, speech = speaking(1.0)
    playback.latency_ms = 20.0
    first = Device(clock, playback, held_s=0.03)
    for _ in range(40):  # after a sound server hung, PortAudio says that every block is heard at once
        first.take_and_say(clock.now)
        playback.report()
    clock.now += 0.5
    first.listen(clock.now - 0.5 - 0.01)
    playback.requeue_unplayed()
    second = Device(clock, playback, held_s=0.02)
    second.take(100)
    heard = compare(speech, bytes(first.heard + second.heard))
    assert heard.lost == 0
    assert heard.repeated <= BLOCK + 2 * TWICE


def test_a_block_that_a_dry_device_threw_away_is_handed_out_again(clock):
    playback, speech = speaking(1.0)
    heard = playback.fill(10 * BLOCK)
    clock.now += 0.5  # it hung
    playback.fill(BLOCK)
    clock.now += 0.001
    playback.ran_dry(BLOCK / RATE)
    heard += playback.fill(BLOCK)
    assert heard == speech[: 11 * BLOCK * 2]
    clock.now += 0.01
    assert playback.report().played_ms["item"] == 110.0
    assert playback.underruns == 1


def test_what_a_device_had_time_to_play_before_it_ran_dry_is_not_heard_again(clock):
    playback, speech = speaking(1.0)
    heard = playback.fill(BLOCK)
    clock.now += 0.03
    playback.ran_dry(BLOCK / RATE)
    assert heard + playback.fill(BLOCK) == speech[: 2 * BLOCK * 2]


def test_what_was_cut_does_not_come_back_with_a_block_that_was_thrown_away(clock):
    playback, _ = speaking(1.0)
    playback.fill(BLOCK)
    playback.flush(5)
    playback.ran_dry(BLOCK / RATE)
    assert len(playback.fill(BLOCK).rstrip(b"\0")) <= FADE * 2
    playback.ran_dry(BLOCK / RATE)
    assert not any(playback.fill(BLOCK))


def test_what_was_cut_does_not_come_back_with_what_waited_of_the_block_either(clock):
    playback, _ = speaking(1.0)
    playback.fill(BLOCK)
    playback.flush(10)  # the fade ends where the block does
    playback.fill(BLOCK)
    playback.play("next", locatable(0.5, seed=7))
    playback.end("next")
    first = playback.fill(BLOCK)

    assert playback.ran_dry(BLOCK / RATE, before=BLOCK)

    assert playback.fill(BLOCK) == first


def test_the_last_block_of_an_answer_that_was_cut_does_not_come_back_either(clock):
    playback, _ = speaking(0.01)
    playback.fill(BLOCK)
    playback.flush(5)
    playback.fill(BLOCK)
    playback.ran_dry(BLOCK / RATE)
    assert not any(playback.fill(BLOCK))


def test_what_was_cut_is_not_played_by_the_next_device(clock):
    playback, _ = speaking()
    Device(clock, playback).take(30)
    playback.flush(5)
    assert playback.requeue_unplayed() == 0
    assert playback.flushed
    second = Device(clock, playback)
    second.take(40)
    assert not any(second.heard)
    assert playback.heard_ms()["item"] == pytest.approx(200.0, abs=10.1)


def test_the_next_device_plays_the_new_answer_and_not_the_one_that_was_cut_before_it(clock):
    playback, _ = speaking()
    first, following = Device(clock, playback), locatable(0.2, seed=2)
    first.take(30)
    playback.flush(5)
    first.take()
    playback.play("next", following)
    playback.end("next")
    first.take(3)
    playback.requeue_unplayed()
    second = Device(clock, playback)
    second.take(40)
    assert compare(following, bytes(second.heard)).whole


def test_an_answer_that_still_arrives_waits_for_its_prebuffer_again_at_the_next_device(clock):
    playback, speech = Playback(RATE), locatable(0.2)
    playback.play("item", speech[:4800])
    Device(clock, playback, held_s=0.02).take(10)
    assert playback.requeue_unplayed() > 0
    assert not any(playback.fill(BLOCK))
    assert playback.underruns == 0


def test_an_answer_with_another_one_in_its_midst_is_counted_as_one(clock):
    playback = Playback(RATE)
    for number, item in enumerate("aba"):
        playback.play(item, locatable(0.003, seed=number))
    playback.end("a")
    Device(clock, playback, held_s=0.02).take(3)
    assert [playback.report().played_ms for _ in range(2)] == [{"a": 6.0, "b": 3.0}] * 2


def test_sixty_seconds_that_wait_do_not_overwrite_what_may_be_taken_back(clock):
    speech = locatable(70.0)
    playback = Playback(RATE)
    playback.play("item", speech)
    playback.end("item")
    first = Device(clock, playback)
    for _ in range(40):
        first.take()
        playback.report()
    first.listen()
    playback.requeue_unplayed()
    second = Device(clock, playback)
    second.take(60)
    second.listen()
    end = len(first.heard) + len(bytes(second.heard).strip(b"\0"))
    heard = compare(speech[: end - 480 - 2 * TWICE], bytes(first.heard + second.heard))
    assert (heard.lost, heard.disordered) == (0, 1)


@pytest.mark.parametrize("goes_back", [Playback.requeue_unplayed, lambda playback: playback.ran_dry(BLOCK / RATE)])
def test_what_comes_back_into_a_full_ring_overwrites_nothing(clock, goes_back):
    speech = locatable(70.0)
    playback = Playback(RATE)
    playback.play("item", speech)
    playback.end("item")
    device = Device(clock, playback)
    device.take(19)
    playback.fill(BLOCK, clock.now + HELD_S)
    playback.report()  # the ring is filled up
    goes_back(playback)
    playback.report()
    waits = round(playback.buffered_ms * RATE / 1000)
    assert waits > 70 * RATE - 20 * BLOCK
    heard = bytearray()
    while playback.buffered_ms:
        heard += playback.fill(RATE)
        playback.report()
    assert heard[: waits * 2] == speech[-waits * 2 :]


def test_a_dead_device_that_ran_dry_before_gives_back_what_it_held_before_that_too(clock):
    playback, _ = speaking(1.0)
    device = Device(clock, playback)
    device.take(40)
    playback.fill(BLOCK, clock.now + HELD_S)
    playback.ran_dry(BLOCK / RATE)
    device.take()
    device.listen()
    assert playback.requeue_unplayed() == 11 * BLOCK + TWICE


def test_a_report_waits_while_what_a_dead_device_held_is_taken_back(clock, monkeypatch):
    playback, _ = speaking(1.0)
    Device(clock, playback).take(40)
    reports, unheard = [], HeardPositions.unheard
    reporting = threading.Thread(target=lambda: reports.append(playback.report()))

    def meanwhile(*arguments):
        reporting.start()
        reporting.join(0.05)
        assert not reports
        return unheard(*arguments)

    monkeypatch.setattr(HeardPositions, "unheard", meanwhile)
    playback.requeue_unplayed()
    reporting.join(10)
    assert not reports[0].drained
    assert reports[0].played_ms["item"] == pytest.approx(1000 - playback.buffered_ms)


ORDERS = st.one_of(
    st.tuples(st.just("play"), st.integers(1, 9_601)),
    st.tuples(st.just("take"), st.integers(1, 12)),
    st.tuples(st.sampled_from(["end", "report", "flush", "empty", "die"])),
)


class Session:
    """Orders in any sequence, with a device that dies and is replaced; what was heard is kept beside the account."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.playback = clock, Playback(RATE)
        self.speech, self.at, self.number = locatable(10.0), 0, 0
        self.received: dict[str, tuple[int, int]] = {}
        self.cut: set[str] = set()
        self.heard = bytearray()
        self.deaths = 0
        self.device = Device(clock, self.playback)

    @property
    def item(self) -> str:
        return f"item-{self.number}"

    def play(self, size: int) -> None:
        self.playback.play(self.item, self.speech[self.at : self.at + size])
        self.at += size
        self.received[self.item] = (self.received.get(self.item, (self.at - size, 0))[0], self.at)

    def end(self) -> None:
        self.playback.end(self.item)
        self.number += 1
        self.at += self.at % 2

    def take(self, blocks: int) -> None:
        self.device.take(blocks)

    def report(self) -> None:
        for item, ms in self.playback.report().played_ms.items():
            begun, ended = self.received[item]
            assert 0 <= ms <= (ended - begun) // 2 * 1000 / RATE

    def flush(self) -> None:
        self.report()
        self.playback.silencer = None
        self.playback.flush(5)
        self._cut_all()
        self.device.take(2)
        assert self.playback.flushed

    def empty(self) -> None:
        self.report()
        self.playback.silencer = lambda: None
        self.playback.flush(5)
        self._cut_all()
        self.device.take(1)
        self.device.empty()
        assert self.playback.flushed

    def die(self) -> None:
        self.device.listen()
        self.heard += self.device.heard
        self.playback.requeue_unplayed()
        self.device = Device(self.clock, self.playback)
        self.deaths += 1

    def sounds(self) -> bytes:
        """What was heard without the pauses: no sample of the speech is zero."""
        heard = np.frombuffer(bytes(self.heard), "<i2")
        return heard[heard != 0].tobytes()

    def whole(self) -> bytes:
        """All that was received; a half sample at the end of an item is none."""
        return b"".join(self.speech[begun : ended - (ended - begun) % 2] for begun, ended in self.received.values())

    def _cut_all(self) -> None:
        self.cut |= set(self.received)
        self.end()

    def close(self) -> None:
        self.end()
        for _ in range(200):
            self.device.take(20)
            if self.playback.report().drained:
                break
        assert self.playback.report().drained
        self.device.take(20)
        self.heard += self.device.heard


@settings(deadline=None, max_examples=80)
@given(st.lists(ORDERS, max_size=25))
def test_in_any_sequence_every_sample_that_was_not_cut_is_heard_and_counted(orders):
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "time", clock)
        session = Session(clock)
        for name, *arguments in orders:
            getattr(session, name)(*arguments)
        session.close()
    counted = session.playback.heard_ms()
    if not session.cut and not session.deaths:
        assert session.sounds() == session.whole(), "every sample once and in order, however few come at a time"
    for item, (begun, ended) in session.received.items():
        ended -= (ended - begun) % 2
        if ended - begun < 8:
            continue  # too little to be located
        speech = session.speech[begun:ended]
        heard = compare(speech, bytes(session.heard))
        if item not in session.cut:
            assert heard.lost <= 3, "the last samples, after a pause, are too few to be located"
            assert counted[item] == len(speech) * 500 / RATE
        elif not session.deaths:
            located = len(speech) // 2 - heard.lost
            assert -3 <= counted.get(item, 0.0) * RATE / 1000 - located <= FADE + 3, "a fade cannot be located"
        assert heard.repeated <= session.deaths * (TWICE + BLOCK)
        assert heard.disordered <= session.deaths


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        pytest.param([0.0] * 3, 0.1, id="undisturbed"),
        pytest.param([0.0, 0.0, 0.03], 0.07, id="a callback that waited for the processor"),
        pytest.param([0.0, 0.0, -0.2], 0.1, id="the device's clock was set forward"),
    ],
)
def test_a_devices_times_are_brought_onto_our_clock(late, expected):
    clock = DacClock(0.02)
    for number, wait in enumerate(late):
        now, current = 10.0 + number + max(wait, 0.0), 1e9 + number - min(wait, 0.0)
        found = clock.heard_at(now, current, current + 0.1) - now
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_clock_that_was_set_back_is_followed_soon():
    clock = DacClock(0.02)
    clock.heard_at(10.0, 1e9, 1e9 + 0.1)
    found = [clock.heard_at(11.0 + n, 5e8 + n, 5e8 + n + 0.1) - (11.0 + n) for n in range(2)]
    assert found == pytest.approx([0.02, 0.1], abs=1e-6)
    for number in range(BLOCKS):
        last = clock.heard_at(20.0 + number, 5e8 + 8.5 + number, 5e8 + 8.6 + number) - (20.0 + number)
    assert last == pytest.approx(0.1, abs=1e-6)


@pytest.mark.parametrize(("current", "dac"), [(0.0, 0.0), (1e9, 0.0), (0.0, 1e9), (1e9, 1e9 + 100.0)])
def test_a_device_that_tells_no_time_plays_as_far_ahead_as_is_said(current, dac):
    assert DacClock(0.02).heard_at(10.0, current, dac) == pytest.approx(10.02)


@pytest.mark.parametrize(
    ("underruns_at", "settings_asked"),
    [
        pytest.param([1], [None], id="one is an accident"),
        pytest.param([1, 12], [None, None], id="two far apart are two accidents"),
        pytest.param([1, 9], [None, LADDER[1]], id="two within 10 s"),
        pytest.param([1, 12, 15], [None, None, LADDER[1]], id="any two within 10 s"),
        pytest.param([1, 2, 3], [None, LADDER[1], None], id="each step is given a new chance"),
        pytest.param([1, 2, 3, 4, 5, 6], [None, LADDER[1], None, LADDER[2], None, None], id="up to the safest"),
    ],
)
def test_a_device_that_runs_dry_again_and_again_is_opened_with_more(underruns_at, settings_asked):
    steps = LatencyLadder()
    assert [steps.underrun(at) for at in underruns_at] == settings_asked
    assert steps.setting == next((s for s in reversed(settings_asked) if s), LADDER[0])


def test_a_setting_of_ones_own_is_followed_by_the_safest():
    steps = LatencyLadder(Setting(10, 0.05))
    assert [steps.underrun(at) for at in (1, 2)] == [None, Setting(20, 0.1)]
