"""Faults of the kinds that were met, found by an independent search: one test for each."""

import json
from typing import Any

import pytest

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.protocol.realtime.codec import decode
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.commands import EditSession, SetHistory, TalkEnd, TalkStart
from rtvoice_tui.session.effects import RunTool
from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    Notice,
    ServerChanged,
    ServerState,
    SessionEnded,
    TalkChanged,
    UserSaid,
)
from rtvoice_tui.session.inputs import Closed
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.session.schema import read
from rtvoice_tui.session.timers import SpeechTranscriptLate
from rtvoice_tui.store.transcript import Entry, Speaker, Transcript
from rtvoice_tui.tools.definitions import problem_of
from session.conversation import ANSWER, ITEM, WEATHER, Conversation, Step, function_call
from session.mcp_provider import ask, make, mcp_call, talking

TRANSCRIBED = SessionSettings(turn_detection={"type": "server_vad"}, transcription={"model": "m"})
MANUAL = SessionSettings(turn_detection=None, transcription={"model": "m"})
WORDS = "conversation.item.input_audio_transcription"
OF_A: dict[str, Any] = {"response_id": "R1", "item_id": "A", "output_index": 0, "content_index": 0}


def entries(step: Step, speaker: Speaker) -> list[Entry]:
    transcript = Transcript()
    for fact in step.facts:
        if isinstance(fact, AgentSaid):
            transcript.agent_said(fact, 1.0)
        elif isinstance(fact, UserSaid):
            transcript.user_said(fact, 1.0)
    return [entry for entry in transcript.entries if entry.speaker is speaker]


def ended(c: Conversation) -> str:
    step = c._step(c._happens(Closed("the server ended the session (1000)", "press c", wanted=False)))
    return str(step.of(SessionEnded)[0].reason)


# --- calls


def test_a_call_id_that_a_server_uses_again_in_a_later_response_is_a_new_call():
    c = Conversation()
    c.user_turn()
    c.calls(function_call("call_0", item_id="i1"))
    c.tool_done("call_0")
    c.begin("R2")
    c.end("R2")
    c.user_turn("U2")
    again = c.calls(function_call("call_0", item_id="i9"), response_id="R3")
    assert len(again.of(RunTool)) == 1
    assert ITEM in c.tool_done("call_0").sent_types
    assert len({call.key for call in c.all().of(CallChanged)}) == 2


def test_a_call_that_is_only_told_again_is_no_new_call():
    c = Conversation()
    c.calls(function_call("K"))
    c.tool_done("K")
    assert c.calls(function_call("K"), response_id="R2").of(RunTool) == []


@pytest.mark.parametrize("event", ["response.output_item.done", "response.function_call_arguments.done"])
def test_arguments_that_come_as_an_object_are_their_text(event):
    arguments = {"city": "Paris", "days": 2}
    c = Conversation()
    c.begin()
    if event.endswith("item.done"):
        c.server(event, response_id="R1", item={**function_call("K"), "arguments": arguments})
    else:
        c.server("response.output_item.added", response_id="R1", item=function_call("K", arguments=""))
        c.server(event, response_id="R1", item_id="item_K", call_id="K", name="get_weather", arguments=arguments)
    (run,) = c.end().of(RunTool)
    assert json.loads(run.arguments) == arguments


def test_an_empty_object_that_announces_a_call_is_not_part_of_its_arguments():
    c = Conversation()
    c.begin()
    c.server("response.output_item.added", response_id="R1", item=function_call("K", arguments="{}"))
    place = {"response_id": "R1", "item_id": "item_K", "call_id": "K"}
    for delta in ('{"city":', '"Omsk"}'):
        c.server("response.function_call_arguments.delta", **place, delta=delta)
    c.server("response.function_call_arguments.done", **place, name="get_weather", arguments='{"city":"Omsk"}')
    c.server("response.function_call_arguments.delta", **place, delta="late")
    c.server("response.output_item.done", response_id="R1", item=function_call("K", arguments="{}"))
    assert [run.arguments for run in c.end().of(RunTool)] == ['{"city":"Omsk"}']


