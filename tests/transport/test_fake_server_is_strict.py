"""The tests' own server refuses what the real ones refuse: otherwise the tests that use it would prove nothing."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from realtime_server import FakeServer, Session
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.transport.websocket import Socket, connect

PCM = {"type": "audio/pcm", "rate": 24_000}
OPENAI = {"type": "realtime", "output_modalities": ["audio"], "audio": {"input": {"format": PCM}}}
YANDEX = {"output_modalities": ["audio"], "audio": {"input": {"format": PCM}, "output": {"format": PCM}}}
FUNCTION = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "name": "web_search", "parameters": {}}


class Client:
    """A client that says anything."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._frames = aiter(socket)

    async def say(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, "event_id": "e1", **fields}))

    async def answer(self, kind: str) -> dict[str, Any]:
        """The next event of a type."""
        async with asyncio.timeout(10):
            while True:
                event = json.loads(await anext(self._frames))
                if event["type"] == kind:
                    return event

    async def error(self) -> dict[str, Any]:
        """What the server objects to."""
        error = (await self.answer("error"))["error"]
        assert error["event_id"] == "e1"
        return error


@contextlib.asynccontextmanager
async def talking(dialect: str, script: Any = None) -> AsyncIterator[tuple[Client, FakeServer]]:
    scheme = "Bearer" if dialect == "openai" else "Api-Key"

    async def play(session: Session) -> None:
        await session.greet()
        if script is not None:
            await script(session)

    async with FakeServer(play, dialect=dialect) as server:
        headers = {"Authorization": f"{scheme} {server.key}"}
        async with connect(Endpoint(f"{server.url}?model=gpt://f/m", headers)) as socket:
            yield Client(socket), server


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({}, "session.type"),
        ({**OPENAI, "output_modalities": ["text", "audio"]}, "output_modalities"),
        ({**OPENAI, "audio": {"output": {"format": {**PCM, "rate": 44_100}}}}, "rate"),
        ({**OPENAI, "audio": {"input": {"format": {**PCM, "channels": 1}}}}, "channels"),
        ({**OPENAI, "audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": None}}}}, "null"),
        ({**OPENAI, "tools": [{**TOOL, "parameters": "{}"}]}, "parameters"),
        ({**OPENAI, "tools": [{**FUNCTION, "parameters": {"type": "object"}}]}, "with properties"),
        ({**OPENAI, "tools": [{**FUNCTION, "parameters": {}}]}, "session.tools[0].parameters"),
        ({**OPENAI, "tools": [FUNCTION, {**FUNCTION, "name": "my weather"}]}, "session.tools[1].name"),
        ({**OPENAI, "tools": [{**FUNCTION, "name": "погода"}]}, "session.tools[0].name"),
        ({**OPENAI, "tools": [{**FUNCTION, "name": "x" * 65}]}, "session.tools[0].name"),
        ({**OPENAI, "tools": [FUNCTION, FUNCTION]}, "Duplicate"),
        ({**OPENAI, "voice": "marin"}, "voice"),
        ({**OPENAI, "modalities": ["audio"]}, "modalities"),
        ({**OPENAI, "model": "other"}, "model"),
        ({**OPENAI, "instructions": None}, "instructions"),
    ],
)
async def test_openai_refuses_a_session_update(session, param):
    async with talking("openai") as (client, server):
        await client.say("session.update", session=session)
        error = await client.error()
        assert param in f"{error['param']} {error['message']}"
        assert len(server.offences) == 1


async def test_openai_accepts_a_correct_session_update():
    async with talking("openai") as (client, server):
        await client.say("session.update", session=OPENAI)
        updated = await client.answer("session.updated")
        assert updated["session"]["audio"] == OPENAI["audio"]
        assert server.offences == []


@pytest.mark.parametrize(
    ("session", "word"),
    [
        ({"audio": {"input": {"format": PCM}}}, "both rates"),
        ({"audio": {"input": {"format": PCM}, "output": {"voice": "dasha"}}}, "both rates"),
        ({**YANDEX, "audio": {**YANDEX["audio"], "input": {"format": {**PCM, "channels": 1}}}}, "channels"),
        ({**YANDEX, "voice": "dasha"}, "voice"),
        ({**YANDEX, "modalities": ["audio"]}, "modalities"),
        ({**YANDEX, "input_audio_format": "pcm16"}, "input_audio_format"),
        ({**YANDEX, "tools": [{**TOOL, "parameters": "{}"}]}, "parameters"),
    ],
)
async def test_yandex_refuses_a_session_update(session, word):
    async with talking("yandex") as (client, server):
        await client.say("session.update", session=session)
        assert word in (await client.error())["message"]
        assert len(server.offences) == 1


