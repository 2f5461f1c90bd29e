"""The gate sends what is quiet as silence, and neither clips words nor lengthens the stream."""

from hypothesis import given
from hypothesis import strategies as st

from rtvoice_tui.audio.mic.noise_gate import HOLD_FRAMES, LEAD_FRAMES, NoiseGate

LOUD, QUIET = -30.0, -55.0


def numbered(levels: list[float]) -> list[tuple[bytes, float]]:
    return [(number.to_bytes(2, "little"), level) for number, level in enumerate(levels, 1)]


def passed(levels: list[float], threshold_db: float | None = -43.0) -> list[int]:
    """What is sent, by the numbers of the frames; silence is 0."""
    gate = NoiseGate()
    return [int.from_bytes(pcm, "little") for frame in numbered(levels) for pcm, _ in gate.process(frame, threshold_db)]


def test_a_word_goes_through_with_what_came_just_before_and_a_quarter_second_after():
    sent = passed([QUIET] * 5 + [LOUD] + [QUIET] * 20)
    assert HOLD_FRAMES * 20 >= 250
    word = list(range(4, 7 + HOLD_FRAMES))
    assert sent == [0] * 5 + word + [0] * (26 - 5 - len(word))


def test_a_pause_shorter_than_the_hold_is_not_cut_out():
    assert passed([LOUD] + [QUIET] * HOLD_FRAMES + [LOUD]) == list(range(1, HOLD_FRAMES + 3))


def test_without_a_threshold_everything_goes_through_at_once():
    assert passed([QUIET, LOUD, QUIET], None) == [1, 2, 3]


def test_a_gate_says_whether_it_is_open():
    gate = NoiseGate()
    for level, is_open in ((QUIET, False), (LOUD, True)):
        gate.process((b"\1\0", level), -43.0)
        assert gate.open is is_open
    gate.process((b"\1\0", QUIET), None)
    assert gate.open


@given(st.lists(st.sampled_from([LOUD, QUIET, QUIET]), max_size=120))
def test_the_stream_keeps_its_length_and_order_and_every_loud_frame(levels):
    sent = passed(levels)
    sound = [number for number in sent if number]
    assert sound == sorted(set(sound))
    assert {number for number, level in enumerate(levels, 1) if level == LOUD} <= set(sound)
    assert len(levels) <= len(sent) <= len(levels) + LEAD_FRAMES
    assert len(passed(levels + [QUIET] * (HOLD_FRAMES + LEAD_FRAMES))) == len(levels) + HOLD_FRAMES + LEAD_FRAMES
