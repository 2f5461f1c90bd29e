"""What is told of speech that the server noticed by itself: how loud it was, what it cut short, whether words came."""

import pytest

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import LocalSpeech, TalkStart
from rtvoice_tui.session.facts import SpeechNoticed, SpeechState
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from session.conversation import VAD, Conversation, Step

WITH_WORDS = SessionSettings(turn_detection={"type": "server_vad"}, transcription={"model": "gpt-transcribe"})


def levels(c: Conversation, *all_db: float) -> None:
    for level_db in all_db:
        c.mic(20, level_db=level_db)


def stop(c: Conversation) -> Step:
    return c.server("input_audio_buffer.speech_stopped", item_id="U")


def test_the_loudest_frame_counts_from_shortly_before_the_server_noticed():
    c = Conversation(settings=WITH_WORDS)
    levels(c, -20.0, *[-60.0] * 30, -31.0, -55.0)
    assert c.speech().of(SpeechNoticed) == [SpeechNoticed(1, SpeechState.BEGUN, False, -31.0)]
    levels(c, -28.0, -40.0)
    stopped = stop(c)
    assert stopped.of(SpeechNoticed) == [SpeechNoticed(1, SpeechState.ENDED, False, -28.0, True)]
    (timer,) = [timer for timer, after_s in stopped.timers.items() if after_s == 3.0]
    assert c.timer(timer).of(SpeechNoticed) == [SpeechNoticed(1, SpeechState.TRANSCRIPT_LATE, False, -28.0, True)]
    assert c.timer(timer).effects == []


def test_speech_that_cut_the_agent_short_says_so_even_where_the_local_ear_was_first():
    c = Conversation(settings=WITH_WORDS).speaking()
    assert c.speech().of(SpeechNoticed)[0].cut_agent
    c = Conversation(settings=WITH_WORDS, talk=TalkRules(interrupts=True)).speaking()
    c.timer(next(iter(c.do(LocalSpeech(True)).timers)))
    c.flushed(A=10)
    assert c.speech().of(SpeechNoticed)[0].cut_agent


@pytest.mark.parametrize(
    ("dialect", "settings", "due"),
    [
        ("openai", WITH_WORDS, True),
        ("openai", VAD, False),
        ("openai", SessionSettings(transcription={"type": "none"}), False),
        ("yandex", VAD, True),
    ],
    ids=["asked for", "not asked for", "switched off", "unasked, as this provider does"],
)
def test_words_are_due_where_the_session_recognises_them(dialect, settings, due):
    c = Conversation(dialect, settings)
    c.speech()
    assert stop(c).of(SpeechNoticed)[0].transcript_due is due


def test_a_server_that_has_once_recognised_words_will_again():
    c = Conversation(settings=VAD)
    c.user_turn("U0")
    c.words("Hello", "U0")
    c.speech()
    assert stop(c).of(SpeechNoticed)[0].transcript_due


def test_a_turn_by_key_is_nothing_that_the_server_noticed():
    c = Conversation("hf", WITH_WORDS, talk=TalkRules(TalkMode.TOGGLE))
    c.do(TalkStart())
    assert c.all(c.speech(), stop(c)).of(SpeechNoticed) == []
