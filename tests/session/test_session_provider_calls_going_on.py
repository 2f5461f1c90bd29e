"""After a call of its own a provider speaks by itself, or is asked to: once, and when nothing else comes first."""

import pytest

from rtvoice_tui.session.realtime.calls.provider_calls import CONTINUE_S
from session.conversation import ANSWER, ITEM, function_call
from session.mcp_provider import ask, be_silent, finish, make, mcp_call, request, silence, talking


def test_a_server_that_says_nothing_after_its_call_is_asked_once_to_go_on():
    c = talking()
    make(c)
    step = finish(c)
    assert list(silence(step).values()) == [CONTINUE_S]
    assert step.sent == []
    assert be_silent(c).sent == [{"type": ANSWER}]
    c.begin("R2")
    c.end("R2")
    assert be_silent(c).sent == []


def test_a_server_that_says_nothing_after_it_was_told_no_is_asked_once_to_go_on():
    c = talking()
    ask(c)
    c.decide("hosted:Q", agree=False)
    assert be_silent(c).sent == [{"type": ANSWER}]
    assert be_silent(c).sent == []


def test_a_failed_call_is_spoken_of_too():
    c = talking()
    make(c)
    c.server("response.mcp_call.failed", item_id="M", output_index=0)
    assert be_silent(c).sent == [{"type": ANSWER}]


GOES_ON = {
    "begins an answer": lambda c: c.begin("R2"),
    "has begun and ended one": lambda c: (c.begin("R2"), c.end("R2")),
    "says a message": lambda c: c.server(
        "response.output_item.added", response_id="R1", item={"type": "message", "id": "A", "role": "assistant"}
    ),
    "is gone": lambda c: c.close(),
    "is another": lambda c: (c.close(), c.open()),
}


@pytest.mark.parametrize("go_on", GOES_ON.values(), ids=GOES_ON)
def test_a_server_is_not_asked_when_it(go_on):
    c = talking()
    make(c)
    finish(c)
    go_on(c)
    assert be_silent(c).sent == []


def test_a_server_whose_answer_is_still_under_way_is_not_asked():
    c = talking()
    c.begin("R1")
    c.server("response.output_item.added", response_id="R1", item=mcp_call())
    c.server("response.mcp_call.completed", item_id="M", output_index=0)
    assert be_silent(c).sent == []
    assert c.end("R1").sent == []


def test_a_call_that_is_told_again_after_the_answer_to_it_asks_for_nothing():
    c = talking()
    make(c)
    finish(c)
    c.begin("R2")
    c.end("R2")
    again = c.server("conversation.item.done", item=mcp_call(output="found"))
    assert silence(again) == {}
    assert be_silent(c).sent == []


def test_the_provider_is_asked_to_go_on_after_the_last_of_its_calls():
    c = talking()
    make(c, "M1")
    c.server("conversation.item.added", item=mcp_call("M2"))
    c.server("response.mcp_call.in_progress", item_id="M2", output_index=1)
    finish(c, "M1")
    assert be_silent(c).sent == []
    finish(c, "M2")
    assert be_silent(c).sent == [{"type": ANSWER}]


def test_the_provider_is_not_asked_to_go_on_while_it_waits_for_the_user():
    c = talking()
    make(c)
    ask(c, "Q")
    finish(c)
    assert be_silent(c).sent == []
    c.decide("hosted:Q", agree=False)
    assert be_silent(c).sent == [{"type": ANSWER}]


def test_the_provider_is_not_asked_to_go_on_while_a_function_of_ours_runs():
    c = talking()
    c.calls(function_call("K"), response_id="R0")
    make(c)
    finish(c)
    assert be_silent(c).sent == []
    assert c.tool_done("K").sent_types == [ITEM, ANSWER]


@pytest.mark.parametrize("turn", [lambda c: c.speech(), lambda c: c.user_turn()], ids=["speaks", "has spoken"])
def test_the_provider_is_not_asked_to_go_on_when_the_user(turn):
    c = talking()
    make(c)
    finish(c)
    turn(c)
    assert be_silent(c).sent == []


def test_a_filler_is_not_taken_for_going_on():
    c = talking()
    make(c)
    finish(c)
    c.server("response.created", response={"id": "F", "metadata": {"rtvoice": "filler"}})
    c.end("F")
    assert be_silent(c).sent == [{"type": ANSWER}]


def test_a_question_without_a_name_cannot_be_answered_and_is_not_asked():
    c = talking()
    c.begin()
    assert c.server("conversation.item.added", item=request("")).effects == []
    assert c.decide("").effects == []
