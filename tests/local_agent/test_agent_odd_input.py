"""Whatever a client sends, the connection stays, and all that comes back is JSON that any client can read."""

import json

import pytest
from agent_support import loudness, message, talking
from event_shapes import TEXTS, an_event, changed, fields

from rtvoice_tui.local_agent import speech
from rtvoice_tui.local_agent.validation import EVENTS

HALF = "a \ud800 b"
"""Half of a surrogate pair, which JSON can name and UTF-8 cannot hold."""

TOOL = {"type": "function", "name": "get_weather", "description": "Weather.", "parameters": {"type": "object"}}


@pytest.fixture
def speech_input(monkeypatch):
    """The server hears without models."""
    monkeypatch.setattr(speech, "missing", lambda: [])
    monkeypatch.setattr(speech, "SpeechProbability", loudness)
    monkeypatch.setattr(speech, "Recogniser", lambda: lambda pcm: "Hello there.")
    monkeypatch.setattr(speech, "Voice", lambda: None)


@pytest.fixture
async def talker(speech_input, address):
    async with talking(address, "a-token") as talker:
        yield talker


def update(**session):
    return {"type": "session.update", "session": {"type": "realtime", **session}}


def create(item):
    return {"type": "conversation.item.create", "item": item}


def nested(depth, inner="1"):
    return "[" * depth + inner + "]" * depth


async def assert_taken_or_refused(talker, frame):
    """One answer to a frame: what it asks for, or an error that names nothing but itself."""
    for event in await talker.answers(frame):
        if event["type"] == "error":
            error = event["error"]
            assert error["type"] == "invalid_request_error", (frame[:300], error)
            assert isinstance(error["event_id"], str | None), (frame[:300], error)
            assert isinstance(error["param"], str | None), (frame[:300], error)


@pytest.mark.parametrize(("kind", "path"), TEXTS, ids=lambda part: part if isinstance(part, str) else part[-1])
async def test_half_of_a_surrogate_pair_in_any_text_ends_nothing(talker, kind, path):
    frame = json.dumps(changed(an_event(kind), path, HALF))

    await assert_taken_or_refused(talker, frame)
    await assert_taken_or_refused(talker, frame)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", HALF: 1},
        {"type": "session.update", "event_id": "e", "session": {"type": "realtime", HALF: 1}},
        update(tools=[{**TOOL, "parameters": {HALF: 1}}]),
        update(tools=[{**TOOL, "parameters": {"properties": {HALF: {"description": HALF}}}}]),
        update(tool_choice={HALF: HALF}),
        update(truncation={HALF: [HALF]}),
        {"type": "response.create", "response": {"metadata": {HALF: HALF}}},
        {"type": "response.create", "response": {"conversation": "none", "input": [message(HALF)]}},
        create(message("\udfff")),
        create(message("\udc00\ud800")),
    ],
    ids=lambda event: event["type"],
)
async def test_half_of_a_surrogate_pair_in_a_name_or_deep_within_ends_nothing(talker, event):
    await assert_taken_or_refused(talker, json.dumps(event))


ASKED = {
    "item": [create(message(f"Echo {HALF}"))],
    "instructions": [update(instructions=f"End every answer with {HALF}."), create(message("Hello"))],
    "tool": [update(tools=[{**TOOL, "name": f"see {HALF}"}]), create(message("Hello"))],
    "output": [create({"type": "function_call_output", "call_id": "c", "output": HALF})],
    "output in json": [create({"type": "function_call_output", "call_id": "c", "output": '{"a": "\\ud800"}'})],
    "result": [create(message("The result of f is: \ud800"))],
}


@pytest.mark.parametrize("frames", ASKED.values(), ids=ASKED)
async def test_an_answer_that_would_hold_half_of_a_surrogate_pair_can_be_read(talker, frames):
    for event in frames:
        await talker.answers(json.dumps(event))

    await talker.send("response.create", response={"output_modalities": ["text"]})
    done = (await talker.until("response.done"))[-1]

    assert done["response"]["status"] == "completed"