def test_a_call_that_only_an_item_of_the_conversation_tells_is_run():
    c = Conversation()
    c.begin()
    c.server("conversation.item.created", item=function_call("K"))
    assert len(c.end().of(RunTool)) == 1


def test_a_call_of_a_failed_answer_was_not_interrupted():
    c = Conversation()
    step = c.calls(function_call("K"), status="failed")
    assert "interrupted" not in step.of(CallChanged)[-1].note


def test_a_result_that_is_refused_without_an_event_id_is_known_by_its_call_id():
    c = Conversation()
    c.calls(function_call("call_77"))
    c.tool_done("call_77")
    step = c.error("invalid_tool_call_id", message="Tool call ID 'call_77' not found", param="item.call_id")
    assert step.of(CallChanged)[-1].state is CallState.FAILED


# --- calls at the provider


@pytest.mark.parametrize("status", ["failed", "incomplete"])
@pytest.mark.parametrize("output", ["", "Error: no such customer"])
def test_a_provider_s_call_that_ends_by_its_status_has_ended_so(status, output):
    c = talking()
    make(c)
    step = c.server("conversation.item.done", item=mcp_call(status=status, output=output))
    assert step.of(CallChanged)[-1].state is CallState.FAILED


def test_an_error_that_only_response_done_tells_of_a_provider_s_call_is_told():
    c = talking()
    make(c)
    step = c.end(output=[mcp_call(error={"message": "index is gone"})])
    assert "index is gone" in step.of(CallChanged)[-1].note


def test_a_call_that_a_cancelled_response_leaves_behind_is_cancelled():
    c = talking()
    make(c)
    c.server("response.mcp_call.in_progress", item_id="M")
    assert c.cancelled("R1").of(CallChanged)[-1].state is CallState.CANCELLED


@pytest.mark.parametrize("first", [True, False], ids=["the item first", "the failure first"])
@pytest.mark.parametrize("where", ["item", "event", "nowhere"])
def test_a_list_of_tools_that_failed_says_why_in_any_order(first, where):
    c = talking()
    error = {"message": "Unauthorized"}
    item = {"id": "L", "type": "mcp_list_tools", "server_label": "wiki", "tools": []}
    if first:
        c.server("conversation.item.added", item=item)
    c.server("mcp_list_tools.failed", item_id="L", **({"error": error} if where == "event" else {}))
    c.server("conversation.item.done", item={**item, **({"error": error} if where == "item" else {})})
    last = [changed for changed in c.all().of(ServerChanged) if changed.name == "wiki"][-1]
    assert last.state is ServerState.FAILED
    assert ("Unauthorized" in last.detail) is (where != "nowhere")


# --- words of the agent


def test_an_answer_in_text_that_was_cut_is_not_growing_any_more():
    c = Conversation()
    c.begin()
    c.server("response.output_text.delta", **OF_A, delta="Hello wor")
    c.type("stop")
    c.server("response.output_text.done", **OF_A, text="Hello world")
    c.cancelled()
    (entry,) = entries(c.all(), Speaker.AGENT)
    assert (entry.text, entry.final) == ("Hello wor", True)


@pytest.mark.parametrize("status", ["completed", "failed", "incomplete"])
def test_an_answer_told_by_deltas_only_is_final_with_its_response(status):
    c = Conversation()
    c.begin()
    c.server("response.output_text.delta", **OF_A, delta="Hello")
    c.end(status=status)
    (entry,) = entries(c.all(), Speaker.AGENT)
    assert (entry.text, entry.final) == ("Hello", True)


@pytest.mark.parametrize(
    "events",
    [
        [("done", "Hello world"), ("delta", " world")],
        [("done", "Hello world"), ("delta", "Hello"), ("delta", " world")],
        [("delta", "Hello world"), ("done", "Hello world"), ("delta", "Hello world")],
    ],
)
def test_deltas_after_the_whole_text_repeat_nothing(events):
    c = Conversation()
    c.begin()
    for kind, text in events:
        field = "delta" if kind == "delta" else "transcript"
        c.server(f"response.output_audio_transcript.{kind}", **OF_A, **{field: text})
    assert entries(c.all(), Speaker.AGENT)[0].text == "Hello world"


