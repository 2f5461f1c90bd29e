"""Turns that the client ends itself: what was said is understood before it is answered."""

import asyncio
import base64
import json
import threading

import pytest

from rtvoice_tui.local_agent import speech

TEXT_ONLY = {"output_modalities": ["text"]}
VAD = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
BY_HAND = {"input": {"turn_detection": None}}
TRANSCRIBED = {"input": {"turn_detection": None, "transcription": {"model": "m"}}}
COMPLETED = "conversation.item.input_audio_transcription.completed"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get a brief weather report for a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
SEVEN, NINE = b"\x07\x20" * 12_000, b"\x09\x20" * 12_000


class Listener:
    """Understands which sum was said; each one only when it may."""

    def __init__(self):
        self.may = {7: threading.Event(), 9: threading.Event()}
        self.words = "twelve times {}"

    def __call__(self, pcm):
        number = max(pcm[::2])
        self.may[number].wait(10)
        return self.words.format(number)

    def go_on(self):
        for may in self.may.values():
            may.set()


@pytest.fixture
def listener(monkeypatch):
    """Stands before the client, whose server loads the models at once."""
    listener = Listener()
    monkeypatch.setattr(speech, "missing", lambda: [])
    monkeypatch.setattr(speech, "SpeechProbability", lambda: lambda pcm: [float(any(pcm))] * (len(pcm) // 1536))
    monkeypatch.setattr(speech, "Recogniser", lambda: listener)
    monkeypatch.setattr(speech, "Voice", lambda: None)
    yield listener
    listener.go_on()  # a thread that waits would keep the process


async def commit(client, pcm, silence_s=1.0):
    await client.speak(pcm, silence_s)
    await client.send("input_audio_buffer.commit")


async def answer(client):
    """What the next answer says."""
    done = await client.until("response.done")
    assert done["response"]["status"] == "completed"
    return done["response"]["output"][0]["content"][0]["text"]


@pytest.mark.parametrize("audio", [BY_HAND, TRANSCRIBED], ids=["no transcription", "transcription"])
async def test_an_answer_that_is_asked_for_at_once_fits_what_was_said(listener, client, audio):
    await client.configure(**TEXT_ONLY, audio=audio)

    await commit(client, SEVEN)
    await client.send("response.create")
    await client.until("response.created")
    listener.go_on()

    assert await answer(client) == "12 times 7 is 84."
    assert client.types.count(COMPLETED) == (audio is TRANSCRIBED)


async def test_speech_that_is_handed_over_before_its_pause_is_answered_when_it_is_understood(listener, client):
    await client.configure(**TEXT_ONLY, audio={"input": {"turn_detection": VAD}})

    await client.speak(SEVEN, silence_s=0)
    await client.until("input_audio_buffer.speech_started")
    await client.send("input_audio_buffer.commit")
    await client.send("response.create")
    await client.until("response.created")
    listener.go_on()

    assert await answer(client) == "12 times 7 is 84."


async def test_two_turns_are_understood_in_order_and_the_answer_is_to_the_later_one(listener, client):
    await client.configure(**TEXT_ONLY, audio=TRANSCRIBED)

    await commit(client, SEVEN)
    await commit(client, NINE)
    await client.send("response.create")
    listener.may[9].set()
    await client.until("response.created")
    assert COMPLETED not in client.types
    listener.may[7].set()

    assert await answer(client) == "12 times 9 is 108."
    heard = [event["transcript"] for event in client.events if event["type"] == COMPLETED]
    assert heard == ["twelve times 7", "twelve times 9"]


async def test_what_is_said_after_an_answer_was_asked_for_is_no_part_of_its_question(listener, client):
    await client.configure(**TEXT_ONLY, audio=BY_HAND)

    await commit(client, SEVEN)
    await client.send("response.create")
    await commit(client, NINE)
    await client.until("input_audio_buffer.committed")
    await client.until("input_audio_buffer.committed")
    listener.may[7].set()
    assert await answer(client) == "12 times 7 is 84."

    await client.send("response.create")
    await client.until("response.created")
    listener.may[9].set()
    assert await answer(client) == "12 times 9 is 108."


async def test_speech_without_words_does_not_keep_the_answer_waiting(listener, client):
    listener.words = ""
    await client.configure(**TEXT_ONLY, audio=BY_HAND)

    await commit(client, SEVEN)
    await client.send("response.create")
    await client.until("response.created")
    listener.go_on()

    assert await answer(client) == "Hello. Say or type something."


async def test_a_turn_that_is_too_short_to_be_committed_does_not_keep_the_answer_waiting(listener, client):
    await client.configure(**TEXT_ONLY, audio=BY_HAND)

    refused = await client.send("input_audio_buffer.commit")
    await client.send("response.create")

    assert (await client.error_about(refused))["code"] == "input_audio_buffer_commit_empty"
    assert await answer(client) == "Hello. Say or type something."


async def test_an_answer_that_waits_for_words_is_cancelled_at_once_and_the_words_come_all_the_same(listener, client):
    await client.configure(**TEXT_ONLY, audio=TRANSCRIBED)
    await commit(client, SEVEN)
    await client.send("response.create")
    await client.until("response.created")

    await client.send("response.cancel")
    done = await client.until("response.done")
    assert done["response"]["status"] == "cancelled"
    assert COMPLETED not in client.types

    listener.go_on()
    await client.until(COMPLETED)
    await client.send("response.create")
    assert await answer(client) == "12 times 7 is 84."


async def test_nothing_goes_on_for_a_client_that_left_before_its_words_were_understood(listener, open_connection):
    connection, told = open_connection
    audio = base64.b64encode(SEVEN).decode()
    session = {"type": "realtime", **TEXT_ONLY, "audio": TRANSCRIBED}
    for event in (
        {"type": "session.update", "session": session},
        {"type": "input_audio_buffer.append", "audio": audio},
        {"type": "input_audio_buffer.commit"},
        {"type": "response.create"},
    ):
        await connection.receive(json.dumps(event))
    await asyncio.sleep(0)
    assert told[-1]["type"] == "response.created"

    async with asyncio.timeout(5):
        await connection.close()
    listener.go_on()

    assert told[-1]["type"] == "response.created"
    assert connection.audio.pending_transcriptions == frozenset()


@pytest.mark.speech
async def test_a_question_by_key_calls_the_function_that_it_is_about(real_speech, voice, client):
    await client.configure(tools=[WEATHER], audio=BY_HAND)

    await commit(client, b"".join(voice.say("What is the weather in Berlin?", "heart")))
    await client.send("response.create")
    done = await client.until("response.done")

    (call,) = done["response"]["output"]
    assert (call["name"], call["arguments"]) == ("get_weather", '{"city": "Berlin"}')
