"""Turns the user begins: typed (sequence 12.b, bug 11) and by the talk key (sequence 12.e, bug 17)."""

import base64

import msgspec
import pytest

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession, MicFrame, TalkEnd, TalkStart, TimerFired
from rtvoice_tui.session.facts import UserSaid
from rtvoice_tui.session.timers import TranscriptLate
from session.conversation import CLOCK, MANUAL, VAD, WEATHER, Conversation, pcm

APPEND = "input_audio_buffer.append"
COMMIT = "input_audio_buffer.commit"
CLEAR = "input_audio_buffer.clear"
ITEM = "conversation.item.create"
ANSWER = "response.create"
TRUNCATE = "conversation.item.truncate"


# --- typed


@pytest.mark.parametrize("settings", [VAD, MANUAL], ids=["VAD on", "VAD off"])
@pytest.mark.parametrize("dialect", ["openai", "yandex", "generic", "local"])
def test_12_b_typed_text_becomes_an_item_and_one_answer_is_asked_for(dialect, settings):
    c = Conversation(dialect, settings)
    typed = c.type("Hello")
    assert typed.sent == [
        {
            "type": ITEM,
            "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        },
        {"type": ANSWER},
    ]
    (said,) = typed.of(UserSaid)
    assert (said.turn, said.text, said.final, said.typed) == (1, "Hello", True, True)
    assert typed.phases == ["thinking"]


def test_12_b_bug_11_typed_text_interrupts_and_waits_for_the_end_of_the_answer_bug_2():
    c = Conversation().speaking("A", 1000)
    assert c.type("Stop").acts == ["flush", "response.cancel"]
    assert c.flushed(A=300).sent_types == [TRUNCATE]
    assert c.cancelled().sent_types == [ITEM, ANSWER]


def test_12_b_typed_text_waits_for_the_truncation_even_if_the_answer_ended_first():
    c = Conversation().speaking("A", 1000)
    c.type("Stop")
    assert c.cancelled().sent == []
    assert c.flushed(A=300).sent_types == [TRUNCATE, ITEM, ANSWER]


def test_typed_text_over_a_generated_answer_that_is_still_playing_only_cuts_it():
    c = Conversation().speaking("A", 1000)
    c.end()
    assert c.type("Stop").acts == ["flush"]
    assert c.flushed(A=300).sent_types == [TRUNCATE, ITEM, ANSWER]


def test_two_typed_turns_are_answered_one_after_the_other():
    c = Conversation()
    c.type("one")
    assert c.type("two").sent == []
    assert c.begin("R1").sent_types == ["response.cancel"], "the second interrupts the first"
    second = c.cancelled("R1")
    assert second.sent_types == [ITEM, ANSWER]
    assert second.sent[0]["item"]["content"][0]["text"] == "two"


def test_typed_turns_are_never_lost_however_fast_they_come():
    c = Conversation().speaking()
    for word in "abc":
        c.type(word)
    c.flushed(A=10)
    c.cancelled("R1")
    for number in (2, 3):
        c.begin(f"R{number}")
        c.end(f"R{number}")
    items = [e["item"]["content"][0]["text"] for e in c.all().sent if e["type"] == ITEM]
    assert items == ["a", "b", "c"]


# --- the talk key


def talk(c: Conversation, ms: float, rate: int = 24_000) -> object:
    """Key down, so much speech, key up."""
    start = c.do(TalkStart())
    said = c.mic(ms, rate)
    return c.all(start, said, c.do(TalkEnd()))


def test_12_e_openai_clears_then_takes_the_speech_then_commits_and_answers_at_once():
    c = Conversation(settings=MANUAL)
    assert talk(c, 500).sent_types == [CLEAR, APPEND, COMMIT, ANSWER]


def test_12_e_yandex_is_never_told_to_clear():
    c = Conversation("yandex", MANUAL)
    assert talk(c, 500).sent_types == [APPEND, COMMIT]


def test_12_e_the_key_interrupts_a_speaking_agent():
    c = Conversation("openai", MANUAL).speaking("A", 1000)
    assert c.do(TalkStart()).acts == ["flush", "response.cancel", CLEAR]
    assert c.flushed(A=200).sent_types == [TRUNCATE]
    c.mic(500)
    assert c.do(TalkEnd()).sent_types == [COMMIT]
    assert c.cancelled().sent_types == [ANSWER]


def test_12_e_without_the_key_nothing_is_sent():
    c = Conversation(settings=MANUAL)
    assert c.mic(20).sent == []
    talk(c, 500)
    assert c.mic(20).sent == []


def test_12_e_up_to_260_ms_from_before_the_key_go_first_in_order():
    c = Conversation(settings=MANUAL)
    frames = [bytes([number, 0]) * 480 for number in range(20)]
    for frame in frames:
        c.do(MicFrame(frame))
    sent = [base64.b64decode(e["audio"]) for e in c.do(TalkStart()).sent if e["type"] == APPEND]
    assert sent == frames[-13:]
    assert c.mic(20).sent_types == [APPEND]


def test_pre_roll_is_sent_once():
    c = Conversation(settings=MANUAL)
    c.mic(200)
    talk(c, 200)
    assert talk(c, 200).sent_types.count(APPEND) == 1


def test_defect_13_pre_roll_from_before_a_stretch_of_open_microphone_is_not_sent():
    c = Conversation(settings=MANUAL)
    c.mic(200)
    for settings in (VAD, MANUAL):
        c.do(EditSession(settings, (WEATHER, CLOCK)))
        c.server("session.updated")
        if settings is VAD:
            c.mic(20)
    assert APPEND not in c.do(TalkStart()).sent_types


RATES = [("openai", 24_000), ("yandex", 24_000), ("yandex", 16_000), ("yandex", 44_100), ("generic", 8_000)]


@pytest.mark.parametrize(("dialect", "rate"), RATES)
@pytest.mark.parametrize(("ms", "commits"), [(0, False), (20, False), (98, False), (101, True), (500, True)])
def test_bug_17_less_than_100_ms_is_not_committed_at_any_rate(dialect, rate, ms, commits):
    c = Conversation(dialect, msgspec.structs.replace(MANUAL, input_rate=rate))
    turn = talk(c, ms, rate)
    assert (COMMIT in turn.sent_types) is commits
    assert bool(turn.notices) is not commits
    if not commits:
        assert ANSWER not in turn.sent_types


def test_bug_17_the_talk_key_commits_nothing_while_the_server_detects_turns():
    c = Conversation(settings=VAD)
    assert set(talk(c, 500).sent_types) <= {APPEND}


def test_the_key_released_twice_ends_one_turn():
    c = Conversation(settings=MANUAL)
    talk(c, 500)
    assert c.do(TalkEnd()).effects == []


def test_the_key_pressed_twice_begins_one_turn():
    c = Conversation(settings=MANUAL)
    c.do(TalkStart())
    assert c.do(TalkStart()).effects == []


@pytest.mark.parametrize(("dialect", "after"), [("openai", ["thinking"]), ("local", ["thinking"])])
def test_12_e_the_state_word_follows_the_key(dialect, after):
    c = Conversation(dialect, MANUAL)
    assert c.machine.phase.value == "ready"
    assert c.do(TalkStart()).phases == ["hearing"]
    c.mic(500)
    assert c.do(TalkEnd()).phases == after
    c.server("input_audio_buffer.committed", item_id="U")
    c.begin()
    c.end()
    assert c.machine.phase.value == "ready"


def test_the_words_of_a_talk_turn_belong_to_it():
    c = Conversation(settings=MANUAL)
    talk(c, 500)
    c.server("input_audio_buffer.committed", item_id="U")
    (said,) = c.words("Hello", "U").of(UserSaid)
    assert (said.turn, said.text) == (1, "Hello")


# --- Yandex answers a talk turn only after its words


def awaiting_words() -> Conversation:
    c = Conversation("yandex", MANUAL)
    talk(c, 500)
    c.server("input_audio_buffer.committed", item_id="U")
    return c


def test_10_7_yandex_is_asked_when_the_words_are_there():
    c = awaiting_words()
    assert ANSWER not in c.all().sent_types
    assert c.words("Hello").sent_types == [ANSWER]


def test_10_7_yandex_is_asked_when_the_words_could_not_be_recognised():
    c = awaiting_words()
    failed = c.server("conversation.item.input_audio_transcription.failed", item_id="U", error={"message": "noise"})
    assert failed.sent_types == [ANSWER]


def test_10_7_yandex_is_asked_after_3_s_without_words_and_not_again_when_they_come():
    c = awaiting_words()
    timer = TranscriptLate(c.last_id(COMMIT))
    assert c.all().timers[timer] == 3.0
    assert c.do(TimerFired(timer)).sent_types == [ANSWER]
    assert c.words("late").sent == []
    c.begin()
    assert c.end().sent == []


def test_10_7_the_timer_of_a_turn_that_has_its_words_does_nothing():
    c = awaiting_words()
    timer = TranscriptLate(c.last_id(COMMIT))
    c.words("Hello")
    assert c.do(TimerFired(timer)).effects == []


def test_10_7_the_timer_of_an_earlier_turn_does_not_answer_the_next_one():
    c = awaiting_words()
    timer = TranscriptLate(c.last_id(COMMIT))
    talk(c, 500)
    assert c.do(TimerFired(timer)).effects == []


def test_10_7_late_words_of_an_earlier_turn_do_not_answer_this_one():
    c = awaiting_words()
    c.do(TimerFired(TranscriptLate(c.last_id(COMMIT))))
    c.begin()
    c.end()
    talk(c, 500)
    c.server("input_audio_buffer.committed", item_id="U2")
    assert c.words("late words of the first turn", "U").sent == []
    assert c.words("now", "U2").sent_types == [ANSWER]


def test_an_interruption_while_the_words_are_awaited_gives_the_answer_up():
    c = awaiting_words()
    c.interrupt()
    assert c.words("Hello").sent == []


def test_a_typed_turn_while_the_words_are_awaited_is_answered_once():
    c = awaiting_words()
    c.type("Never mind")
    c.words("Hello")
    c.begin()
    c.end()
    assert c.all().sent_types.count(ANSWER) == 1


def test_10_7_the_first_partial_words_do_not_count_as_the_words():
    c = awaiting_words()
    name = "conversation.item.input_audio_transcription.delta"
    assert c.server(name, item_id="U", delta="Hel").sent == []


def test_microphone_frames_arrive_byte_for_byte():
    c = Conversation(settings=SessionSettings())
    frame = bytes(range(256)) * 3 + pcm(1)
    assert base64.b64decode(c.do(MicFrame(frame)).sent[0]["audio"]) == frame
