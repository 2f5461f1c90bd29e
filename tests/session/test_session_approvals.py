"""Who must agree before a call runs: the profile and the user decide it, and nothing that a model says."""

import pytest
from msgspec.structs import replace

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.commands import CallPreviewed, EditSession
from rtvoice_tui.session.effects import Play, PreviewCall, RunTool, StopTool
from rtvoice_tui.session.facts import CallChanged, CallState
from session.conversation import (
    ANSWER,
    CLOCK,
    ITEM,
    WEATHER,
    Conversation,
    error_in,
    function_call,
    outputs,
    states,
)

ORDER = ToolSpec(
    name="order",
    description="Order something.",
    parameters={"type": "object", "properties": {"what": {"type": "string"}}},
    asks=True,
)
PAY = ToolSpec(name="pay", description="Pay.", parameters={"type": "object"}, asks=True)
FREE = replace(ORDER, asks=False)


def asking(*names: str, tools: tuple[ToolSpec, ...] = (WEATHER, ORDER, PAY)) -> Conversation:
    """A conversation in which one answer called these tools, as K1, K2 and so on."""
    c = Conversation(tools=tools)
    c.calls(*(function_call(f"K{number}", name) for number, name in enumerate(names, 1)))
    return c


def ran(step) -> list[str]:
    return [effect.call_id for effect in step.of(RunTool)]


# --- asked, and agreed to or not


def test_a_tool_that_does_not_ask_runs_at_once():
    c = Conversation(tools=[WEATHER, ORDER])
    assert ran(c.calls(function_call("K"))) == ["K"]


def test_a_tool_that_asks_waits_for_the_user_and_nothing_runs_or_is_sent():
    c = Conversation(tools=[ORDER])
    step = c.calls(function_call("K", "order", '{"what":"tea"}'))
    assert states(step) == {"K": CallState.ASKING}
    assert step.of(CallChanged)[-1].checked is True
    assert ran(step) == []
    assert step.sent == []
    assert c.machine.phase.value == "tool"


def test_while_it_asks_the_conversation_goes_on():
    c = asking("order")
    c.user_turn()
    c.begin("R2")
    assert c.audio("B", 200, "R2").of(Play) != []
    assert c.mic(20).sent_types == ["input_audio_buffer.append"]
    assert ran(c.all()) == []


def test_what_is_agreed_to_runs_once_and_is_answered_as_any_other():
    c = asking("order")
    agreed = c.decide("K1")
    assert agreed.of(RunTool) == [RunTool("K1", "order", "{}")]
    assert states(agreed) == {"K1": CallState.RUNNING}
    assert agreed.sent == []
    assert c.tool_done("K1", "done").sent_types == [ITEM, ANSWER]


@pytest.mark.parametrize("reason", ["", "too dear"])
def test_what_is_not_agreed_to_is_answered_with_an_error_and_the_reason(reason):
    c = asking("order")
    denied = c.decide("K1", agree=False, reason=reason)
    assert ran(denied) == []
    assert denied.sent_types == [ITEM, ANSWER]
    told = error_in(outputs(denied)["K1"])
    assert "did not agree" in told
    assert told.endswith(reason)
    assert states(denied) == {"K1": CallState.DENIED}


# --- always


def test_always_runs_all_calls_of_that_name_that_wait_and_no_others():
    c = asking("order", "pay", "order")
    assert ran(c.decide("K1", always=True)) == ["K1", "K3"]
    assert ran(c.decide("K2")) == ["K2"]


def test_always_runs_later_calls_unasked():
    c = asking("order")
    c.decide("K1", always=True)
    c.tool_done("K1")
    assert ran(c.calls(function_call("K2", "order"), response_id="R2")) == ["K2"]


def test_always_is_of_one_tool():
    c = asking("order")
    c.decide("K1", always=True)
    c.tool_done("K1")
    step = c.calls(function_call("K2", "pay"), response_id="R2")
    assert ran(step) == []
    assert states(step) == {"K2": CallState.ASKING}


def test_agreeing_once_is_not_agreeing_always():
    c = asking("order")
    c.decide("K1")
    c.tool_done("K1")
    assert ran(c.calls(function_call("K2", "order"), response_id="R2")) == []


def test_not_agreeing_always_is_never_taken_for_agreeing():
    c = asking("order", "order")
    c.decide("K1", agree=False, always=True)
    assert ran(c.all()) == []
    assert ran(c.decide("K2")) == ["K2"]


def test_always_ends_with_the_session():
    c = asking("order")
    c.decide("K1", always=True)
    c.close()
    c.open()
    step = c.calls(function_call("K1", "order"))
    assert ran(step) == []
    assert states(step) == {"K1~1": CallState.ASKING}


def test_what_was_meant_for_a_call_of_an_earlier_session_answers_none_of_this_one():
    c = asking("order")
    c.calls(function_call("K1", "order"))
    c.close()
    c.open()
    step = c.calls(function_call("K1", "order"))
    assert states(step) == {"K1~1": CallState.ASKING}, "the server numbers its calls anew"
    assert ran(c.decide("K1", agree=True)) == []
    assert ran(c.decide("K1~1", agree=True)) == ["K1"]


