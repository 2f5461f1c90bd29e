"""What the user is told of an error: the cause of an ending, the remedy, and nothing that hides it."""

import pytest

from rtvoice_tui.session.facts import Level, Notice, SessionEnded
from rtvoice_tui.session.inputs import Closed
from session.conversation import Conversation

MISSING = "The model x does not exist"
ENDED = "the server ended the session (1000)"


def closes(c: Conversation, sentence: str = ENDED, remedy: str = "press c to begin a new one"):
    return c._step(c._happens(Closed(sentence, remedy, wanted=False)))


def fails(c: Conversation, message: str = MISSING):
    return c.server("error", error={"type": "invalid_request_error", "message": message})


# --- the cause of an ending


def test_the_error_right_before_the_end_is_its_cause():
    c = Conversation(ready=False)
    c.connect()
    fails(c)
    step = closes(c)
    (ended,) = step.of(SessionEnded)
    (notice,) = step.of(Notice)
    assert ended.reason == notice.text == f"{ENDED}: {MISSING} (invalid_request_error)"
    assert ended.remedy == notice.remedy
    assert "model" in ended.remedy


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("You exceeded your current quota", "top up"),
        ("Incorrect API key provided", "key"),
        ("Your session hit the maximum duration of 60 minutes.", "new session"),
        ("Rate limit reached for requests", "wait"),
        ("The model `gpt-x` does not exist", "model"),
        ("Access denied", "right"),
    ],
)
def test_the_remedy_fits_the_words_of_the_cause(message, part):
    c = Conversation()
    fails(c, message)
    assert part in closes(c).of(SessionEnded)[0].remedy


def test_a_failed_response_right_before_the_end_is_its_cause():
    c = Conversation()
    c.begin()
    c.end(status="failed", status_details={"error": {"code": "insufficient_quota", "message": "No money left"}})
    assert "No money left" in closes(c).of(SessionEnded)[0].reason


def test_an_error_long_before_the_end_of_a_working_session_is_not_its_cause():
    c = Conversation()
    fails(c)
    c.now += 60
    assert closes(c).of(SessionEnded)[0].reason == ENDED


def test_an_error_at_any_time_is_the_cause_where_the_session_never_worked():
    c = Conversation(ready=False)
    c.connect()
    fails(c)
    c.now += 60
    assert MISSING in closes(c).of(SessionEnded)[0].reason


def test_an_error_before_a_later_response_is_not_the_cause():
    c = Conversation()
    fails(c)
    c.begin()
    c.end()
    assert closes(c).of(SessionEnded)[0].reason == ENDED


def test_a_close_reason_that_repeats_the_error_is_told_once():
    c = Conversation()
    fails(c)
    assert closes(c, f"the server ended the session (1000: {MISSING})").of(SessionEnded)[0].reason.count(MISSING) == 1


def test_the_error_of_one_session_is_not_the_cause_of_the_next_ones_end():
    c = Conversation()
    fails(c)
    closes(c)
    c.connect()
    assert closes(c).of(SessionEnded)[0].reason == ENDED


@pytest.mark.parametrize("code", ["response_cancel_not_active", "conversation_already_has_active_response"])
def test_an_expected_error_is_no_cause(code):
    c = Conversation()
    c.type()
    c.error(code, message="harmless")
    assert closes(c).of(SessionEnded)[0].reason == ENDED


def test_an_end_that_the_user_wanted_has_no_other_cause():
    c = Conversation()
    fails(c)
    step = c._step(c._happens(Closed("disconnected", "press c to connect")))
    assert step.of(SessionEnded) == [SessionEnded("disconnected", "press c to connect")]


# --- failed responses


@pytest.mark.parametrize("place", ["code", "type"])
def test_a_used_up_quota_in_a_failed_response_has_its_remedy(place):
    c = Conversation()
    c.begin()
    (notice,) = c.end(status="failed", status_details={"error": {place: "insufficient_quota"}}).of(Notice)
    assert (notice.level, notice.remedy) == (Level.ERROR, "top up the account at the provider")


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
def test_an_incomplete_response_has_a_remedy_too(reason):
    c = Conversation()
    c.begin()
    (notice,) = c.end(status="incomplete", status_details={"reason": reason}).of(Notice)
    assert reason in notice.text
    assert notice.remedy not in ("", "ask again")


def test_c2_a_failed_response_without_words_hides_no_error_that_had_some():
    c = Conversation()
    c.begin()
    assert c.error("server_error", message="The GPU is gone").notices == ["The GPU is gone (server_error)"]
    assert c.end(status="failed").notices == []


def test_a_failed_response_with_words_is_told_beside_the_error():
    c = Conversation()
    c.begin()
    c.error("server_error", message="The GPU is gone")
    assert c.end(status="failed", status_details={"error": {"message": "out of memory"}}).notices == [
        "the answer failed: out of memory"
    ]


def test_the_error_of_an_earlier_response_explains_no_later_one():
    c = Conversation()
    c.begin()
    c.error("server_error", message="The GPU is gone")
    c.end(status="failed")
    c.begin("R2")
    assert c.end("R2", status="failed").notices == ["the answer failed: the server gave no reason"]
