"""The local agent refuses what OpenAI refuses, so that a profile that works here works there."""

import copy

import pytest

from rtvoice_tui.local_agent.validation import objection

TOOL = {"type": "function", "name": "get_weather", "description": "Weather.", "parameters": {"type": "object"}}
SESSION = {
    "type": "realtime",
    "model": "rules",
    "instructions": "Be brief.",
    "output_modalities": ["audio"],
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "create_response": True,
                "interrupt_response": True,
            },
            "transcription": {"model": "whisper-1", "language": "en"},
            "noise_reduction": {"type": "near_field"},
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "heart", "speed": 1.0},
    },
    "tools": [TOOL],
    "tool_choice": "auto",
    "max_output_tokens": 4096,
    "truncation": "auto",
}
MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}

ABSENT = object()


def update(path: str, value: object) -> dict:
    """A whole session update with one thing changed, added or left out."""
    session = copy.deepcopy(SESSION)
    *outer, last = path.split(".")
    place = session
    for step in outer:
        place = place[int(step) if step.isdigit() else step]
    if value is ABSENT:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return {"type": "session.update", "event_id": "e1", "session": session}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "session": SESSION},
        {"type": "session.update", "session": {"type": "realtime"}},
        update("audio.input.turn_detection", None),
        update("audio.input.transcription", None),
        update("audio.input.noise_reduction", None),
        update("audio.input.turn_detection", {"type": "semantic_vad", "eagerness": "low"}),
        update("output_modalities", ["text"]),
        update("max_output_tokens", "inf"),
        update("tool_choice", {"type": "function", "name": "get_weather"}),
        update("truncation", {"type": "retention_ratio", "retention_ratio": 0.5}),
        {"type": "input_audio_buffer.append", "audio": "AAAA"},
        {"type": "input_audio_buffer.commit"},
        {"type": "input_audio_buffer.clear", "event_id": "e"},
        {"type": "conversation.item.create", "item": MESSAGE},
        {"type": "conversation.item.create", "item": MESSAGE, "previous_item_id": None},
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": "c", "output": "{}"},
        },
        {"type": "conversation.item.retrieve", "item_id": "i"},
        {"type": "conversation.item.delete", "item_id": "i"},
        {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 10},
        {"type": "response.create"},
        {"type": "response.create", "response": {"instructions": "Sing.", "output_modalities": ["text"]}},
        {"type": "response.create", "response": {"conversation": "none", "metadata": {"a": "b"}}},
        {"type": "response.cancel"},
        {"type": "response.cancel", "response_id": "r"},
    ],
    ids=lambda event: event["type"],
)
def test_what_openai_accepts_is_accepted(event):
    assert objection(event) is None


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        (update("type", ABSENT), "missing_required_parameter", "session.type"),
        (update("type", "transcription"), "invalid_value", "session.type"),
        (update("type", None), "invalid_value", "session.type"),
        (update("voice", "heart"), "unknown_parameter", "session.voice"),
        (update("modalities", ["audio"]), "unknown_parameter", "session.modalities"),
        (update("temperature", 0.8), "unknown_parameter", "session.temperature"),
        (update("input_audio_format", "pcm16"), "unknown_parameter", "session.input_audio_format"),
        (update("turn_detection", None), "unknown_parameter", "session.turn_detection"),
        (update("output_modalities", ["audio", "text"]), "invalid_value", "session.output_modalities"),
        (update("output_modalities", []), "invalid_value", "session.output_modalities"),
        (update("output_modalities", ["video"]), "invalid_value", "session.output_modalities[0]"),
        (update("output_modalities", "audio"), "invalid_type", "session.output_modalities"),
        (update("output_modalities", None), "invalid_type", "session.output_modalities"),
        (update("instructions", 5), "invalid_type", "session.instructions"),
        (update("instructions", None), "invalid_type", "session.instructions"),
        (update("audio", None), "invalid_type", "session.audio"),
        (update("audio", "pcm"), "invalid_type", "session.audio"),
        (update("audio.input.format.rate", 16_000), "invalid_value", "session.audio.input.format.rate"),
        (update("audio.output.format.rate", 44_100), "invalid_value", "session.audio.output.format.rate"),
        (update("audio.output.format.channels", 1), "unknown_parameter", "session.audio.output.format.channels"),
        (update("audio.output.format.type", "audio/mp3"), "invalid_value", "session.audio.output.format.type"),
        (update("audio.output.format.type", ABSENT), "missing_required_parameter", "session.audio.output.format.type"),
        (update("audio.output.voice", 3), "invalid_type", "session.audio.output.voice"),
        (update("audio.output.speed", "fast"), "invalid_type", "session.audio.output.speed"),
        (update("audio.output.speed", True), "invalid_type", "session.audio.output.speed"),
        (update("audio.output.role", "x"), "unknown_parameter", "session.audio.output.role"),
        (update("audio.input.languages", ["en"]), "unknown_parameter", "session.audio.input.languages"),
        (
            update("audio.input.turn_detection.type", "none"),
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        (
            update("audio.input.turn_detection.type", ABSENT),
            "missing_required_parameter",
            "session.audio.input.turn_detection.type",
        ),
        (
            update("audio.input.turn_detection.create_response", None),
            "invalid_type",
            "session.audio.input.turn_detection.create_response",
        ),
        (
            update("audio.input.turn_detection.threshold", "0.5"),
            "invalid_type",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            update("audio.input.turn_detection.silence_duration_ms", 500.5),
            "invalid_type",
            "session.audio.input.turn_detection.silence_duration_ms",
        ),
        (
            update("audio.input.turn_detection.silence_ms", 500),
            "unknown_parameter",
            "session.audio.input.turn_detection.silence_ms",
        ),
        (
            update("audio.input.noise_reduction.type", "strong"),
            "invalid_value",
            "session.audio.input.noise_reduction.type",
        ),
        (update("tools", {}), "invalid_type", "session.tools"),
        (update("tools.0.parameters", "{}"), "invalid_type", "session.tools[0].parameters"),
        (update("tools.0.name", ABSENT), "missing_required_parameter", "session.tools[0].name"),
        (update("tools.0.type", ABSENT), "missing_required_parameter", "session.tools[0].type"),
        (update("tools.0.type", "web_search"), "invalid_value", "session.tools[0].type"),
        (update("tools.0.function", {}), "unknown_parameter", "session.tools[0].function"),
        (update("tools.0.strict", True), "unknown_parameter", "session.tools[0].strict"),
        (update("max_output_tokens", None), "invalid_type", "session.max_output_tokens"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": []}, "invalid_type", "session"),
        ({"type": "session.update", "session": SESSION, "extra": 1}, "unknown_parameter", "extra"),
        ({"type": "session.update", "event_id": 5, "session": SESSION}, "invalid_type", "event_id"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        ({"type": "input_audio_buffer.append", "audio": None}, "invalid_type", "audio"),
        ({"type": "input_audio_buffer.append", "audio": [1]}, "invalid_type", "audio"),
        ({"type": "input_audio_buffer.commit", "final": True}, "unknown_parameter", "final"),
        ({"type": "conversation.item.create"}, "missing_required_parameter", "item"),
        ({"type": "conversation.item.create", "item": {"role": "user"}}, "missing_required_parameter", "item.type"),
        (
            {"type": "conversation.item.create", "item": {**MESSAGE, "role": "robot"}},
            "invalid_value",
            "item.role",
        ),
        (
            {"type": "conversation.item.create", "item": {**MESSAGE, "content": "Hi"}},
            "invalid_type",
            "item.content",
        ),
        (
            {"type": "conversation.item.create", "item": {**MESSAGE, "content": [{"type": "text", "text": "Hi"}]}},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "conversation.item.create", "item": {"type": "function_call_output", "output": {"a": 1}}},
            "invalid_type",
            "item.output",
        ),
        ({"type": "conversation.item.truncate", "item_id": "i"}, "missing_required_parameter", "content_index"),
        (
            {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 10.5},
            "invalid_type",
            "audio_end_ms",
        ),
        ({"type": "conversation.item.delete"}, "missing_required_parameter", "item_id"),
        (
            {"type": "response.create", "response": {"modalities": ["audio"]}},
            "unknown_parameter",
            "response.modalities",
        ),
        (
            {"type": "response.create", "response": {"conversation": "default"}},
            "invalid_value",
            "response.conversation",
        ),
        ({"type": "response.create", "response": {"voice": "heart"}}, "unknown_parameter", "response.voice"),
        ({"type": "response.create", "response": None}, "invalid_type", "response"),
        ({"type": "response.cancel", "response_id": 1}, "invalid_type", "response_id"),
        ({"type": "response.destroy"}, "invalid_value", "type"),
        ({"type": 5}, "missing_required_parameter", "type"),
        ({}, "missing_required_parameter", "type"),
        ([], "missing_required_parameter", "type"),
        (None, "missing_required_parameter", "type"),
        ("session.update", "missing_required_parameter", "type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_openai_refuses_is_refused_with_its_code_and_the_parameter(event, code, param):
    found = objection(event)

    assert found is not None
    assert (found.code, found.param) == (code, param)
    assert found.message


@pytest.mark.parametrize("strange", [{}, []], ids=["object", "array"])
@pytest.mark.parametrize(
    "path",
    ["type", "audio.input.format.rate", "audio.input.turn_detection.type", "audio.input.noise_reduction.type"],
)
def test_an_object_where_a_word_belongs_is_refused_and_does_no_harm(path, strange):
    found = objection(update(path, strange))

    assert found is not None
    assert found.param == f"session.{path}"


@pytest.mark.parametrize("speed", [0, 0.0, -1, 0.2, 1.6, 100])
def test_a_speed_that_nobody_can_speak_at_is_refused(speed):
    found = objection(update("audio.output.speed", speed))

    assert found is not None
    assert found.param == "session.audio.output.speed"


@pytest.mark.parametrize(
    ("name", "value"), [("threshold", 1.5), ("threshold", -0.1), ("silence_duration_ms", -1), ("prefix_padding_ms", -1)]
)
def test_turn_detection_outside_of_its_range_is_refused(name, value):
    found = objection(update(f"audio.input.turn_detection.{name}", value))

    assert found is not None
    assert found.param == f"session.audio.input.turn_detection.{name}"
