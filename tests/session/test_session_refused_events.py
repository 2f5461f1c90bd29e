"""Requests that cross with others, results that are refused, and a session that somebody else changes."""

from typing import Any

import pytest

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession, TalkEnd, TalkStart
from rtvoice_tui.session.facts import CallChanged, CallState, EditChanged, EditState, SettingsReported, UserSaid
from session.conversation import ANSWER, ITEM, MANUAL, VAD, WEATHER, Conversation, function_call
from session.mcp_provider import ask, talking

BUSY = "conversation_already_has_active_response"


def by_tool(c: Conversation) -> None:
    c.calls(function_call("K"))
    c.tool_done("K")


def by_own_result(c: Conversation) -> None:
    c.calls(function_call("K"))
    c.send_result("K", "mine")


def by_voice(c: Conversation) -> None:
    c.do(TalkStart())
    for _ in range(10):
        c.mic(20)
    c.do(TalkEnd())
    c.server("input_audio_buffer.committed", item_id="U")


REQUESTS = {"a tool's result": by_tool, "a result of mine": by_own_result, "a message": lambda c: c.type()}
ERRORS: dict[str, dict[str, Any]] = {
    "without an event id": {},
    "an empty event id": {"event_id": ""},
    "in words only": {"code": None, "message": "Conversation already has an active response: resp_1"},
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("first", ["the other response begins first", "the error comes first"])
def test_a_request_that_crossed_with_another_response_is_made_again(request_, error, first):
    c = Conversation()
    REQUESTS[request_](c)
    fields = {"code": BUSY, **ERRORS[error]}
    if first.startswith("the other"):
        c.begin("other")
        assert c.error(**fields).sent == []
    else:
        assert c.error(**fields).sent == []
        c.begin("other")
    assert c.end("other").sent_types == [ANSWER]


def test_a_spoken_turn_that_crossed_is_answered_too():
    c = Conversation(settings=MANUAL)
    by_voice(c)
    assert ANSWER in c.all().sent_types
    c.begin("other")
    c.error(BUSY)
    assert c.end("other").sent_types == [ANSWER]


def test_a_busy_error_after_the_response_that_was_asked_for_asks_for_nothing():
    c = Conversation()
    c.type()
    c.begin()
    c.end()
    c.error(BUSY)
    assert c.end("R2").sent == []


# --- refused results


def test_c3_a_result_that_the_server_refuses_is_no_success():
    c = Conversation()
    by_tool(c)
    step = c.error("invalid_tool_call_id", c.last_id(ITEM), message="too long")
    (call,) = step.of(CallChanged)
    assert (call.state, call.note) == (
        CallState.FAILED,
        "the server refused the result: too long (invalid_tool_call_id)",
    )


def test_c3_a_result_of_mine_that_is_refused_is_no_success_either():
    c = Conversation()
    by_own_result(c)
    assert c.error("invalid_value", c.last_id(ITEM)).of(CallChanged)[0].state is CallState.FAILED


def test_c3_a_decision_that_the_provider_refuses_runs_nothing():
    c = talking()
    c.decide(ask(c).of(CallChanged)[0].key)
    assert c.error("invalid_value", c.last_id(ITEM)).of(CallChanged)[-1].state is CallState.FAILED


def test_c3_a_message_that_the_server_refuses_says_so():
    c = Conversation()
    c.type("Hello")
    (said,) = c.error("invalid_value", c.last_id(ITEM), message="too long").of(UserSaid)
    assert (said.text, said.failed) == ("Hello", "too long (invalid_value)")


def test_an_error_about_something_else_leaves_a_result_alone():
    c = Conversation()
    by_tool(c)
    assert c.error("server_error", c.last_id(ANSWER)).of(CallChanged) == []
    assert c.error("server_error").of(CallChanged) == []


# --- a session that somebody else changes

DETECTION = {"type": "server_vad", "threshold": 0.9}


def unasked(c: Conversation, **session: Any):
    return c.server("session.updated", session={"id": "sess", **session})


def test_settings_that_the_server_changes_unasked_are_in_force():
    c = Conversation()
    step = unasked(c, audio={"input": {"turn_detection": DETECTION}})
    assert step.of(SettingsReported)[0].settings["turn_detection"] == DETECTION
    assert c.machine.settings.turn_detection == DETECTION
    assert step.notices == ["the server changed the session: turn_detection"]


def test_a_report_of_a_part_forgets_nothing_of_the_rest():
    c = Conversation()
    unasked(c, instructions="a", audio={"output": {"voice": "x"}})
    assert unasked(c, instructions="b").of(SettingsReported)[0].settings == {"instructions": "b", "voice": "x"}


def test_the_same_report_again_changes_nothing():
    c = Conversation()
    unasked(c, instructions="a")
    again = unasked(c, instructions="a")
    assert again.notices == []
    assert again.of(EditChanged) == []


@pytest.mark.parametrize("value", [None, {"type": "semantic_vad"}])
def test_turn_detection_follows_the_server(value):
    c = Conversation()
    unasked(c, audio={"input": {"turn_detection": value}})
    assert c.machine.settings.turn_detection == value
    assert c.machine.settings.manual_turns is (value is None)


@pytest.mark.parametrize("value", ["server_vad", 5, ["x"], True])
def test_a_value_of_another_kind_is_shown_and_not_obeyed(value):
    c = Conversation()
    step = unasked(c, audio={"input": {"turn_detection": value}})
    assert step.of(SettingsReported)[0].settings["turn_detection"] == value
    assert c.machine.settings.turn_detection == VAD.turn_detection


def test_an_acknowledged_edit_that_is_changed_afterwards_says_so():
    c = Conversation()
    c.do(EditSession(SessionSettings(turn_detection={"type": "server_vad"}, voice="marin"), (WEATHER,), "edit"))
    assert unasked(c, audio={"output": {"voice": "marin"}}).of(EditChanged)[-1].state is EditState.ACKNOWLEDGED
    (changed,) = unasked(c, audio={"output": {"voice": "echo"}}).of(EditChanged)
    assert (changed.state, changed.made, changed.edit_id) == (EditState.CHANGED, {"voice": "echo"}, "edit")
    (back,) = unasked(c, audio={"output": {"voice": "marin"}}).of(EditChanged)
    assert back.state is EditState.ACKNOWLEDGED


def test_an_acknowledgement_that_another_update_overtook_still_counts():
    c = Conversation()
    c.do(EditSession(SessionSettings(turn_detection={"type": "server_vad"}, voice="marin"), (WEATHER,), "edit"))
    unasked(c, instructions="by a gateway", audio={"output": {"voice": "ash"}})
    (settled,) = unasked(c, instructions="by a gateway", audio={"output": {"voice": "marin"}}).of(EditChanged)
    assert settled.state is EditState.ACKNOWLEDGED
