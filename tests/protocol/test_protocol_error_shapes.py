"""Whatever a server says of an error is read, wherever it puts the words."""

import json
from typing import Any

import pytest

from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.codec import decode
from rtvoice_tui.protocol.realtime.objects import ErrorInfo
from rtvoice_tui.protocol.realtime.provider_events import OtherFailure
from rtvoice_tui.protocol.realtime.wire import RealtimeWire

WORDS = "The model x does not exist"
NESTED = {"error": {"message": WORDS, "code": "model_not_found"}}

SHAPES: dict[str, Any] = {
    "as documented": {"error": {"message": WORDS}},
    "a text": {"error": WORDS},
    "an object in the object": {"error": NESTED},
    "a detail": {"error": {"detail": WORDS}},
    "a reason": {"error": {"type": "x", "reason": WORDS}},
    "a description": {"error": {"error_description": WORDS}},
    "a list of texts": {"error": [WORDS]},
    "a list of objects": {"error": {"errors": [{"msg": WORDS}]}},
    "validation errors": {"error": {"detail": [{"loc": ["body"], "msg": WORDS}]}},
    "an object as message": {"error": {"message": {"text": WORDS}}},
    "an empty message and a detail": {"error": {"message": "", "detail": WORDS}},
    "null and a message of the event": {"error": None, "message": WORDS},
    "a message of the event": {"message": WORDS, "code": 4004},
    "a code in the error, the message in the event": {"error": {"code": "bad"}, "message": WORDS},
    "a reason of the event": {"reason": WORDS},
    "an object as code": {"error": {"code": {"reason": WORDS}}},
    "an object as type": {"error": {"type": {"name": "bad", "text": WORDS}}},
    "a list as param": {"error": {"code": "bad", "param": [WORDS]}},
    "an object as status": {"error": {"status": {"code": 7, "message": WORDS}}},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_error_event_of_any_shape_keeps_its_words(shape):
    decoded = decode(json.dumps({"type": "error", **shape}))
    assert isinstance(decoded.event, ev.ErrorEvent)
    assert WORDS in decoded.event.error.message
    assert decoded.problem == "", "an unusual shape is no problem of its own"


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_failed_transcription_of_any_shape_keeps_its_words(shape):
    name = "conversation.item.input_audio_transcription.failed"
    decoded = decode(json.dumps({"type": name, "item_id": "U", **shape}))
    assert isinstance(decoded.event, ev.TranscriptionFailed)
    assert WORDS in decoded.event.error.message
    assert decoded.event.item_id == "U"


@pytest.mark.parametrize("status", ["failed", "incomplete"])
@pytest.mark.parametrize(
    "response",
    [
        *({"status_details": shape} for shape in SHAPES.values() if shape != {"reason": WORDS}),
        {"status_details": WORDS},
        {"status_details": [WORDS]},
        {"error": {"message": WORDS}},
        {"error": WORDS},
        {"status_details": {"type": "failed", "message": WORDS}},
        {"status_details": {"reason": {"message": WORDS}}},
        {"status_details": {"reason": [WORDS]}},
        {"output": [{"id": "A", "type": "message", "status": "failed", "error": {"message": WORDS}}]},
        {"output": [{"type": "message", "incomplete_details": {"reason": WORDS}}]},
    ],
)
def test_a_failed_response_of_any_shape_keeps_its_words(response, status):
    decoded = decode(json.dumps({"type": "response.done", "response": {"id": "R", "status": status, **response}}))
    assert isinstance(decoded.event, ev.ResponseDone)
    assert WORDS in decoded.event.response.status_details.error.message
    assert decoded.problem == ""


@pytest.mark.parametrize(
    "frame",
    [
        {"error": {"message": WORDS}},
        {"error": WORDS},
        {"message": WORDS, "connectionId": "a", "requestId": "b"},
        {"detail": WORDS},
        {"errors": [{"message": WORDS}]},
        {"type": None, "error": {"message": WORDS}},
        {"type": 5, "error": WORDS},
        {"type": "", "detail": [{"msg": WORDS}]},
        {"type": ["error"], "message": WORDS},
        {"type": {"name": "error"}, "errors": [WORDS]},
    ],
)
def test_an_error_without_a_type_as_gateways_send_it_is_an_error(frame):
    decoded = decode(json.dumps(frame))
    assert isinstance(decoded.event, ev.ErrorEvent)
    assert decoded.known
    assert WORDS in decoded.event.error.message


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Validation error", "details": [{"loc": ["session", "voice"], "msg": WORDS}]},
        {"message": "Upstream error", "innererror": {"message": WORDS}},
        {"message": "Something went wrong", "cause": {"reason": WORDS}},
        {"message": "Invalid request.", "errors": [{"description": WORDS}]},
        {"message": "Error", "data": {"reason": WORDS}},
    ],
)
def test_what_was_wrong_is_added_to_a_message_that_only_says_that_something_was(error):
    told = decode(json.dumps({"type": "error", "error": error})).event.error.message
    assert told.startswith(error["message"].rstrip("."))
    assert WORDS in told


@pytest.mark.parametrize(
    "name",
    [
        "response.error",
        "session.error",
        "server_error",
        "invalid_request_error",
        "session.closed",
        "session.expired",
        "conversation.item.failed",
        "Error",
        "error-response",
    ],
)
@pytest.mark.parametrize("fields", [{"error": {"message": WORDS}}, {"message": WORDS}, {"reason": WORDS}])
def test_an_event_of_another_name_that_tells_of_a_failure_is_an_error(name, fields):
    frame = json.dumps({"type": name, **fields})
    decoded = decode(frame)
    assert isinstance(decoded.event, OtherFailure)
    assert decoded.wire_name == decoded.event.about == name
    assert decoded.event.error.message == WORDS
    assert RealtimeWire().received_row(frame, decoded).error is ("closed" not in name or "error" in fields)


