"""Where speech begins and ends, given how likely each 32 ms are speech."""

import numpy as np
import pytest

from rtvoice_tui.local_agent.turns import MAX_TURN_MS, SpeechStarted, SpeechStopped, TurnDetector

FRAME = 768
"""Samples in 32 ms at 24 kHz."""


class Scripted:
    """Gives the next probability of a script for every whole 32 ms."""

    def __init__(self, script: str) -> None:
        self.values = {"S": 0.9, "m": 0.4, ".": 0.0}
        self.script = iter(script)
        self.rest = 0

    def __call__(self, pcm: bytes) -> list[float]:
        self.rest += len(pcm) // 2
        frames, self.rest = divmod(self.rest, FRAME)
        return [self.values[next(self.script)] for _ in range(frames)]


def samples(count: int) -> bytes:
    """Every sample says where it is."""
    return (np.arange(count) % 30_000 + 1).astype("<i2").tobytes()


def follow(script: str, chunk: int = FRAME, **settings) -> list[SpeechStarted | SpeechStopped]:
    """One letter is 32 ms: S speech, m something in between, . silence."""
    detector = TurnDetector(Scripted(script), **settings)
    pcm = samples(len(script) * FRAME)
    return [
        decided
        for start in range(0, len(pcm), chunk * 2)
        for decided in detector.process(pcm[start : start + chunk * 2])
    ]


def test_speech_starts_with_two_loud_frames_and_is_dated_back_to_the_first_with_its_prefix():
    (started,) = follow("." * 20 + "SS", prefix_ms=300)

    assert started == SpeechStarted(20 * 32 - 300)


def test_the_beginning_of_the_stream_is_as_far_back_as_a_prefix_goes():
    (started,) = follow("..SS", prefix_ms=300)

    assert started == SpeechStarted(0)


def test_a_single_loud_frame_is_no_speech():
    assert follow("....S....S.....S....") == []


def test_silence_is_no_speech():
    assert follow("." * 200) == []


def test_a_pause_of_the_set_length_ends_the_turn():
    started, stopped = follow("." * 10 + "S" * 10 + "." * 16, silence_ms=500)

    assert isinstance(started, SpeechStarted)
    assert isinstance(stopped, SpeechStopped)
    assert stopped.at_ms == 20 * 32 + 200
    assert stopped.speech_ms == 10 * 32


def test_one_frame_less_than_the_pause_leaves_the_turn_open():
    assert [type(d) for d in follow("." * 10 + "S" * 10 + "." * 15, silence_ms=500)] == [SpeechStarted]


@pytest.mark.parametrize("silence_ms", [200, 320, 500, 992])
def test_the_length_of_the_pause_is_the_one_that_was_set(silence_ms):
    frames = -(-silence_ms // 32)

    ended = follow("SSSS" + "." * frames, silence_ms=silence_ms)
    not_yet = follow("SSSS" + "." * (frames - 1), silence_ms=silence_ms)

    assert [type(d) for d in ended] == [SpeechStarted, SpeechStopped]
    assert [type(d) for d in not_yet] == [SpeechStarted]


def test_a_short_pause_does_not_end_the_turn():
    decided = follow("SSSS" + "." * 10 + "SSSS" + "." * 16, silence_ms=500)

    assert [type(d) for d in decided] == [SpeechStarted, SpeechStopped]


def test_once_speaking_a_softer_voice_still_counts():
    decided = follow("SSSS" + "m" * 40, silence_ms=500, threshold=0.5)

    assert [type(d) for d in decided] == [SpeechStarted]


def test_a_soft_voice_does_not_begin_a_turn():
    assert follow("m" * 40, threshold=0.5) == []


def test_a_lower_threshold_hears_the_soft_voice():
    assert [type(d) for d in follow("m" * 40, threshold=0.3)] == [SpeechStarted]


def test_the_turn_holds_the_prefix_the_speech_and_a_little_after_it():
    started, stopped = follow("." * 30 + "S" * 20 + "." * 20, silence_ms=500, prefix_ms=300)

    held = np.frombuffer(stopped.pcm, "<i2")
    first, last = ((30 * 32 - 300) * 24), ((50 * 32 + 200) * 24)
    assert started.at_ms == 30 * 32 - 300
    assert len(held) == pytest.approx(last - first, abs=2)
    assert np.array_equal(held, (np.arange(first, first + len(held)) % 30_000 + 1).astype("<i2"))


def test_two_turns_are_two_and_do_not_overlap():
    one, end_one, two, end_two = follow(("." * 20 + "S" * 10 + "." * 20) * 2, silence_ms=500)

    assert one.at_ms < end_one.at_ms < two.at_ms < end_two.at_ms
    first, second = np.frombuffer(end_one.pcm, "<i2"), np.frombuffer(end_two.pcm, "<i2")
    assert first[0] == one.at_ms * 24 % 30_000 + 1
    assert second[0] == two.at_ms * 24 % 30_000 + 1


def test_speech_without_a_pause_is_cut_before_the_recogniser_would_lose_the_thread():
    decided = follow("S" * 1000, silence_ms=500)

    lengths = [len(d.pcm) / 48 for d in decided if isinstance(d, SpeechStopped)]
    assert len(lengths) == 2
    assert all(length <= MAX_TURN_MS + 32 for length in lengths)


def test_nothing_is_lost_when_a_long_speech_is_cut():
    first, second = (d for d in follow("S" * 1000, silence_ms=500, prefix_ms=300) if isinstance(d, SpeechStopped))

    one, two = np.frombuffer(first.pcm, "<i2"), np.frombuffer(second.pcm, "<i2")
    assert two[0] == one[-1] % 30_000 + 1


@pytest.mark.parametrize("chunk", [240, 480, 1000, 24_000, 200_000])
def test_the_size_of_the_pieces_makes_no_difference(chunk):
    script = "." * 20 + "S" * 30 + "." * 30 + "S" * 5 + "." * 40

    assert follow(script, chunk=chunk) == follow(script)


def test_hours_of_silence_are_not_kept():
    detector = TurnDetector(Scripted("." * 5000), prefix_ms=300)

    for _ in range(500):
        detector.process(samples(FRAME * 10))

    assert len(detector._kept) < 24_000


def test_what_was_said_so_far_can_be_looked_at_while_the_turn_is_open():
    detector = TurnDetector(Scripted("SSSS" + "." * 20), silence_ms=500)
    assert detector.turn_audio == b""

    detector.process(samples(FRAME * 4))
    assert detector.turn_audio == samples(FRAME * 4)

    detector.process(samples(FRAME * 20))
    assert detector.turn_audio == b""