def test_words_of_speech_that_only_a_late_item_tells_are_shown():
    c = Conversation().speaking()
    c.end()
    content = [{"type": "output_audio", "transcript": "Hello."}]
    c.server("conversation.item.done", item={"id": "A", "type": "message", "role": "assistant", "content": content})
    assert [entry.text for entry in entries(c.all(), Speaker.AGENT)] == ["Hello."]


def test_rules_and_an_earlier_conversation_are_not_what_the_agent_says():
    c = Conversation(ready=False)
    c.do(SetHistory((HistoryMessage(True, "from before"),)))
    c.open()
    c.begin()
    for role, text in (("system", "SECRET RULES"), ("assistant", "from before")):
        content = [{"type": "output_text", "text": text}]
        c.server("conversation.item.added", item={"id": role, "type": "message", "role": role, "content": content})
    assert entries(c.all(), Speaker.AGENT) == []


# --- words of the user


def test_a_turn_by_key_whose_transcript_does_not_come_is_not_waited_for():
    c = Conversation(settings=MANUAL)
    c.do(TalkStart())
    c.mic(500)
    c.do(TalkEnd())
    step = c.server("input_audio_buffer.committed", item_id="U")
    (timer,) = [timer for timer in step.timers if isinstance(timer, SpeechTranscriptLate)]
    c.timer(timer)
    (entry,) = entries(c.all(), Speaker.YOU)
    assert (entry.final, entry.missing) == (True, "no transcript came")


@pytest.mark.parametrize("late", [("delta", {"delta": " there"}), ("updated", {"transcript": "Hel"})])
def test_late_pieces_of_words_that_are_complete_change_nothing(late):
    c = Conversation(settings=TRANSCRIBED)
    c.user_turn()
    c.words("Hello there")
    name, fields = late
    c.server(f"{WORDS}.{name}", item_id="U", **fields)
    (entry,) = entries(c.all(), Speaker.YOU)
    assert (entry.text, entry.final) == ("Hello there", True)


def test_the_reason_of_a_failed_transcription_stays():
    c = Conversation(settings=TRANSCRIBED)
    c.user_turn()
    c.server(f"{WORDS}.failed", item_id="U", error={"message": "audio too noisy"})
    c.timer(SpeechTranscriptLate(1))
    c.server(f"{WORDS}.delta", item_id="U", delta="late")
    assert entries(c.all(), Speaker.YOU)[0].note == "not recognised: audio too noisy"


# --- what the server makes of the configuration


def configured(session: dict[str, Any], settings: SessionSettings = TRANSCRIBED) -> tuple[Conversation, Step]:
    c = Conversation("generic", settings=settings, ready=False)
    c.connect()
    c.server("session.created", session={"id": "s"})
    return c, c.server("session.updated", session={"id": "s", **session})


def test_turn_detection_that_the_server_leaves_off_at_the_start_is_followed():
    c, step = configured({"turn_detection": None})
    assert c.machine.settings.manual_turns
    assert step.of(TalkChanged)


def test_a_server_that_creates_no_responses_is_not_waited_for():
    c, _ = configured({"turn_detection": {"type": "server_vad", "create_response": False}})
    c.user_turn()
    assert not c.machine.settings.server_creates_responses
    assert c.machine.phase.value != "thinking"


def test_transcription_that_the_server_leaves_off_is_followed():
    c, _ = configured({"transcription": None})
    c.user_turn()
    assert entries(c.all(), Speaker.YOU)[0].final


def test_values_that_the_server_only_rounds_are_left_to_the_user():
    c, _ = configured({"turn_detection": {"type": "server_vad", "threshold": 0.4}})
    assert c.machine.settings.turn_detection == {"type": "server_vad"}


def test_an_edit_whose_echo_shows_another_turn_detection_is_followed():
    c, _ = configured({"turn_detection": {"type": "server_vad"}, "transcription": {"model": "m"}})
    c.do(EditSession(SessionSettings(**{**_fields(TRANSCRIBED), "instructions": "x"}), (WEATHER,), "e"))
    step = c.server("session.updated", session={"instructions": "x", "turn_detection": None})
    assert c.machine.settings.manual_turns
    assert step.notices == ["the server changed the session: turn_detection"]


