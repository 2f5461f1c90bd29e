"""Sound that is not whole samples or not base64 is refused; who speaks properly afterwards is heard."""

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


def half(count):
    """So many bytes of loud sound, the last of them half a sample."""
    return (LOUD * (count // len(LOUD) + 1))[:count]


@DETECTION
@pytest.mark.parametrize("count", [1, 3, 4801, 48_001])
async def test_half_a_sample_is_refused_and_nothing_of_its_event_is_kept(here, session, count):
    await here.configure(session)

    error = await here.append_refused(half(count))

    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "invalid_value", "audio")
    await assert_hears(here, session)


@DETECTION
async def test_a_sample_that_is_split_over_two_events_is_refused_twice(here, session):
    await here.configure(session)

    for part in (half(4801), half(4799)):
        assert (await here.append_refused(part))["code"] == "invalid_value"

    await assert_hears(here, session)


@DETECTION
async def test_half_a_sample_within_speech_does_not_end_or_spoil_it(here, session):
    await here.configure(session)
    await here.append(LOUD * 10)

    await here.append_refused(half(3))

    await here.append(LOUD * 10)
    if session is SERVER_VAD:
        await here.append(QUIET * 20)
    else:
        await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert here.speech.heard[-1].startswith(LOUD * 20)


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
    async with talking(address, "a token") as talker:
        await talker.send("session.update", session={"type": "realtime", **SERVER_VAD})
        for audio in (b"\x01", b"", half(4801), b"\x01\x20\x01", LOUD[:2]):
            await talker.send("input_audio_buffer.append", audio=base64.b64encode(audio).decode())
        pcm = bytes(9600) + b"".join(voice.say("What is twelve times seven?", "heart")) + bytes(48_000)
        for start in range(0, len(pcm), 4800):
            await talker.send("input_audio_buffer.append", audio=base64.b64encode(pcm[start : start + 4800]).decode())
        came = await talker.until("response.done")

    errors = [event["error"]["param"] for event in came if event["type"] == "error"]
    heard = next(event["transcript"] for event in came if event["type"] == COMPLETED)
    assert errors == ["audio"] * 3
    assert "seven" in heard.lower()
