"""Everything the server says is heard once and in order, however it arrives; nothing of a flushed answer is."""

import asyncio
import itertools
import threading
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bench import RATE, heard, locatable, plan_for, running, signal, until, without_silence, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.playout.playback import RING_S, Playback
from rtvoice_tui.session.effects import FADE_MS
from rtvoice_tui.session.facts import Phase

BLOCK = 240
FADE = RATE * FADE_MS // 1000
ODD = (4_801, 1, 333, 1_999, 960, 7)


class Device:
    """A device's thread that comes for samples much faster than they play."""

    def __init__(self, playback: Playback) -> None:
        self.heard: list[bytes] = []
        self._playback = playback
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Device":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            block = self._playback.fill(BLOCK)
            if any(block):
                self.heard.append(block)
            else:
                self._stop.wait(0.0005)

    @property
    def sound(self) -> bytes:
        return without_silence(b"".join(self.heard))


def in_pieces(pcm: bytes, sizes: tuple[int, ...]) -> list[bytes]:
    pieces, at = [], 0
    for size in itertools.cycle(sizes):
        if at >= len(pcm):
            return pieces
        pieces.append(pcm[at : at + size])
        at += size
    return pieces


@pytest.mark.parametrize("sizes", [ODD, (9_600,), (8 * 1024 * 1024,)], ids=["odd pieces", "even pieces", "one piece"])
async def test_thirty_seconds_are_heard_whole_once_and_in_order_while_they_arrive(sizes):
    playback, speech = Playback(RATE), signal(30)
    with Device(playback) as device:
        for number, piece in enumerate(in_pieces(speech, sizes)):
            playback.play("item", piece)
            if number % 64 == 0:
                await asyncio.sleep(0)
        playback.end("item")
        await until(lambda: playback.report().drained)
        await until(lambda: len(device.sound) >= len(speech))
    assert device.sound == speech


async def test_eight_mebibytes_in_one_piece_are_more_than_the_ring_and_are_heard_whole():
    playback, speech = Playback(RATE), locatable(4 * 1024 * 1024)
    assert len(speech) == 8 * 1024 * 1024 > RING_S * RATE * 2
    last = 0.0
    playback.play("item", speech)
    playback.end("item")
    assert playback.buffered_ms == len(speech) / 48
    with Device(playback) as device:

        def drained() -> bool:
            nonlocal last
            report = playback.report()
            last = report.played_ms.get("item", last)
            return report.drained

        await until(drained)
        await until(lambda: len(device.heard) * BLOCK * 2 >= len(speech))
    assert device.sound == speech
    assert last == pytest.approx(len(speech) / 48)


def test_a_burst_is_heard_whole_however_much_later_the_device_comes():
    playback, speech = Playback(RATE), signal(30)
    for piece in in_pieces(speech, ODD):
        playback.play("item", piece)
    playback.end("item")
    out = b"".join(playback.fill(BLOCK) for _ in range(30 * 100 + 1))
    assert out[: len(speech)] == speech
    assert not any(out[len(speech) :])
    assert playback.underruns == 0


def test_an_answer_shorter_than_the_prebuffer_is_heard_once_it_is_complete():
    playback, speech = Playback(RATE), signal(0.02)
    playback.play("item", speech)
    assert not any(playback.fill(BLOCK)), "more of it may come"
    playback.end("item")
    assert playback.fill(BLOCK) + playback.fill(BLOCK) == speech


def test_a_device_that_runs_dry_in_the_middle_of_an_answer_counts_an_underrun_and_loses_nothing():
    playback, speech = Playback(RATE), signal(0.5)
    playback.play("item", speech[:9_600])
    out = b"".join(playback.fill(BLOCK) for _ in range(30))
    assert playback.underruns == 1
    playback.play("item", speech[9_600:])
    playback.end("item")
    out += b"".join(playback.fill(BLOCK) for _ in range(60))
    assert without_silence(out) == speech
    assert playback.underruns == 1


def test_an_answer_that_ends_does_not_touch_another_one_that_still_arrives():
    first, second = signal(0.2, 1), signal(0.2, 2)
    playback = Playback(RATE)
    playback.play("first", first)
    playback.play("second", second[:4_801])
    playback.end("first")
    playback.play("second", second[4_801:])
    playback.end("second")
    out = b"".join(playback.fill(BLOCK) for _ in range(60))
    assert without_silence(out) == first + second


def test_half_a_sample_at_the_end_of_one_answer_does_not_shift_the_next():
    first, second = signal(0.2, 1), signal(0.2, 2)
    playback = Playback(RATE)
    playback.play("first", first + b"\x01")
    playback.play("second", second)
    playback.end("second")
    out = b"".join(playback.fill(BLOCK) for _ in range(60))
    assert without_silence(out) == first + second


def test_a_muted_agent_is_silent_and_goes_on_being_counted():
    playback, speech = Playback(RATE), signal(0.2)
    playback.muted = True
    playback.play("item", speech)
    playback.end("item")
    assert not any(b"".join(playback.fill(BLOCK) for _ in range(40)))
    assert playback.report().played_ms == {"item": 200.0}


def test_the_first_sample_of_each_answer_has_its_own_time():
    playback = Playback(RATE)
    playback.play("first", signal(0.1))
    playback.end("first")
    playback.fill(BLOCK)
    playback.play("second", signal(0.1))
    playback.end("second")
    first = playback.report().first_at
    assert set(first) == {"first"}
    for _ in range(10):
        playback.fill(BLOCK)
    both = playback.report().first_at
    assert both["second"] > first["first"]