async def test_an_answer_aside_that_would_hold_half_of_a_surrogate_pair_can_be_read(talker):
    response = {"conversation": "none", "instructions": f"Say exactly: {HALF}", "output_modalities": ["text"]}
    event = {"type": "response.create", "response": response}

    await talker.answers(json.dumps(event))

    assert await talker.says("What is twelve times seven?") == "12 times 7 is 84."


WRONG = 'null true false 0 -1 0.5 1e400 -1e400 NaN Infinity -Infinity [] {} [null] [[]] {"a":NaN} "" "\\u0000"'.split()
WRONG += ["1" + "0" * 400, "-1" + "0" * 4000, "1" + "0" * 10_000, nested(100), nested(700), nested(100_000), "1.5e308"]


@pytest.mark.parametrize("kind", EVENTS)
async def test_a_wrong_value_in_any_field_ends_nothing(talker, kind):
    whole = an_event(kind)
    for path in fields(EVENTS[kind]):
        frame = json.dumps(changed(whole, path, "HERE"))
        for value in WRONG:
            await assert_taken_or_refused(talker, frame.replace('"HERE"', value))


FREE = {
    "tool": update(tools=[{**TOOL, "parameters": "HERE"}]),
    "tool_choice": update(tool_choice="HERE"),
    "truncation": update(truncation="HERE"),
    "metadata": {"type": "response.create", "response": {"metadata": "HERE"}},
    "input": {"type": "response.create", "response": {"conversation": "none", "input": ["HERE"]}},
    "unknown": {"type": "response.create", "unknown": "HERE"},
    "event_id": {"type": "response.cancel", "event_id": "HERE"},
}
"""Events that take anything at one place, or name it."""


@pytest.mark.parametrize("event", FREE.values(), ids=FREE)
async def test_nesting_of_any_depth_ends_nothing(talker, event):
    for depth in [*range(100, 800, 100), *range(800, 1000), 5000, 100_000]:
        value = '{"a":' * depth + "1" + "}" * depth
        for _ in range(2):
            await assert_taken_or_refused(talker, json.dumps(event).replace('"HERE"', value))

    assert await talker.says("What is twelve times seven?") == "12 times 7 is 84."


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("event", FREE.values(), ids=FREE)
async def test_a_number_that_json_does_not_know_never_comes_back(talker, event, value):
    await assert_taken_or_refused(talker, json.dumps(event).replace('"HERE"', f'{{"a":{value}}}'))

    assert await talker.says("What is twelve times seven?") == "12 times 7 is 84."


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"session.update","type":"response.cancel"}',
        '{"type":"response.cancel","event_id":"a","event_id":5}',
        '{"type":"session.update","session":{"type":"realtime"},"session":null}',
        '{"type":"conversation.item.create","item":{"type":"message","id":"a","id":"b"}}',
        '{"type":"input_audio_buffer.append","audio":"AAAAAA==","audio":null}',
        "\ufeff{}",
        '{"type":"response.cancel"}{"type":"response.cancel"}',
        '{"type":"response.cancel",}',
        "{'type':'response.cancel'}",
        "1" * 10_000,
        "NaN",
        '"\\ud800"',
        "\0",
    ],
)
async def test_a_frame_that_is_odd_as_a_whole_ends_nothing(talker, frame):
    await assert_taken_or_refused(talker, frame)


@pytest.mark.parametrize("frame", [b"", b"\0\xff", b'{"type":"response.cancel"}', bytes(100_000)])
async def test_a_binary_frame_is_answered_by_an_error(talker, frame):
    (event,) = await talker.answers(frame)

    assert (event["type"], event["error"]["type"]) == ("error", "invalid_request_error")
    assert "binary" in event["error"]["message"].lower()


@pytest.mark.parametrize(
    "content",
    ['"text"', "5", "[1]", "[null]", '[{"type":"input_text","text":5}]', "{}"],
)
async def test_an_aside_about_what_is_no_item_is_refused(talker, content):
    item = f'{{"type":"message","role":"user","content":{content}}}'
    frame = f'{{"type":"response.create","response":{{"conversation":"none","input":[{item}]}}}}'

    (event,) = await talker.answers(frame)

    assert event["type"] == "error"
    assert event["error"]["param"].startswith("response.input[0].content")
