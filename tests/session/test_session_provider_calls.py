"""Calls of MCP servers that the provider makes itself: shown, agreed to where it asks, and never answered by us."""

import pytest

from protocol.sdk_types import accept
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.effects import RunTool
from rtvoice_tui.session.facts import CallChanged, CallMoment, CallReached, CallState, ServerChanged, ServerState
from session.conversation import ITEM, Conversation, outputs, states
from session.mcp_provider import DOCS, ask, be_silent, finish, last, make, mcp_call, request, talking

# --- its tools


def test_what_a_server_offers_is_told_as_it_becomes_known():
    c = talking()
    listing = {"type": "mcp_list_tools", "id": "L", "server_label": "docs"}
    steps = [
        c.server("conversation.item.added", item=listing),
        c.server("mcp_list_tools.in_progress", item_id="L"),
        c.server("conversation.item.done", item={**listing, "tools": [{"name": "search"}, {"name": "read"}]}),
    ]
    told = [(f.name, f.state, f.tools) for step in steps for f in step.of(ServerChanged)]
    assert told == [
        ("docs", ServerState.STARTING, 0),
        ("docs", ServerState.CONNECTED, 2),
    ]


def test_a_server_that_does_not_tell_its_tools_has_failed():
    c = talking()
    c.server("conversation.item.added", item={"type": "mcp_list_tools", "id": "L", "server_label": "docs"})
    failed = c.server("mcp_list_tools.failed", item_id="L").of(ServerChanged)
    assert [(f.name, f.state) for f in failed] == [("docs", ServerState.FAILED)]


def test_news_of_a_list_that_nobody_announced_says_nothing():
    assert talking().server("mcp_list_tools.failed", item_id="ghost").effects == []


# --- its calls


def test_a_call_is_shown_from_its_first_argument_to_its_output():
    c = talking()
    step = c.all(make(c), finish(c))
    shown = [(call.arguments, call.state) for call in step.of(CallChanged)]
    assert shown == [
        ("", CallState.STREAMING),
        ('{"q":', CallState.STREAMING),
        ('{"q":"x"}', CallState.STREAMING),
        ('{"q":"x"}', CallState.RUNNING),
        ('{"q":"x"}', CallState.OK),
        ('{"q":"x"}', CallState.OK),
    ]
    assert (last(step).name, last(step).kind, last(step).output) == ("search", "mcp at docs", "found")
    assert [(f.key, f.moment) for f in step.of(CallReached)] == [("hosted:M", CallMoment.ARGUMENTS)]


def test_a_call_is_neither_run_nor_answered_here():
    c = talking()
    make(c)
    finish(c)
    be_silent(c)
    assert c.all().of(RunTool) == []
    assert outputs(c.all()) == {}
    assert c.tool_done("M", "forged").effects == []


ERRORS = {
    "of the protocol": ({"type": "protocol_error", "code": -32601, "message": "no such tool"}, "no such tool"),
    "of the tool": ({"type": "tool_execution_error", "message": "index is gone"}, "index is gone"),
    "of the connection": ({"type": "http_error", "code": 502, "message": "bad gateway"}, "bad gateway"),
    "in another shape": ({"type": "tool_execution_error", "content": [{"text": "odd"}]}, "odd"),
    "as a text": ("just a text", "just a text"),
    "without words": ({"type": "http_error", "code": 502}, "502"),
}


@pytest.mark.parametrize(("error", "words"), ERRORS.values(), ids=ERRORS)
def test_an_error_of_a_call_is_told_in_its_own_words(error, words):
    c = talking()
    make(c)
    step = c.server("conversation.item.done", item=mcp_call(error=error))
    assert last(step).state is CallState.FAILED
    assert words in last(step).note
    if isinstance(error, dict):
        assert error["type"] in last(step).note


def test_a_call_that_failed_without_a_word_has_failed_there():
    c = talking()
    make(c)
    step = c.server("response.mcp_call.failed", item_id="M", output_index=0)
    assert (last(step).state, last(step).note) == (CallState.FAILED, "it failed there")
    told = c.server("conversation.item.done", item=mcp_call(error={"type": "http_error", "message": "bad gateway"}))
    assert last(told).note == "http_error: bad gateway"


def test_a_call_that_is_told_twice_changes_nothing_more():
    c = talking()
    make(c)
    finish(c)
    for kind in ("conversation.item.added", "conversation.item.created", "conversation.item.done"):
        assert c.server(kind, item=mcp_call(output="found")).of(CallChanged) == []


