"""An error of the agent itself is told to the client and logged, and the connection goes on."""

import base64
import logging

import pytest
from agent_support import BY_HAND, LOUD, QUIET, SERVER_VAD, Direct, Speech, message, until


class Broken(Exception):
    """Something that nobody has thought of."""


@pytest.fixture
async def here():
    direct = Direct(Speech())
    yield direct
    await direct.connection.close()


def assert_told_and_logged(error, caplog):
    assert error["type"] == "server_error"
    assert error["message"]
    assert [r for r in caplog.records if r.levelno >= logging.ERROR and r.exc_info and r.exc_info[0] is Broken] != []


def deaf(here):
    async def speech_input():
        raise Broken("no model file")

    here.speech.speech_input = speech_input


def no_detector(here):
    def new_vad():
        raise Broken("no detector")

    here.speech.new_vad = new_vad


def faulty_detector(here):
    def judge(pcm):
        raise Broken("no opinion")

    here.speech.new_vad = lambda: judge


@pytest.mark.parametrize("breaks", [deaf, no_detector, faulty_detector], ids=lambda breaks: breaks.__name__)
async def test_an_error_while_listening_is_told_to_who_spoke(here, caplog, breaks):
    await here.configure(SERVER_VAD)
    breaks(here)

    came = await here.ask("input_audio_buffer.append", audio=base64.b64encode(LOUD).decode(), event_id="this one")

    assert [event["type"] for event in came] == ["error"]
    assert came[0]["error"]["event_id"] == "this one"
    assert_told_and_logged(came[0]["error"], caplog)
    await here.configure(BY_HAND)
    assert await here.append(LOUD) == []


@pytest.mark.parametrize("session", [BY_HAND, SERVER_VAD], ids=["by hand", "server_vad"])
async def test_an_error_of_the_recogniser_is_told_and_the_next_turn_is_heard(here, caplog, session):
    await here.configure(session)
    here.speech.fails = Broken("no words")
    await speak(here, session)

    await until(lambda: here.of_type("error"), "the error")
    assert_told_and_logged(here.of_type("error")[0]["error"], caplog)

    here.speech.fails = None
    await speak(here, session)
    if session is BY_HAND:
        await here.accepted("response.create")
    await until(lambda: here.of_type("response.done"), "an answer")
    said = here.of_type("response.output_text.done")[0]["text"]
    assert said.startswith("Hello. I am the built-in agent."), "it is about the words of the later turn"


async def speak(here, session):
    await here.append(LOUD * 10)
    if session is BY_HAND:
        await here.accepted("input_audio_buffer.commit")
    else:
        await here.append(QUIET * 20)


async def test_an_answer_to_words_that_were_not_recognised_does_not_wait_for_ever(here):
    await here.configure(BY_HAND)
    here.speech.fails = Broken("no words")
    await speak(here, BY_HAND)
    await here.accepted("response.create")

    await until(lambda: here.of_type("response.done"), "the end of the answer")


# --- what a brain of rules stumbles over

SUMS = {
    "product": "9" * 200 + " times " + "9" * 200,
    "digits": "9" * 5000 + " times 2",
    "long number": "9" * 400 + " plus 1",
    "many terms": "1" + " + 1" * 3000,
}


@pytest.mark.parametrize("said", SUMS.values(), ids=SUMS)
async def test_a_sum_that_is_too_large_is_answered_in_words(here, said):
    await here.accepted("conversation.item.create", item=message(said))
    await here.accepted("response.create", response={"output_modalities": ["text"]})
    await until(lambda: here.of_type("response.done"), "an answer")

    done = here.told[-1]["response"]
    assert done["status"] == "completed", done["status_details"]


@pytest.mark.parametrize(
    "output",
    [
        "[" * 100_000,
        "[" * 900 + "]" * 900,
        '{"city":"A","condition":"fog","temperature_c":-1' + "0" * 400 + "}",
        '{"a":-1' + "0" * 400 + "}",
        '{"a":NaN}',
        "1" * 10_000,
        '{"error":{"a":[]}}',
        '{"city":[],"condition":{},"temperature_c":null}',
    ],
    ids=lambda output: output[:20],
)
async def test_any_output_of_a_function_is_put_into_words(here, output):
    item = {"type": "function_call_output", "call_id": "c", "output": output}
    await here.accepted("conversation.item.create", item=item)
    await here.accepted("response.create", response={"output_modalities": ["text"]})
    await until(lambda: here.of_type("response.done"), "an answer")

    done = here.told[-1]["response"]
    assert done["status"] == "completed", done["status_details"]


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": 5},
        {"enum": None},
        {"enum": {"a": 1}},
        {"type": ["string", "null"]},
        {"type": {}},
        {"enum": [None, [1]]},
    ],
    ids=str,
)
async def test_a_tool_with_an_odd_schema_does_not_keep_another_from_being_called(here, schema):
    odd = {"type": "function", "name": "odd", "parameters": {"type": "object", "properties": {"place": schema}}}
    weather = {"type": "function", "name": "get_weather", "description": "Weather report."}
    await here.configure({"output_modalities": ["text"], "tools": [odd, weather]})
    await here.accepted("conversation.item.create", item=message("Give me the weather report"))
    await here.accepted("response.create")
    await until(lambda: here.of_type("response.done"), "an answer")

    done = here.told[-1]["response"]
    assert done["status"] == "completed", done["status_details"]
    assert [item.get("name") for item in done["output"]] == ["get_weather"]
