"""The real voice and the real ears: what one says the other understands."""

import re
import wave

import numpy as np
import pytest

from rtvoice_tui.audio.backends.wav_files import read_wav
from rtvoice_tui.local_agent import speech
from rtvoice_tui.local_agent.turns import SpeechStarted, SpeechStopped, TurnDetector

pytestmark = pytest.mark.speech

QUESTION = "What is the weather in Berlin?"


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


@pytest.mark.parametrize("name", sorted(speech.VOICES))
def test_every_voice_is_understood(voice, recogniser, name):
    spoken = b"".join(voice.say(QUESTION, name))

    assert words(recogniser(bytes(7200) + spoken + bytes(12_000))) == words(QUESTION)


def test_the_voices_differ(voice):
    spoken = {name: b"".join(voice.say(QUESTION, name)) for name in speech.VOICES}

    assert len(set(spoken.values())) == len(speech.VOICES)


def test_a_faster_voice_needs_less_time_and_is_still_understood(voice, recogniser):
    normal = b"".join(voice.say(QUESTION, "heart"))
    fast = b"".join(voice.say(QUESTION, "heart", 1.3))

    assert len(fast) < len(normal) * 0.9
    assert "weather" in words(recogniser(bytes(7200) + fast + bytes(12_000)))


def test_a_text_is_spoken_sentence_by_sentence(voice):
    blocks = list(voice.say("It is warm. Take a hat. Drink some water.", "heart"))

    assert len(blocks) == 3
    assert all(len(block) > 9600 for block in blocks)


def test_the_voice_is_loud_enough_and_does_not_clip(voice):
    samples = np.frombuffer(b"".join(voice.say(QUESTION, "heart")), "<i2")

    assert np.sqrt(np.mean((samples / 32768) ** 2)) > 0.04
    assert np.count_nonzero(np.abs(samples.astype(int)) >= 32767) < 10


@pytest.mark.parametrize("text", ["", "   ", "🙂", "你好", "...", "\n\n"])
def test_text_without_a_sound_gives_none_or_little_and_does_no_harm(voice, text):
    assert len(b"".join(voice.say(text, "heart"))) < 24_000 * 2 * 3


@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.0])
def test_silence_is_heard_as_nothing(recogniser, seconds):
    assert recogniser(bytes(int(24_000 * seconds) * 2)) == ""


def test_soft_noise_is_not_taken_for_a_turn():
    noise = (np.random.default_rng(5).normal(0, 200, 24_000 * 4)).astype("<i2").tobytes()
    detector = TurnDetector(speech.SpeechProbability())

    assert [d for start in range(0, len(noise), 960) for d in detector.process(noise[start : start + 960])] == []


def test_a_spoken_question_is_one_turn_and_its_samples_hold_the_whole_question(voice, recogniser):
    spoken = bytes(48_000) + b"".join(voice.say(QUESTION, "low")) + bytes(48_000)
    detector = TurnDetector(speech.SpeechProbability(), silence_ms=500)

    started, stopped = (
        d for start in range(0, len(spoken), 960) for d in detector.process(spoken[start : start + 960])
    )

    assert isinstance(started, SpeechStarted)
    assert isinstance(stopped, SpeechStopped)
    assert 500 <= started.at_ms <= 1100
    assert words(recogniser(stopped.pcm)) == words(QUESTION)


RECORDINGS = [
    pytest.param("two_cities.wav", "best times worst age wisdom foolishness epoch belief", id="two cities"),
    pytest.param("beckett.wav", "ever tried failed matter again better", id="beckett"),
]


def recording(name: str) -> bytes:
    """The first 12 seconds of a user's speech that comes with the recogniser."""
    from pathlib import Path

    from moonshine_voice.utils import get_assets_path

    return read_wav(Path(str(get_assets_path())) / name, speech.RATE)[: 12 * speech.RATE * 2]


@pytest.mark.parametrize(("name", "expected"), RECORDINGS)
def test_a_user_is_understood(recogniser, name, expected):
    understood = set(words(recogniser(recording(name))))

    assert len(understood & set(expected.split())) >= 4, understood


@pytest.mark.parametrize(("name", "expected"), RECORDINGS)
def test_a_persons_turns_are_found_and_understood(recogniser, name, expected):
    pcm = recording(name) + bytes(48_000)
    detector = TurnDetector(speech.SpeechProbability(), silence_ms=500)

    decided = [d for start in range(0, len(pcm), 960) for d in detector.process(pcm[start : start + 960])]

    turns = [d for d in decided if isinstance(d, SpeechStopped)]
    assert len(turns) == len([d for d in decided if isinstance(d, SpeechStarted)]) > 0
    understood = {word for turn in turns for word in words(recogniser(turn.pcm))}
    assert len(understood & set(expected.split())) >= 4, understood


def test_long_texts_are_cut_where_a_speaker_would_breathe():
    text = "First sentence. " + "word " * 100 + ", and " + "x" * 500 + "! Last one?"

    cut = speech.sentences(text)

    assert cut[0] == "First sentence."
    assert cut[-1] == "Last one?"
    assert all(len(sentence) <= 221 for sentence in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())


def test_recordings_are_longer_than_what_is_used_of_them():
    from moonshine_voice.utils import get_assets_path

    with wave.open(f"{get_assets_path()}/two_cities.wav") as wav:
        assert wav.getnframes() / wav.getframerate() > 12