def test_an_unknown_event_with_an_error_in_it_tells_of_a_failure():
    decoded = decode('{"type":"avatar.state","error":{"message":"no"}}')
    assert decoded.event == OtherFailure(about="avatar.state", error=ErrorInfo(code="avatar.state", message="no"))


HARMLESS = [
    {"type": "avatar.state", "error": None, "state": "on"},
    {"type": "avatar.state", "text": 'an "error" it is not'},
    {"type": "avatar.state", "error": {"code": 0, "message": "success"}},
    {"type": "avatar.state", "error": {"code": "0", "message": ""}},
    {"type": "avatar.state", "error": "none"},
    {"type": "session.closed", "reason": "close_requested"},
    {"type": "response.audio_buffer.closed"},
    {"type": "failover.completed", "reason": "the first place was full"},
    {"type": "error_rate.updated", "message": "the rate is low"},
    {"type": "rate_limits.exceeded.reset", "message": "you may go on"},
]


@pytest.mark.parametrize("event", HARMLESS, ids=str)
def test_an_unknown_event_that_tells_of_no_failure_stays_unknown(event):
    assert not decode(json.dumps(event)).known


@pytest.mark.parametrize("warning", [{"message": WORDS, "code": "w1"}, WORDS])
def test_a_warning_is_read_and_is_no_error(warning):
    frame = json.dumps({"type": "warning", "warning": warning})
    decoded = decode(frame)
    assert decoded.event.warns
    assert decoded.event.error.message == WORDS
    assert not RealtimeWire().received_row(frame, decoded).error


@pytest.mark.parametrize("name", ["response.failed", "response.incomplete", "response.cancelled"])
def test_a_response_without_a_status_has_that_of_its_event(name):
    response = decode(json.dumps({"type": name, "response": {"id": "R"}, "error": {"message": WORDS}})).event.response
    assert response.status == name.rpartition(".")[2]
    assert WORDS in response.status_details.error.message


def test_a_response_that_is_told_in_the_event_itself_has_its_id_status_and_words():
    frame = {"type": "response.done", "response_id": "R", "status": "error", "error": {"message": WORDS}}
    response = decode(json.dumps(frame)).event.response
    assert (response.id, response.status) == ("R", "failed")
    assert WORDS in response.status_details.error.message
    assert decode('{"type":"response.created","response_id":"R"}').event.response.id == "R"


@pytest.mark.parametrize("frame", ['{"foo": "Service Unavailable"}', "Service Unavailable", '["Service Unavailable"]'])
def test_a_frame_that_is_no_event_is_quoted(frame):
    assert "Service Unavailable" in decode(frame).problem


@pytest.mark.parametrize("levels", [100, 300, 700])
@pytest.mark.parametrize(("opening", "closing", "shown"), [("[", "]", "[["), ('{"a":', "}", '{"a": {"a"')])
def test_an_error_may_be_nested_deeply(opening, closing, shown, levels):
    decoded = decode('{"type":"error","error":' + opening * levels + '"why"' + closing * levels + "}")
    assert isinstance(decoded.event, ev.ErrorEvent)
    assert decoded.event.error.message.startswith(shown)


def test_an_error_without_any_known_field_is_shown_as_it_is():
    decoded = decode('{"type":"error","error":{"weird":{"why":7}}}')
    assert decoded.event.error.message == '{"weird": {"why": 7}}'


@pytest.mark.parametrize("code", ["code", "error_code", "status"])
def test_codes_that_are_numbers_or_have_other_names_are_read(code):
    decoded = decode(json.dumps({"type": "error", "error": {code: 503, "detail": WORDS}}))
    assert decoded.event.error == ErrorInfo(code="503", message=WORDS)


@pytest.mark.parametrize(
    ("event", "red"),
    [
        ({"type": "error", "error": {"message": "no"}}, True),
        ({"type": "response.done", "response": {"status": "failed"}}, True),
        ({"type": "response.done", "response": {"status": "incomplete"}}, True),
        ({"type": "response.done", "response": {"status": "completed"}}, False),
        ({"type": "response.done", "response": {"status": "cancelled"}}, False),
        ({"type": "conversation.item.input_audio_transcription.failed", "error": {"message": "no"}}, True),
        ({"type": "mcp_list_tools.failed"}, True),
        ({"type": "response.mcp_call.failed"}, True),
        ({"type": "response.mcp_call.completed"}, False),
    ],
)
def test_events_that_report_a_failure_are_marked_as_errors(event, red):
    frame = json.dumps(event)
    assert RealtimeWire().received_row(frame, decode(frame)).error is red


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"message": "Something is wrong", "details": {"request_id": "r1"}}, "Something is wrong"),
        ({"message": "INVALID VOICE", "error": {"message": "invalid voice"}}, "INVALID VOICE"),
        ({"message": "Filtered", "innererror": {"filter": {"hate": {"severity": 2}}}}, "Filtered"),
    ],
)
def test_a_message_is_not_followed_by_what_says_no_more(error, message):
    assert decode(json.dumps({"type": "error", "error": error})).event.error.message == message
