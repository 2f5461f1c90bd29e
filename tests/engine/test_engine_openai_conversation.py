"""A whole spoken conversation with a server that refuses everything OpenAI refuses."""

import asyncio
import json

import pytest

from engine.bench import changed, heard, plan_for, profile_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession, Interrupt, SendText, TalkEnd, TalkStart
from rtvoice_tui.session.facts import CallState, EditState, Level, Phase
from rtvoice_tui.tools import demo


@pytest.fixture
async def server():
    async with FakeServer(dialect="openai") as server:
        yield server
    assert server.offences == []


async def just_open(session: Session) -> None:
    await session.open()


async def test_a_session_opens_in_the_shape_that_openai_demands(server):
    server.script = just_open
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        (update,) = server.sent("session.update")
        session = update["session"]
        assert session["type"] == "realtime"
        assert session["output_modalities"] == ["audio"]
        assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}
        assert session["audio"]["output"] == {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin"}
        assert [tool["name"] for tool in session["tools"]] == ["get_weather"], "hosted tools of others are not offered"
        assert server.upgrades[0]["Authorization"] == f"Bearer {server.key}"
        assert "OpenAI-Beta" not in server.upgrades[0]


async def test_a_spoken_question_calls_a_function_and_is_answered_aloud(server, tmp_path):
    question, answer = signal(0.3, 1), signal(0.6, 2)
    wav = write_wav(tmp_path / "question.wav", question)

    async def script(session: Session) -> None:
        await session.open()
        await session.ready(len(question))
        await session.speech_started("item_u1")
        await session.speech_ended("item_u1", "What is the weather in Omsk?")
        await session.call("resp_1", [("call_1", "get_weather", '{"city": "Omsk"}')])
        await session.expect("conversation.item.create")
        await session.expect("response.create")
        await session.speak("resp_2", "item_a1", answer, (4_801, 333, 1_999), words="It is fine in Omsk.")

    server.script = script
    audio = AudioChoice(input_file=wav, output_file=tmp_path / "out.wav")
    async with running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: bench.words("AGENT") == ["It is fine in Omsk."])
        await bench.until(lambda: bench.phase is Phase.SPEAKING)
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert bytes(server.session.microphone[: len(question)]) == question
        assert bench.words("YOU") == ["What is the weather in Omsk?"]
        (output,) = server.sent("conversation.item.create")
        assert json.loads(output["item"]["output"]) == demo.get_weather("Omsk")
        assert len(server.sent("response.create")) == 1
        assert [record.call.state for record in bench.store.calls.records] == [CallState.OK]
        assert bench.store.usage.answers == 2
        assert bench.store.usage.input_tokens == 100
        assert bench.store.usage.limits[0].remaining == 39_000
        assert not bench.notices
    assert heard(tmp_path / "out.wav") == answer


async def test_speech_into_an_answer_truncates_it_and_leaves_the_cancel_to_the_server(server):
    speaking = asyncio.Event()

    async def interrupt(session: Session) -> None:
        await speaking.wait()
        await session.speech_started("item_u1")

    async def script(session: Session) -> None:
        await session.open()
        asyncio.get_running_loop().create_task(interrupt(session))
        whole = await session.speak("resp_1", "item_a1", signal(20), (4_801,), speed=4, late=3)
        assert not whole
        await session.expect("conversation.item.truncate", item_id="item_a1", content_index=0)
        await session.speech_ended("item_u1", "Stop.")
        await session.speak("resp_2", "item_a2", signal(0.1), words="As you wish.")

    server.script = script
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.SPEAKING)
        await bench.until(lambda: bench.store.speaker.peak_db > -60)
        speaking.set()
        await bench.until(lambda: "As you wish." in bench.words("AGENT"))
        assert server.sent("response.cancel", "conversation.item.delete") == []


async def test_the_interrupt_key_cancels_and_truncates(server):
    async def script(session: Session) -> None:
        await session.open()
        whole = await session.speak("resp_1", "item_a1", signal(20), speed=4)
        assert not whole

    server.script = script
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.SPEAKING)
        await bench.until(lambda: bench.store.speaker.peak_db > -60)
        bench.worker.post(Interrupt())
        await bench.until(lambda: server.sent("conversation.item.truncate"))
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert len(server.sent("response.cancel")) == 1


