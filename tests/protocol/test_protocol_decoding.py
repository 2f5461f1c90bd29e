"""Server frames become typed events, whatever a server makes of them."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.sdk_types import server_models
from rtvoice_tui.protocol.realtime import server_events as ev
from rtvoice_tui.protocol.realtime.codec import MAX_ENTRIES, decode
from rtvoice_tui.protocol.realtime.objects import ErrorInfo, Item, Part, Response
from rtvoice_tui.protocol.usage import RateLimit, Usage

ALL_TYPES = sorted(ev.EVENT_CLASSES)


def read(wire_name: str, /, **fields: Any) -> Any:
    return decode(json.dumps({"type": wire_name, **fields}))


# --- the vocabulary


def test_the_table_holds_all_46_server_events_of_the_openai_package():
    assert set(ev.EVENT_CLASSES) == set(server_models())
    assert len(ev.EVENT_CLASSES) == 46


def test_no_two_events_share_a_class():
    assert len(ev.WIRE_NAMES) == len(ev.EVENT_CLASSES)


@pytest.mark.parametrize("name", ALL_TYPES)
def test_an_event_with_nothing_but_its_type_is_read_as_its_class(name):
    decoded = read(name)
    assert type(decoded.event) is ev.EVENT_CLASSES[name]
    assert (decoded.wire_name, decoded.problem) == (name, "")


@pytest.mark.parametrize("name", ALL_TYPES)
def test_every_field_we_read_is_a_field_the_openai_package_knows(name):
    ours = {field.encode_name for field in msgspec.structs.fields(ev.EVENT_CLASSES[name])}
    theirs = set(server_models()[name].model_fields) | {"event_id"}
    if name.startswith("response.mcp_call.") or name == "conversation.created":
        theirs |= {"response_id"}
    if name in ("mcp_list_tools.failed", "response.mcp_call.failed"):
        theirs |= {"error", "server_label"}
    if name.endswith("transcription.completed"):
        theirs |= {"text"}
    assert ours <= theirs


@pytest.mark.parametrize("name", ALL_TYPES)
def test_an_event_whose_every_field_is_null_is_read_as_if_they_were_absent(name):
    fields = {field.encode_name: None for field in msgspec.structs.fields(ev.EVENT_CLASSES[name])}
    decoded = read(name, **fields)
    assert decoded.event == ev.EVENT_CLASSES[name]()
    assert decoded.problem == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("response.text.delta", ev.OutputTextDelta),
        ("response.text.done", ev.OutputTextDone),
        ("response.audio.delta", ev.OutputAudioDelta),
        ("response.audio.done", ev.OutputAudioDone),
        ("response.audio_transcript.delta", ev.OutputTranscriptDelta),
        ("response.audio_transcript.done", ev.OutputTranscriptDone),
    ],
)
def test_the_beta_name_is_understood_and_remembered(old, new):
    decoded = read(old, item_id="A")
    assert type(decoded.event) is new
    assert decoded.event.item_id == "A"
    assert decoded.wire_name == old


@pytest.mark.parametrize(
    "name", ["ping", "response.audio_timestamp.delta", "session.usage.updated", "transcription_session.updated"]
)
def test_an_unknown_event_is_kept_under_its_own_name(name):
    decoded = read(name, anything={"at": ["all", None]})
    assert decoded.event == ev.UnknownEvent(type=name)
    assert (decoded.wire_name, decoded.problem) == (name, "")


# --- what the fields hold


ITEM = {
    "id": "A",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_audio", "transcript": "Hi"}, {"type": "output_text", "text": " there"}],
}
CALL = {"id": "F", "type": "function_call", "name": "look", "call_id": "K", "arguments": '{"at":1}'}


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        pytest.param(
            "conversation.item.created",
            {"item": ITEM, "previous_item_id": "U"},
            ev.ItemCreated(
                item=Item(
                    id="A",
                    type="message",
                    role="assistant",
                    status="completed",
                    content=[Part(type="output_audio", transcript="Hi"), Part(type="output_text", text=" there")],
                ),
                previous_item_id="U",
            ),
            id="item with two parts",
        ),
        pytest.param(
            "response.output_item.done",
            {"response_id": "R", "output_index": 2, "item": CALL},
            ev.OutputItemDone(
                response_id="R",
                output_index=2,
                item=Item(id="F", type="function_call", name="look", call_id="K", arguments='{"at":1}'),
            ),
            id="function call",
        ),
        pytest.param(
            "error",
            {
                "error": {
                    "type": "invalid_request_error",
                    "code": None,
                    "message": "No",
                    "param": "session.type",
                    "event_id": "e1",
                }
            },
            ev.ErrorEvent(
                error=ErrorInfo(type="invalid_request_error", message="No", param="session.type", event_id="e1")
            ),
            id="error with a null code",
        ),
        pytest.param(
            "rate_limits.updated",
            {
                "rate_limits": [
                    {"name": "tokens", "limit": 10, "remaining": 4, "reset_seconds": 1.5},
                    {"name": "requests"},
                ]
            },
            ev.RateLimitsUpdated(
                rate_limits=[
                    RateLimit(name="tokens", limit=10, remaining=4, reset_seconds=1.5),
                    RateLimit(name="requests"),
                ]
            ),
            id="rate limits, one of them bare",
        ),
        pytest.param(
            "response.done",
            {"response": {"id": "R", "status": "completed", "usage": {"total_tokens": 9, "input_token_details": None}}},
            ev.ResponseDone(response=Response(id="R", status="completed", usage=Usage(total_tokens=9))),
            id="partial usage",
        ),
        pytest.param(
            "response.done",
            {"response": {"id": "R", "usage": None, "output": None, "status_details": None, "metadata": None}},
            ev.ResponseDone(response=Response(id="R")),
            id="null usage",
        ),
        pytest.param(
            "input_audio_buffer.speech_started",
            {"item_id": "U", "audio_start_ms": "120"},
            ev.SpeechStarted(item_id="U", audio_start_ms=120),
            id="number written as text",
        ),
        pytest.param(
            "conversation.item.input_audio_transcription.segment",
            {"item_id": "U", "id": 7, "text": "hm", "speaker": "A", "start": 0, "end": 1.25},
            ev.TranscriptionSegment(item_id="U", id="7", text="hm", speaker="A", start=0.0, end=1.25),
            id="text written as number",
        ),
    ],
)
def test_fields_are_read(name, fields, expected):
    assert read(name, **fields).event == expected


def test_the_session_echo_of_yandex_with_its_null_rates_is_kept_whole():
    echo = {
        "id": "0123456789ab",
        "object": "realtime.session",
        "expires_at": None,
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": None}},
            "output": {"voice": "kirill", "role": None},
        },
        "output_modalities": ["text", "audio"],
        "prompt": None,
    }
    decoded = read("session.created", session=echo)
    assert decoded.event == ev.SessionCreated(session=echo)
    assert decoded.problem == ""


def test_an_items_words_are_its_text_or_else_its_transcript():
    assert read("conversation.item.added", item=ITEM).event.item.text == "Hi there"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ({"code": "busy", "type": "invalid_request_error"}, "busy"),
        ({"type": "session_limit_reached"}, "session_limit_reached"),
        ({}, ""),
    ],
    ids=["code first", "type without code", "neither"],
)
def test_an_error_is_known_by_its_code_or_else_by_its_type(error, word):
    assert read("error", error=error).event.error.word == word


# --- sound


SAMPLES = bytes(range(256)) * 4


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(base64.b64encode(SAMPLES[:1021]).decode(), id="odd number of bytes"),
        pytest.param(base64.b64encode(SAMPLES[:1021]).decode().rstrip("="), id="padding missing"),
        pytest.param(base64.encodebytes(SAMPLES[:1021]).decode(), id="line breaks inside"),
    ],
)
def test_sound_arrives_byte_for_byte(text):
    decoded = read("response.output_audio.delta", delta=text)
    assert decoded.event.delta == SAMPLES[:1021]
    assert decoded.problem == ""


def test_a_whole_utterance_of_8_mib_in_one_delta_is_read():
    sound = bytes(8 << 20)
    assert read("response.output_audio.delta", delta=base64.b64encode(sound).decode()).event.delta == sound


@pytest.mark.parametrize("delta", ["A", "é", 5, [], {"x": 1}, True, "!!!!", "AA-!AA-_", "AA!!AA=="])
def test_sound_that_is_no_base64_is_silence_with_a_problem_told(delta):
    decoded = read("response.output_audio.delta", item_id="A", delta=delta)
    assert decoded.event == ev.OutputAudioDelta(item_id="A", delta=b"")
    assert "delta" in decoded.problem


# --- hostile frames


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "not JSON",
        "[]",
        "5",
        "null",
        '"text"',
        '{"type":',
        "{}",
        '{"type": null}',
        '{"type": 5}',
        '{"type": ["response.done"]}',
        '{"type": ""}',
        "[" * 100_000,
        '{"type":"response.done","response":' * 50_000,
        "\ud800",
        b"\xff\xfe",
        b"",
    ],
    ids=lambda frame: repr(frame[:24]),
)
def test_a_frame_that_is_no_event_is_told_as_a_problem(frame):
    decoded = decode(frame)
    assert isinstance(decoded.event, ev.UnknownEvent)
    assert decoded.problem


def test_deep_nesting_is_a_problem_and_not_a_crash():
    deep = '{"a":' * 20_000 + "1" + "}" * 20_000
    decoded = decode('{"type":"session.updated","session":' + deep + "}")
    assert isinstance(decoded.event, ev.UnknownEvent)
    assert decoded.problem


def test_half_an_emoji_costs_neither_the_event_nor_the_rest_of_its_text():
    decoded = decode('{"type":"response.output_text.delta","item_id":"A","delta":"good \\ud83d"}')
    assert decoded.wire_name == "response.output_text.delta"
    assert isinstance(decoded.event, ev.OutputTextDelta)
    assert decoded.event.delta.startswith("good ")
    assert decoded.event.delta.encode()


@pytest.mark.parametrize(
    ("name", "fields", "path"),
    [
        ("response.done", {"response": 5}, "response"),
        ("response.done", {"response": {"status": []}}, "response.status"),
        ("response.done", {"response": {"output": {"id": "A"}}}, "response.output"),
        ("response.done", {"response": {"output": [{"id": {}}]}}, "response.output[].id"),
        (
            "response.done",
            {"response": {"usage": {"total_tokens": [1]}}},
            "response.usage.total_tokens",
        ),
        ("input_audio_buffer.speech_started", {"audio_start_ms": "soon"}, "audio_start_ms"),
        ("session.updated", {"session": []}, "session"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_value_that_does_not_fit_takes_its_default_and_is_named(name, fields, path):
    decoded = read(name, event_id="kept", **fields)
    assert type(decoded.event) is ev.EVENT_CLASSES[name]
    assert decoded.event.event_id == "kept"
    assert decoded.problem.endswith(path)


@pytest.mark.parametrize(
    "delta", ["AQIDBA==BQYHCA==", "AQIDBAUGBwg", "data:audio/pcm;base64,AQIDBAUGBwg=", "AQID\nBAUG\r\nBwg="]
)
def test_sound_in_other_forms_of_base64_is_read(delta):
    assert read("response.output_audio.delta", delta=delta).event.delta == bytes(range(1, 9))


def test_sound_in_the_alphabet_of_urls_is_read():
    assert read("response.output_audio.delta", delta="-_-_").event.delta == bytes((0xFB, 0xFF, 0xBF))


WORDS_OF_ITEMS = {
    "a text for all parts": {"content": "Hello"},
    "a list of texts": {"content": ["Hel", "lo"]},
    "one part": {"content": {"type": "text", "text": "Hello"}},
    "a text as an object": {"content": [{"type": "text", "text": {"value": "Hello", "annotations": []}}]},
    "a refusal": {"content": [{"type": "refusal", "refusal": "Hello"}]},
    "the item's own text": {"text": "Hello"},
    "the item's own transcript": {"transcript": "Hello"},
    "as documented": {"content": [{"type": "output_audio", "transcript": "Hello"}]},
}


@pytest.mark.parametrize("fields", WORDS_OF_ITEMS.values(), ids=WORDS_OF_ITEMS)
def test_the_words_of_an_item_are_read_wherever_they_are(fields):
    decoded = read("conversation.item.done", item={"id": "A", "type": "message", **fields})
    assert decoded.event.item.text == "Hello"
    assert decoded.problem == ""


@pytest.mark.parametrize(
    ("status", "read_as"),
    [("requires_action", "completed"), ("Stop", "completed"), ("timeout", "failed"), ("length", "incomplete"),
     ("content_filter", "incomplete"), ("interrupted", "cancelled"), ("odd", "odd")],
)  # fmt: skip
def test_statuses_of_other_servers_are_read_as_those_of_the_api(status, read_as):
    assert read("response.done", response={"id": "R", "status": status}).event.response.status == read_as


@pytest.mark.parametrize(
    "fields",
    [
        {"response": {"usage": {"prompt_tokens": 10, "completion_tokens": 2}}},
        {"response": {"usage": {"input_tokens": 10, "output_tokens": 2}}},
        {"response": {"usage": {"total_tokens": 12, "prompt_tokens": 10, "completion_tokens": 2}}},
        {"response": {"id": "R"}, "usage": {"total_tokens": 12, "input_tokens": 10, "output_tokens": 2}},
        {"response": {"id": "R", "usage": None}, "usage": {"input_tokens": 10, "output_tokens": 2}},
    ],
)
def test_tokens_are_counted_under_any_of_their_names(fields):
    usage = read("response.done", **fields).event.response.usage
    assert (usage.total_tokens, usage.input_tokens, usage.output_tokens) == (12, 10, 2)


def test_a_list_with_an_odd_entry_is_read_up_to_a_maximum_and_the_rest_is_named():
    decoded = read("conversation.item.added", item={"id": None, "content": [{"type": "text", "text": None}] * 5000})
    assert len(decoded.event.item.content) == MAX_ENTRIES
    assert decoded.problem == f"unexpected value in item.content[{MAX_ENTRIES}:]"


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(10**400), 1 << 64])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["AAAA", "12", "true", "null", "in_progress"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def like(cls: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the fields of a struct, each of them right, wrong or missing."""
    fields = {}
    for field in msgspec.structs.fields(cls):
        nested = [
            t
            for t in (field.type, *getattr(field.type, "__args__", ()))
            if isinstance(t, type) and issubclass(t, msgspec.Struct)
        ]
        inner = JSON_VALUES
        if nested:
            struct = st.deferred(lambda nested=nested: like(nested[0]))
            inner = struct | st.lists(struct | JSON_VALUES, max_size=2) | JSON_VALUES
        fields[field.encode_name] = inner
    return st.fixed_dictionaries({}, optional=fields)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ALL_TYPES).flatmap(lambda name: st.tuples(st.just(name), like(ev.EVENT_CLASSES[name]))))
def test_any_object_with_a_known_type_is_read_as_its_class_with_fields_of_the_right_kinds(case):
    name, fields = case
    decoded = decode(json.dumps({**fields, "type": name}))
    assert type(decoded.event) is ev.EVENT_CLASSES[name]
    msgspec.convert(
        msgspec.to_builtins(decoded.event, builtin_types=(bytes,)), type(decoded.event), builtin_types=(bytes,)
    )


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60) | JSON_VALUES.map(json.dumps))
def test_no_frame_at_all_makes_decoding_raise(frame):
    assert decode(frame).wire_name
