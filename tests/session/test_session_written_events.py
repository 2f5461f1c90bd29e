"""Client events that the user writes by hand."""

import json

import pytest

from rtvoice_tui.session.commands import SendEvent
from rtvoice_tui.session.facts import Level, Notice, UserSaid
from session.conversation import Conversation


def written(c: Conversation, **event: object):
    return c.do(SendEvent(json.dumps(event)))


def test_it_goes_as_written_with_an_id_by_which_an_error_can_name_it():
    c = Conversation()
    (sent,) = written(c, type="response.create", response={"instructions": "Say hi", "odd": [1, None]}).sent_with_ids
    assert sent.pop("event_id")
    assert sent == {"type": "response.create", "response": {"instructions": "Say hi", "odd": [1, None]}}


def test_an_id_of_the_user_is_kept():
    (sent,) = written(Conversation(), type="response.cancel", event_id="mine").sent_with_ids
    assert sent == {"type": "response.cancel", "event_id": "mine"}


def test_a_type_and_fields_that_are_not_known_go_as_well():
    (sent,) = written(Conversation(), type="session.teleport", to={"x": "\u00e9\u4e16"}, event_id="e").sent_with_ids
    assert sent == {"type": "session.teleport", "to": {"x": "\u00e9\u4e16"}, "event_id": "e"}


def test_a_message_of_the_user_is_a_turn_and_asks_for_no_answer():
    c = Conversation()
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello there"}]}
    step = written(c, type="conversation.item.create", item=item)
    (said,) = step.of(UserSaid)
    assert (said.text, said.typed, said.turn) == ("Hello there", True, 1)
    assert step.sent_types == ["conversation.item.create"]


def test_a_message_that_the_server_refuses_is_marked_in_the_transcript():
    c = Conversation()
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello there"}]}
    written(c, type="conversation.item.create", event_id="mine", item=item)
    (said,) = c.error("invalid_value", event_id="mine", message="No.").of(UserSaid)
    assert said.failed.startswith("No.")


@pytest.mark.parametrize(
    "code",
    ["response_cancel_not_active", "conversation_already_has_active_response", "item_already_truncated", "unknown"],
)
def test_every_refusal_is_told_also_those_that_are_expected_of_events_of_our_own(code: str):
    c = Conversation().speaking()
    written(c, type="response.create", event_id="mine")
    (notice,) = c.error(code, event_id="mine", message="No.").of(Notice)
    assert (notice.level, notice.cause_id) == (Level.ERROR, "mine")
    assert c.end().sent == [], "nothing of it is sent again"


def test_a_refused_update_of_the_session_refuses_no_edit_of_the_agent():
    c = Conversation()
    written(c, type="session.update", event_id="mine", session={"type": "realtime", "voice": "?"})
    step = c.error("invalid_value", event_id="mine", message="No voice.", param="session.voice")
    assert step.notices == ["No voice. (invalid_value, session.voice)"]
    assert step.sent == []


def test_the_answer_to_a_written_request_is_heard_like_any_other():
    c = Conversation()
    written(c, type="response.create")
    c.begin("R1")
    assert "Play" in [type(effect).__name__ for effect in c.audio("A", 100).effects]


def test_without_a_connection_it_is_not_sent_and_that_is_told():
    c = Conversation()
    c.close()
    step = written(c, type="response.create")
    assert step.sent == []
    assert step.notices[0].startswith('not connected, so this was not sent: {"type": "response.create"}')


@pytest.mark.parametrize("text", ["", "no", "[]", "{}", '{"type": 1}', "[" * 100_000, '{"type": "x", "n": 1e999}'])
def test_what_is_no_event_is_not_sent_and_that_is_told(text: str):
    step = Conversation().do(SendEvent(text))
    assert step.sent == []
    assert step.notices[0].startswith("this is no event, so it was not sent")


def test_half_a_character_is_sent_as_a_question_mark():
    (sent,) = Conversation().do(SendEvent('{"type": "x", "a": "\\ud800", "event_id": "e"}')).sent_with_ids
    assert sent["a"] == "?"


def test_what_an_event_of_the_user_changes_is_not_said_to_be_the_servers_doing():
    c = Conversation()
    written(c, type="session.update", session={"type": "realtime", "instructions": "Be brief."})
    (notice,) = c.server("session.updated", session={"instructions": "Be brief."}).of(Notice)
    assert notice.text == "the event you wrote changed the session: instructions"
    (notice,) = c.server("session.updated", session={"instructions": "Something else."}).of(Notice)
    assert notice.text == "the server changed the session: instructions"


@pytest.mark.parametrize("session", [5, None, {"tools": 5}, {"audio": 5, "instructions": 7}, {"voice": [1]}])
def test_settings_of_any_form_may_be_written(session: object):
    c = Conversation()
    written(c, type="session.update", session=session)
    c.server("session.updated", session={"instructions": "Be brief.", "tools": [], "audio": {"output": {"voice": "x"}}})
