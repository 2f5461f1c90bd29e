"""What other clients send by default is accepted: null, documented fields, OpenAI's voices."""

import pytest
from agent_support import BY_HAND, Direct, Speech

from rtvoice_tui.local_agent.speech import OPENAI_VOICES, VOICES


@pytest.fixture
async def here():
    direct = Direct(Speech())
    yield direct
    await direct.connection.close()


FIELDS = {
    "tracing": "auto",
    "tracing as an object": {"tracing": {"workflow_name": "x"}},
    "no tracing": {"tracing": None},
    "include": ["item.input_audio_transcription.logprobs"],
    "no include": {"include": None},
    "prompt": {"id": "pmpt_1", "version": "1", "variables": {}},
    "no prompt": {"prompt": None},
    "parallel_tool_calls": True,
    "reasoning": {"effort": "low"},
    "delay": {"audio": {"input": {"transcription": {"model": "gpt-live-transcribe", "delay": "low"}}}},
    "keywords": {"audio": {"input": {"transcription": {"model": "x", "keywords": ["Omsk"], "languages": ["en"]}}}},
    "null in transcription": {"audio": {"input": {"transcription": {"model": "x", "language": None, "prompt": None}}}},
    "null instructions": {"instructions": None},
    "null audio": {"audio": None},
    "null voice": {"audio": {"output": {"voice": None, "speed": None}}},
    "null format": {"audio": {"input": {"format": None}}},
    "null in turn detection": {
        "audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": None, "threshold": None}}}
    },
    "null tools": {"tools": None, "tool_choice": None},
    "null in a tool": {"tools": [{"type": "function", "name": "f", "description": None, "parameters": None}]},
}


@pytest.mark.parametrize("name", FIELDS)
async def test_a_session_keeps_its_tools_and_instructions_whatever_stands_beside_them(here, name):
    value = FIELDS[name]
    fields = value if (isinstance(value, dict) and " " in name) or name in ("delay", "keywords") else {name: value}
    tools = [{"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}]
    session = await here.configure({"instructions": "Be brief.", "tools": tools, **fields})
    assert session["instructions"] == ("" if name == "null instructions" else "Be brief.")
    if "tool" not in name or name == "parallel_tool_calls":
        assert session["tools"] == tools


TEXT_AND_NULL = {"type": "input_text", "text": "a", "audio": None}

RESPONSES = [
    {"instructions": None},
    {"metadata": None, "tools": None},
    {"conversation": None, "max_output_tokens": None},
    {"audio": {"output": {"voice": None}}},
    {"parallel_tool_calls": False, "prompt": None, "reasoning": {"effort": "low"}},
    {"input": None},
]


@pytest.mark.parametrize("response", [*RESPONSES, None], ids=str)
async def test_a_response_is_made_whatever_is_null_in_its_request(here, response):
    await here.configure({**BY_HAND, "output_modalities": ["text"]})
    came = await here.accepted("response.create", response=response)
    assert [event for event in came if event["type"] == "error"] == []
    task = here.connection._response.task
    await task
    assert here.of_type("response.done")[0]["response"]["status"] == "completed"


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("conversation.item.create", {"item": {"id": None, "type": "message", "role": "user", "content": []}}),
        (
            "conversation.item.create",
            {
                "item": {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "a", "audio": None}],
                }
            },
        ),
        ("conversation.item.create", {"previous_item_id": None, "item": {"type": "message", "role": "user"}}),
        ("input_audio_buffer.clear", {"event_id": None}),
    ],
)
async def test_other_events_may_hold_null_too(here, event, fields):
    await here.accepted(event, **fields)


@pytest.mark.parametrize(("event", "fields"), [("input_audio_buffer.append", {"audio": None}), ("response.cancel", {})])
async def test_null_is_no_value_where_one_is_required(here, event, fields):
    error = await here.refusal(event, **fields)
    assert error["code"] in ("missing_required_parameter", "response_cancel_not_active")


async def test_null_still_switches_off_what_null_switches_off(here):
    off = {"turn_detection": None, "transcription": None, "noise_reduction": None}
    session = await here.configure({"audio": {"input": off}})
    assert {name: session["audio"]["input"][name] for name in off} == off


@pytest.mark.parametrize("voice", sorted(OPENAI_VOICES))
async def test_the_names_of_openai_s_voices_are_accepted_and_repeated(here, voice):
    session = await here.configure({"audio": {"output": {"voice": voice}}})
    assert session["audio"]["output"]["voice"] == voice
    assert OPENAI_VOICES[voice] in VOICES


async def test_a_voice_that_nobody_has_is_still_refused(here):
    session = {"type": "realtime", "audio": {"output": {"voice": "nobody"}}}
    assert (await here.refusal("session.update", session=session))["param"] == "session.audio.output.voice"


# --- what frameworks send of calls


def call_and_output(call_id: str, output: str) -> list[dict]:
    return [
        {"type": "function_call", "call_id": call_id, "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": call_id, "output": output},
    ]


async def said(here) -> str:
    await here.accepted("response.create")
    await here.connection._response.task
    (item,) = here.of_type("response.done")[-1]["response"]["output"]
    return item["content"][0]["text"]


async def test_results_of_an_earlier_conversation_are_not_spoken_again(here):
    await here.configure({**BY_HAND, "output_modalities": ["text"]})
    question = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is two plus two?"}]}
    for item in [*call_and_output("K1", '{"city": "Omsk"}'), *call_and_output("K2", '{"city": "Perm"}'), question]:
        await here.accepted("conversation.item.create", item=item)
    assert "4" in await said(here)


@pytest.mark.parametrize(
    "wrapped",
    [
        '[{"text": "{\\"temperature\\": 4}"}]',
        '[{"type": "text", "text": "{\\"temperature\\": 4}"}]',
        '[{"json": {"temperature": 4}}]',
        '{"temperature": 4}',
    ],
)
async def test_a_result_in_a_wrapper_is_spoken_as_what_is_in_it(here, wrapped):
    await here.configure({**BY_HAND, "output_modalities": ["text"]})
    await here.accepted("conversation.item.create", item=call_and_output("K", wrapped)[1])
    assert await said(here) == "temperature: 4."
