"""An error of the agent itself is told to the client and logged, and the connection goes on."""

import asyncio
import base64
import json
import logging

import pytest
from agent_support import BY_HAND, LOUD, QUIET, SERVER_VAD, Direct, Speech, loudness, message, talking, until
from event_shapes import a_value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtvoice_tui.local_agent import speech
from rtvoice_tui.local_agent.server import PATH, create_app
from rtvoice_tui.local_agent.validation import EVENTS, Range, Required


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
    async def ears():
        raise Broken("no model file")

    here.speech.ears = ears


def no_detector(here):
    def new_detector():
        raise Broken("no detector")

    here.speech.new_detector = new_detector


def faulty_detector(here):
    def judge(pcm):
        raise Broken("no opinion")

    here.speech.new_detector = lambda: judge


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
    await here.accepted("response.create") if session is BY_HAND else None
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


# --- anything

_ANY_TEXT = st.text(st.characters(categories=None, exclude_categories=()), max_size=12)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


def _almost(shape, name=""):
    """Values that fit a shape, and now and then one that does not."""
    if isinstance(shape, Required):
        return _almost(shape.shape, name)
    right = _right(shape, name)
    return st.integers(0, 11).flatmap(lambda chance: right if chance else _ANYTHING)


def _right(shape, name):
    if isinstance(shape, tuple):
        return st.one_of(*[st.none() if option is None else _almost(option, name) for option in shape])
    if isinstance(shape, dict):
        needed = {field: _almost(inner, field) for field, inner in shape.items() if isinstance(inner, Required)}
        others = {field: _almost(inner, field) for field, inner in shape.items() if not isinstance(inner, Required)}
        return st.fixed_dictionaries(needed, optional=others)
    if isinstance(shape, list):
        return st.lists(_almost(shape[0]), max_size=2)
    if isinstance(shape, set):
        return st.sampled_from(sorted(shape))
    if isinstance(shape, Range):
        return st.integers(int(shape.low), int(shape.high)) if shape.whole else st.floats(shape.low, shape.high)
    if shape is str:
        return st.just(a_value(str, name)) | _ANY_TEXT
    return {
        int: st.integers(),
        bool: st.booleans(),
        dict: st.dictionaries(_ANY_TEXT, _ANYTHING, max_size=3),
        list: st.lists(_almost(EVENTS["conversation.item.create"]["item"]), max_size=2),
    }[shape]


_EVENTS = st.one_of(
    *[_right(shape, "").map(lambda e, kind=kind: {**e, "type": kind}) for kind, shape in EVENTS.items()]
)


def test_no_event_however_wrong_breaks_the_agent(monkeypatch):
    from aiohttp import web

    monkeypatch.setattr(speech, "missing", lambda: [])
    monkeypatch.setattr(speech, "SpeechProbability", loudness)
    monkeypatch.setattr(speech, "Recogniser", lambda: lambda pcm: "Hello there.")
    monkeypatch.setattr(speech, "Voice", lambda: None)

    async def start():
        web_runner = web.AppRunner(create_app("a token"), access_log=None, shutdown_timeout=1.0)
        await web_runner.setup()
        await web.TCPSite(web_runner, "127.0.0.1", 0).start()
        return web_runner, f"ws://127.0.0.1:{web_runner.addresses[0][1]}{PATH}"

    async def talk(url, events):
        async with talking(url, "a token") as talker:
            for event in events:
                for came in await talker.answers(json.dumps(event)):
                    if came["type"] == "error":
                        assert came["error"]["type"] == "invalid_request_error", (event, came)
                        assert isinstance(came["error"]["event_id"], str | None), (event, came)

    with asyncio.Runner() as runner:
        server, url = runner.run(start())

        @settings(
            max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(st.lists(_EVENTS, min_size=1, max_size=5))
        def check(events):
            runner.run(talk(url, events))

        try:
            check()
        finally:
            runner.run(server.cleanup())
