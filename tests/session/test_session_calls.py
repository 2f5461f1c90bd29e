"""Function calls: run once, answered once, together and in order (sequence 12.c, bugs 1-3, defects 22-26)."""

import json

import pytest

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.effects import RunTool
from rtvoice_tui.session.facts import CallChanged, CallState
from session.conversation import ANSWER, CLOCK, ITEM, WEATHER, WEB_SEARCH, Conversation, function_call, outputs

DOCS = ToolSpec(name="docs", hosted=True, server={"server_url": "https://docs.example/mcp"})


def final_states(step) -> dict[str, CallState]:
    return {call.call_id: call.state for call in step.of(CallChanged)}


# --- one call


def test_12_c_a_call_runs_once_although_four_events_show_it_bug_3():
    c = Conversation()
    step = c.calls(function_call("K", "get_weather", '{"city":"Oslo"}'))
    assert step.of(RunTool) == [RunTool("K", "get_weather", '{"city":"Oslo"}')]
    assert step.sent == []
    assert c.machine.phase.value == "tool"


def test_12_c_nothing_runs_before_the_answer_is_complete_defect_23():
    c = Conversation()
    c.begin()
    item = function_call("K")
    c.server("response.output_item.added", response_id="R1", item=item)
    c.server(
        "response.function_call_arguments.done",
        response_id="R1",
        item_id="item_K",
        call_id="K",
        name="get_weather",
        arguments="{}",
    )
    c.server("response.output_item.done", response_id="R1", item=item)
    assert c.all().of(RunTool) == []
    assert len(c.end(output=[item]).of(RunTool)) == 1


def test_12_c_the_output_goes_first_and_one_answer_is_asked_for_after_it():
    c = Conversation()
    c.calls(function_call("K"))
    assert c.tool_done("K", "sunny").sent == [
        {"type": ITEM, "item": {"type": "function_call_output", "call_id": "K", "output": "sunny"}},
        {"type": ANSWER},
    ]


def test_a_failed_function_is_answered_too():
    c = Conversation()
    c.calls(function_call("K"))
    step = c.tool_done("K", '{"error":"timeout"}', ok=False)
    assert outputs(step) == {"K": '{"error":"timeout"}'}
    assert step.sent_types[-1] == ANSWER
    assert final_states(step) == {"K": CallState.FAILED}


def test_bug_3_a_result_that_comes_twice_is_sent_once():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    assert c.tool_done("K").effects == []


def test_a_result_nobody_asked_for_is_dropped():
    assert Conversation().tool_done("K").effects == []


def test_defect_25_a_call_that_appears_again_in_the_next_answer_is_not_run_again():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    again = c.calls(function_call("K"), response_id="R2")
    assert again.of(RunTool) == []
    assert outputs(again) == {}


def test_an_answer_that_ends_twice_runs_its_calls_once():
    c = Conversation()
    item = function_call("K")
    c.calls(item)
    assert c.end(output=[item]).of(RunTool) == []


