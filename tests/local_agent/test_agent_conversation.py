"""Whole conversations with the local agent over its WebSocket: spoken, typed, interrupted, refused."""

import asyncio
import base64
import json
import re
import threading
import time

import aiohttp
import pytest

from rtvoice_tui.local_agent import input_audio, speech

TEXT_ONLY = {"output_modalities": ["text"]}
VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
HEARING = {"input": {"turn_detection": VAD, "transcription": {"model": "moonshine"}}}


class SlowVoice:
    """Speaks for as long as one lets it: 0.2 s of sound a time."""

    def say(self, text, voice, speed=1.0):
        for _ in range(2000):
            time.sleep(0.005)
            yield b"\x01\x10" * 4800


class PlainVoice:
    """Half a second of sound for every sentence."""

    def say(self, text, voice, speed=1.0):
        yield b"\x01\x10" * 12_000


class LoudnessDetector:
    """Takes everything but digital silence for speech."""

    def __init__(self):
        self._rest = b""

    def __call__(self, pcm):
        self._rest += pcm
        found = []
        while len(self._rest) >= 1536:
            frame, self._rest = self._rest[:1536], self._rest[1536:]
            found.append(1.0 if any(frame) else 0.0)
        return found


@pytest.fixture
def all_installed(monkeypatch):
    monkeypatch.setattr(speech, "missing", lambda: [])
    monkeypatch.setattr(speech, "SpeechProbability", LoudnessDetector)
    monkeypatch.setattr(speech, "Recogniser", lambda: lambda pcm: "Hello there.")
    monkeypatch.setattr(speech, "Voice", PlainVoice)


@pytest.fixture
def slow_voice(all_installed, monkeypatch):
    monkeypatch.setattr(speech, "Voice", SlowVoice)


def weather_tool():
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    description = "Get a brief weather report for a city."
    return {"type": "function", "name": "get_weather", "description": description, "parameters": parameters}


def in_order(types, *wanted):
    """Whether these types appear in this order, with anything between them."""
    rest = iter(types)
    return all(kind in rest for kind in wanted)


# --- speech


@pytest.mark.speech
async def test_a_spoken_question_is_heard_calls_the_tool_and_is_answered_aloud(real_speech, voice, recogniser, client):
    await client.configure(tools=[weather_tool()], audio=HEARING)

    await client.speak(b"".join(voice.say("What is the weather in Berlin?", "bright")))
    await client.until("response.done")

    assert in_order(
        client.types,
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.done",
    ), client.types
    heard = {e["type"]: e for e in client.events}
    item_id = heard["input_audio_buffer.speech_started"]["item_id"]
    transcript = heard["conversation.item.input_audio_transcription.completed"]
    assert re.findall(r"\w+", transcript["transcript"].lower()) == "what is the weather in berlin".split()
    assert {transcript["item_id"], heard["input_audio_buffer.committed"]["item_id"]} == {item_id}
    (call,) = heard["response.done"]["response"]["output"]
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "get_weather", '{"city": "Berlin"}')
    assert client.joined("response.function_call_arguments.delta") == call["arguments"]

    output = '{"city": "Berlin", "condition": "thunderstorm", "temperature_c": 12}'
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
    await client.send("conversation.item.create", item=item)
    await client.send("response.create")
    done = await client.until("response.done")

    assert done["response"]["status"] == "completed"
    said = client.joined("response.output_audio_transcript.delta")
    assert said == "In Berlin there is thunderstorm weather at 12 degrees."
    understood = re.findall(r"\w+", recogniser(client.sound + bytes(12_000)).lower())
    assert {"berlin", "thunderstorm", "weather", "degrees"} <= set(understood), understood


