"""A server that repeats a key, however JSON writes it: nobody sees it, and what stands around it stays."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable

import pytest

from echoes import EMOJI_KEY, ESCAPES, KEY, kept, leaks
from engine.bench import Bench, plan_for, profile_for, running, with_tool
from realtime_server import FakeServer, Session
from rtvoice_tui.session.facts import Phase

RUN = '{kind = "hosted", server_url = "https://n.example/", authorization = "${NOTES}"}'
HOSTED = f'provider = "openai"\n[[tools]]\nname = "notes"\nrun = {RUN}\n'
ESCAPE = pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)

MESSAGE = '"item": {"id": "item_%", "type": "message", "role": "assistant", "status": "completed", "content": [PART]}'
PLACE = '"response_id": "resp_%", "item_id": "item_%", "output_index": 0, "content_index": 0'
FRAMES = {
    "an error's message": '{"type": "error", "error": {"type": "auth", "message": "before @ after"}}',
    "an error's code": '{"type": "error", "error": {"type": "before @ after", "code": "before @ after"}}',
    "an error's parameter": '{"type": "error", "error": {"message": "m", "param": "before @ after", "event_id": "@"}}',
    "the session": '{"type": "session.updated", "session": {"instructions": "before @ after", "model": "@"}}',
    "the session's tools": '{"type": "session.updated", "session": {"tools": [{"type": "mcp", "authorization": "@"}],'
    ' "instructions": "before @ after"}}',
    "what was heard": '{"type": "conversation.item.input_audio_transcription.completed", "item_id": "item_u",'
    ' "content_index": 0, "transcript": "before @ after"}',
    "why nothing was heard": '{"type": "conversation.item.input_audio_transcription.failed", "item_id": "item_f",'
    ' "content_index": 0, "error": {"message": "before @ after"}}',
    "an item": '{"type": "conversation.item.added", '
    + MESSAGE.replace("PART", '{"type": "output_text", "text": "before @ after"}')
    + "}",
    "a whole text": '{"type": "response.output_text.done", ' + PLACE + ', "text": "before @ after"}',
    "a failed answer": '{"type": "response.done", "response": {"id": "resp_%", "status": "failed", "output": [],'
    ' "status_details": {"type": "failed", "error": {"type": "x", "message": "before @ after"}}}}',
    "an unknown event": '{"type": "made.up", "note": "before @ after", "deep": [[{"x": "@"}]]}',
    "a name of an unknown event": '{"type": "before @ after"}',
    "a name in an object": '{"type": "made.up", "before @ after": 1}',
    "text inside text": '{"type": "made.up", "inner": INNER}',
    "a frame with a mistake": '{"type": "made.up", "note": "before @ after", "broken": }',
    "an event twice": '{"type": "made.up", "note": "@ before @ after @@"}',
}


async def settled(bench: Bench) -> None:
    await bench.until(lambda: "the.end" in bench.names(sent=False), "all was read")


def filled(frame: str, key: str, escape: Callable[[str], str]) -> str:
    inner = json.dumps(f'{{"note": "before {escape(key)} after"}}')
    return frame.replace("@", escape(key)).replace("%", "1").replace("INNER", inner)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(dialect="openai", key=KEY) as made:
        yield made


def saying(*frames: str) -> Callable[[Session], object]:
    async def script(session: Session) -> None:
        await session.open()
        for frame in frames:
            await session.send_raw(frame)
        await session.send_raw('{"type": "the.end"}')

    return script


@ESCAPE
async def test_the_key_of_the_connection_is_blotted_in_all_that_a_server_says(
    server: FakeServer, escape: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    frames = [filled(frame, KEY, escape) for frame in FRAMES.values()]
    server.script = saying(*frames)
    async with running(plan_for(server)) as bench:
        await settled(bench)
        assert leaks(kept(bench)) == []
        assert leaks([record.getMessage() for record in caplog.records]) == []
        log = bench.store.events
        told = [text for row in range(len(log)) for text in log.texts(row) if "before" in text]
        assert len(told) == len([frame for frame in frames if "before" in frame])
        assert [text for text in told if "before [key] after" not in text] == []
        assert "before [key] after" in bench.words("YOU")
        assert any("before [key] after" in notice.text for notice in bench.notices)


@ESCAPE
async def test_arguments_that_hold_a_key_hold_it_neither_on_the_screen_nor_for_the_tool(
    server: FakeServer, escape: Callable[[str], str]
) -> None:
    cities: list[str] = []

    async def weather(city: str) -> str:
        cities.append(city)
        return f"no weather in {city}"

    async def script(session: Session) -> None:
        await session.open()
        arguments = f'{{"city": "before {escape(KEY)} after"}}'
        await session.call("resp_1", [("call_1", "get_weather", arguments)])
        await session.expect("conversation.item.create")
        await session.send_raw('{"type": "the.end"}')

    server.script = script
    async with running(with_tool(plan_for(server), "get_weather", weather)) as bench:
        await settled(bench)
        assert leaks(kept(bench)) == []
        assert cities == ["before [key] after"]
        assert leaks([json.dumps(server.sent("conversation.item.create"))]) == []


@ESCAPE
@pytest.mark.parametrize("key", [KEY, EMOJI_KEY], ids=["ASCII", "beyond ASCII"])
async def test_the_token_of_a_hosted_server_is_blotted_as_soon_as_it_was_sent(
    server: FakeServer, escape: Callable[[str], str], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTES", key)
    server.key = "another-key-0815"
    server.script = saying(*(filled(frame, key, escape) for frame in FRAMES.values()))
    async with running(plan_for(server, profile_for(server, HOSTED))) as bench:
        await settled(bench)
        (update,) = server.sent("session.update")
        assert update["session"]["tools"][0]["authorization"] == key
        assert leaks(kept(bench), key) == []
        assert "before [key] after" in bench.words("YOU")


async def test_an_untrusted_profile_s_token_is_not_filled_in(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTES", KEY)
    server.key = "another-key-0815"
    server.script = saying()
    trusted = plan_for(server)
    async with running(plan_for(server, profile_for(server, f"trusted = false\n{HOSTED}"), source=trusted.source)) as b:
        await settled(b)
        assert server.sent("session.update")
        assert leaks([json.dumps(server.received)]) == []
        assert "NOTES" not in json.dumps(server.received)


@pytest.mark.parametrize("code", [1000, 1008, 1011, 4001])
async def test_the_reason_of_a_close_is_told_without_the_key(server: FakeServer, code: int) -> None:
    async def script(session: Session) -> None:
        await session.open()
        await session.close(code, f"before {KEY} after")

    server.script = script
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.store.session.reason, "it has ended")
        await bench.until(lambda: bench.phase is Phase.OFFLINE)
        assert leaks(kept(bench)) == []
        assert "before [key] after" in bench.store.session.reason


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_the_body_of_a_refusal_is_told_without_the_key(
    server: FakeServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuse = status
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.store.session.reason, "it was refused")
        await asyncio.sleep(0)
        assert f"HTTP {status}" in bench.store.session.reason
        assert leaks(kept(bench)) == []
        assert leaks([record.getMessage() for record in caplog.records]) == []
