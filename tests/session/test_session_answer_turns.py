"""Which turn an answer belongs to: a late answer to a tool is its own turn's, whatever the user said meanwhile."""

import pytest

from rtvoice_tui.session.commands import TalkEnd, TalkStart, TimerFired
from rtvoice_tui.session.facts import CallChanged, CallState, Reached
from rtvoice_tui.session.timers import OutputsHeld
from session.conversation import ANSWER, MANUAL, Conversation, Step, function_call


def turns_of_first_audio(step: Step) -> list[int]:
    return [reached.turn for reached in step.of(Reached) if reached.moment.value == "first audio"]


def asks_a_tool(c: Conversation, item_id: str = "U1") -> None:
    c.user_turn(item_id)
    c.words("What is the weather?", item_id)
    c.calls(function_call("K"))


def answers(c: Conversation, response_id: str = "R9", item_id: str = "A9") -> list[int]:
    c.begin(response_id)
    step = c.audio(item_id, 100, response_id)
    c.end(response_id)
    return turns_of_first_audio(step)


def test_an_answer_to_a_tool_belongs_to_the_turn_of_the_call():
    c = Conversation()
    asks_a_tool(c)
    assert ANSWER in c.tool_done("K").sent_types
    assert answers(c) == [1]


def test_also_where_the_user_said_something_meanwhile():
    c = Conversation()
    asks_a_tool(c)
    c.user_turn("U2")
    c.begin("R2")  # the server answers the second turn by itself
    c.end("R2")
    assert ANSWER in c.tool_done("K").sent_types
    assert answers(c) == [1]


def test_also_where_noise_began_a_turn_meanwhile():
    c = Conversation()
    asks_a_tool(c)
    c.speech("U2")
    c.tool_done("K")
    c.server("input_audio_buffer.speech_stopped", item_id="U2")
    assert ANSWER in c.do(TimerFired(OutputsHeld(1))).sent_types
    assert answers(c) == [1]


def test_the_servers_own_answer_to_the_second_turn_belongs_to_that():
    c = Conversation()
    asks_a_tool(c)
    c.user_turn("U2")
    assert answers(c, "R2", "A2") == [2]


def test_one_answer_to_a_tool_and_to_a_message_belongs_to_the_message():
    c = Conversation()
    asks_a_tool(c)
    c.type("And tomorrow?")
    c.begin("R2")
    c.tool_done("K")
    c.end("R2")
    assert answers(c) == [1]


def test_a_message_that_waits_for_the_slot_is_answered_in_its_own_turn():
    c = Conversation()
    c.user_turn()
    c.begin("R1")
    c.type("Hello")
    c.cancelled("R1")
    assert answers(c) == [2]


def test_several_calls_of_several_turns_are_answered_in_the_last_of_them():
    c = Conversation()
    c.user_turn("U1")
    c.calls(function_call("K1"))
    c.user_turn("U2")
    c.calls(function_call("K2"), response_id="R2")
    c.tool_done("K1")
    c.tool_done("K2")
    assert answers(c) == [2]


def test_a_spoken_turn_by_key_is_answered_in_its_own_turn():
    c = Conversation(settings=MANUAL)
    for item_id in ("U1", "U2"):
        c.do(TalkStart())
        for _ in range(10):
            c.mic(20)
        c.do(TalkEnd())
        c.server("input_audio_buffer.committed", item_id=item_id)
        turns = answers(c, f"R {item_id}", f"A {item_id}")
    assert turns == [2]


# --- C4: a model that calls tools for ever


def loop(c: Conversation, count: int, start: int = 0) -> list[CallState]:
    """The state of each call right after its response."""
    states = []
    for n in range(start, start + count):
        c.calls(function_call(f"K{n}"), response_id=f"R{n}")
        states.append(c.all().of(CallChanged)[-1].state)
        c.tool_done(f"K{n}")
    return states


def test_c4_after_20_calls_in_a_row_the_user_is_asked():
    c = Conversation()
    c.user_turn()
    states = loop(c, 21)
    assert states == [CallState.RUNNING] * 20 + [CallState.ASKING]
    assert "20 calls in a row" in c.all().of(CallChanged)[-1].note


def test_c4_the_question_comes_again_after_20_more():
    c = Conversation()
    c.user_turn()
    loop(c, 21)
    c.decide("K20")
    c.tool_done("K20")
    assert loop(c, 20, 30)[-1] is CallState.ASKING


def test_c4_rejecting_it_ends_the_loop():
    c = Conversation()
    c.user_turn()
    loop(c, 21)
    assert c.decide("K20", agree=False).of(CallChanged)[-1].state is CallState.DENIED


@pytest.mark.parametrize("says", [lambda c: c.user_turn("U2"), lambda c: c.type("Go on")])
def test_c4_a_user_who_says_something_starts_the_count_anew(says):
    c = Conversation()
    c.user_turn()
    loop(c, 15)
    says(c)
    c.begin("X")
    c.end("X")
    assert CallState.ASKING not in loop(c, 15, 20)


def test_c4_parallel_calls_count_one_by_one():
    c = Conversation()
    c.user_turn()
    c.calls(*(function_call(f"P{n}") for n in range(25)))
    last = {call.key: call.state for call in c.all().of(CallChanged)}
    assert list(last.values()).count(CallState.RUNNING) == 20
    assert list(last.values()).count(CallState.ASKING) == 5


def test_c4_always_is_no_leave_for_a_loop():
    c = Conversation()
    c.user_turn()
    loop(c, 21)
    c.decide("K20", always=True)
    c.tool_done("K20")
    assert loop(c, 20, 30)[-1] is CallState.ASKING