@pytest.mark.speech
async def test_what_a_user_says_is_transcribed_while_they_speak(real_speech, voice, client):
    await client.configure(audio=HEARING)
    pcm = b"".join(voice.say("Tell me a joke about the weather in the city of Berlin and the sea.", "heart"))
    pcm = bytes(9600) + pcm[: len(pcm) * 6 // 10]
    for start in range(0, len(pcm), 4800):
        audio = base64.b64encode(pcm[start : start + 4800]).decode()
        await client.send("input_audio_buffer.append", audio=audio)

    delta = await client.until("conversation.item.input_audio_transcription.delta")

    assert "input_audio_buffer.speech_stopped" not in client.types
    assert delta["delta"].split()[0].lower() == "tell"


@pytest.mark.speech
async def test_silence_alone_starts_no_turn(real_speech, client):
    await client.configure(audio=HEARING)

    await client.speak(b"", silence_s=3.0)
    refused = await client.send("response.cancel")
    await client.error_about(refused)

    assert not [kind for kind in client.types if kind.startswith("input_audio_buffer")]


@pytest.mark.speech
async def test_the_agent_in_its_own_process_answers_and_ends_with_the_app(connect):
    from rtvoice_tui.local_agent.process import LocalAgentProcess

    agent = LocalAgentProcess()
    endpoint = await agent.endpoint()
    token = endpoint.headers["Authorization"].removeprefix("Bearer ")
    assert (await agent.endpoint()) is endpoint
    async with connect(endpoint.url, token) as client:
        await client.until("session.created")
        await client.type("What is twelve times seven?")
        await client.until("response.done")

    assert client.joined("response.output_audio_transcript.delta") == "12 times 7 is 84."
    assert len(client.sound) > 24_000
    process = agent._process
    await agent.close()
    assert process is not None
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["json.py", "rtvoice_tui.py", "aiohttp.py"])
async def test_the_agent_runs_no_file_of_the_folder_where_the_app_was_started(tmp_path, monkeypatch, name):
    from rtvoice_tui.local_agent.process import LocalAgentProcess

    (tmp_path / name).write_text("open('obeyed', 'w')\nraise SystemExit('a file of the project was run')\n")
    monkeypatch.chdir(tmp_path)
    agent = LocalAgentProcess()

    endpoint = await agent.endpoint()

    await agent.close()
    assert endpoint.url.startswith("ws://127.0.0.1:")
    assert not (tmp_path / "obeyed").exists()


# --- answers


async def test_a_typed_question_is_answered_in_order_with_sound_and_words(all_installed, client):
    await client.type("twelve times seven")
    done = await client.until("response.done")

    assert in_order(
        client.types,
        "conversation.item.added",
        "response.created",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ), client.types
    (message,) = done["response"]["output"]
    assert message["content"] == [{"type": "output_audio", "transcript": "12 times 7 is 84."}]
    assert (message["status"], done["response"]["status"]) == ("completed", "completed")
    assert client.sound == b"\x01\x10" * 12_000


async def test_text_only_answers_make_no_sound(all_installed, client):
    await client.configure(**TEXT_ONLY)

    await client.type("twelve times seven")
    done = await client.until("response.done")

    assert client.joined("response.output_text.delta") == "12 times 7 is 84."
    assert client.sound == b""
    assert done["response"]["output"][0]["content"] == [{"type": "output_text", "text": "12 times 7 is 84."}]


async def test_one_answer_can_be_asked_for_in_text(all_installed, client):
    await client.send("response.create", response=TEXT_ONLY)
    await client.until("response.done")

    assert client.joined("response.output_text.delta") == "Hello. Say or type something."


async def test_instructions_and_tools_can_be_edited_between_answers(all_installed, client):
    await client.configure(**TEXT_ONLY, instructions="Your name is Ada. End every answer with ahoy.")
    await client.type("Who are you?")
    await client.until("response.done")
    first = client.joined("response.output_text.delta")

    await client.configure(instructions="Your name is Bob.", tools=[weather_tool()])
    client.events.clear()
    await client.type("Who are you?")
    await client.until("response.done")
    second = client.joined("response.output_text.delta")
    await client.type("What is the weather in Rome?")
    done = await client.until("response.done")

    assert first == "I am Ada. I follow simple rules and am no language model. Ahoy."
    assert second == "I am Bob. I follow simple rules and am no language model."
    assert done["response"]["output"][0]["name"] == "get_weather"


async def test_tools_are_left_alone_when_the_choice_is_none(all_installed, client):
    await client.configure(**TEXT_ONLY, tools=[weather_tool()], tool_choice="none")

    await client.type("What is the weather in Rome?")
    done = await client.until("response.done")

    assert [item["type"] for item in done["response"]["output"]] == ["message"]


async def test_an_answer_that_cannot_be_made_ends_as_failed_and_the_next_one_works(all_installed, monkeypatch, client):
    class Hoarse:
        def say(self, text, voice, speed=1.0):
            raise RuntimeError("no voice today")
            yield b""

    monkeypatch.setattr(PlainVoice, "say", Hoarse.say)
    await client.type("twelve times seven")
    done = await client.until("response.done")
    assert done["response"]["status"] == "failed"

    await client.configure(**TEXT_ONLY)
    await client.type("twelve times seven")
    assert (await client.until("response.done"))["response"]["status"] == "completed"


# --- interruption


