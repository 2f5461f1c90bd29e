"""One slot for an answer (bugs 1, 2), and errors tied to their causes (section 8 of the protocol, bugs 4, 17)."""

import pytest

from rtvoice_tui.session.commands import TalkEnd, TalkStart, TimerFired
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.session.timers import ResponseLate
from session.conversation import MANUAL, Conversation, function_call

ANSWER = "response.create"
BUSY = "conversation_already_has_active_response"


def asked(c: Conversation) -> int:
    return c.all().sent_types.count(ANSWER)


# --- the slot


def test_bug_1_an_answer_is_asked_for_once_all_calls_of_all_answers_have_their_outputs():
    c = Conversation()
    c.calls(function_call("K1"), response_id="R1")
    c.calls(function_call("K2"), response_id="R2")
    assert c.tool_done("K1").sent_types == ["conversation.item.create"]
    assert c.tool_done("K2").sent_types == ["conversation.item.create", ANSWER]
    assert c.begin("R3").sent == []
    assert c.end("R3").sent == []
    assert asked(c) == 1


def test_bug_1_a_request_refused_because_another_answer_runs_is_made_again_when_that_ends():
    c = Conversation()
    c.type()
    refused = c.error(BUSY, c.last_id(ANSWER))
    assert refused.notices == [], "nobody needs to be alarmed"
    assert refused.sent == []
    assert c.end("somebody's").sent_types == [ANSWER]


def test_bug_1_the_same_without_an_event_id():
    c = Conversation()
    c.type()
    assert c.error(BUSY).notices == []
    assert c.end("somebody's").sent_types == [ANSWER]


def test_bug_1_a_request_that_crossed_with_an_answer_of_the_servers_own_is_made_again():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    c.begin("R2")  # the server had begun it by itself before our request arrived
    assert c.error(BUSY, c.last_id(ANSWER)).sent == []
    assert c.end("R2").sent_types == [ANSWER], "R2 did not know the output"


def test_a_busy_error_about_a_request_long_settled_asks_for_nothing():
    c = Conversation()
    c.type()
    old = c.last_id(ANSWER)
    c.begin()
    c.end()
    c.type("next")
    c.begin("R2")
    c.error(BUSY, old)
    assert c.audio("B", 100, "R2").acts == ["play"]


def test_bug_2_after_a_cancel_the_next_request_waits_for_the_end():
    c = Conversation()
    c.begin()
    assert c.type("Stop").sent_types == ["response.cancel"]
    assert c.cancelled().sent_types[-1] == ANSWER


def test_the_end_of_another_answer_does_not_free_the_slot():
    c = Conversation()
    c.begin("R1")
    c.type()
    assert c.end("R0").sent == []
    assert c.end("R1").sent_types[-1] == ANSWER


def test_12_i_a_request_that_is_neither_begun_nor_refused_in_10_s_is_given_up_with_a_warning():
    c = Conversation()
    timers = {name: after for name, after in c.type().timers.items() if isinstance(name, ResponseLate)}
    ((timer, after),) = timers.items()
    assert after == 10.0
    given_up = c.do(TimerFired(timer))
    assert given_up.phases == ["listening"]
    assert len(given_up.notices) == 1
    assert c.type("Again").sent_types[-1] == ANSWER


@pytest.mark.parametrize("begun", ["begun", "refused", "done"])
def test_12_i_the_timer_of_a_request_that_was_taken_up_does_nothing(begun):
    c = Conversation()
    c.type()
    request = c.last_id(ANSWER)
    if begun == "refused":
        c.error("server_error", request)
    else:
        c.begin()
    if begun == "done":
        c.end()
    assert c.do(TimerFired(ResponseLate(request))).effects == []


def test_a_refused_request_frees_the_slot_and_is_told():
    c = Conversation()
    c.type()
    refused = c.error("server_error", c.last_id(ANSWER))
    assert refused.phases == ["listening"]
    assert refused.of(Notice)[0].level is Level.ERROR
    assert "response.create" in c.type("Again").sent_types


def test_an_error_about_something_else_leaves_the_request_alone():
    c = Conversation()
    c.type()
    c.error("invalid_value", c.last_id("conversation.item.create"))
    assert c.machine.phase.value == "thinking"


# --- errors


def cut(c: Conversation) -> None:
    c.speaking()
    c.interrupt()
    c.flushed(A=100)


@pytest.mark.parametrize("named", [True, False], ids=["with event id", "without event id"])
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("response_cancel_not_active", "no active response"),
        ("item_already_truncated", "already truncated"),
        ("item_create_duplicate_item_id", "duplicate"),
        (None, "Cancellation failed: no active response found"),
    ],
    ids=["cancel", "truncated already", "duplicate item", "cancel in words only"],
)
def test_12_f_expected_errors_alarm_nobody(code, message, named):
    c = Conversation()
    cut(c)
    cause = c.last_id("response.cancel") if named else None
    step = c.error(code, cause, message=message)
    assert step.notices == []
    assert step.sent == []


def test_bug_4_a_refused_truncation_is_a_warning_and_the_agent_is_not_mute_afterwards():
    c = Conversation()
    cut(c)
    message = "Audio content of 2650ms is already shorter than 9100ms"
    refused = c.error("invalid_request_error", c.last_id("conversation.item.truncate"), message=message)
    (notice,) = refused.of(Notice)
    assert notice.level is Level.WARNING
    c.cancelled()
    c.begin("R2")
    assert c.audio("B", 100, "R2").acts == ["play"]


def test_bug_17_a_refused_commit_is_a_hint():
    c = Conversation(settings=MANUAL)
    c.do(TalkStart())
    c.mic(500)
    c.do(TalkEnd())
    (notice,) = c.error("input_audio_buffer_commit_empty", c.last_id("input_audio_buffer.commit")).of(Notice)
    assert notice.level is Level.WARNING
    assert "longer" in notice.remedy


def test_defect_28_an_error_names_its_cause():
    c = Conversation()
    c.type()
    cause = c.last_id("conversation.item.create")
    (notice,) = c.error("invalid_value", cause, param="item.content").of(Notice)
    assert notice.cause_id == cause
    assert "item.content" in notice.text


@pytest.mark.parametrize(
    "code",
    [
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "account_deactivated",
        "invalid_api_key",
        "beta_api_shape_disabled",
        "session_expired",
        "session_limit_reached",
        "model_load_error",
        "rate_limit_exceeded",
        "inference_rate_limit_exceeded",
    ],
)
@pytest.mark.parametrize("place", ["code", "type"])
def test_an_error_that_a_user_can_mend_comes_with_a_remedy(code, place):
    error = {"code": code} if place == "code" else {"code": None, "type": code}
    c = Conversation()
    (notice,) = c.server("error", error={"message": "Sorry.", **error}).of(Notice)
    assert notice.level is Level.ERROR
    assert notice.remedy


def test_a_model_load_error_instead_of_the_greeting_is_told():
    c = Conversation(ready=False)
    c.connect()
    assert c.error("model_load_error").notices


@pytest.mark.parametrize("error", [{}, {"message": None, "code": None, "type": None}, {"message": "a\n\n b"}], ids=repr)
def test_an_error_with_next_to_nothing_in_it_is_one_readable_line(error):
    (notice,) = Conversation().server("error", error=error).of(Notice)
    assert notice.text
    assert "\n" not in notice.text


def test_an_unknown_error_leaves_the_session_usable():
    c = Conversation()
    c.error("something_new", message="Hm.")
    assert c.machine.ready
    assert c.type().sent_types[-1] == ANSWER
