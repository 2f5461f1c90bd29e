"""What one client of the local agent may hold is bounded; only what is too much is refused, by its name."""

import base64

import pytest
from agent_support import BY_HAND, LOUD, QUIET, SERVER_VAD, Direct, Speech, assert_names, until

MIB = 1024 * 1024
TEN_MINUTES = 28_800_000
"""Bytes of PCM16 at 24 kHz."""

PIECE = 4_800_000
TENTH = b"\x01\x20" * 2400
"""100 ms, the least that can be committed."""


@pytest.fixture
async def here():
    speech = Speech()
    direct = Direct(speech)
    yield direct
    speech.go_on.set()
    await direct.connection.close()


async def fill_buffer(here):
    for _ in range(TEN_MINUTES // PIECE):
        assert await here.append(bytes(PIECE)) == []


# --- sound


async def test_fifteen_mib_of_sound_in_one_event_are_taken(here):
    await here.configure(BY_HAND)

    assert await here.append(bytes(15 * MIB)) == []


@pytest.mark.parametrize("session", [BY_HAND, SERVER_VAD], ids=["by hand", "server_vad"])
async def test_more_than_fifteen_mib_of_sound_in_one_event_are_refused(here, session):
    await here.configure(session)

    error = await here.append_refused(LOUD * (15 * MIB // len(LOUD) + 1))

    assert_names(error, "audio_too_large", "15 MiB")
    assert error["param"] == "audio"
    await here.configure(BY_HAND)
    await here.append(TENTH)
    await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert here.speech.heard == [TENTH], "nothing of what was refused is kept"


async def test_sound_beyond_ten_minutes_is_refused_and_what_is_there_can_be_committed(here):
    await here.configure(BY_HAND)
    await fill_buffer(here)

    error = await here.append_refused(bytes(2))

    assert_names(error, "input_audio_buffer_full", "10 minutes")
    await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert len(here.speech.heard[0]) == TEN_MINUTES
    await here.append(TENTH)


async def test_nothing_of_sound_that_is_half_too_much_is_kept(here):
    await here.configure(BY_HAND)
    await fill_buffer(here)
    await here.accepted("input_audio_buffer.clear")
    await here.append(TENTH)

    for _ in range(TEN_MINUTES // PIECE - 1):
        await here.append(bytes(PIECE))
    assert (await here.append_refused(bytes(PIECE)))["code"] == "input_audio_buffer_full"

    await here.append(bytes(PIECE - len(TENTH)))
    await here.accepted("input_audio_buffer.commit")
    await until(lambda: here.speech.heard, "the turn is recognised")
    assert len(here.speech.heard[0]) == TEN_MINUTES


async def test_a_full_buffer_that_is_cleared_has_room_again(here):
    await here.configure(BY_HAND)
    await fill_buffer(here)
    await here.append_refused(bytes(2))

    await here.accepted("input_audio_buffer.clear")

    await here.append(bytes(PIECE))


async def test_speech_that_never_pauses_is_committed_by_itself(here):
    await here.configure(SERVER_VAD)

    for _ in range(11 * 60):
        await here.append(b"\x01\x20" * 24_000)
        turns = len(here.of_type("input_audio_buffer.committed"))
        await until(lambda turns=turns: len(here.speech.heard) >= turns, "the turns are recognised")

    assert here.of_type("input_audio_buffer.committed") != []
    assert max(map(len, here.speech.heard)) <= TEN_MINUTES
    assert here.of_type("error") == []


# --- turns that wait for their words


async def test_more_turns_than_may_wait_for_recognition_are_refused_and_their_sound_is_kept(here):
    here.speech.go_on.clear()
    await here.configure(BY_HAND)
    for count in range(32):
        await here.append(TENTH)
        assert await here.accepted("input_audio_buffer.commit"), count
    await here.append(TENTH)
    await here.ask("input_audio_buffer.commit")  # one is being recognised: whether it waits too is left open
    await here.ask("input_audio_buffer.clear")

    await here.append(TENTH * 2)
    assert_names(await here.refusal("input_audio_buffer.commit"), "rate_limit_exceeded", "32")
    here.speech.go_on.set()
    await until(lambda: not here.connection.audio.pending_transcriptions, "all turns have their words")
    await here.accepted("input_audio_buffer.commit")

    await until(lambda: len(here.speech.heard[-1]) == 2 * len(TENTH), "the turn that was refused at first")


async def test_no_more_than_32_spoken_turns_wait_for_recognition(here):
    here.speech.go_on.clear()
    await here.configure(SERVER_VAD)

    for _ in range(40):
        await say(here)
    waiting = len(here.connection.audio.pending_transcriptions)
    errors = here.of_type("error")
    here.speech.go_on.set()
    await until(lambda: not here.connection.audio.pending_transcriptions, "all turns have their words")
    heard = len(here.of_type("conversation.item.input_audio_transcription.completed"))
    await say(here)

    assert waiting <= 33, "one of them is being recognised"
    assert errors != []
    for event in errors:
        assert_names(event["error"], "rate_limit_exceeded", "32")
    completed = "conversation.item.input_audio_transcription.completed"
    await until(lambda: len(here.of_type(completed)) == heard + 1, "who speaks later is heard")


async def say(here, pauses=1):
    """Speak and be silent for as long as ends a turn; refusals are for the test to look at."""
    for part in [LOUD * 4, QUIET * 8] * pauses + [QUIET * 16]:
        await here.ask("input_audio_buffer.append", audio=base64.b64encode(part).decode())


async def test_pauses_do_not_pile_up_recognitions(here):
    here.speech.go_on.clear()
    await here.configure(SERVER_VAD)

    await say(here, pauses=200)
    here.speech.go_on.set()
    await until(lambda: not here.connection.audio.pending_transcriptions, "all turns have their words")
    await say(here)
    await until(lambda: here.told[-1]["type"] == "response.done", "an answer")

    assert len(here.speech.heard) <= 40
