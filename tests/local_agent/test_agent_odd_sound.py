"""Sound is a stream of bytes, wherever it is cut; what is not base64 is refused, and speech after it is heard."""

import base64

import pytest
from agent_support import BY_HAND, LOUD, QUIET, SERVER_VAD, Direct, Speech, talking, until

TENTH = b"\x01\x20" * 2400
DETECTION = pytest.mark.parametrize("session", [BY_HAND, SERVER_VAD], ids=["by hand", "server_vad"])
COMPLETED = "conversation.item.input_audio_transcription.completed"


@pytest.fixture
async def here():
    direct = Direct(Speech())
    yield direct
    await direct.connection.close()


async def assert_hears(here, session):
    """A turn is recognised, and has in it what was said in it and no more."""
    await here.configure(session)
    here.speech.heard.clear()
    await here.append(LOUD * 10)
    if session is BY_HAND:
        await here.accepted("input_audio_buffer.commit")
        await until(lambda: here.speech.heard, "the turn is recognised")
        assert here.speech.heard == [LOUD * 10]
    else:
        await here.append(QUIET * 20)
        await until(lambda: here.of_type(COMPLETED), "the turn is recognised")
        assert here.speech.heard[-1].startswith(LOUD * 10)


@DETECTION
@pytest.mark.parametrize("size", [1, 3, 4801, 9_599])
async def test_sound_in_pieces_that_cut_samples_is_heard_as_it_was(here, session, size):
    await here.configure(session)
    whole = LOUD * 10 + QUIET * 20
    sound = whole if session is SERVER_VAD else LOUD * 10
    if size < 100:
        await here.append(sound[: size * 3])
        await here.append(sound[size * 3 :][:1])
        await here.append(sound[size * 3 + 1 :])
    else:
        for start in range(0, len(sound), size):
            await here.append(sound[start : start + size])
    if session is BY_HAND:
        await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert here.speech.heard[-1].startswith(LOUD * 10)


@DETECTION
async def test_one_byte_is_no_error_and_waits_for_its_other_half(here, session):
    await here.configure(session)
    assert await here.append(LOUD[:1]) == []
    assert await here.append(LOUD[1:]) == []
    await here.accepted("input_audio_buffer.clear")


@pytest.mark.parametrize("ends", ["input_audio_buffer.clear", "input_audio_buffer.commit"])
async def test_half_a_sample_does_not_outlive_its_turn(here, ends):
    await here.configure(BY_HAND)
    await here.append(LOUD * 10 + b"\x01")
    await here.accepted(ends)
    here.told.clear()
    await here.append(LOUD * 10)
    await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard and here.speech.heard[-1] == LOUD * 10, "the turn is heard as it was")


async def test_speech_that_cannot_be_recognised_is_told_as_failed(here):
    await here.configure({"audio": {"input": {"turn_detection": None, "transcription": {"model": "m"}}}})
    here.speech.fails = RuntimeError("no")
    await here.append(LOUD * 10)
    await here.accepted("input_audio_buffer.commit")
    name = "conversation.item.input_audio_transcription.failed"
    await until(lambda: here.of_type(name), "it is told")
    (failed,) = here.of_type(name)
    assert failed["item_id"] == here.of_type("input_audio_buffer.committed")[0]["item_id"]
    assert here.of_type(COMPLETED) == []


@DETECTION
async def test_no_sound_at_all_changes_nothing(here, session):
    await here.configure(session)

    for _ in range(3):
        assert await here.append(b"") == []

    await assert_hears(here, session)


BROKEN = {
    "a line break at the end": lambda good: good + "\n",
    "line breaks": lambda good: f"{good[:76]}\r\n{good[76:]}",
    "a space in front": lambda good: " " + good,
    "a space within": lambda good: f"{good[:4]} {good[4:]}",
    "url-safe letters": lambda good: "-_-_" + good,
    "no padding": lambda good: good.rstrip("="),
    "padding within": lambda good: good[:4] + "==" + good[4:],
    "too much padding": lambda good: good + "====",
    "padding alone": lambda good: "====",
    "one letter": lambda good: "A",
    "no letters": lambda good: "%%%%",
    "a letter beyond ascii": lambda good: "ü" + good,
    "half of a surrogate pair": lambda good: "\ud800" + good,
    "a zero": lambda good: good + "\0",
    "a data address": lambda good: "data:audio/pcm;base64," + good,
}


@DETECTION
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_sound_that_is_not_base64_is_refused_and_nothing_of_it_is_kept(here, session, broken):
    await here.configure(session)
    good = base64.b64encode((LOUD * 4)[:-2]).decode()
    assert good.endswith("=")

    error = await here.refusal("input_audio_buffer.append", audio=broken(good))

    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "invalid_value", "audio")
    await assert_hears(here, session)


@pytest.mark.speech
async def test_the_real_ears_hear_who_speaks_after_odd_sound(real_speech, voice, address):
    async with talking(address, "a-token") as talker:
        await talker.send("session.update", session={"type": "realtime", **SERVER_VAD})
        await talker.send("input_audio_buffer.append", audio="not base64")
        pcm = bytes(9600) + b"".join(voice.say("What is twelve times seven?", "heart")) + bytes(48_000)
        for start in range(0, len(pcm), 4801):
            await talker.send("input_audio_buffer.append", audio=base64.b64encode(pcm[start : start + 4801]).decode())
        came = await talker.until("response.done")

    errors = [event["error"]["param"] for event in came if event["type"] == "error"]
    heard = next(event["transcript"] for event in came if event["type"] == COMPLETED)
    assert errors == ["audio"]
    assert "seven" in heard.lower()