async def test_an_answer_that_is_cancelled_ends_as_cancelled_with_what_was_said(slow_voice, client):
    await client.type("Tell me a long story.")
    await client.until("response.output_audio.delta")

    await client.send("response.cancel")
    done = await client.until("response.done")

    assert done["response"]["status"] == "cancelled"
    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    (message,) = done["response"]["output"]
    assert message["status"] == "incomplete"
    assert in_order(client.types, "response.output_audio.done", "response.output_item.done", "response.done")


async def test_after_a_cancelled_answer_the_next_one_is_whole(slow_voice, client):
    await client.type("Tell me a long story.")
    await client.until("response.output_audio.delta")
    await client.send("response.cancel")
    await client.until("response.done")
    client.events.clear()

    await client.configure(**TEXT_ONLY)
    await client.type("twelve times seven")
    done = await client.until("response.done")

    assert done["response"]["status"] == "completed"
    assert client.joined("response.output_text.delta") == "12 times 7 is 84."
    assert client.sound == b""


async def test_an_answer_cancelled_in_the_same_breath_leaves_the_way_free(slow_voice, open_connection):
    connection, told = open_connection
    # frames that arrive together are read without a pause between them
    await connection.receive('{"type": "response.create"}')
    await connection.receive('{"type": "response.cancel"}')
    await connection.receive('{"type": "response.create"}')
    await asyncio.sleep(0)

    assert [event["error"]["code"] for event in told if event["type"] == "error"] == []
    assert [event["type"] for event in told].count("response.created") >= 1


async def test_speech_interrupts_the_answer(slow_voice, client):
    await client.configure(audio=HEARING)
    await client.type("Tell me a long story.")
    await client.until("response.output_audio.delta")

    await client.speak(b"\x01\x20" * 12_000, silence_s=0)
    done = await client.until("response.done")

    assert "input_audio_buffer.speech_started" in client.types
    assert done["response"]["status"] == "cancelled"
    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}


async def test_speech_does_not_interrupt_where_that_is_switched_off(slow_voice, client):
    await client.configure(audio={"input": {"turn_detection": {**VAD, "interrupt_response": False}}})
    await client.type("Tell me a long story.")
    await client.until("response.output_audio.delta")

    await client.speak(b"\x01\x20" * 12_000, silence_s=0)
    await client.until("input_audio_buffer.speech_started")
    for _ in range(5):
        await client.until("response.output_audio.delta")

    assert "response.done" not in client.types


@pytest.fixture
def recognition_goes_on(all_installed, monkeypatch):
    """Words come only when this is set; it stands before the client, whose server loads the models at once."""
    go_on = threading.Event()

    def recognise(pcm):
        go_on.wait(10)
        return "Hello there."

    monkeypatch.setattr(speech, "Recogniser", lambda: recognise)
    return go_on


async def test_no_answer_begins_while_the_user_speaks_on(recognition_goes_on, client):
    await client.configure(audio={"input": {"turn_detection": VAD}})
    connection_ready = await client.send("response.cancel")
    await client.error_about(connection_ready)

    await client.speak(b"\x01\x20" * 12_000, silence_s=0.8)
    await client.until("input_audio_buffer.committed")
    await client.speak(b"\x01\x20" * 12_000, silence_s=0)
    await client.until("input_audio_buffer.speech_started")
    recognition_goes_on.set()
    marker = await client.send("response.cancel")
    await client.until("error", lambda event: event["error"]["event_id"] == marker)
    await asyncio.sleep(0.2)
    marker = await client.send("response.cancel")
    await client.until("error", lambda event: event["error"]["event_id"] == marker)

    assert "response.created" not in client.types


async def test_a_turn_without_an_automatic_answer_waits_to_be_asked(all_installed, client):
    await client.configure(
        audio={"input": {"turn_detection": {**VAD, "create_response": False}, "transcription": {"model": "m"}}}
    )

    await client.speak(b"\x01\x20" * 12_000)
    await client.until("conversation.item.input_audio_transcription.completed")
    assert "response.created" not in client.types

    await client.send("response.create")
    done = await client.until("response.done")
    assert done["response"]["output"][0]["content"][0]["transcript"].startswith("Hello. I am the built-in agent.")


async def test_turns_by_hand_are_committed_and_answered_on_request(all_installed, client):
    await client.configure(audio={"input": {"turn_detection": None, "transcription": {"model": "m"}}})

    await client.speak(b"\x01\x20" * 12_000)
    await client.send("input_audio_buffer.commit")
    completed = await client.until("conversation.item.input_audio_transcription.completed")

    assert completed["transcript"] == "Hello there."
    assert "input_audio_buffer.speech_started" not in client.types
    assert "response.created" not in client.types


