"""Louder, softer, ducked and muted, on both sides: without clicks, and without touching anything at 0 dB."""

import numpy as np
import pytest

from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.pcm.gain import LEAST_DB, MOST_DB
from rtvoice_tui.audio.playout.playback import Playback
from virtual_audio import RATE, locatable

BLOCK = 240
FULL = b"\xff\x7f" * RATE


def steady(value: int, seconds: float = 1.0) -> bytes:
    return np.full(int(RATE * seconds), value, "<i2").tobytes()


def order(playback: Playback, orders: dict) -> None:
    for name, value in orders.items():
        setattr(playback.gain if name == "db" else playback, name, value)


def speaking(pcm: bytes) -> Playback:
    playback = Playback(RATE)
    playback.play("item", pcm)
    playback.end("item")
    return playback


def block_of(playback: Playback) -> np.ndarray:
    return np.frombuffer(playback.fill(BLOCK), "<i2").astype(int)


def level_of(playback: Playback) -> float:
    return playback.levels[-1].peak_db


def test_at_0_db_every_sample_passes_untouched_also_after_it_was_changed():
    speech = locatable(0.05)
    playback = speaking(speech)
    playback.gain.db = 6.0
    playback.gain.db = 0.0
    assert b"".join(playback.fill(BLOCK) for _ in range(5)) == speech


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ({"db": 6.0}, 1995),
        ({"db": -20.0}, 100),
        ({"db": 40.0}, round(1000 * 10 ** (MOST_DB / 20))),
        ({"db": -90.0}, round(1000 * 10 ** (LEAST_DB / 20))),
        ({"ducked": True}, 251),
        ({"ducked": True, "db": 12.0}, 1000),
        ({"muted": True}, 0),
    ],
    ids=str,
)
def test_a_change_is_reached_within_one_block_without_a_jump_and_goes_back_as_softly(orders, expected):
    playback = speaking(steady(1000))
    before = block_of(playback)
    assert (before == 1000).all()
    order(playback, orders)
    ramp, after = block_of(playback), block_of(playback)
    assert np.abs(after - expected).max() <= 1
    assert abs(ramp[-1] - expected) <= 1
    assert np.abs(np.diff(np.concatenate([before, ramp, after]))).max() <= abs(expected - 1000) / BLOCK + 2
    order(playback, {name: 0.0 if name == "db" else False for name in orders})
    back, again = block_of(playback), block_of(playback)
    assert np.abs(np.diff(np.concatenate([after, back, again]))).max() <= abs(expected - 1000) / BLOCK + 2
    assert (again == 1000).all()


@pytest.mark.parametrize("value", [30_000, -30_000])
def test_what_is_too_loud_is_cut_off_not_wrapped_around_and_shown_as_clipping(value):
    playback = speaking(steady(value))
    playback.gain.db = 12.0
    heard = block_of(playback)
    assert (heard == (32767 if value > 0 else -32768)).all()
    assert playback.levels[-1].clipped


def test_speech_that_begins_has_the_volume_at_once():
    playback = speaking(steady(1000))
    playback.gain.db = -20.0
    assert (block_of(playback) == 100).all()


def test_the_meter_shows_what_is_heard_after_the_volume():
    playback = speaking(steady(8192))
    block_of(playback)
    loud = level_of(playback)
    playback.ducked = True
    block_of(playback)
    block_of(playback)
    assert level_of(playback) == pytest.approx(loud - 12.0, abs=0.1)


def test_whoever_listens_to_the_speaker_gets_what_the_device_gets_silence_included():
    playback, heard = Playback(RATE), []
    playback.taps = (heard.append,)
    playback.ducked = True
    handed = [playback.fill(BLOCK)]
    playback.play("item", locatable(0.1))
    handed += [playback.fill(BLOCK) for _ in range(4)]
    playback.flush(5)
    handed += [playback.fill(BLOCK) for _ in range(3)]
    assert heard == handed
    assert any(handed[2])
    assert not any(handed[0] + handed[-1])


def test_a_listener_that_fails_takes_the_sound_but_not_the_device(caplog):
    playback = speaking(steady(1000))

    def fail(pcm: bytes) -> None:
        raise ValueError("deaf")

    playback.taps = (fail,)
    assert [playback.fill(BLOCK) for _ in range(3)] == [bytes(480)] * 3
    assert len(caplog.records) == 1, "once is enough"


@pytest.mark.parametrize(("db", "expected"), [(0.0, 1000), (6.0, 1995), (-20.0, 100), (90.0, 3981)])
def test_the_microphones_volume_is_applied_before_its_meter(db, expected):
    capture = Capture(RATE)
    capture.gain.db = db
    for _ in range(8):
        capture.offer(steady(1000, 0.01))
    frames = capture.frames()
    samples = np.frombuffer(frames[-1][0], "<i2").astype(int)
    assert np.abs(samples - expected).max() <= 1
    assert frames[-1][1].peak_db == pytest.approx(20 * np.log10(expected / 32768), abs=0.1)


def test_a_microphone_that_is_too_loud_is_cut_off_and_marked():
    capture = Capture(RATE)
    capture.gain.db = 12.0
    capture.offer(steady(-20_000, 0.04))
    frame, level = capture.frames()[-1]
    assert set(np.frombuffer(frame, "<i2").tolist()) == {-32768}
    assert level.clipped


def test_a_microphone_that_clips_is_said_to_clip_also_when_it_is_made_softer():
    capture = Capture(24_000)
    capture.gain.db = -20
    for _ in range(2):
        capture.offer(b"\xff\x7f" * 480)

    (_, (_, level)) = capture.frames()  # the first one goes down to the volume

    assert level.clipped
    assert level.peak_db < -19