def _fields(settings: SessionSettings) -> dict[str, Any]:
    return {"turn_detection": settings.turn_detection, "transcription": settings.transcription}


# --- requests and messages


def test_a_request_that_is_refused_without_an_id_does_not_cancel_the_next_answer():
    c = Conversation(settings=TRANSCRIBED)
    c.type("a")
    c.error("rate_limit_exceeded", message="slow down")
    c.user_turn()
    assert c.begin("R2").sent == []
    assert c.audio("A", 100, "R2").acts == ["play"]


def test_an_error_about_the_session_frees_no_request():
    c = Conversation()
    c.type("a")
    c.error("invalid_value", param="session.voice")
    assert c.machine.phase.value == "thinking"


def test_a_message_is_not_acknowledged_by_somebody_s_speech():
    c = Conversation()
    c.type("typed words")
    part = {"type": "input_audio", "transcript": None}
    c.server("conversation.item.added", item={"id": "U", "type": "message", "role": "user", "content": [part]})
    assert c.error("invalid_value", c.last_id(ITEM), message="too long").of(UserSaid)[0].failed


@pytest.mark.parametrize(
    "words",
    [
        "A response is already in progress",
        "Cannot create a response while another response is active",
        "response already active",
    ],
)
def test_busy_in_other_words_is_asked_again(words):
    c = Conversation()
    c.type()
    c.begin("other")
    assert c.error(None, message=words).notices == []
    assert c.end("other").sent_types == [ANSWER]


# --- reasons


def test_the_reason_with_a_remedy_is_not_hidden_by_what_follows_from_it():
    c = Conversation()
    c.begin()
    c.error("insufficient_quota", message="You exceeded your current quota")
    c.end(status="failed", status_details={"error": {"type": "server_error"}})
    c.error("server_error", message="The session is being closed")
    assert "You exceeded your current quota" in ended(c)


def test_an_error_about_an_edit_explains_no_failed_answer():
    c = Conversation()
    c.begin()
    c.error("invalid_value", param="session.foo")
    assert c.end(status="failed").notices == ["the answer failed: the server gave no reason"]


def test_the_reason_of_an_interrupted_answer_that_failed_is_told():
    c = Conversation().speaking()
    c.interrupt()
    c.flushed(A=10)
    step = c.end(status="failed", status_details={"error": {"message": "No money left"}})
    assert any("No money left" in notice for notice in step.notices)
    assert "No money left" in ended(c)


STATUSES = {"error": "failed", "FAILED": "failed", "expired": "failed", "canceled": "cancelled", "done": "completed"}


@pytest.mark.parametrize(("theirs", "ours"), [*STATUSES.items(), ("COMPLETED", "completed"), ("success", "completed")])
def test_statuses_in_other_words_are_understood(theirs, ours):
    frame = json.dumps({"type": "response.done", "response": {"id": "R", "status": theirs}})
    assert decode(frame).event.response.status == ours  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["response.failed", "response.completed", "response.incomplete", "response.cancelled"])
def test_other_names_of_the_end_are_the_end(name):
    c = Conversation()
    c.begin()
    c.server(name, response={"id": "R1", "status": name.partition(".")[2]})
    assert c.machine.phase.value == "listening"


def test_a_cancelled_answer_with_an_error_says_so():
    c = Conversation()
    c.begin()
    (notice,) = c.end(status="cancelled", status_details={"error": {"message": "GPU lost"}}).of(Notice)
    assert "GPU lost" in notice.text


RESPONSES: list[dict[str, Any]] = [
    {"response": {"status": "failed"}, "error": {"message": "why"}},
    {"response": {"status": "failed", "last_error": {"message": "why"}}},
    {"response": {"status": "incomplete", "incomplete_details": {"reason": "why"}}},
]


