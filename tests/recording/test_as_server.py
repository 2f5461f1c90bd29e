"""A recording answers a client as its server did, turn by turn, whatever the client says."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.bench import SILENT, Bench, running, signal
from recording.talk import Talk, recorded_talk
from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.profiles.store import parse_profile
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.recording import answering
from rtvoice_tui.recording.answering import Answerer
from rtvoice_tui.recording.as_server import serve_recording
from rtvoice_tui.recording.conversation import conversation, parts_of
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.segments import Cue, segments, settings_of
from rtvoice_tui.session.commands import SendText
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.tools.registry import Registry

Event = dict[str, Any]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recorded_talk(tmp_path_factory.mktemp("recorded") / "talk")


class Client:
    """A client without a socket."""

    def __init__(self, recording: Recording) -> None:
        self.got: list[Event] = []

        async def send(event: Event) -> None:
            self.got.append(event)

        self.answerer = Answerer(segments(recording), settings_of(recording), send, speed=0)

    async def says(self, kind: str, **fields: Any) -> list[Event]:
        """Send an event, and wait for what comes of it."""
        before = len(self.got)
        await self.answerer.receive(json.dumps({"type": kind, **fields}))
        await self.answerer.answered()
        return self.got[before:]

    async def types(self, words: str) -> list[Event]:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
        return await self.says("conversation.item.create", item=item)


def transcripts(events: list[Event]) -> list[str]:
    return [event["transcript"] for event in events if event["type"] == "response.output_audio_transcript.done"]


async def test_each_turn_gets_the_recorded_answer(recording: Recording) -> None:
    client = Client(recording)
    await client.answerer.open()
    assert [event["type"] for event in client.got] == ["session.created"]
    updated = await client.says("session.update", session={"voice": "x"})
    assert (updated[0]["type"], updated[0]["session"]["voice"]) == ("session.updated", "x")
    call = await client.types("anything")
    assert transcripts(call) == []
    assert [event["name"] for event in call if event["type"] == "response.function_call_arguments.done"] == [
        "get_weather"
    ]
    output = {"type": "function_call_output", "call_id": "call_1", "output": "{}"}
    assert transcripts(await client.says("conversation.item.create", item=output)) == ["Eleven degrees and cloudy."]
    assert transcripts(await client.types("and?")) == ["Tomorrow will be sunny with a light wind from the west."]
    assert transcripts(await client.types("thanks")) == ["You are welcome."]
    more = await client.types("more")
    assert [event["type"] for event in more] == ["conversation.item.added", "conversation.item.done", "error"]
    assert more[-1]["error"]["code"] == "recording_over"


async def test_a_spoken_turn_is_found_in_the_sound(recording: Recording) -> None:
    client = Client(recording)
    speech, quiet = signal(0.4), bytes(48_000)
    got = []
    for pcm in (speech, quiet[:24_000], quiet[:24_000], quiet):
        got += await client.says("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())
    assert [event["type"] for event in got][:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    assert sum(event["type"] == "input_audio_buffer.speech_started" for event in got) == 1


@pytest.mark.parametrize("frame", ["", "[]", "nonsense", "[" * 100_000, '{"type": 7}', '{"type": "response.create"}'])
async def test_frames_of_any_kind_end_nothing(recording: Recording, frame: str) -> None:
    client = Client(recording)
    await client.answerer.receive(frame)
    await client.answerer.receive('{"type": "conversation.item.create", "item": 7}')
    await client.answerer.receive('{"type": "input_audio_buffer.append", "audio": {}}')
    assert {event["type"] for event in client.got} <= {"error"}
    assert await client.types("hello")


def test_segments_follow_what_the_user_and_the_tools_did(recording: Recording) -> None:
    cues = [segment.cue for segment in segments(recording)]
    assert cues == [Cue.OPENED, Cue.SPOKEN, Cue.OUTPUT, Cue.SPOKEN, Cue.SPOKEN]


# --- over a real socket


@asynccontextmanager
async def serving(recording: Recording) -> AsyncIterator[str]:
    until = asyncio.get_running_loop().create_future()
    ready = asyncio.get_running_loop().create_future()
    served = asyncio.ensure_future(serve_recording(recording, 0, "secret", 0, ready.set_result, until))
    try:
        yield await asyncio.wait_for(ready, 10)
    finally:
        until.set_result(None)
        await served


class Known:
    """The endpoint of a server whose address is known."""

    identity = "replayed"

    def __init__(self, url: str) -> None:
        self._url = url

    async def endpoint(self) -> Endpoint:
        return Endpoint(self._url, {"Authorization": "Bearer secret"})

    async def close(self) -> None:
        pass


PROFILE = """
provider = "generic"
[[tools]]
name = "get_weather"
run = {kind = "mock", result = {temperature_c = 11}}
"""


def client_plan(url: str) -> Plan:
    profile = parse_profile(PROFILE, "client")
    toolset, _ = Registry(Path()).toolset(profile)
    return Plan(DIALECTS["generic"], profile.session, profile.tool_specs, toolset, Known(url), SILENT)


async def test_a_second_instance_has_the_same_conversation(recording: Recording) -> None:
    before = [(part.who, part.text.strip(), part.output) for part in conversation(recording).parts]
    async with serving(recording) as url, running(client_plan(url)) as bench:
        await bench.until(lambda: bench.phase in (Phase.READY, Phase.LISTENING))
        for words, answers in (("weather", 1), ("tomorrow", 2), ("thanks", 3)):
            bench.worker.post(SendText(words))
            await bench.until(lambda answers=answers: _answered(bench) == answers)
        after = [(part.who, part.text.strip(), part.output) for part in parts_of(bench.store)]
    said = [part for part in after if part[0] != "user"]
    assert said == [part for part in before if part[0] != "user"]
    assert [part[1] for part in after if part[0] == "user"] == ["weather", "tomorrow", "thanks"]


def _answered(bench: Bench) -> int:
    return sum(entry.speaker.name == "AGENT" and entry.final for entry in bench.store.transcript.entries)


async def test_the_answer_to_a_typed_message_waits_as_the_recorded_one_did_after_the_speech(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    talk = Talk().opened().asks("A question that takes three seconds?", 3.0).after(0.4).answers("Yes.", 0.2)
    client = Client(recorded_talk(tmp_path / "talk", talk))
    client.answerer._speed = 1.0
    monkeypatch.setattr(answering.asyncio, "sleep", sleep)
    assert transcripts(await client.types("Typed.")) == ["Yes."]
    assert 0.5 < slept[0] < 0.7  # 0.2 s until the transcript, and 0.4 s


async def test_a_recorded_message_that_nobody_answered_holds_nobody_up(tmp_path: Path) -> None:
    talk = Talk().opened()
    for words in ("One", "Two"):
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": words}]}
        talk.up("conversation.item.create", item=item)
        talk.down("conversation.item.added", item=item)
    talk.answers("The answer.", 0.2)
    client = Client(recorded_talk(tmp_path / "talk", talk))
    assert transcripts(await client.types("Hello")) == ["The answer."]
    assert [event["error"]["code"] for event in await client.types("More") if event["type"] == "error"] == [
        "recording_over"
    ]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.wrong"}],
    ids=["no token", "another token", "another token of a page"],
)
async def test_nobody_without_the_token_hears_it(recording: Recording, headers: dict[str, str]) -> None:
    async with serving(recording) as url, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url, headers=headers)


async def test_a_page_gives_the_token_as_a_subprotocol(recording: Recording) -> None:
    async with serving(recording) as url, aiohttp.ClientSession() as http:
        socket = await http.ws_connect(url, protocols=("realtime", "openai-insecure-api-key.secret"))
        assert (await socket.receive_json())["type"] == "session.created"
        await socket.close()


async def test_halves_of_characters_come_back_escaped(recording: Recording) -> None:
    async with serving(recording) as url, aiohttp.ClientSession() as http:
        socket = await http.ws_connect(url, protocols=("realtime", "openai-insecure-api-key.secret"))
        await socket.receive_json()
        await socket.send_str('{"type": "session.update", "session": {"model": "\\ud800"}}')
        assert (await socket.receive_json())["session"]["model"] == "\ud800"
        await socket.close()


def test_a_conversation_of_nothing_has_no_segments_but_the_greeting(tmp_path: Path) -> None:
    talk = Talk().opened()
    talk.asks("Hello?")
    assert [segment.cue for segment in segments(recorded_talk(tmp_path / "talk", talk))] == [Cue.OPENED, Cue.SPOKEN]