def test_a_call_of_which_only_the_end_is_told_is_shown_all_the_same():
    c = talking()
    step = c.server("response.mcp_call.completed", item_id="M", output_index=0)
    assert states(step) == {"hosted:M": CallState.OK}


def test_calls_that_are_not_over_end_with_the_session():
    c = talking()
    ask(c, "Q")
    make(c)
    step = c.close()
    assert states(step) == {"hosted:Q": CallState.CANCELLED, "hosted:M": CallState.CANCELLED}
    assert c.decide("hosted:Q").effects == []


# --- its questions


def test_a_question_is_put_to_the_user_and_nothing_is_said_for_them():
    c = talking()
    step = ask(c)
    assert (last(step).state, last(step).name, last(step).arguments) == (CallState.ASKING, "search", "{}")
    assert "docs" in last(step).preview
    assert "search" in last(step).preview
    assert step.sent == []


def test_a_question_that_is_told_twice_is_asked_and_answered_once():
    c = talking()
    c.begin()
    ask(c)
    assert ask(c).effects == []
    c.decide("hosted:Q")
    for kind in ("conversation.item.created", "conversation.item.done", "response.output_item.done"):
        assert c.server(kind, item=request()).effects == []
    assert len([event for event in c.all().sent if event["type"] == ITEM]) == 1


def test_what_was_agreed_to_is_one_call_from_the_question_to_the_output():
    c = talking()
    ask(c)
    c.decide("hosted:Q")
    c.server("conversation.item.added", item=mcp_call(approval_request_id="Q"))
    c.server("response.mcp_call.in_progress", item_id="M", output_index=0)
    step = finish(c, approval_request_id="Q")
    assert {call.key for call in c.all().of(CallChanged)} == {"hosted:Q"}
    assert (last(step).state, last(step).output) == (CallState.OK, "found")


def test_always_is_of_one_tool_of_one_server():
    c = talking()
    ask(c, "Q1")
    c.decide("hosted:Q1", always=True)
    again = ask(c, "Q2")
    assert [event["item"]["approve"] for event in again.sent] == [True]
    assert [event["item"]["approval_request_id"] for event in again.sent] == ["Q2"]
    assert ask(c, "Q3", name="delete").sent == []
    assert ask(c, "Q4", label="mail").sent == []


def test_always_ends_with_the_session():
    c = talking()
    ask(c, "Q1")
    c.decide("hosted:Q1", always=True)
    c.close()
    c.open()
    assert ask(c, "Q2").sent == []


def test_not_agreeing_always_is_never_taken_for_agreeing():
    c = talking()
    ask(c, "Q1")
    c.decide("hosted:Q1", agree=False, always=True)
    assert ask(c, "Q2").sent == []


def test_a_server_that_asks_although_the_profile_does_not_is_not_agreed_to_by_itself():
    c = Conversation(tools=[ToolSpec(name="docs", hosted=True, server=DOCS.server)])
    step = ask(c)
    assert step.sent == []
    assert last(step).state is CallState.ASKING


@pytest.mark.parametrize("error", [[], {"message": {"a": 1}}, True, 5, {"type": None}, "?"])
def test_an_error_in_no_known_shape_is_an_error_unless_it_is_empty(error):
    c = talking()
    make(c)
    step = c.server("conversation.item.done", item=mcp_call(error=error, tools=[None]))
    assert step.sent == []
    assert states(step) == ({"hosted:M": CallState.FAILED} if error else {})


@pytest.mark.parametrize(("agree", "reason"), [(True, ""), (False, ""), (False, "not that one")])
def test_the_persons_word_is_given_once_and_with_the_reason(agree, reason):
    c = talking()
    ask(c)
    step = c.decide("hosted:Q", agree, reason=reason)
    item = {"type": "mcp_approval_response", "approval_request_id": "Q", "approve": agree}
    (sent,) = step.sent_with_ids
    accept(sent)
    name = sent["item"].pop("id")
    assert 0 < len(name) <= 32
    assert sent["item"] == {**item, **({"reason": reason} if reason else {})}
    assert states(step) == {"hosted:Q": CallState.HOSTED if agree else CallState.DENIED}
    assert [(f.key, f.moment) for f in step.of(CallReached)] == [("hosted:Q", CallMoment.SENT)]
    assert c.decide("hosted:Q", agree).effects == []
    assert c.decide("hosted:Q", not agree).effects == []


