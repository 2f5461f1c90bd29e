"""Events of right and wrong values at random: the agent answers each of them, and stays."""

import asyncio
import json

from agent_support import loudness, talking
from aiohttp import web
from event_shapes import a_value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtvoice_tui.local_agent import speech
from rtvoice_tui.local_agent.server import PATH, create_app
from rtvoice_tui.local_agent.validation import EVENTS, Range, Required

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
    monkeypatch.setattr(speech, "missing", lambda: [])
    monkeypatch.setattr(speech, "SpeechProbability", loudness)
    monkeypatch.setattr(speech, "Recogniser", lambda: lambda pcm: "Hello there.")
    monkeypatch.setattr(speech, "Voice", lambda: None)

    async def start():
        web_runner = web.AppRunner(create_app("a-token"), access_log=None, shutdown_timeout=1.0)
        await web_runner.setup()
        await web.TCPSite(web_runner, "127.0.0.1", 0).start()
        return web_runner, f"ws://127.0.0.1:{web_runner.addresses[0][1]}{PATH}"

    async def talk(url, events):
        async with talking(url, "a-token") as talker:
            for event in events:
                for came in await talker.answers(json.dumps(event)):
                    if came["type"] == "error":
                        assert came["error"]["type"] == "invalid_request_error", (event, came)
                        assert isinstance(came["error"]["event_id"], str | None), (event, came)

    with asyncio.Runner() as runner:
        server, url = runner.run(start())

        @settings(
            max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(st.lists(_EVENTS, min_size=1, max_size=5))
        def check(events):
            runner.run(talk(url, events))

        try:
            check()
        finally:
            runner.run(server.cleanup())
