"""Results that come late, results of the user's own, and the moments of a call."""

import json
from collections import Counter

import pytest

from protocol.sdk_types import accept
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.commands import ToolFinished
from rtvoice_tui.session.effects import RunTool, StopTool
from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState
from rtvoice_tui.session.realtime.calls.function_calls import GIVEN, KEPT, SENT_LATE
from session.conversation import (
    ANSWER,
    CLOCK,
    ITEM,
    WEATHER,
    Conversation,
    Step,
    error_in,
    function_call,
    messages,
    outputs,
    states,
)

ORDER = ToolSpec(name="order", parameters={"type": "object"}, asks=True)
PAID = ToolSpec(name="pay", parameters={"type": "object"})
TOOLS = (WEATHER, CLOCK, ORDER, PAID)


def calling(*names: str) -> Conversation:
    """A conversation in which one answer called these tools, as K1, K2 and so on."""
    c = Conversation(tools=TOOLS)
    c.calls(*(function_call(f"K{number}", name) for number, name in enumerate(names or ("get_weather",), 1)))
    return c


def reached(step: Step) -> list[tuple[str, CallMoment]]:
    return [(fact.key, fact.moment) for fact in step.of(CallReached)]


def last(step: Step) -> CallChanged:
    return step.of(CallChanged)[-1]


# --- the user interrupts


def test_a_key_that_silences_the_agent_leaves_the_tool_alone_and_its_result_is_answered():
    c = calling()
    c.speaking("B", 500, "R2")
    step = c.interrupt()
    assert step.acts == ["flush", "response.cancel"]
    assert states(step) == {}
    c.flushed(B=100)
    c.cancelled("R2")
    done = c.tool_done("K1", "sunny")
    assert done.sent_types == [ITEM, ANSWER]
    assert outputs(done) == {"K1": "sunny"}


def test_a_key_while_nothing_is_said_answers_the_call_at_once_and_asks_for_no_answer():
    c = calling()
    step = c.interrupt()
    assert step.sent_types == [ITEM]
    assert "interrupted" in error_in(outputs(step)["K1"])
    assert step.of(StopTool) == []
    assert last(step).state is CallState.RUNNING
    assert c.machine.phase.value == "listening"


@pytest.mark.parametrize(("ok", "state"), [(True, CallState.OK), (False, CallState.FAILED)])
def test_the_result_that_comes_after_such_a_key_is_kept_with_a_note_and_not_sent(ok, state):
    c = calling()
    c.interrupt()
    late = c.tool_done("K1", "sunny", ok)
    assert late.sent == []
    assert (last(late).state, last(late).output, last(late).note) == (state, "sunny", KEPT)
    assert c.tool_done("K1", "again").effects == []


def test_a_result_that_was_kept_is_sent_as_a_message_when_the_user_says_so():
    c = calling()
    c.interrupt()
    c.tool_done("K1", "sunny")
    step = c.send_result("K1", "sunny")
    assert step.sent_types == [ITEM, ANSWER]
    assert messages(step) == ["The result of get_weather is: sunny"]
    assert outputs(step) == {}
    accept(step.sent_with_ids[0])


def test_a_key_while_nothing_is_said_cancels_the_calls_that_ask_and_none_of_them_can_be_agreed_to():
    c = calling("order", "get_weather")
    step = c.interrupt()
    assert states(step) == {"K1": CallState.CANCELLED, "K2": CallState.RUNNING}
    assert list(outputs(step)) == ["K1", "K2"]
    assert ANSWER not in step.sent_types
    assert c.decide("K1").effects == []
    assert [run.call_id for run in c.all().of(RunTool)] == ["K2"]


def test_outputs_that_were_there_before_the_key_are_sent_as_they_are():
    c = calling("get_weather", "get_time", "pay")
    c.tool_done("K2", "noon")
    sent = outputs(c.interrupt())
    assert list(sent) == ["K1", "K2", "K3"]
    assert sent["K2"] == "noon"


def test_a_key_lets_go_of_the_calls_of_all_answers():
    c = calling()
    c.calls(function_call("L", "get_time"), response_id="R2")
    assert list(outputs(c.interrupt())) == ["K1", "L"]


