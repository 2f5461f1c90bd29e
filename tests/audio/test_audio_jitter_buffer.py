"""How much of an answer is waited for: as much as its packets come late, up at once and down slowly."""

import pytest

from rtvoice_tui.audio.playout.jitter_buffer import (
    FALL_MS,
    LEAST_MS,
    MARGIN_MS,
    MOST_MS,
    START_MS,
    UNDERRUN_MS,
    JitterBuffer,
)
from rtvoice_tui.audio.playout.playback import Playback


def answer(prebuffer: JitterBuffer, arrivals_ms: list[float], sound_ms: float = 100.0, item: str = "item") -> None:
    for at in arrivals_ms:
        prebuffer.packet(item, sound_ms, 50.0 + at / 1000)


@pytest.mark.parametrize(
    ("arrivals_ms", "jitter_ms", "jitter_buffer_ms"),
    [
        pytest.param([0, 100, 200, 300], 0, START_MS - FALL_MS, id="at the pace of speech"),
        pytest.param([0, 1, 2, 3], 0, START_MS - FALL_MS, id="in a burst"),
        pytest.param([0, 100, 250, 300], 50, START_MS - FALL_MS, id="late by less than there is"),
        pytest.param([0, 100, 330, 340], 130, 130 + MARGIN_MS, id="late by more"),
        pytest.param([0, 1, 2, 390], 90, 90 + MARGIN_MS, id="a burst, then late"),
        pytest.param([0, 100, 590, 600], 390, MOST_MS, id="so late that the bound holds it"),
        pytest.param([0, 100, 5000, 5100], 0, START_MS - FALL_MS, id="a pause is no jitter"),
        pytest.param([0, 100, 5000, 5230], 130, 130 + MARGIN_MS, id="late after a pause"),
        pytest.param([0, 100], 0, START_MS, id="too few packets to tell"),
    ],
)
def test_an_answer_moves_the_prebuffer_by_how_late_its_packets_came(arrivals_ms, jitter_ms, jitter_buffer_ms):
    prebuffer = JitterBuffer()
    answer(prebuffer, arrivals_ms)
    prebuffer.end()
    assert prebuffer.jitter_ms == pytest.approx(jitter_ms, abs=0.01)
    assert prebuffer.ms == pytest.approx(jitter_buffer_ms)


def test_it_rises_with_the_very_packet_that_was_late():
    prebuffer = JitterBuffer()
    answer(prebuffer, [0, 300])
    assert prebuffer.ms == pytest.approx(200 + MARGIN_MS)


def test_it_falls_by_a_little_with_every_quiet_answer_and_never_below_its_bound():
    prebuffer, seen = JitterBuffer(), [START_MS]
    for number in range(8):
        answer(prebuffer, [0, 100, 200], item=str(number))
        prebuffer.end()
        seen.append(prebuffer.ms)
    assert seen == [80, 70, 60, 50, 40, 40, 40, 40, 40]
    assert seen[-1] == LEAST_MS


def test_an_answer_that_was_cut_lets_nothing_fall():
    playback = Playback(24_000)
    for number in range(4):
        playback.play("item", bytes(4800), at=1.0 + number / 10)
    playback.flush(5)
    playback.end("item")
    assert playback.jitter_buffer_ms == START_MS


def test_a_speaker_that_ran_dry_within_an_answer_waits_for_more_before_it_goes_on():
    playback = Playback(24_000)
    playback.play("item", bytes(480) + b"\x01\x00" * 2160, at=1.0)
    for _ in range(12):
        playback.fill(240)
    assert playback.underruns == playback.starved == 1
    assert playback.jitter_buffer_ms == START_MS, "perhaps the answer was over"
    playback.play("item", b"\x01\x00" * 2400, at=1.11)
    assert playback.jitter_buffer_ms == START_MS + UNDERRUN_MS
    assert playback.jitter_buffer_bounds_ms == (LEAST_MS, MOST_MS)
    assert not any(playback.fill(240)), "100 ms are not enough any more"
    playback.play("item", b"\x01\x00" * 2400, at=1.2)
    assert any(playback.fill(240))
    assert playback.jitter_buffer_ms == START_MS + UNDERRUN_MS, "it rose once"


def test_an_answer_that_ended_untold_is_no_reason_for_the_next_one_to_wait_longer():
    playback = Playback(24_000)
    playback.play("first", b"\x01\x00" * 2400)
    for _ in range(12):
        playback.fill(240)
    playback.play("second", b"\x01\x00" * 2400)
    assert playback.starved == 1
    assert playback.jitter_buffer_ms == START_MS