async def test_a_typed_message_interrupts_and_waits_for_the_end_of_the_running_answer(server):
    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", signal(20), speed=4)
        create = await session.expect("conversation.item.create")
        assert create["item"]["content"] == [{"type": "input_text", "text": "Stop, and say hello."}]
        await session.expect("response.create")
        await session.speak("resp_2", "item_a2", signal(0.1), words="Hello.")

    server.script = script
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.SPEAKING)
        bench.worker.post(SendText("Stop, and say hello."))
        await bench.until(lambda: "Hello." in bench.words("AGENT"))
        assert bench.words("YOU") == ["Stop, and say hello."]
        assert len(server.sent("response.create")) == 1


async def test_a_turn_by_hand_is_committed_and_answered(server, tmp_path):
    said = signal(0.4, 7)

    async def script(session: Session) -> None:
        await session.open()
        await session.expect("input_audio_buffer.commit")
        await session.expect("response.create")
        await session.speak("resp_1", "item_a1", signal(0.1), words="Understood.")

    server.script = script
    profile = profile_for(server)
    profile = changed(profile, session=changed(profile.session, turn_detection={"type": "none"}))
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", said), output_file=tmp_path / "out.wav")
    async with running(plan_for(server, profile, audio)) as bench:
        await bench.until(lambda: bench.phase is Phase.READY)
        assert server.sent("session.update")[0]["session"]["audio"]["input"]["turn_detection"] is None
        bench.worker.post(TalkStart())
        await bench.until(lambda: len(server.session.microphone) >= len(said))
        bench.worker.post(TalkEnd())
        await bench.until(lambda: bench.words("AGENT") == ["Understood."])
        assert said[-9_600:] in bytes(server.session.microphone)


async def test_an_edit_of_the_running_session_is_sent_and_its_confirmation_shown(server):
    server.script = just_open
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        plan = bench.worker.plan
        wanted = changed(plan.settings, instructions="Speak like a pirate.")
        bench.worker.post(EditSession(wanted, plan.tools))
        await bench.until(lambda: len(bench.store.edits) == 4)
        assert [edit.state for _, edit in list(bench.store.edits)[2:]] == [EditState.SENT, EditState.ACKNOWLEDGED]
        assert server.sent("session.update")[1]["session"] == {
            "type": "realtime",
            "instructions": "Speak like a pirate.",
        }


async def test_settings_that_the_server_refuses_leave_the_session_refused_until_they_are_mended():
    refused = SessionSettings(turn_detection={"type": "server_vad"}, extra={"made_up": 1})
    async with FakeServer(just_open, dialect="openai") as server, running(plan_for(server, settings=refused)) as bench:
        await bench.until(lambda: bench.phase is Phase.REFUSED)
        (notice,) = bench.notices
        assert notice.level is Level.ERROR
        assert "made_up" in notice.text
        assert notice.remedy
        bench.worker.post(EditSession(SessionSettings(turn_detection={"type": "server_vad"}), bench.worker.plan.tools))
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert len(server.offences) == 1


async def test_a_quota_that_is_used_up_is_told_and_the_session_goes_on(server):
    async def script(session: Session) -> None:
        await session.open()
        await session.expect("response.create")
        await session.begin("resp_1")
        error = {"type": "insufficient_quota", "code": "rate_limit_exceeded", "message": "Too many tokens."}
        done = {"id": "resp_1", "status": "failed", "output": [], "usage": None}
        done["status_details"] = {"type": "failed", "error": error}
        session.state.active = ""
        await session.send({"type": "response.done", "response": done})

    server.script = script
    async with running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.post(SendText("Hello."))
        await bench.until(lambda: bench.notices)
        (notice,) = bench.notices
        assert (notice.level, notice.remedy) == (Level.ERROR, "wait a little, then try again")
        assert "Too many tokens." in notice.text
        await bench.until(lambda: bench.phase is Phase.LISTENING)