VARIANTS = {
    "only in response.done": lambda c, item: [c.end(output=[item])],
    "only in output_item.done": lambda c, item: [
        c.server("response.output_item.done", response_id="R1", item=item),
        c.end(output=[]),
    ],
    "no name in arguments.done": lambda c, item: [
        c.server("response.output_item.added", response_id="R1", item={**item, "arguments": ""}),
        c.server(
            "response.function_call_arguments.done",
            response_id="R1",
            item_id=item["id"],
            call_id=item["call_id"],
            arguments=item["arguments"],
        ),
        c.end(output=None),
    ],
    "no item id in response.done": lambda c, item: [
        c.server("response.output_item.done", response_id="R1", item=item),
        c.end(output=[{**item, "id": None}]),
    ],
    "another item id in response.done": lambda c, item: [
        c.server("response.output_item.added", response_id="R1", item={**item, "id": "first"}),
        c.server("response.output_item.done", response_id="R1", item={**item, "id": "second"}),
        c.end(output=[item]),
    ],
    "no item id in arguments.done": lambda c, item: [
        c.server(
            "response.function_call_arguments.done",
            response_id="R1",
            call_id=item["call_id"],
            name=item["name"],
            arguments=item["arguments"],
        ),
        c.server("response.output_item.done", response_id="R1", item=item),
        c.end(output=[]),
    ],
    "no response id": lambda c, item: [
        c.server("response.output_item.done", item=item),
        c.end(output=[]),
    ],
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_bug_3_however_a_server_shows_a_call_it_runs_once_and_is_answered_once(variant):
    c = Conversation()
    c.begin()
    ran = c.all(*variant(c, function_call("K", arguments='{"city":"Oslo"}')))
    assert ran.of(RunTool) == [RunTool("K", "get_weather", '{"city":"Oslo"}')]
    answered = c.tool_done("K", "sunny")
    assert answered.sent_types == [ITEM, ANSWER]
    assert outputs(answered) == {"K": "sunny"}
    assert c.machine.phase.value == "thinking"


def test_the_same_call_twice_in_one_answer_is_run_and_answered_once():
    c = Conversation()
    ran = c.calls(function_call("K", item_id="a"), function_call("K", item_id="b"))
    assert len(ran.of(RunTool)) == 1
    assert c.tool_done("K").sent_types == [ITEM, ANSWER]


def test_a_call_without_a_call_id_could_not_be_answered_so_it_is_not_run():
    c = Conversation()
    step = c.calls(function_call(""))
    assert step.of(RunTool) == []
    assert outputs(step) == {}
    assert final_states(step)[""] is not CallState.RUNNING
    assert c.machine.phase.value == "listening"


# --- several calls


@pytest.mark.parametrize("order", ["K1 K2 K3", "K3 K1 K2", "K2 K3 K1"])
def test_12_c_parallel_calls_are_all_answered_in_their_order_then_one_answer_is_asked_for(order):
    c = Conversation()
    c.calls(function_call("K1"), function_call("K2", "get_time"), function_call("K3"))
    done = c.all(*(c.tool_done(call_id, f"out {call_id}") for call_id in order.split()))
    assert done.sent_types == [ITEM, ITEM, ITEM, ANSWER]
    assert list(outputs(done).items()) == [("K1", "out K1"), ("K2", "out K2"), ("K3", "out K3")]


def test_12_c_a_call_that_cannot_run_is_answered_with_its_neighbours_and_in_order():
    c = Conversation()
    c.calls(function_call("K1"), function_call("K2", "nonsense"), function_call("K3"))
    c.tool_done("K3")
    done = c.tool_done("K1")
    assert list(outputs(done)) == ["K1", "K2", "K3"]
    assert done.sent_types[-1] == ANSWER


# --- calls that cannot be run


BAD = {
    "not JSON": "{city: Oslo",
    "cut off": '{"city":"Os',
    "array": "[]",
    "string": '"x"',
    "number": "5",
    "deep nesting": "[" * 200_000,
    "huge number": "9" * 10_000,
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_defect_24_bad_arguments_are_answered_with_an_error_and_never_guessed(arguments):
    c = Conversation()
    step = c.calls(function_call("K", arguments=arguments))
    assert step.of(RunTool) == []
    assert list(json.loads(outputs(step)["K"])) == ["error"]
    assert step.sent_types == [ITEM, ANSWER]
    assert final_states(step) == {"K": CallState.FAILED}


def test_defect_22_the_name_decides_and_an_unknown_function_is_answered_with_an_error():
    c = Conversation()
    step = c.calls(function_call("K", "get_stock_price"))
    assert step.of(RunTool) == []
    assert "get_stock_price" in json.loads(outputs(step)["K"])["error"]
    assert step.sent_types == [ITEM, ANSWER]


@pytest.mark.parametrize("arguments", ["", "{}"])
def test_a_call_without_arguments_runs_with_none(arguments):
    assert Conversation().calls(function_call("K", arguments=arguments)).of(RunTool) == [
        RunTool("K", "get_weather", "{}")
    ]


# --- calls that run elsewhere


@pytest.mark.parametrize("tools", [(), (WEB_SEARCH, WEATHER)], ids=["not declared", "declared"])
@pytest.mark.parametrize("name", ["web_search", "file_search"])
def test_12_c_a_hosted_function_is_shown_and_never_answered(name, tools):
    c = Conversation("yandex", tools=tools)
    step = c.calls(function_call("K", name))
    assert step.of(RunTool) == []
    assert step.sent == []
    assert final_states(step) == {"K": CallState.HOSTED}
    assert c.tool_done("K").effects == []


def test_12_c_a_hosted_call_beside_one_of_ours_does_not_hold_ours_back():
    c = Conversation("yandex", tools=[WEATHER, WEB_SEARCH])
    step = c.calls(function_call("K1", "web_search"), function_call("K2"))
    assert [run.call_id for run in step.of(RunTool)] == ["K2"]
    assert list(outputs(c.tool_done("K2"))) == ["K2"]


def test_a_function_of_ours_may_bear_a_name_that_others_reserve():
    c = Conversation("openai", tools=[CLOCK])
    step = c.calls(function_call("K", "web_search"))
    assert "web_search" in json.loads(outputs(step)["K"])["error"], "nobody hosts it here"


# --- answers that did not end well


@pytest.mark.parametrize("status", ["cancelled", "incomplete", "failed"])
def test_12_c_calls_of_an_answer_that_was_not_completed_never_run_defect_25(status):
    c = Conversation()
    step = c.calls(function_call("K"), status=status)
    assert step.of(RunTool) == []
    assert step.sent == []
    assert final_states(step) == {"K": CallState.CANCELLED}


def test_calls_of_an_answer_the_user_cut_never_run():
    c = Conversation("yandex")
    c.begin()
    c.server("response.output_item.done", response_id="R1", item=function_call("K"))
    c.interrupt()
    assert c.cancelled().of(RunTool) == []


def test_a_call_that_was_completed_at_the_server_is_answered_even_if_the_user_cut_in():
    c = Conversation()
    c.begin()
    c.interrupt()
    step = c.end(status="completed", output=[function_call("K")])
    assert step.of(RunTool) == []
    assert list(outputs(step)) == ["K"], "the server would wait for its output for ever"


# --- calls and other answers


def test_12_c_bug_1_the_answer_to_a_call_waits_while_another_answer_runs():
    c = Conversation()
    c.calls(function_call("K"))
    c.user_turn()
    c.begin("R2")
    assert c.tool_done("K").sent_types == [ITEM], "the output goes at once, the request waits"
    assert c.end("R2").sent_types == [ANSWER]


def test_12_c_a_waiting_request_is_dropped_when_an_answer_that_began_later_covers_it():
    c = Conversation()
    c.calls(function_call("K"))
    c.speaking("B", 500, "R2")
    c.tool_done("K")
    c.speech()
    c.cancelled("R2", "turn_detected")
    c.begin("R3")
    c.flushed(B=100)
    assert ANSWER not in c.end("R3").sent_types


def test_defect_26_a_slow_function_holds_up_neither_sound_nor_barge_in():
    c = Conversation()
    c.calls(function_call("K"))
    c.speaking("B", 500, "R2")
    assert c.machine.phase.value == "speaking"
    assert c.interrupt().acts == ["flush", "response.cancel"]


def test_the_next_round_of_calls_runs_as_well():
    c = Conversation()
    c.calls(function_call("K1"))
    c.tool_done("K1")
    c.calls(function_call("K2"), response_id="R2")
    assert outputs(c.tool_done("K2", "later")) == {"K2": "later"}
    assert c.all().sent_types.count(ANSWER) == 2


def test_arguments_are_shown_as_they_stream():
    c = Conversation()
    c.begin()
    c.server("response.output_item.added", response_id="R1", item={**function_call("K"), "arguments": ""})
    shown = []
    for piece in ('{"ci', 'ty":"Os', 'lo"}'):
        step = c.server(
            "response.function_call_arguments.delta", response_id="R1", item_id="item_K", call_id="K", delta=piece
        )
        shown += [(call.name, call.arguments, call.state) for call in step.of(CallChanged)]
    assert shown == [
        ("get_weather", '{"ci', CallState.STREAMING),
        ("get_weather", '{"city":"Os', CallState.STREAMING),
        ("get_weather", '{"city":"Oslo"}', CallState.STREAMING),
    ]


def test_a_function_that_is_named_like_an_mcp_server_is_unknown_and_answered():
    c = Conversation("openai", tools=[WEATHER, DOCS])
    step = c.calls(function_call("K", "docs"))
    assert step.of(RunTool) == []
    assert step.sent_types == [ITEM, ANSWER]
    assert "docs" in json.loads(outputs(step)["K"])["error"]


def test_a_hosted_function_that_the_provider_does_not_host_is_unknown_and_answered():
    c = Conversation("openai", tools=[WEB_SEARCH])
    assert c.calls(function_call("K", "web_search")).sent_types == [ITEM, ANSWER]


def test_a_server_that_uses_an_item_id_again_has_both_calls_run_and_answered():
    c = Conversation()
    c.calls(function_call("K1", item_id="item"))
    c.tool_done("K1", "first")
    again = c.calls(function_call("K2", "get_time", item_id="item"), response_id="R2")
    assert again.of(RunTool) == [RunTool("K2", "get_time", "{}")]
    assert outputs(c.tool_done("K2", "second")) == {"K2": "second"}