@pytest.mark.parametrize("fields", RESPONSES, ids=str)
def test_reasons_of_a_response_in_other_places_are_read(fields):
    frame = json.dumps({"type": "response.done", **fields})
    assert decode(frame).event.response.status_details.error.message == "why"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"error": True, "message": "You exceeded your quota"}, "You exceeded your quota"),
        ({"error": 401, "message": "Unauthorized: bad key"}, "Unauthorized: bad key"),
        ({"error": "insufficient_quota", "error_description": "You exceeded it"}, "You exceeded it"),
        ({"error": "Bad Request", "message": "voice is unknown"}, "Bad Request: voice is unknown"),
        ({"error": {"message": "Error", "details": "quota exceeded"}}, "Error: quota exceeded"),
        (
            {"error": {"message": "Provider returned error", "metadata": {"raw": "boom"}}},
            "Provider returned error: boom",
        ),
        ({"error": {"message": None, "innererror": {"message": "deep reason"}}}, "deep reason"),
    ],
)
def test_the_fuller_words_of_an_error_win(event, message):
    assert decode(json.dumps({"type": "error", **event})).event.error.message == message  # type: ignore[attr-defined]


# --- arguments and schemas

CITY = {"type": "string"}
DRAFT_04 = {"$schema": "http://json-schema.org/draft-04/schema#"}
DRAFT_07 = {"$schema": "http://json-schema.org/draft-07/schema#"}
OPTIONAL: dict[str, Any] = {
    "a reference": {"$defs": {"Unit": {"enum": ["c"]}}, "properties": {"a": {"$ref": "#/$defs/Unit"}}},
    "allOf": {
        "$defs": {"U": {"type": "string"}},
        "properties": {"a": {"allOf": [{"$ref": "#/$defs/U"}], "default": "c"}},
    },
    "anyOf without null": {"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "number"}]}}},
    "const": {"properties": {"a": {"const": "x"}}},
    "an enum without null": {"properties": {"a": {"type": ["string", "null"], "enum": ["x"]}}},
}


@pytest.mark.parametrize("schema", OPTIONAL.values(), ids=OPTIONAL)
def test_null_for_an_optional_argument_is_left_out_however_its_schema_is_written(schema):
    assert read('{"a": null}', {"type": "object", **schema}) == {}


def test_null_is_left_out_inside_lists_references_and_alternatives():
    inner = {"type": "object", "properties": {"b": CITY}}
    schema = {
        "type": "object",
        "$defs": {"Inner": inner},
        "properties": {
            "all": {"type": "array", "items": inner},
            "one": {"$ref": "#/$defs/Inner"},
            "any": {"anyOf": [inner, {"type": "null"}]},
        },
    }
    given = '{"all": [{"b": null}], "one": {"b": null}, "any": {"b": null}}'
    assert read(given, schema) == {"all": [{}], "one": {}, "any": {}}
    assert read('{"any": null}', schema) == {"any": None}


def test_a_reference_to_itself_ends():
    schema = {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}
    with pytest.raises(ArgumentsRefused):
        read(
            '{"a": null}',
            {**schema, "required": ["a"], "additionalProperties": {"type": "string"}} | {"minProperties": 2},
        )


def test_a_number_that_no_number_can_be_is_refused():
    with pytest.raises(ArgumentsRefused, match="larger than a number can be"):
        read('{"a": 1e999}', {})


@pytest.mark.parametrize(
    "schema",
    [
        {**DRAFT_04, "type": "object", "properties": {"a": {"minimum": 1, "exclusiveMinimum": True}}},
        {**DRAFT_07, "type": "object", "properties": {"a": {"items": [CITY]}}},
        {"type": ["object"]},
    ],
    ids=["draft 4", "draft 7", "a list of one type"],
)  # fmt: skip
def test_schemas_of_other_drafts_are_valid(schema):
    assert problem_of(ToolSpec(name="a", parameters=schema)) == ""


def test_problems_of_a_schema_are_in_the_words_of_json():
    assert "None" not in problem_of(ToolSpec(name="a", parameters={"type": "object", "properties": None}))


def test_a_provider_s_call_with_an_object_as_arguments_asks_with_them():
    c = talking()
    request = ask(c).of(CallChanged)[0]
    assert request.state is CallState.ASKING
    item = {"id": "Q2", "type": "mcp_approval_request", "name": "search", "server_label": "docs", "arguments": {"a": 1}}
    assert json.loads(c.server("conversation.item.done", item=item).of(CallChanged)[0].arguments) == {"a": 1}


# --- what an attack on these changes found


@pytest.mark.parametrize("kind", [["x"], {"a": 1}, 5, None, True])
@pytest.mark.parametrize("status", ["failed", "cancelled", "error", "incomplete"])
def test_details_of_any_type_are_read(kind, status):
    frame = {"type": "response.done", "response": {"id": "R", "status": status, "status_details": {"type": kind}}}
    assert decode(json.dumps(frame)).event.response.status == {"error": "failed"}.get(status, status)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"error": {"message": "", "type": "server_error", "code": "x"}, "detail": "WORDS"}, "WORDS"),
        ({"error": {"message": None, "code": "x"}}, ""),
        ({"error": {"message": "Error"}, "message": "WORDS"}, "Error: WORDS"),
        ({"error": {"message": "Error", "msg": "failed", "detail": "WORDS"}}, "Error: WORDS"),
        ({"error": {"message": "internal error.", "detail": "WORDS"}}, "internal error: WORDS"),
        ({"error": {"message": "Error"}, "sequence_number": 7}, "Error"),
    ],
)
def test_no_words_are_lost_behind_a_message_that_says_nothing(event, message):
    assert decode(json.dumps({"type": "error", **event})).event.error.message == message  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "response",
    [
        {"status_details": {"error": {"message": "Error"}, "message": "WORDS"}},
        {"status_details": {"error": {"message": "Error"}}, "error": {"message": "WORDS"}},
        {"message": "WORDS"},
        {"detail": "WORDS"},
    ],
)
def test_a_failed_response_says_its_words_wherever_they_are(response):
    frame = {"type": "response.done", "response": {"id": "R", "status": "failed", **response}}
    error = decode(json.dumps(frame)).event.response.status_details.error  # type: ignore[attr-defined]
    assert "WORDS" in error.message