def test_each_answer_to_a_question_has_an_id_of_its_own():
    c = talking()
    ask(c, "Q1")
    ask(c, "Q2")
    ids = [c.decide(f"hosted:{item}").sent[0]["item"]["id"] for item in ("Q1", "Q2")]
    assert len(set(ids)) == 2


def test_the_arguments_of_a_call_are_complete_once():
    c = talking()
    step = make(c)
    again = c.server("response.mcp_call_arguments.done", item_id="M", output_index=0, arguments='{"q":"x"}')
    assert [f.moment for f in c.all(step, again).of(CallReached)] == [CallMoment.ARGUMENTS]
    assert again.effects == []


STALE = {
    "in progress": lambda c: c.server("response.mcp_call.in_progress", item_id="M", output_index=0),
    "a piece of its arguments": lambda c: c.server("response.mcp_call_arguments.delta", item_id="M", delta="{"),
    "its arguments, left out": lambda c: c.server("response.mcp_call_arguments.done", item_id="M", arguments=None),
    "completed": lambda c: c.server("response.mcp_call.completed", item_id="M", output_index=0),
}


@pytest.mark.parametrize("stale", STALE.values(), ids=STALE)
@pytest.mark.parametrize("well", [True, False])
def test_news_that_come_after_the_end_of_a_call_change_nothing(stale, well):
    c = talking()
    make(c)
    if well:
        finish(c)
    else:
        c.server("conversation.item.done", item=mcp_call(error={"type": "http_error", "message": "bad gateway"}))
    assert stale(c).effects == []


def test_the_arguments_of_a_question_are_whole_and_are_not_doubled_when_the_call_streams_them_again():
    c = talking()
    asked = ask(c)
    assert [f.moment for f in asked.of(CallReached)] == [CallMoment.ARGUMENTS]
    c.decide("hosted:Q")
    c.server("conversation.item.added", item=mcp_call(approval_request_id="Q", arguments=""))
    c.server("response.mcp_call_arguments.delta", item_id="M", output_index=0, delta="{}")
    c.server("response.mcp_call_arguments.done", item_id="M", output_index=0, arguments="{}")
    assert {call.arguments for call in c.all().of(CallChanged)} == {"{}"}
    assert [f.moment for f in c.all().of(CallReached)] == [CallMoment.ARGUMENTS, CallMoment.SENT]


def test_what_was_agreed_to_and_not_made_yet_ends_with_the_session():
    c = talking()
    ask(c)
    c.decide("hosted:Q")
    assert states(c.close()) == {"hosted:Q": CallState.CANCELLED}


LIST = {"type": "mcp_list_tools", "id": "L", "server_label": "docs"}


def test_a_list_that_failed_has_failed_although_its_item_is_done():
    c = talking()
    c.server("conversation.item.added", item=LIST)
    c.server("mcp_list_tools.failed", item_id="L")
    c.server("conversation.item.done", item=LIST)
    c.server("conversation.item.created", item=LIST)
    assert c.all().of(ServerChanged)[-1].state is ServerState.FAILED


@pytest.mark.parametrize("order", ["completed first", "done first"])
def test_a_list_that_is_complete_is_told_with_its_tools_in_any_order(order):
    c = talking()
    c.server("conversation.item.added", item=LIST)
    news = [
        lambda: c.server("mcp_list_tools.completed", item_id="L"),
        lambda: c.server("conversation.item.done", item={**LIST, "tools": [{"name": "search"}]}),
    ]
    for tell in news if order == "completed first" else reversed(news):
        tell()
    last_told = c.all().of(ServerChanged)[-1]
    assert (last_told.state, last_told.tools) == (ServerState.CONNECTED, 1)


def test_a_list_is_complete_when_the_server_says_so():
    c = talking()
    c.server("conversation.item.added", item=LIST)
    step = c.server("mcp_list_tools.completed", item_id="L")
    assert [fact.state for fact in step.of(ServerChanged)] == [ServerState.CONNECTED]


def test_a_list_that_is_told_again_is_told_once():
    c = talking()
    done = {**LIST, "tools": [{"name": "search"}]}
    assert len(c.server("conversation.item.done", item=done).of(ServerChanged)) == 1
    assert c.server("conversation.item.created", item=done).of(ServerChanged) == []