async def test_speech_is_committed_by_hand_before_the_pause_that_would_end_it(all_installed, client):
    await client.configure(audio={"input": {"turn_detection": VAD, "transcription": {"model": "m"}}})

    await client.speak(b"\x01\x20" * 12_000, silence_s=0)
    started = await client.until("input_audio_buffer.speech_started")
    await client.send("input_audio_buffer.commit")
    completed = await client.until("conversation.item.input_audio_transcription.completed")

    assert (completed["item_id"], completed["transcript"]) == (started["item_id"], "Hello there.")
    assert "input_audio_buffer.speech_stopped" not in client.types
    error = await client.error_about(await client.send("input_audio_buffer.commit"))
    assert error["code"] == "input_audio_buffer_commit_empty", "it is a turn already"


@pytest.mark.parametrize("ms", [0, 50, 99])
async def test_less_than_a_tenth_of_a_second_is_not_committed(all_installed, client, ms):
    await client.configure(audio={"input": {"turn_detection": None}})
    audio = base64.b64encode(b"\x01\x20" * (24 * ms)).decode()
    await client.send("input_audio_buffer.append", audio=audio)

    error = await client.error_about(await client.send("input_audio_buffer.commit"))

    assert error["code"] == "input_audio_buffer_commit_empty"
    assert f"only has {ms}ms" in error["message"]


async def test_a_cleared_buffer_is_empty(all_installed, client):
    await client.configure(audio={"input": {"turn_detection": None}})
    await client.speak(b"\x01\x20" * 12_000)
    await client.send("input_audio_buffer.clear")
    await client.until("input_audio_buffer.cleared")

    error = await client.error_about(await client.send("input_audio_buffer.commit"))

    assert error["code"] == "input_audio_buffer_commit_empty"


# --- what is refused


async def test_a_second_answer_is_refused_while_one_is_given(slow_voice, client):
    await client.type("Tell me a long story.")
    await client.until("response.output_audio.delta")

    error = await client.error_about(await client.send("response.create"))

    assert error["code"] == "conversation_already_has_active_response"
    assert error["type"] == "invalid_request_error"
    assert "response.done" not in client.types


async def test_cancelling_nothing_is_refused(all_installed, client):
    error = await client.error_about(await client.send("response.cancel"))

    assert error["code"] == "response_cancel_not_active"


@pytest.fixture
async def spoken_item(all_installed, client):
    """An answer of 500 ms of sound."""
    await client.type("twelve times seven")
    done = await client.until("response.done")
    return done["response"]["output"][0]["id"]


@pytest.mark.parametrize(
    ("ms", "code"), [(0, "unsupported_content_type"), (501, "invalid_value"), (60_000, "invalid_value")]
)
async def test_an_answer_is_not_truncated_to_nothing_or_beyond_its_end(spoken_item, client, ms, code):
    about = await client.send("conversation.item.truncate", item_id=spoken_item, content_index=0, audio_end_ms=ms)

    error = await client.error_about(about)

    assert error["code"] == code
    if code == "invalid_value":
        assert error["message"] == f"Audio content of 500ms is already shorter than {ms}ms"


@pytest.mark.parametrize("ms", [1, 250, 500])
async def test_an_answer_is_truncated_to_what_was_heard_and_its_words_are_forgotten(spoken_item, client, ms):
    await client.send("conversation.item.truncate", item_id=spoken_item, content_index=0, audio_end_ms=ms)

    told = await client.until("conversation.item.truncated")
    assert (told["item_id"], told["content_index"], told["audio_end_ms"]) == (spoken_item, 0, ms)
    await client.send("conversation.item.retrieve", item_id=spoken_item)
    item = (await client.until("conversation.item.retrieved"))["item"]
    assert item["content"] == [{"type": "output_audio", "transcript": None}]


async def test_an_answer_cannot_be_truncated_to_more_than_what_a_truncation_left(spoken_item, client):
    await client.send("conversation.item.truncate", item_id=spoken_item, content_index=0, audio_end_ms=200)
    await client.until("conversation.item.truncated")

    about = await client.send("conversation.item.truncate", item_id=spoken_item, content_index=0, audio_end_ms=300)

    assert "Audio content of 200ms" in (await client.error_about(about))["message"]


async def test_what_the_user_said_cannot_be_truncated(all_installed, client):
    await client.configure(audio=HEARING)
    await client.speak(b"\x01\x20" * 12_000)
    committed = await client.until("input_audio_buffer.committed")

    about = await client.send(
        "conversation.item.truncate", item_id=committed["item_id"], content_index=0, audio_end_ms=10
    )

    assert (await client.error_about(about))["code"] == "unsupported_content_type"


