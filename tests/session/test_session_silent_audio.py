"""Audio of the agent that is silence is told once."""

import base64

import pytest

from session.conversation import Conversation, Step


def speech(c: Conversation, pcm: bytes) -> Step:
    delta = base64.b64encode(pcm).decode()
    return c.server("response.output_audio.delta", response_id="R1", item_id="A", content_index=0, delta=delta)


def seconds(c: Conversation, sample: bytes, count: float) -> Step:
    return c.all(*(speech(c, sample * 2400) for _ in range(int(count * 10))))


@pytest.mark.parametrize(
    "sample", [b"\0\0", b"\xff\xff", b"\x07\x07", b"\x00\x10"], ids=["zeros", "-1", "DC", "high DC"]
)
def test_three_seconds_without_a_sound_are_told_once(sample):
    c = Conversation()
    c.begin()
    assert seconds(c, sample, 2.9).notices == []
    (told,) = seconds(c, sample, 0.2).notices
    assert "silent" in told
    assert seconds(c, sample, 10).notices == []


def test_sound_in_between_starts_anew():
    c = Conversation()
    c.begin()
    seconds(c, b"\0\0", 2.5)
    seconds(c, b"\0\0\x40\x01", 0.1)
    assert seconds(c, b"\0\0", 2.5).notices == []


def test_a_voice_is_no_silence():
    c = Conversation()
    c.begin()
    assert seconds(c, b"\x00\x10\x00\xf0", 5).notices == []


def test_silence_in_two_answers_adds_up():
    c = Conversation()
    c.begin()
    seconds(c, b"\0\0", 2)
    c.end()
    c.begin("R2")
    step = c.all(*(c.audio("B", 100, "R2") for _ in range(11)))
    assert len(step.notices) == 1
