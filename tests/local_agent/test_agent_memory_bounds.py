"""What the agent remembers for one client is bounded: items, the session, and what an error says of something huge."""

import json

import pytest
from agent_support import BY_HAND, Direct, Speech, assert_names, message, until

MIB = 1024 * 1024
TENTH = b"\x01\x20" * 2400
"""100 ms, the least that can be committed."""


@pytest.fixture
async def here():
    direct = Direct(Speech())
    yield direct
    await direct.connection.close()


# --- what is remembered


async def fill_conversation(here):
    for number in range(10_000):
        await here.accepted("conversation.item.create", item=message("Hi", id=f"item-{number}"))


async def test_a_conversation_holds_ten_thousand_items_and_has_room_where_some_are_deleted(here):
    await fill_conversation(here)

    error = await here.refusal("conversation.item.create", item=message("Hi", id="more"))

    assert_names(error, "conversation_full", "10 000 items")
    await here.refusal("conversation.item.retrieve", item_id="more")
    await here.accepted("conversation.item.delete", item_id="item-7")
    await here.accepted("conversation.item.create", item=message("Hi", id="more"))
    await here.refusal("conversation.item.create", item=message("Hi", id="yet more"))


@pytest.mark.parametrize("kind", ["response.create", "input_audio_buffer.commit"])
async def test_a_full_conversation_takes_neither_answers_nor_turns(here, kind):
    await here.configure(BY_HAND)
    await fill_conversation(here)
    await here.append(TENTH)

    assert_names(await here.refusal(kind), "conversation_full", "10 000 items")

    await here.accepted("conversation.item.delete", item_id="item-7")
    await here.accepted(kind)
    await until(lambda: here.told[-1]["type"] in ("conversation.item.done", "response.done"), "it is done")
    assert len(here.connection.conversation.items) == 10_000


def _text(text):
    return message(text)


def _output(text):
    return {"type": "function_call_output", "call_id": "c", "output": text}


def _call(text):
    return {"type": "function_call", "name": "f", "call_id": "c", "arguments": text}


def _sound(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": text}]}


@pytest.mark.parametrize("item", [_text, _output, _call, _sound], ids=lambda item: item.__name__)
async def test_a_conversation_holds_32_mib_and_has_room_where_some_are_deleted(here, item):
    for number in range(31):
        await here.accepted("conversation.item.create", item={**item("x" * MIB), "id": f"item-{number}"})

    error = await here.refusal("conversation.item.create", item=item("x" * 2 * MIB))

    assert_names(error, "conversation_full", "32 MiB")
    await here.accepted("conversation.item.create", item=message("A short one."))
    await here.accepted("conversation.item.delete", item_id="item-3")
    await here.accepted("conversation.item.delete", item_id="item-4")
    await here.accepted("conversation.item.create", item=item("x" * 2 * MIB))


async def test_an_item_that_is_deleted_leaves_nothing_behind(here):
    for output in ('{"n": 1}', '{"n": 2}'):
        item = {"type": "function_call_output", "call_id": "c", "id": "same", "output": output}
        await here.accepted("conversation.item.create", item=item)
        await here.accepted("response.create", response={"output_modalities": ["text"]})
        await until(lambda: here.told[-1]["type"] == "response.done", "an answer")
        await here.accepted("conversation.item.delete", item_id="same")

    said = [event["text"] for event in here.of_type("response.output_text.done")]
    assert said == ["n: 1.", "n: 2."]


# --- the session


def _tools(size):
    return {"tools": [{"type": "function", "name": f"f{n}", "description": "x" * (size // 4)} for n in range(4)]}


LARGE = {
    "instructions": lambda size: {"instructions": "x" * size},
    "tools": _tools,
    "parameters": lambda size: {"tools": [{"type": "function", "name": "f", "parameters": {"x": {"y": "x" * size}}}]},
    "tool_choice": lambda size: {"tool_choice": {"type": "function", "name": "x" * size}},
    "truncation": lambda size: {"truncation": {"x": "x" * size}},
    "prompt": lambda size: {"audio": {"input": {"transcription": {"prompt": "x" * size}}}},
    "max_output_tokens": lambda size: {"max_output_tokens": "x" * size},
}


@pytest.mark.parametrize("part", LARGE.values(), ids=LARGE)
async def test_a_session_of_more_than_one_mib_is_refused_and_stays_as_it_was(here, part):
    before = await here.configure({"output_modalities": ["text"]})

    error = await here.refusal("session.update", session={"type": "realtime", **part(MIB + 4096)})

    assert_names(error, "session_too_large", "1 MiB")
    assert await here.configure({}) == before
    await here.configure(part(MIB - 16_384))


async def test_a_session_does_not_grow_beyond_one_mib_in_several_updates(here):
    await here.configure({"instructions": "x" * 600_000})

    error = await here.refusal("session.update", session={"type": "realtime", **_tools(600_000)})

    assert_names(error, "session_too_large", "1 MiB")
    await here.configure({"instructions": "", **_tools(600_000)})


# --- errors


@pytest.mark.parametrize(
    "event",
    [
        {"type": "x" * MIB},
        {"type": "session.update", "session": {"type": "realtime"}, "x" * MIB: 1},
        {"type": "session.update", "session": {"type": "x" * MIB}},
        {"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "x" * MIB}}}},
        {"type": "conversation.item.retrieve", "item_id": "x" * MIB},
        {"type": "conversation.item.create", "item": {"type": "message", "role": "\0" * MIB}},
    ],
    ids=["type", "field", "value", "voice", "item_id", "role"],
)
async def test_an_error_about_something_huge_is_short(here, event):
    (error,) = await here.ask(event.pop("type"), **event)

    assert error["type"] == "error"
    assert len(json.dumps(error)) < 10_000