async def test_a_deleted_item_is_gone(spoken_item, client):
    await client.send("conversation.item.delete", item_id=spoken_item)
    await client.until("conversation.item.deleted")

    for kind, more in (
        ("conversation.item.delete", {}),
        ("conversation.item.retrieve", {}),
        ("conversation.item.truncate", {"content_index": 0, "audio_end_ms": 10}),
    ):
        error = await client.error_about(await client.send(kind, item_id=spoken_item, **more))
        assert error["code"] == "item_not_found"


async def test_the_same_item_is_not_created_twice(all_installed, client):
    item = {"id": "one", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    await client.send("conversation.item.create", item=item)
    await client.until("conversation.item.done")

    error = await client.error_about(await client.send("conversation.item.create", item=item))

    assert error["code"] == "item_create_duplicate_item_id"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"session": {}}, "missing_required_parameter"),
        ({"session": {"type": "realtime", "voice": "heart"}}, "unknown_parameter"),
        ({"session": {"type": "realtime", "audio": {"output": {"voice": "nobody"}}}}, "invalid_value"),
        ({"session": {"type": ["realtime"]}}, "invalid_value"),
    ],
    ids=["no type", "unknown", "unknown voice", "a list for a word"],
)
async def test_a_refused_session_update_names_our_event_and_changes_nothing(all_installed, client, fields, code):
    error = await client.error_about(await client.send("session.update", **fields))

    assert error["code"] == code
    updated = await client.configure(instructions="Still here.")
    assert updated["session"]["audio"]["output"]["voice"] == "heart"


@pytest.mark.parametrize("frame", ["", "hello", "[", "null", "[]", '"text"', "5", '{"type": null}', '{"type": "x"}'])
async def test_frames_that_are_no_events_are_refused_and_the_session_goes_on(all_installed, client, frame):
    await client.send_text(frame)
    await client.until("error")

    updated = await client.configure(instructions="Still here.")
    assert updated["session"]["instructions"] == "Still here."


async def test_sound_that_is_no_base64_is_refused(all_installed, client):
    error = await client.error_about(await client.send("input_audio_buffer.append", audio="%%%"))

    assert (error["code"], error["param"]) == ("invalid_value", "audio")


@pytest.mark.parametrize(
    "headers",
    [{}, *({"Authorization": value} for value in ("Bearer wrong", "Basic a-token", "Bearer ключ", "Bearer ", "x"))],
)
async def test_a_wrong_token_is_answered_with_401(all_installed, address, headers):
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(address, headers=headers)

    assert caught.value.status == 401


async def test_a_page_gives_the_token_as_a_subprotocol(all_installed, address):
    async with aiohttp.ClientSession() as http:
        socket = await http.ws_connect(address, protocols=("realtime", "openai-insecure-api-key.a-token"))
        assert socket.protocol == "realtime"
        assert (await socket.receive_json())["type"] == "session.created"
        await socket.close()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(address, protocols=("realtime", "openai-insecure-api-key.wrong"))


async def test_clients_do_not_share_a_conversation(all_installed, address, client, connect):
    await client.configure(**TEXT_ONLY, instructions="Your name is Ada.")

    async with connect(address, "a-token") as other:
        greeting = await other.until("session.created")

    assert greeting["session"]["instructions"] == ""


async def test_turning_detection_off_while_somebody_speaks_ends_the_live_transcript_quietly(
    all_installed, monkeypatch, open_connection
):
    monkeypatch.setattr(input_audio, "PARTIAL_EVERY_S", 0.05)
    connection, told = open_connection
    wanted = {"type": "session.update", "session": {"type": "realtime", "audio": HEARING}}
    await connection.receive(json.dumps(wanted))
    speech_pcm = base64.b64encode(b"\x01\x20" * 12_000).decode()
    await connection.receive(json.dumps({"type": "input_audio_buffer.append", "audio": speech_pcm}))
    (transcribing,) = connection.audio.tasks()
    await asyncio.sleep(0)  # it has begun, and waits until there is more to recognise

    wanted["session"]["audio"] = {"input": {"turn_detection": None}}
    await connection.receive(json.dumps(wanted))
    await asyncio.wait({transcribing}, timeout=5)

    assert transcribing.done()
    assert transcribing.cancelled() or transcribing.exception() is None
    assert [event for event in told if event["type"] == "error"] == []
