"""The local voice detection lowers the agent before the server has heard anything, and may silence it by itself."""

import pytest

from rtvoice_tui.session.commands import LocalSpeech, SetTalkMode
from rtvoice_tui.session.effects import Duck
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from session.conversation import VAD, Conversation, Step

LOCAL = TalkRules(interrupts=True)
CUT = ["flush", "response.cancel"]


def near(c: Conversation, speaking: bool = True) -> Step:
    return c.do(LocalSpeech(speaking))


def timer_after(step: Step, seconds: float) -> str:
    return next(timer for timer, after_s in step.timers.items() if after_s == seconds)


def test_near_speech_lowers_the_agent_and_its_end_restores_it_after_half_a_second():
    c = Conversation().speaking()
    assert near(c).of(Duck) == [Duck(True)]
    ended = near(c, False)
    assert ended.of(Duck) == []
    assert c.timer(timer_after(ended, 0.5)).of(Duck) == [Duck(False)]


def test_speech_that_goes_on_within_half_a_second_keeps_it_lowered():
    c = Conversation().speaking()
    near(c)
    timer = timer_after(near(c, False), 0.5)
    assert near(c).of(Duck) == []
    assert c.timer(timer).of(Duck) == []


@pytest.mark.parametrize("way", [lambda c: c.speech(), lambda c: c.interrupt(), lambda c: c.type()])
def test_what_comes_after_an_interruption_is_as_loud_as_ever_from_the_moment_of_silence_on(way):
    c = Conversation().speaking()
    near(c)
    way(c)
    assert c.flushed(A=300).of(Duck) == [Duck(False)]


def test_nobody_is_lowered_who_is_not_heard():
    c = Conversation()
    assert near(c).of(Duck) == []
    c.begin()
    assert c.audio().of(Duck) == [], "an answer that begins while a question still rings is not interrupted"


def test_what_the_server_hears_no_speech_in_is_noise_and_lowers_the_agent_for_a_moment_only():
    c = Conversation().speaking()
    assert c.timer(timer_after(near(c), 1.5)).of(Duck) == [Duck(False)]
    assert near(c, False).of(Duck) == []


@pytest.mark.parametrize("gaps", [1, 2, 5])
def test_noise_with_gaps_lowers_the_agent_no_longer_than_noise_without(gaps):
    c = Conversation().speaking()
    doubt = timer_after(near(c), 1.5)
    for _ in range(gaps):
        over = timer_after(near(c, False), 0.5)
        assert near(c).of(Duck) == []
        assert c.timer(over).of(Duck) == [], "it had not ended"
    assert c.timer(doubt).of(Duck) == [Duck(False)]
    assert near(c, False).of(Duck) == []


def test_a_doubt_about_earlier_noise_says_nothing_of_what_lowers_the_agent_now():
    c = Conversation().speaking()
    earlier = timer_after(near(c), 1.5)
    c.timer(timer_after(near(c, False), 0.5))
    later = near(c)
    assert later.of(Duck) == [Duck(True)]
    assert c.timer(earlier).of(Duck) == []
    assert c.timer(timer_after(later, 1.5)).of(Duck) == [Duck(False)]


def test_the_end_of_the_session_restores_it():
    c = Conversation().speaking()
    near(c)
    assert c.close().of(Duck) == [Duck(False)]


def test_where_turns_are_taken_by_key_a_voice_in_the_room_changes_nothing():
    c = Conversation(talk=TalkRules(TalkMode.TOGGLE, interrupts=True)).speaking()
    assert near(c).effects == []
    c.do(SetTalkMode(TalkMode.OPEN))
    assert near(c).of(Duck) == [Duck(True)]


def test_the_server_alone_interrupts_unless_the_profile_says_otherwise():
    assert set(near(Conversation().speaking()).timers.values()) == {1.5}


@pytest.mark.parametrize("dialect", ["openai", "yandex", "generic", "local"])
def test_local_interruption_takes_the_one_path_after_240_ms(dialect):
    c = Conversation(dialect, talk=LOCAL).speaking("A", 1000)
    fired = c.timer(timer_after(near(c), 0.24))
    assert fired.acts == CUT
    assert fired.moments == ["interrupted"]
    flushed = c.flushed(A=400)
    assert flushed.sent[0] == {
        "type": "conversation.item.truncate",
        "item_id": "A",
        "content_index": 0,
        "audio_end_ms": 400,
    }
    heard = c.speech()
    assert "response.cancel" not in heard.sent_types, "the server's own word comes late, and changes nothing"
    assert c.machine.turn == 2
    assert c.audio("A", 100).acts == [], "what still comes of it is dropped"


@pytest.mark.parametrize("again", [False, True], ids=["it stopped", "it stopped and began anew"])
def test_near_speech_that_was_too_short_does_not_silence_the_agent(again):
    c = Conversation(talk=LOCAL).speaking()
    timer = timer_after(near(c), 0.24)
    near(c, False)
    if again:
        near(c)
    assert c.timer(timer).acts == []


def test_an_agent_that_is_heard_no_more_is_not_interrupted():
    c = Conversation(settings=VAD, talk=LOCAL).speaking()
    timer = timer_after(near(c), 0.24)
    c.end()
    c.heard(drained=True, A=1000)
    assert c.timer(timer).acts == []