TURNS = {
    "speaks": lambda c: c.user_turn(),
    "types": lambda c: c.type("And now?"),
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_a_turn_of_the_user_leaves_the_tool_alone_and_its_answer_waits_for_the_slot(turn):
    c = calling()
    assert turn(c).of(StopTool) == []
    c.begin("R2")
    assert c.tool_done("K1", "sunny").sent_types == [ITEM]
    assert c.end("R2").sent_types == [ANSWER]


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_a_turn_of_the_user_leaves_a_question_open(turn):
    c = calling("order")
    assert CallState.CANCELLED not in states(turn(c)).values()
    assert c.decide("K1").of(RunTool) == [RunTool("K1", "order", "{}")]


@pytest.mark.parametrize("status", ["cancelled", "incomplete", "failed"])
@pytest.mark.parametrize("name", ["get_weather", "order"])
def test_calls_of_an_answer_that_did_not_end_well_neither_run_nor_ask(status, name):
    c = Conversation(tools=TOOLS)
    step = c.calls(function_call("K", name), status=status)
    assert step.of(RunTool) == []
    assert states(step) == {"K": CallState.CANCELLED}
    assert c.decide("K").effects == []


def test_when_the_session_ends_tools_are_stopped_and_what_comes_later_changes_nothing():
    c = calling("get_weather", "order", "get_time", "pay")
    c.tool_done("K3", "noon")
    c.decide("K4", agree=False)
    step = c.close()
    assert step.of(StopTool) == [StopTool("K1")]
    assert states(step) == {"K1": CallState.CANCELLED, "K2": CallState.CANCELLED}
    assert c.tool_done("K1").effects == []
    c.open()
    assert c.tool_done("K1").effects == []
    assert c.decide("K2").effects == []


def test_a_tool_that_was_let_go_is_stopped_when_the_session_ends():
    c = calling()
    c.interrupt()
    step = c.close()
    assert step.of(StopTool) == [StopTool("K1")]
    assert states(step) == {"K1": CallState.CANCELLED}


# --- the user's own result


@pytest.mark.parametrize(("name", "stopped"), [("get_weather", [StopTool("K1")]), ("order", [])])
def test_a_result_of_the_persons_own_stands_for_the_one_that_is_not_there(name, stopped):
    c = calling(name)
    step = c.send_result("K1", "mine")
    assert step.of(StopTool) == stopped
    assert step.sent_types == [ITEM, ANSWER]
    assert outputs(step) == {"K1": "mine"}
    assert (last(step).state, last(step).output, last(step).note) == (CallState.OK, "mine", GIVEN)
    assert c.tool_done("K1", "late").effects == []
    assert c.decide("K1").effects == []


@pytest.mark.parametrize("first", [lambda c: c.tool_done("K1", "theirs"), lambda c: c.decide("K1", agree=False)])
def test_a_result_of_the_persons_own_replaces_one_that_was_not_sent_yet(first):
    c = calling("get_weather", "get_time")
    first(c)
    step = c.send_result("K1", "mine")
    assert step.sent == []
    assert (last(step).state, last(step).output) == (CallState.OK, "mine")
    done = c.tool_done("K2", "noon")
    assert outputs(done) == {"K1": "mine", "K2": "noon"}
    assert done.sent_types == [ITEM, ITEM, ANSWER]


def test_after_the_result_was_sent_the_persons_own_goes_as_a_message_with_one_answer_asked_for():
    c = calling()
    c.tool_done("K1", "rain")
    c.calls(response_id="R2")
    step = c.send_result("K1", "sunny after all")
    assert step.sent_types == [ITEM, ANSWER]
    assert messages(step) == ["The result of get_weather is: sunny after all"]
    accept(step.sent_with_ids[0])


def test_the_result_of_a_run_by_hand_names_its_tool():
    c = Conversation(tools=TOOLS)
    step = c.send_result("by hand 1", "42", "get_answer")
    assert step.sent_types == [ITEM, ANSWER]
    assert messages(step) == ["The result of get_answer is: 42"]


def test_a_message_with_a_result_waits_for_no_answer_but_its_own_answer_waits_for_the_slot():
    c = Conversation(tools=TOOLS)
    c.begin()
    assert c.send_result("by hand 1", "42", "get_answer").sent_types == [ITEM]
    assert c.end().sent_types == [ANSWER]


@pytest.mark.parametrize("closed", [True, False])
def test_without_a_session_a_result_is_not_lost_but_shown(closed):
    c = calling() if closed else Conversation(tools=TOOLS, ready=False)
    if closed:
        c.close()
    step = c.send_result("K1", "mine and long")
    assert step.sent == []
    assert len(step.notices) == 1
    assert "mine and long" in step.notices[0]


# --- the moments of a call


def test_a_call_reaches_each_moment_once_and_in_order():
    c = calling()
    c.end("R1", output=[function_call("K1")])
    c.tool_done("K1")
    c.begin("R2")
    c.end("R2")
    c.begin("R3")
    assert reached(c.all()) == [
        ("K1", CallMoment.ARGUMENTS),
        ("K1", CallMoment.SENT),
        ("K1", CallMoment.ASKED),
        ("K1", CallMoment.ANSWERED),
    ]


def test_the_moments_know_the_very_events_that_were_sent():
    c = calling("get_weather", "get_time")
    c.tool_done("K2", "noon")
    step = c.tool_done("K1", "sunny")
    known = {(f.key, f.moment): f.sent for f in step.of(CallReached)}
    for key, output in (("K1", "sunny"), ("K2", "noon")):
        assert json.loads(known[key, CallMoment.SENT].json)["item"]["output"] == output
        assert known[key, CallMoment.ASKED].name == ANSWER
    sent = step.sent_with_ids
    assert [json.loads(known[key, CallMoment.SENT].json) for key in ("K1", "K2")] == sent[:2]
    assert json.loads(known["K1", CallMoment.ASKED].json) == json.loads(known["K2", CallMoment.ASKED].json) == sent[2]


def test_the_arguments_of_a_call_are_complete_before_its_answer_is():
    c = Conversation(tools=TOOLS)
    c.begin()
    item = function_call("K")
    c.server("response.output_item.added", response_id="R1", item={**item, "arguments": ""})
    assert reached(c.all()) == []
    step = c.server(
        "response.function_call_arguments.done",
        response_id="R1",
        item_id="item_K",
        call_id="K",
        name="get_weather",
        arguments="{}",
    )
    assert reached(step) == [("K", CallMoment.ARGUMENTS)]
    c.server("response.output_item.done", response_id="R1", item=item)
    c.end(output=[item])
    assert Counter(reached(c.all())) == {("K", CallMoment.ARGUMENTS): 1}


def test_an_answer_that_the_server_begins_by_itself_takes_in_what_was_sent():
    c = calling()
    c.user_turn()
    c.begin("R2")
    c.tool_done("K1")
    c.interrupt()
    c.cancelled("R2")
    assert reached(c.begin("R3")) == [("K1", CallMoment.ANSWERED)]


def test_the_moments_of_a_message_are_those_of_its_call():
    c = Conversation(tools=TOOLS)
    c.send_result("by hand 1", "42", "get_answer")
    c.begin("R1")
    assert reached(c.all()) == [
        ("by hand 1", CallMoment.SENT),
        ("by hand 1", CallMoment.ASKED),
        ("by hand 1", CallMoment.ANSWERED),
    ]


def test_details_of_a_result_are_for_the_user_alone():
    c = calling()
    step = c.do(ToolFinished("K1", "sunny", True, "took long", (("stdout", "secret log"),)))
    assert (last(step).note, last(step).details) == ("took long", (("stdout", "secret log"),))
    assert "secret log" not in str(step.sent)
    assert "took long" not in str(step.sent)


def test_a_tool_that_was_let_go_can_still_be_stopped():
    c = calling()
    c.interrupt()
    step = c.decide("K1", agree=False)
    assert step.of(StopTool) == [StopTool("K1")]
    assert states(step) == {"K1": CallState.CANCELLED}
    assert step.sent == []
    assert c.decide("K1", agree=False).effects == []
    assert c.tool_done("K1", "late").effects == []
    assert c.close().of(StopTool) == []


@pytest.mark.parametrize("always", [True, False])
def test_a_tool_that_was_let_go_cannot_be_agreed_to(always):
    c = calling("pay")
    c.interrupt()
    assert c.decide("K1", always=always).effects == []


def test_a_result_that_was_kept_and_then_sent_is_not_said_to_be_unsent():
    c = calling()
    c.interrupt()
    c.tool_done("K1", "sunny")
    shown = last(c.send_result("K1", "sunny"))
    assert (shown.state, shown.output, shown.note) == (CallState.OK, "sunny", SENT_LATE)


def test_a_result_of_the_persons_own_stands_for_one_that_was_let_go_and_its_tool_is_stopped():
    c = calling()
    c.interrupt()
    step = c.send_result("K1", "mine")
    assert step.of(StopTool) == [StopTool("K1")]
    assert step.sent_types == [ITEM, ANSWER]
    assert messages(step) == ["The result of get_weather is: mine"]
    assert (last(step).state, last(step).output, last(step).note) == (CallState.OK, "mine", GIVEN)
    assert c.tool_done("K1", "late").effects == []


def test_another_result_of_a_call_that_was_answered_leaves_the_first_one_shown():
    c = calling()
    c.tool_done("K1", "rain")
    assert c.send_result("K1", "sunny after all").of(CallChanged) == []


def test_an_answer_that_was_asked_for_before_the_output_does_not_take_it_in():
    c = calling()
    c.type("And now?")
    assert c.tool_done("K1", "sunny").sent_types == [ITEM]
    assert reached(c.begin("R2")) == []
    ended = c.end("R2")
    assert ended.sent_types == [ANSWER]
    assert reached(ended) == [("K1", CallMoment.ASKED)]
    assert reached(c.begin("R3")) == [("K1", CallMoment.ANSWERED)]


def test_a_result_of_the_persons_own_asks_for_no_answer_while_calls_of_another_answer_run():
    c = calling()
    c.calls(function_call("L", "get_time"), response_id="R2")
    step = c.send_result("K1", "mine")
    assert step.sent_types == [ITEM]
    assert c.tool_done("L").sent_types == [ITEM, ANSWER]


def test_a_call_that_cannot_run_asks_for_no_answer_while_calls_of_another_answer_run():
    c = calling()
    assert c.calls(function_call("L", "nonsense"), response_id="R2").sent_types == [ITEM]
    assert c.tool_done("K1").sent_types == [ITEM, ANSWER]