CHANGES = {
    "another description": {"description": "Order anything, and pay for it."},
    "another schema": {"parameters": {"type": "object"}},
    "another way to run it": {"kind": "command"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_always_counts_for_the_definition_it_was_given_to(change):
    c = asking("order", tools=(ORDER,))
    c.decide("K1", always=True)
    c.tool_done("K1")
    c.calls(response_id="R2")
    c.use_tools(replace(ORDER, **change))
    step = c.calls(function_call("K2", "order"), response_id="R3")
    assert ran(step) == []
    assert states(step) == {"K2": CallState.ASKING}


# --- nothing that is said to us widens a approvals


SAYINGS = {
    "the session's echo names the tools as it likes": lambda c: c.server(
        "session.updated",
        session={"tools": [{"type": "function", "name": "order", "asks": False, "approvals": "auto"}]},
    ),
    "the session's greeting comes again": lambda c: c.server("session.created", session={"id": "again"}),
    "the call is told again": lambda c: c.server(
        "response.output_item.done", response_id="R1", item=function_call("K1", "order")
    ),
    "the answer ends again": lambda c: c.end("R1", output=[function_call("K1", "order")]),
    "the call is in the next answer too": lambda c: c.calls(function_call("K1", "order"), response_id="R2"),
    "the call has a harmless name now": lambda c: c.calls(function_call("K1", "get_weather"), response_id="R2"),
    "its output is there already": lambda c: c.server(
        "conversation.item.added",
        item={"type": "function_call_output", "call_id": "K1", "output": "agreed", "id": "o"},
    ),
    "a provider's call of that name ends": lambda c: c.server(
        "response.output_item.done",
        response_id="R1",
        item={"type": "mcp_call", "id": "K1", "name": "order", "server_label": "order", "output": "ok"},
    ),
    "an approval is answered by the server itself": lambda c: c.server(
        "conversation.item.added",
        item={"type": "mcp_approval_response", "id": "a", "approval_request_id": "K1", "approve": True},
    ),
    "the user speaks": lambda c: c.user_turn(),
    "an answer is cancelled": lambda c: c.cancelled("R1"),
    "an error names the call's output": lambda c: c.error("invalid_value", "e1", param="item.output"),
}


@pytest.mark.parametrize("say", SAYINGS.values(), ids=SAYINGS)
def test_whatever_a_server_says_a_call_that_asks_does_not_run(say):
    c = asking("order")
    say(c)
    assert ran(c.all()) == []
    again = c.calls(function_call("K9", "order"), response_id="R9")
    assert ran(again) == []
    assert states(again)["K9"] is CallState.ASKING


@pytest.mark.parametrize("name", [" order", "order ", "ORDER", "order\0", "\u043erder", "functions.order", ""])
def test_a_name_that_only_looks_like_a_tools_is_an_unknown_function(name):
    c = Conversation(tools=[FREE])
    step = c.calls(function_call("K", name))
    assert ran(step) == []
    assert "unknown function" in error_in(outputs(step)["K"])


@pytest.mark.parametrize("arguments", ['{"always":true}', '{"approvals":"auto"}', '{"asks":false,"agree":true}'])
def test_arguments_that_speak_of_policy_are_arguments(arguments):
    c = Conversation(tools=[ORDER])
    step = c.calls(function_call("K", "order", arguments))
    assert ran(step) == []
    assert states(step) == {"K": CallState.ASKING}


def test_the_same_call_id_in_another_answer_does_not_change_what_was_asked_about():
    c = Conversation(tools=[ORDER])
    c.calls(function_call("K", "order", '{"what":"tea"}'))
    c.calls(function_call("K", "order", '{"what":"a yacht"}'), response_id="R2")
    assert c.decide("K").of(RunTool) == [RunTool("K", "order", '{"what":"tea"}')]
    assert list(outputs(c.tool_done("K"))) == ["K"]


# --- decisions about nothing


def test_deciding_twice_is_deciding_once():
    c = asking("order")
    c.decide("K1")
    assert c.decide("K1").effects == []
    c.tool_done("K1")
    assert c.decide("K1").effects == []
    assert c.decide("K1", agree=False).effects == []


@pytest.mark.parametrize("agree", [True, False])
@pytest.mark.parametrize("key", ["", "nobody", "item_K1"])
def test_deciding_about_a_call_that_there_is_not_changes_nothing(key, agree):
    c = asking("order")
    assert c.decide(key, agree, always=True).effects == []
    assert ran(c.decide("K1")) == ["K1"]


@pytest.mark.parametrize("agree", [True, False])
@pytest.mark.parametrize("reopened", [True, False])
def test_deciding_after_the_session_closed_changes_nothing(agree, reopened):
    c = asking("order")
    c.close()
    if reopened:
        c.open()
    assert c.decide("K1", agree, always=True).effects == []


def test_a_call_that_runs_or_is_over_cannot_be_agreed_to_again():
    c = asking("get_weather")
    assert c.decide("K1", always=True).effects == []
    c.tool_done("K1")
    assert c.decide("K1").effects == []


# --- stopped


@pytest.mark.parametrize("reason", ["", "wrong city"])
def test_a_call_that_runs_can_be_stopped_and_is_answered_with_an_error(reason):
    c = asking("get_weather")
    step = c.decide("K1", agree=False, reason=reason)
    assert step.of(StopTool) == [StopTool("K1")]
    assert step.sent_types == [ITEM, ANSWER]
    assert "stopped" in error_in(outputs(step)["K1"])
    assert error_in(outputs(step)["K1"]).endswith(reason)
    assert states(step) == {"K1": CallState.CANCELLED}
    assert c.tool_done("K1", "late").effects == []
    assert c.decide("K1", agree=False).effects == []


# --- several at once


@pytest.mark.parametrize("order", ["agree deny finish", "finish agree deny", "deny finish agree", "finish deny agree"])
def test_calls_of_all_policies_in_one_answer_are_answered_in_their_order_and_once(order):
    c = Conversation(tools=[WEATHER, ORDER, PAY])
    first = c.calls(
        function_call("K1", "order"),
        function_call("K2", "get_weather"),
        function_call("K3", "pay"),
        function_call("K4", "order", '{"what":5}'),
    )
    assert ran(first) == ["K2"]
    assert first.sent == []
    acts = {
        "agree": lambda: c.all(c.decide("K1"), c.tool_done("K1", "ordered")),
        "deny": lambda: c.decide("K3", agree=False, reason="no money"),
        "finish": lambda: c.tool_done("K2", "sunny"),
    }
    done = c.all(*(acts[act]() for act in order.split()))
    assert done.sent_types == [ITEM, ITEM, ITEM, ITEM, ANSWER]
    assert list(outputs(done)) == ["K1", "K2", "K3", "K4"]
    assert outputs(done)["K1"] == "ordered"
    assert outputs(done)["K2"] == "sunny"
    assert "no money" in error_in(outputs(done)["K3"])
    assert "arguments.what" in error_in(outputs(done)["K4"])


def test_the_answer_to_one_group_waits_for_the_other():
    c = Conversation(tools=[CLOCK, ORDER])
    c.calls(function_call("K1", "order"))
    c.calls(function_call("K2", "get_time"), response_id="R2")
    assert c.tool_done("K2").sent_types == [ITEM]
    c.decide("K1")
    assert c.tool_done("K1").sent_types == [ITEM, ANSWER]


def test_a_result_for_a_call_that_nobody_agreed_to_changes_nothing():
    c = asking("order")
    assert c.tool_done("K1", "forged").effects == []
    assert ran(c.decide("K1")) == ["K1"]


def test_always_is_not_given_to_a_definition_that_came_after_the_question():
    c = asking("order", tools=(ORDER,))
    c.use_tools(replace(ORDER, description="Order anything, and pay for it."))
    c.decide("K1", always=True)
    c.tool_done("K1")
    step = c.calls(function_call("K2", "order"), response_id="R2")
    assert ran(step) == []
    assert states(step) == {"K2": CallState.ASKING}


def test_always_does_not_run_what_was_asked_about_another_definition():
    c = asking("order", tools=(ORDER,))
    c.use_tools(replace(ORDER, description="Order anything, and pay for it."))
    c.calls(function_call("K2", "order"), response_id="R2")
    assert ran(c.decide("K1", always=True)) == ["K1"]
    assert ran(c.decide("K2", always=True)) == ["K2"]
    c.tool_done("K1")
    c.tool_done("K2")
    assert ran(c.calls(function_call("K3", "order"), response_id="R3")) == ["K3"]


# --- what would run


def test_what_a_call_would_run_is_asked_for_when_it_asks_and_when_it_runs():
    c = asking("order")
    assert [effect.key for effect in c.all().of(PreviewCall)] == ["K1"]
    assert c.do(CallPreviewed("K1", "order tea")).of(CallChanged)[-1].preview == "order tea"
    assert c.decide("K1").of(PreviewCall) == [PreviewCall("K1", "order", "{}")]
    assert c.do(CallPreviewed("K1", "order coffee")).of(CallChanged)[-1].preview == "order coffee"


def test_the_question_says_what_would_run_now_when_the_tools_are_others():
    c = asking("order", "pay")
    edited = c.do(EditSession(c.machine.settings, (WEATHER, replace(ORDER, description="Buy."), PAY), "change-1"))
    assert {effect.key for effect in edited.of(PreviewCall)} == {"K1", "K2"}
    assert {effect.key for effect in c.use_tools(WEATHER, ORDER, PAY).of(PreviewCall)} == {"K1", "K2"}
    assert c.do(CallPreviewed("K1", "")).of(CallChanged) == [], "nothing is known, as before"
