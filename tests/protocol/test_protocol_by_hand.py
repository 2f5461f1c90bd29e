"""Hand-written client events are checked against what the provider documents."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvoice_tui.protocol.realtime.by_hand import Ids, checked, templates
from rtvoice_tui.protocol.realtime.client_events import CLIENT_EVENT_CLASSES
from rtvoice_tui.protocol.realtime.codec import decode_sent
from rtvoice_tui.protocol.realtime.dialects import DIALECTS, OPENAI, YANDEX
from rtvoice_tui.protocol.realtime.session_update import session_body
from rtvoice_tui.protocol.realtime.shapes import NAMES
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec

TRUNCATE = {"type": "conversation.item.truncate", "item_id": "A", "content_index": 0, "audio_end_ms": 40}
MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_template_passes_the_check_of_its_own_provider(dialect):
    for name, event in templates(dialect, Ids()).items():
        assert checked(json.dumps(event), dialect).doubt == "", name
        assert checked(json.dumps(event), dialect).refused == ""


def test_there_is_a_shape_for_each_event_that_we_send_ourselves():
    assert set(NAMES) == {str(cls.__struct_config__.tag) for cls in CLIENT_EVENT_CLASSES}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_we_send_ourselves_passes_the_check(dialect):
    settings = SessionSettings(
        instructions="Be brief.",
        voice="alloy",
        turn_detection={"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 300},
        output_modalities=["audio"],
        max_output_tokens=100,
        tool_choice="auto",
    )
    tool = ToolSpec(name="get_weather", description="Weather.", parameters={"type": "object"})
    body = session_body(dialect, settings, [tool]).session
    assert checked(json.dumps({"type": "session.update", "session": body}), dialect).doubt == ""


@pytest.mark.parametrize(
    ("event", "doubt"),
    [
        ({**TRUNCATE, "audio_end_ms": "40"}, "audio_end_ms has to be a whole number, not a text"),
        ({**TRUNCATE, "audio_end_ms": 0}, "audio_end_ms has to be above zero"),
        ({key: TRUNCATE[key] for key in TRUNCATE if key != "item_id"}, "item_id is missing"),
        ({**TRUNCATE, "reason": "x"}, "reason is not documented"),
        ({"type": "response.creat"}, "response.creat is no client event that OpenAI documents; response.create is"),
        ({"type": "conversation.item.create", "item": {**MESSAGE, "role": "boss"}}, 'item.role has no value "boss"'),
        ({"type": "conversation.item.create", "item": {"type": "massage"}}, 'item.type has no value "massage"'),
        (
            {"type": "conversation.item.create", "item": {**MESSAGE, "content": [{"type": "input_text", "txt": "x"}]}},
            "item.content[0].txt is not documented",
        ),
        ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "has to be a text, not a whole number"),
        ({"type": "session.update", "session": {"voice": "alloy"}}, "session.voice is not documented"),
        ({"type": "session.update"}, "session is missing"),
        ({"type": "input_audio_buffer.append", "audio": "???"}, "audio is not base64"),
        ({"type": "output_audio_buffer.clear"}, "output_audio_buffer.clear is for WebRTC only"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_provider_does_not_document_is_named(event: dict[str, Any], doubt: str):
    found = checked(json.dumps(event), OPENAI)
    assert found.refused == ""
    assert doubt in found.doubt


def test_what_one_provider_does_without_is_named():
    clear = json.dumps({"type": "input_audio_buffer.clear"})
    assert checked(clear, YANDEX).doubt == "Yandex AI Studio does not support input_audio_buffer.clear"
    assert checked(clear, OPENAI).doubt == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"type": "x",\n "a" 1}', "line 2, column 6: expecting ':' delimiter"),
        ("", "line 1, column 1: expecting value"),
        ("[1]", "an event is an object: {...}"),
        ("{}", 'an event needs a "type"'),
        ('{"type": ["x"]}', 'an event needs a "type"'),
        ('{"type": "x", "event_id": 1}', '"event_id" has to be a text'),
        ('{"type": "x", "a": NaN}', "it holds a number that JSON has not, or is nested too deeply"),
        ('{"type": "x", "a": 1e999}', "it holds a number that JSON has not, or is nested too deeply"),
        ('{"type": "x", "a": ' + "[" * 600 + "]" * 600 + "}", "it is nested too deeply"),
        ("[" * 200_000, "it holds a number that JSON has not, or is nested too deeply"),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_event_is_refused_in_a_sentence(text: str, why: str):
    assert checked(text, OPENAI).refused == why


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(["item", "session", "response", "audio"]), VALUES))
def test_whatever_is_in_an_event_the_check_says_a_sentence_and_it_is_read_back(name: str, fields: dict[str, Any]):
    text = json.dumps({"type": name, "event_id": "e", **fields})
    found = checked(text, OPENAI)
    assert "\n" not in found.doubt
    assert "`" not in found.doubt
    if not found.refused:
        event = decode_sent(text)
        assert event.wire_name == name