def test_a_device_that_never_comes_again_does_not_keep_a_flush_open():
    playback = Playback(RATE)
    playback.play("item", signal(1.0))
    for _ in range(10):
        playback.fill(BLOCK)
    playback.flush(FADE_MS)
    assert not playback.flushed
    playback.give_up_flush()
    assert playback.flushed
    assert playback.report().played_ms == {"item": 100.0}
    playback.play("next", next_speech := signal(0.1, 2))
    playback.end("next")
    assert without_silence(b"".join(playback.fill(BLOCK) for _ in range(20))) == next_speech


class Model:
    """What a listener is entitled to: kept beside a `Playback` and compared with every block that comes out."""

    def __init__(self) -> None:
        self.playback = Playback(RATE)
        self.pending: deque[tuple[str, int]] = deque()
        self.fading: deque[tuple[str, int]] = deque()
        self.fade_begun = False
        self.heard: dict[str, int] = {}
        self.cut: set[str] = set()
        self.reported: dict[str, float] = {}
        self._speech = locatable(200_000)
        self._samples = np.frombuffer(self._speech, "<i2").tolist()
        self._at = 0
        self._item = 0

    @property
    def item(self) -> str:
        return f"item-{self._item}"

    def play(self, size: int) -> None:
        start, end = self._at, self._at + size
        self.pending.extend((self.item, sample) for sample in self._samples[start // 2 : end // 2])
        self._at = end
        self.playback.play(self.item, self._speech[start:end])

    def end(self) -> None:
        self.playback.end(self.item)
        self._next_item()

    def flush(self) -> None:
        self.playback.flush(FADE_MS)
        self.cut.update(item for item, _ in self.pending)
        self.cut.update(item for item, _ in self.fading)
        if not self.fade_begun:
            self.fading = deque(itertools.islice(itertools.chain(self.fading, self.pending), FADE))
        self.pending.clear()
        self._next_item()

    def fill(self, count: int) -> None:
        flushing = not self.playback.flushed
        out = np.frombuffer(self.playback.fill(count), "<i2")
        assert len(out) == count
        loud = out[out != 0].tolist()
        if not flushing:
            for sample in loud:
                item, expected = self.pending.popleft()
                assert sample == expected
                self.heard[item] = self.heard.get(item, 0) + 1
            return
        self.fade_begun = True
        for sample in loud:
            item, original = self.fading.popleft()
            assert abs(sample) <= abs(original)
            assert (sample < 0) == (original < 0)
            self.heard[item] = self.heard.get(item, 0) + 1
        if self.playback.flushed:
            self.fading.clear()
            self.fade_begun = False

    def report(self) -> None:
        for item, played_ms in self.playback.report().played_ms.items():
            samples = played_ms * RATE / 1000
            assert samples == pytest.approx(round(samples))
            assert round(samples) >= self.reported.get(item, 0)
            self.reported[item] = round(samples)

    def drain(self) -> None:
        self.playback.end(self.item)
        for _ in range(1_000):
            self.fill(4_800)
            self.report()
            if not self.pending and self.playback.report().drained:
                break
        self.report()
        assert not self.pending
        for item, count in self.heard.items():
            if item in self.cut:
                assert 0 <= self.reported[item] - count <= 2, "the last sample of a fade is silence"
            else:
                assert self.reported[item] == count

    def _next_item(self) -> None:
        self._item += 1
        self._at += self._at % 2


OPERATIONS = st.one_of(
    st.tuples(st.just("play"), st.integers(1, 9_601)),
    st.tuples(st.just("fill"), st.integers(1, 1_000)),
    st.tuples(st.just("fill"), st.just(BLOCK)),
    st.tuples(st.sampled_from(["flush", "end", "report"])),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(OPERATIONS, max_size=30))
def test_any_sequence_of_orders_keeps_every_sample_once_and_in_order(orders):
    model = Model()
    for name, *arguments in orders:
        getattr(model, name)(*arguments)
    model.drain()


@pytest.mark.parametrize("speed", [None, 3], ids=["in one burst", "at three times the pace"])
async def test_three_seconds_come_out_of_the_speaker_whole(tmp_path, speed):
    speech = signal(3)

    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", speech, ODD, speed=speed)

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", b""), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server:
        async with running(plan_for(server, audio=audio)) as bench:
            await bench.until(lambda: bench.phase is Phase.SPEAKING)
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            (timing,) = bench.store.timings.turns
            assert timing.waited_ms is None, "nobody asked"
        assert heard(tmp_path / "out.wav") == speech


async def test_a_delta_of_eight_mebibytes_is_received_and_can_be_interrupted(tmp_path):
    speech = locatable(4 * 1024 * 1024)

    async def script(session: Session) -> None:
        await session.open()
        await session.begin("resp_1")
        await session.audio("resp_1", "item_a1", speech)
        await go_on.wait()
        await session.speech_started("item_u1")
        truncate = await session.expect("conversation.item.truncate")
        assert 0 < truncate["audio_end_ms"] < len(speech) / 48

    go_on = asyncio.Event()
    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.store.audio.buffered_ms > 170_000)
        await bench.until(lambda: bench.store.speaker.peak_db > -60)
        go_on.set()
        await bench.until(lambda: server.sent("conversation.item.truncate"))
        await bench.until(lambda: bench.store.audio.buffered_ms < 170_000)
        assert not server.offences
