"""What one client of the local agent may hold is bounded; only what is too much is refused, by its name."""

import base64
import json

import pytest
from agent_support import BY_HAND, LOUD, QUIET, SERVER_VAD, Direct, Speech, message, until

MIB = 1024 * 1024
TEN_MINUTES = 28_800_000
"""Bytes of PCM16 at 24 kHz."""

PIECE = 4_800_000
TENTH = b"\x01\x20" * 2400
"""100 ms, the least that can be committed."""


@pytest.fixture
async def here():
    speech = Speech()
    direct = Direct(speech)
    yield direct
    speech.go_on.set()
    await direct.connection.close()


def assert_names(error, code, words):
    """A refusal says which limit it is about."""
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert words in error["message"]


async def fill_buffer(here):
    for _ in range(TEN_MINUTES // PIECE):
        assert await here.append(bytes(PIECE)) == []


# --- sound


async def test_fifteen_mib_of_sound_in_one_event_are_taken(here):
    await here.configure(BY_HAND)

    assert await here.append(bytes(15 * MIB)) == []


@pytest.mark.parametrize("session", [BY_HAND, SERVER_VAD], ids=["by hand", "server_vad"])
async def test_more_than_fifteen_mib_of_sound_in_one_event_are_refused(here, session):
    await here.configure(session)

    error = await here.append_refused(LOUD * (15 * MIB // len(LOUD) + 1))

    assert_names(error, "audio_too_large", "15 MiB")
    assert error["param"] == "audio"
    await here.configure(BY_HAND)
    await here.append(TENTH)
    await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert here.speech.heard == [TENTH], "nothing of what was refused is kept"


async def test_sound_beyond_ten_minutes_is_refused_and_what_is_there_can_be_committed(here):
    await here.configure(BY_HAND)
    await fill_buffer(here)

    error = await here.append_refused(bytes(2))

    assert_names(error, "input_audio_buffer_full", "10 minutes")
    await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert len(here.speech.heard[0]) == TEN_MINUTES
    await here.append(TENTH)


async def test_nothing_of_sound_that_is_half_too_much_is_kept(here):
    await here.configure(BY_HAND)
    await fill_buffer(here)
    await here.accepted("input_audio_buffer.clear")
    await here.append(TENTH)

    for _ in range(TEN_MINUTES // PIECE - 1):
        await here.append(bytes(PIECE))
    assert (await here.append_refused(bytes(PIECE)))["code"] == "input_audio_buffer_full"

    await here.append(bytes(PIECE - len(TENTH)))
    await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert len(here.speech.heard[0]) == TEN_MINUTES


async def test_a_full_buffer_that_is_cleared_has_room_again(here):
    await here.configure(BY_HAND)
    await fill_buffer(here)
    await here.append_refused(bytes(2))

    await here.accepted("input_audio_buffer.clear")

    await here.append(bytes(PIECE))


async def test_speech_that_never_pauses_is_committed_by_itself(here):
    await here.configure(SERVER_VAD)

    for _ in range(11 * 60):
        await here.append(b"\x01\x20" * 24_000)
        turns = len(here.of_type("input_audio_buffer.committed"))
        await until(lambda turns=turns: len(here.speech.heard) >= turns, "the turns are recognised")

    assert here.of_type("input_audio_buffer.committed") != []
    assert max(map(len, here.speech.heard)) <= TEN_MINUTES
    assert here.of_type("error") == []


# --- turns that wait for their words


async def test_more_turns_than_may_wait_for_recognition_are_refused_and_their_sound_is_kept(here):
    here.speech.go_on.clear()
    await here.configure(BY_HAND)
    for count in range(32):
        await here.append(TENTH)
        assert await here.accepted("input_audio_buffer.commit"), count
    await here.append(TENTH)
    await here.ask("input_audio_buffer.commit")  # one is being recognised: whether it waits too is left open
    await here.ask("input_audio_buffer.clear")

    await here.append(TENTH * 2)
    assert_names(await here.refusal("input_audio_buffer.commit"), "rate_limit_exceeded", "32")
    here.speech.go_on.set()
    await until(lambda: not here.connection.recognising, "all turns have their words")
    await here.accepted("input_audio_buffer.commit")

    await until(lambda: len(here.speech.heard[-1]) == 2 * len(TENTH), "the turn that was refused at first")


async def test_no_more_than_32_spoken_turns_wait_for_recognition(here):
    here.speech.go_on.clear()
    await here.configure(SERVER_VAD)

    for _ in range(40):
        await say(here)
    waiting = len(here.connection.recognising)
    errors = here.of_type("error")
    here.speech.go_on.set()
    await until(lambda: not here.connection.recognising, "all turns have their words")
    heard = len(here.of_type("conversation.item.input_audio_transcription.completed"))
    await say(here)

    assert waiting <= 33, "one of them is being recognised"
    assert errors != []
    for event in errors:
        assert_names(event["error"], "rate_limit_exceeded", "32")
    completed = "conversation.item.input_audio_transcription.completed"
    await until(lambda: len(here.of_type(completed)) == heard + 1, "who speaks later is heard")


async def say(here, pauses=1):
    """Speak and be silent for as long as ends a turn; refusals are for the test to look at."""
    for part in [LOUD * 4, QUIET * 8] * pauses + [QUIET * 16]:
        await here.ask("input_audio_buffer.append", audio=base64.b64encode(part).decode())


async def test_pauses_do_not_pile_up_recognitions(here):
    here.speech.go_on.clear()
    await here.configure(SERVER_VAD)

    await say(here, pauses=200)
    here.speech.go_on.set()
    await until(lambda: not here.connection.recognising, "all turns have their words")
    await say(here)
    await until(lambda: here.told[-1]["type"] == "response.done", "an answer")

    assert len(here.speech.heard) <= 40


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
