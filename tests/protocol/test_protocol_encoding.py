"""Client events are what the openai package's types accept, and nothing more than was meant."""

import base64
import json

import pytest

from protocol.sdk_types import accept, client_models
from rtvoice_tui.protocol.realtime import client_events as ce
from rtvoice_tui.protocol.realtime.codec import encode

MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
OUTPUT = {"type": "function_call_output", "call_id": "K", "output": "{}"}

EVENTS = {
    "update": (ce.UpdateSession(event_id="e", session={"type": "realtime"}), {"session": {"type": "realtime"}}),
    "append": (ce.AppendInput(event_id="e", audio=b"\x01\x02\x03"), {"audio": "AQID"}),
    "commit": (ce.CommitInput(event_id="e"), {}),
    "clear": (ce.ClearInput(event_id="e"), {}),
    "message": (ce.CreateItem(event_id="e", item=MESSAGE), {"item": MESSAGE}),
    "output": (ce.CreateItem(event_id="e", item=OUTPUT), {"item": OUTPUT}),
    "message at the start": (
        ce.CreateItem(event_id="e", item=MESSAGE, previous_item_id="root"),
        {"item": MESSAGE, "previous_item_id": "root"},
    ),
    "retrieve": (ce.RetrieveItem(event_id="e", item_id="A"), {"item_id": "A"}),
    "truncate": (
        ce.TruncateItem(event_id="e", item_id="A", content_index=1, audio_end_ms=20),
        {"item_id": "A", "content_index": 1, "audio_end_ms": 20},
    ),
    "delete": (ce.DeleteItem(event_id="e", item_id="A"), {"item_id": "A"}),
    "answer": (ce.CreateResponse(event_id="e"), {}),
    "answer in words": (
        ce.CreateResponse(event_id="e", response={"output_modalities": ["text"]}),
        {"response": {"output_modalities": ["text"]}},
    ),
    "cancel": (ce.CancelResponse(event_id="e"), {}),
    "cancel one": (ce.CancelResponse(event_id="e", response_id="R"), {"response_id": "R"}),
    "clear output": (ce.ClearOutput(event_id="e"), {}),
}


def test_there_is_a_class_for_each_of_the_11_client_events_of_the_openai_package():
    names = [cls.__struct_config__.tag for cls in ce.CLIENT_EVENT_CLASSES]
    assert sorted(names) == sorted(client_models())
    assert len(names) == 11


def test_every_client_event_is_among_the_examples():
    assert {type(event) for event, _ in EVENTS.values()} == set(ce.CLIENT_EVENT_CLASSES)


@pytest.mark.parametrize(("event", "fields"), EVENTS.values(), ids=EVENTS)
def test_an_event_is_sent_with_its_type_its_id_and_exactly_the_fields_that_were_set(event, fields):
    sent = json.loads(encode(event))
    assert sent == {"type": event.wire_name, "event_id": "e", **fields}
    accept(sent)


def test_null_and_absent_stay_two_things_bug_15():
    session = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    sent = json.loads(encode(ce.UpdateSession(event_id="e", session=session)))
    assert sent["session"] == session


def test_microphone_bytes_survive_their_base64():
    pcm = bytes(range(256)) * 15
    assert base64.b64decode(json.loads(encode(ce.AppendInput(event_id="e", audio=pcm)))["audio"]) == pcm


def test_words_in_any_script_survive():
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Привет, 世界 🎙 \x00\n"}]}
    assert json.loads(encode(ce.CreateItem(event_id="e", item=item)))["item"] == item


def test_text_that_utf8_cannot_hold_is_sent_mended_and_does_not_raise():
    item = {"type": "function_call_output", "call_id": "K", "output": "file \udcff"}
    sent = json.loads(encode(ce.CreateItem(event_id="e", item=item)))
    assert sent["item"]["output"].startswith("file ")
    assert sent["item"]["output"].encode()