def edited(c: Conversation, edit_id: str, detection: Any) -> None:
    c.do(EditSession(SessionSettings(**{**_fields(TRANSCRIBED), "turn_detection": detection}), (WEATHER,), edit_id))


def test_a_report_of_an_older_edit_does_not_undo_a_newer_one():
    c, _ = configured({"turn_detection": {"type": "server_vad"}})
    edited(c, "a", {"type": "server_vad", "threshold": 0.4})
    edited(c, "b", {"type": "server_vad", "create_response": False})
    step = c.server("session.updated", session={"turn_detection": {"type": "server_vad", "create_response": True}})
    assert not c.machine.settings.server_creates_responses
    assert not step.of(Notice)


@pytest.mark.parametrize(
    "echo",
    [
        {"type": "server_vad", "create_response": None, "interrupt_response": None},
        {"type": "server_vad", "create_response": True, "idle_timeout_ms": None},
        {"type": "server_vad"},
    ],
)
def test_a_default_that_is_written_out_or_null_is_no_change(echo):
    c, step = configured({"turn_detection": echo})
    assert c.machine.settings.server_creates_responses
    assert c.machine.settings.server_interrupts
    assert not [notice for notice in step.of(Notice) if "turn_detection" in notice.text]


@pytest.mark.parametrize("settings", [TRANSCRIBED, SessionSettings()], ids=["asked for", "left to the server"])
def test_what_the_server_does_not_do_is_followed_whoever_set_it(settings):
    c, _ = configured({"turn_detection": {"type": "server_vad", "interrupt_response": False}}, settings)
    assert not c.machine.settings.server_interrupts
    c, _ = configured({"turn_detection": {"type": "none"}}, settings)
    assert c.machine.settings.manual_turns


def test_a_report_of_a_part_is_no_change():
    c, _ = configured({"turn_detection": {"type": "server_vad", "threshold": 0.4, "create_response": True}})
    for echo in ({"type": "server_vad"}, {"type": "server_vad", "threshold": 0.4}):
        assert not c.server("session.updated", session={"turn_detection": echo}).of(Notice)
