"""Policies and tools that change while a session runs: the stricter word counts, and a server has none."""

import pytest
from msgspec.structs import replace

from rtvoice_tui.session.commands import EditSession
from rtvoice_tui.session.facts import CallState
from session.conversation import (
    ANSWER,
    ITEM,
    VAD,
    WEATHER,
    Conversation,
    Step,
    error_in,
    function_call,
    outputs,
    states,
)
from session.test_session_approvals import FREE, ORDER, asking, ran


def test_a_tool_that_is_told_to_ask_while_an_answer_is_under_way_asks():
    c = Conversation(tools=[FREE])
    c.begin()
    c.server("response.output_item.added", response_id="R1", item={**function_call("K", "order"), "arguments": ""})
    c.do(EditSession(VAD, (ORDER,)))
    step = c.end(output=[function_call("K", "order")])
    assert ran(step) == []
    assert states(step) == {"K": CallState.ASKING}


@pytest.mark.parametrize("given", [lambda c, t: c.use_tools(*t), lambda c, t: c.do(EditSession(VAD, t))])
def test_a_tool_that_was_taken_away_does_not_run_although_the_user_agrees(given):
    c = asking("order", tools=(ORDER, WEATHER))
    given(c, (WEATHER,))
    step = c.decide("K1")
    assert ran(step) == []
    assert "order" in error_in(outputs(step)["K1"])
    assert step.sent_types == [ITEM, ANSWER]


def test_arguments_that_no_longer_fit_do_not_run_although_the_user_agrees():
    c = asking("order", tools=(ORDER,))
    c.use_tools(replace(ORDER, parameters={"type": "object", "required": ["what"]}))
    step = c.decide("K1")
    assert ran(step) == []
    assert "'what'" in error_in(outputs(step)["K1"])


def refuse_tools(c: Conversation) -> Step:
    return c.error("invalid_value", c.last_id("session.update"), param="session.tools")


@pytest.mark.parametrize("later", ["before the call", "while it asks"])
def test_a_server_that_refuses_the_tools_cannot_take_back_that_one_asks(later):
    c = Conversation(tools=[FREE, WEATHER])
    c.do(EditSession(VAD, (ORDER, WEATHER)))
    if later == "before the call":
        refuse_tools(c)
    step = c.calls(function_call("K", "order"))
    if later == "while it asks":
        refuse_tools(c)
        step = c.all(step, c.calls(function_call("L", "order"), response_id="R2"))
    assert ran(step) == []
    assert set(states(step).values()) == {CallState.ASKING}


def test_a_tool_that_no_longer_asks_asks_again_when_that_change_is_refused():
    c = Conversation(tools=[ORDER])
    c.do(EditSession(VAD, (FREE,)))
    refuse_tools(c)
    assert ran(c.calls(function_call("K", "order"))) == []


def test_of_two_refused_changes_the_stricter_policy_stays():
    c = Conversation(tools=[FREE, WEATHER])
    c.do(EditSession(VAD, (ORDER, WEATHER)))
    first = c.last_id("session.update")
    c.do(EditSession(VAD, (replace(ORDER, description="Anything."), WEATHER)))
    c.error("invalid_value", first, param="session.tools")
    refuse_tools(c)
    assert ran(c.calls(function_call("K", "order"))) == []
