"""Timings, meters and tokens: the numbers on the screen are right."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvoice_tui.media import FLOOR_DB, Level, dbfs
from rtvoice_tui.protocol.usage import RateLimit, TokenDetails, Usage
from rtvoice_tui.session.facts import Moment
from rtvoice_tui.store.levels import CLIP_HOLD_S, FALL_DB_PER_S, PEAK_HOLD_S, Meter, MeterReading
from rtvoice_tui.store.timings import Timings, TurnTiming
from rtvoice_tui.store.usage import UsageTotals


def answered(timings: Timings, turn: int, wait_ms: float) -> None:
    timings.start_turn(turn)
    timings.reached(turn, Moment.SPEECH_STOPPED, turn)
    timings.reached(turn, Moment.FIRST_HEARD, turn + wait_ms / 1000)


def test_the_wait_runs_from_the_end_of_speech_to_the_first_sound():
    timings = Timings()
    answered(timings, 1, 750)
    assert timings.turns[0].waited_ms == pytest.approx(750)
    assert timings.turns[0].origin is Moment.SPEECH_STOPPED


def test_a_typed_message_is_waited_for_from_when_it_was_sent():
    turn = TurnTiming(1, {Moment.SENT: 1.0, Moment.SPEECH_STOPPED: 1.5, Moment.FIRST_HEARD: 2.0})
    assert turn.waited_ms == pytest.approx(1_000)


def test_an_answer_without_sound_is_waited_for_until_its_first_word():
    turn = TurnTiming(1, {Moment.SENT: 1.0, Moment.FIRST_TEXT: 1.3})
    assert turn.waited_ms == pytest.approx(300)


def test_moments_that_were_not_reached_or_in_another_order_give_no_time():
    turn = TurnTiming(1, {Moment.ANSWERING: 2.0, Moment.FIRST_AUDIO: 1.0})
    assert turn.between(Moment.ANSWERING, Moment.FIRST_AUDIO) is None
    assert turn.between(Moment.ANSWERING, Moment.HEARD) is None
    assert turn.waited_ms is None
    assert turn.stages() == []


def test_the_stages_add_up_to_the_wait():
    moments = {Moment.SPEECH_STOPPED: 1.0, Moment.ANSWERING: 1.2, Moment.FIRST_AUDIO: 1.7, Moment.FIRST_HEARD: 1.8}
    turn = TurnTiming(1, moments)
    assert [name for name, _ in turn.stages()] == ["hear", "model", "play"]
    assert sum(ms for _, ms in turn.stages()) == pytest.approx(turn.waited_ms)


def test_stages_of_a_written_answer_end_with_its_first_word():
    turn = TurnTiming(1, {Moment.SENT: 1.0, Moment.ANSWERING: 1.2, Moment.FIRST_TEXT: 1.7})
    assert [(name, round(ms)) for name, ms in turn.stages()] == [("hear", 200), ("model", 500)]


def test_only_the_first_time_of_a_moment_counts_but_the_last_end():
    timings = Timings()
    timings.start_turn(1)
    for at in (1.0, 2.0):
        timings.reached(1, Moment.FIRST_AUDIO, at)
        timings.reached(1, Moment.HEARD, at)
    assert timings.turns[0].moments == {Moment.FIRST_AUDIO: 1.0, Moment.HEARD: 2.0}


def test_a_moment_of_a_turn_that_never_began_is_ignored():
    timings = Timings()
    timings.reached(7, Moment.HEARD, 1.0)
    assert timings.turns == []
    assert timings.last_answered() is None


def test_a_turn_begins_once():
    timings = Timings()
    timings.start_turn(1)
    timings.start_turn(1)
    assert len(timings.turns) == 1


def test_percentiles_are_of_the_turns_that_were_answered():
    timings = Timings()
    for turn in range(1, 11):
        answered(timings, turn, turn * 100)
    timings.start_turn(11)
    assert timings.percentile(0.5) == pytest.approx(600)
    assert timings.percentile(0.9) == pytest.approx(1_000)
    assert timings.percentile(0.0) == pytest.approx(100)
    assert timings.percentile(1.0) == pytest.approx(1_000)
    last = timings.last_answered()
    assert last is not None
    assert last.turn == 10


def test_without_an_answered_turn_there_is_no_percentile():
    assert Timings().percentile(0.5) is None


def test_decibels_of_full_scale_half_and_nothing():
    assert dbfs(1.0) == 0.0
    assert dbfs(0.5) == pytest.approx(-6.02, abs=0.01)
    assert dbfs(0.0) == dbfs(-1.0) == dbfs(1e-9) == FLOOR_DB


def test_a_meter_rises_at_once_and_falls_slowly_to_its_floor():
    meter = Meter()
    meter.update(Level(-10, -6), 100.0)
    assert meter.read(100.0) == MeterReading(-10, -6)
    assert meter.read(100.5).level_db == pytest.approx(-10 - FALL_DB_PER_S / 2)
    meter.update(Level(-12, -8), 100.5)
    assert meter.read(100.5).level_db == -12
    assert meter.read(200.0) == MeterReading(FLOOR_DB, FLOOR_DB)


def test_a_peak_holds_and_then_falls():
    meter = Meter()
    meter.update(Level(-20, -3), 100.0)
    assert meter.read(100.0 + PEAK_HOLD_S).peak_db == -3
    assert meter.read(100.0 + PEAK_HOLD_S + 0.1).peak_db == pytest.approx(-3 - FALL_DB_PER_S / 10)


def test_reading_a_meter_changes_nothing_so_every_thread_may():
    meter = Meter()
    meter.update(Level(-10, -6), 100.0)
    readings = [meter.read(at) for at in (103.0, 100.1, 99.0, 100.1)]
    assert readings[1] == readings[3]
    assert readings[2] == MeterReading(-10, -6), "a time before the last frame is that of the frame"


def test_a_louder_peak_takes_over_and_a_softer_one_does_not():
    meter = Meter()
    meter.update(Level(-20, -9), 1.0)
    meter.update(Level(-20, -12), 1.1)
    assert meter.peak_db == -9
    meter.update(Level(-20, -5), 1.2)
    assert meter.peak_db == -5


def test_clipping_stays_marked_for_a_while():
    meter = Meter()
    assert not meter.clipped(0.0)
    meter.update(Level(-1, 0, clipped=True), 10.0)
    assert meter.clipped(10.0 + CLIP_HOLD_S - 0.01)
    assert not meter.clipped(10.0 + CLIP_HOLD_S)


@given(st.lists(st.tuples(st.floats(-60, 0), st.floats(0, 2)), max_size=30))
def test_any_meter_stays_between_its_floor_and_full_scale(frames):
    meter, now = Meter(), 0.0
    for level, step in frames:
        now += step
        meter.update(Level(level, level), now)
        reading = meter.read(now)
        assert FLOOR_DB <= reading.level_db <= reading.peak_db <= 0
        assert not math.isnan(reading.level_db)


def test_tokens_add_up_and_cached_ones_are_not_counted_twice():
    usage = UsageTotals()
    before = usage.version
    one = Usage(input_tokens=50, output_tokens=20, input_token_details=TokenDetails(cached_tokens=10))
    usage.add(one)
    usage.add(Usage(input_tokens=80, output_tokens=5))
    assert (usage.answers, usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (2, 130, 25, 10)
    assert usage.last == Usage(input_tokens=80, output_tokens=5)
    assert usage.version == before + 2


def test_limits_are_the_newest():
    usage = UsageTotals()
    usage.limited((RateLimit(name="tokens", remaining=5),))
    usage.limited((RateLimit(name="tokens", remaining=4),))
    assert [limit.remaining for limit in usage.limits] == [4]