async def test_yandex_greets_with_null_rates_and_confirms_twice():
    async with talking("yandex") as (client, server):
        created = await client.answer("session.created")
        assert created["session"]["audio"]["input"]["format"]["rate"] is None
        assert "model" not in created["session"]
        await client.say("session.update", session=YANDEX)
        await client.answer("session.updated")
        await client.answer("session.updated")
        assert server.offences == []


async def test_yandex_does_not_know_how_to_clear_its_input():
    async with talking("yandex") as (client, _):
        await client.say("input_audio_buffer.clear")
        assert "not supported" in (await client.error())["message"]


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"kind": "response.cancel"}, "response_cancel_not_active"),
        ({"kind": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
        ({"kind": "conversation.item.delete", "item_id": "none"}, "item_delete_invalid_item_id"),
        ({"kind": "response.create", "response": {"modalities": ["audio"]}}, "unknown_parameter"),
        ({"kind": "made.up"}, "unknown_parameter"),
        ({"kind": "input_audio_buffer.append", "audio": "AAA"}, "invalid_value"),
        ({"kind": "conversation.item.create", "item": {"type": "message", "role": "user"}}, "unknown_parameter"),
    ],
)
async def test_both_refuse(dialect, event, code):
    async with talking(dialect) as (client, _):
        await client.say("session.update", session=OPENAI if dialect == "openai" else YANDEX)
        await client.answer("session.updated")
        await client.say(**event)
        assert (await client.error())["code"] == code


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
async def test_only_one_answer_may_run(dialect):
    async with talking(dialect) as (client, _):
        await client.say("response.create")
        await client.say("response.create")
        assert (await client.error())["code"] == "conversation_already_has_active_response"


async def test_audio_before_the_settings_is_an_offence():
    async with talking("openai") as (client, server):
        await client.say("input_audio_buffer.append", audio=base64.b64encode(bytes(960)).decode())
        await client.error()
        assert server.offences


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"audio_end_ms": 0}, "Only model output"),
        ({"audio_end_ms": 501}, "already shorter than 501ms"),
        ({"content_index": 7}, "not audio"),
        ({"item_id": "item_u"}, "Only model output"),
        ({"item_id": "item_none"}, "no item"),
    ],
)
@pytest.mark.parametrize("dialect", ["openai", "yandex"])
async def test_a_truncation_must_be_within_the_audio_of_an_answer(dialect, changes, word):
    async def script(session: Session) -> None:
        await session.speech_ended("item_u", "Hello.")
        await session.speak("resp_1", "item_a", bytes(24_000))

    async with talking(dialect, script) as (client, server):
        await client.answer("response.done")
        fields = {"item_id": "item_a", "content_index": 1 if dialect == "yandex" else 0, "audio_end_ms": 500}
        await client.say("conversation.item.truncate", **{**fields, **changes})
        assert word in (await client.error())["message"]
        await client.say("conversation.item.truncate", **{**fields, "audio_end_ms": 300})
        await client.answer("conversation.item.truncated")
        await client.say("conversation.item.truncate", **fields)
        assert "already shorter" in (await client.error())["message"]
        assert len(server.offences) == 2


async def test_a_call_may_be_answered_once():
    async def script(session: Session) -> None:
        await session.call("resp_1", [("call_1", "get_weather", "{}")])

    async with talking("openai", script) as (client, _):
        await client.answer("response.done")
        output = {"type": "function_call_output", "call_id": "call_1", "output": "fine"}
        await client.say("conversation.item.create", item=output)
        await client.answer("conversation.item.added")
        await client.say("conversation.item.create", item=output)
        assert (await client.error())["code"] == "duplicate_output"


async def test_every_event_must_carry_an_id():
    async with talking("openai") as (client, server):
        await client.say("response.create", event_id="")
        await client.answer("error")
        assert server.offences == ["response.create: an event without event_id"]


async def test_answers_come_in_the_order_of_each_provider():
    async def script(session: Session) -> None:
        await session.speak("resp_1", "item_a", bytes(9_600), words="One two.")

    orders = {}
    for dialect in ("openai", "yandex"):
        async with talking(dialect, script) as (client, _):
            kinds: list[str] = []
            while not kinds or kinds[-1] != "response.done":
                async with asyncio.timeout(10):
                    kind = json.loads(await anext(client._frames))["type"]
                if not kinds or kinds[-1] != kind or "delta" not in kind:
                    kinds.append(kind)
            orders[dialect] = kinds
    assert orders["openai"] == [
        "session.created",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert orders["yandex"] == [
        "session.created",
        "response.created",
        "conversation.item.created",
        "conversation.item.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_audio.delta",
        "response.output_text.delta",
        "response.output_audio.delta",
        "response.content_part.done",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.output_item.done",
        "response.done",
    ]
