"""Ways of talking on real parts: the mode is switched while connected, and the gate keeps noise from the server."""

from dataclasses import replace

import pytest

from engine.bench import plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.session.commands import CommitTurn, SetTalkMode, TalkEnd, TalkStart
from rtvoice_tui.session.facts import EditState, Phase
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules

APPEND_20_MS = 960


def detections(server: FakeServer) -> list[object]:
    """What each update said of turn detection."""
    return [event["session"]["audio"]["input"]["turn_detection"] for event in server.sent("session.update")]


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
async def test_switched_to_push_to_talk_and_back_while_connected(dialect, tmp_path):
    said = signal(30, 7)

    async def script(session: Session) -> None:
        await session.open()
        await session.expect("input_audio_buffer.commit")
        if dialect == "yandex":
            await session.transcript("item_user_1", "By key.")
        await session.expect("response.create")
        await session.speak("resp_1", "item_a1", signal(0.1), words="Understood.")

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", said), output_file=tmp_path / "out.wav")
    async with FakeServer(script, dialect=dialect) as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING and len(server.session.microphone) > 4_800)
        bench.worker.post(SetTalkMode(TalkMode.TOGGLE))
        await bench.until(lambda: bench.phase is Phase.READY and bench.store.talk.mode is TalkMode.TOGGLE)
        await bench.until(lambda: bench.store.edits[-1][1].state is EditState.ACKNOWLEDGED)
        before = len(server.session.microphone)
        bench.worker.post(TalkStart())
        await bench.until(lambda: bench.store.talk.until is not None and bench.phase is Phase.HEARING)
        assert bench.store.talk.until - bench.store.talk.since == 30
        await bench.until(lambda: len(server.session.microphone) > before + 9_600)
        bench.worker.post(TalkEnd())
        await bench.until(lambda: bench.words("AGENT") == ["Understood."])
        assert bench.store.talk.until is None
        bench.worker.post(SetTalkMode(TalkMode.OPEN))
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        await bench.until(lambda: len(detections(server)) == 3)
        first, second, third = detections(server)
        assert (second, third) == (None, first)
        assert not server.offences


async def test_what_was_said_so_far_is_answered_at_once_when_the_user_asks_for_it():
    async def script(session: Session) -> None:
        await session.open()
        await session.speech_started("item_user_1")
        await session.expect("input_audio_buffer.commit")
        await session.expect("response.create")
        await session.speak("resp_1", "item_a1", signal(0.1), words="At once.")

    async with FakeServer(script, dialect="openai") as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.HEARING)
        server.session.state.uncommitted = 9_600  # what a microphone would have sent by then
        bench.worker.post(CommitTurn())
        await bench.until(lambda: bench.words("AGENT") == ["At once."])
        assert len(server.sent("response.create")) == 1
        assert not server.offences


async def test_the_next_session_is_as_loud_and_talks_as_its_plan_says_whatever_was_chosen_before():
    async def script(session: Session) -> None:
        await session.open()

    async with FakeServer(script, dialect="openai") as server:
        plan = plan_for(server)
        async with running(plan) as bench:
            store = bench.store
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            bench.worker.post(SetTalkMode(TalkMode.TOGGLE))
            bench.set_audio(agent_gain_db=-30.0)
            bench.set_audio(gate_db=-20.0)
            await bench.until(lambda: bench.phase is Phase.READY)
            bench.worker.reopen(replace(plan, heartbeat=1.0))
            await bench.until(lambda: len(server.sessions) == 2 and bench.phase is Phase.LISTENING)
            assert (store.talk.mode, store.audio_settings) == (TalkMode.OPEN, AudioSettings())
            talk = TalkRules(TalkMode.HOLD, limit_s=5.0)
            wanted = AudioSettings(mic_gain_db=6.0, agent_gain_db=-4.0, gate_db=-40.0)
            bench.worker.reopen(replace(plan, talk=talk, audio_settings=wanted))
            await bench.until(lambda: len(server.sessions) == 3 and bench.phase is Phase.READY)
            assert (store.talk.mode, store.audio_settings) == (TalkMode.HOLD, wanted)


async def test_a_gate_sends_what_is_quiet_as_silence_and_opens_for_what_is_loud(tmp_path):
    hum = (b"\x20\x00" * 24 + b"\xe0\xff" * 24) * 250  # -60 dBFS, 0.5 s
    word = signal(0.2)

    async def script(session: Session) -> None:
        await session.open()

    source = write_wav(tmp_path / "in.wav", hum + word + hum)
    audio = AudioChoice(input_file=source, output_file=tmp_path / "out.wav")
    async with (
        FakeServer(script) as server,
        running(plan_for(server, audio=audio, audio_settings=AudioSettings(gate_db=-43.0))) as bench,
    ):
        await bench.until(lambda: server.sessions and len(server.session.microphone) >= len(hum + word + hum))
        microphone = bytes(server.session.microphone)
        start = microphone.index(word)
        assert not any(microphone[: start - 2 * APPEND_20_MS])
        assert microphone[start - 2 * APPEND_20_MS : start] == hum[-2 * APPEND_20_MS :], "what came just before"
        assert not any(microphone[start + len(word) + 13 * APPEND_20_MS : len(hum + word + hum)])
        assert not bench.store.audio.gate_open


async def test_near_speech_lowers_the_agent_and_by_the_profiles_wish_silences_it(tmp_path):
    async def script(session: Session) -> None:
        await session.open()
        await session.ready(4_800)
        await session.speak("resp_1", "item_a1", signal(20), speed=4.0)

    audio = AudioChoice(
        input_file=write_wav(tmp_path / "in.wav", bytes(2 * 24_000) + signal(3)), output_file=tmp_path / "out.wav"
    )
    async with FakeServer(script, dialect="yandex") as server:
        plan = plan_for(server, audio=audio, talk=TalkRules(interrupts=True))
        async with running(plan) as bench:
            await bench.until(lambda: bench.store.audio.ducked)
            await bench.until(lambda: server.sent("conversation.item.truncate"), "the server was told what was heard")
            await bench.until(lambda: not bench.store.audio.ducked)
            assert server.sent("response.cancel")
            assert not server.offences
