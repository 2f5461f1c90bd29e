"""The rate at which a server really speaks: named by it, or told from how long its words take. Never from packets."""

import pytest

from rtvoice_tui.session.effects import Report
from rtvoice_tui.session.facts import Notice
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.output_rate import OutputRate
from session.conversation import Conversation

SENTENCE = "Я могу рассказать о погоде, о дорогах, и о том, что сегодня идёт в кино неподалёку от вас. "
"""At an ordinary pace it takes 5.5 s."""


def doubts(
    asked: int, really: int, text: str = SENTENCE, seconds: float = 5.5, times: int = 6, session=None, speed=None
):
    out = Outbox(str)
    witness = OutputRate(asked, out)
    witness.session_updated({} if session is None else session, speed)
    for _ in range(times):
        witness.spoke(text, int(seconds * really) * 2)
    return [effect.fact for effect in out.drain() if isinstance(effect, Report) and isinstance(effect.fact, Notice)]


def echo(rate):
    return {"audio": {"output": {"format": {"type": "audio/pcm", "rate": rate}}}}


@pytest.mark.parametrize(("asked", "really"), [(24_000, 44_100), (24_000, 48_000), (44_100, 24_000), (48_000, 24_000)])
def test_speech_at_about_half_or_twice_the_rate_is_doubted_once_with_what_to_set(asked, really):
    (notice,) = doubts(asked, really, session=echo(None))

    assert f"at the {asked} Hz that were asked for" in notice.text
    assert "output_rate = " in notice.remedy


@pytest.mark.parametrize("seconds", [4.2, 5.5, 7.0])
def test_speech_at_the_rate_that_was_asked_for_is_not_doubted_whether_slow_or_fast(seconds):
    assert doubts(24_000, 24_000, seconds=seconds) == []


@pytest.mark.parametrize(
    "given",
    [
        {"times": 2},
        {"session": echo(24_000)},
        {"text": "12 345, 67 890, 11 213. " * 4 + "рублей"},
        {"text": "今日は天気がいいので公園まで散歩に行きましょう。" * 4},
        {"seconds": 0.0},
    ],
    ids=["too little", "the server names the rate", "numbers", "a script of syllables", "no sound"],
)
def test_what_says_nothing_is_no_reason_to_doubt(given):
    assert doubts(24_000, 44_100, **given) == []


def test_a_voice_that_was_asked_to_hurry_is_not_doubted():
    assert doubts(24_000, 24_000, seconds=5.5 / 2, speed=2.0) == []
    assert len(doubts(24_000, 24_000, seconds=5.5 / 2)) == 1


def test_a_server_that_names_another_rate_is_believed():
    (notice,) = doubts(24_000, 24_000, session=echo(44_100))

    assert notice.text == "the server says that it speaks at 44100 Hz, but 24000 Hz was asked for"
    assert "output_rate = 44100" in notice.remedy


def test_whole_answers_are_compared_however_fast_they_arrive():
    c = Conversation()
    told = []
    for number in range(5):
        c.begin(f"R{number}")
        item = f"A{number}"
        where = {"response_id": f"R{number}", "item_id": item, "content_index": 0}
        c.server("response.output_audio_transcript.done", **where, transcript=SENTENCE)
        c.audio(item, 10_100, f"R{number}")
        told += c.end(f"R{number}").of(Notice)
        c.heard(**{item: 10_100}, drained=True)

    assert len(told) == 1
    assert "44100 Hz" in told[0].text
