"""A whole spoken conversation with Yandex AI Studio: real worker, real socket, the built-in profile."""

import asyncio
import json

from engine.bench import changed, heard, plan_for, profile_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.session.commands import Interrupt, SendText
from rtvoice_tui.session.facts import CallState, Phase
from rtvoice_tui.tools import demo

WEATHER_PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


async def just_open(session: Session) -> None:
    await session.open()


async def test_the_builtin_profile_opens_a_session_in_the_documented_shape():
    async with FakeServer(just_open) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        (update,) = server.sent("session.update")
        session = update["session"]
        instructions = session.pop("instructions")
        assert session == {
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24_000},
                    "turn_detection": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400},
                },
                "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "dasha"},
            },
            "tools": [
                {
                    "type": "function",
                    "name": "get_weather",
                    "description": "Get a brief weather report for the city.",
                    "parameters": WEATHER_PARAMETERS,
                },
                {"type": "function", "name": "web_search", "description": "Web search", "parameters": {}},
            ],
        }
        assert "polite" in instructions
        assert ". If asked" in instructions
        assert "{" not in instructions
        assert server.upgrades[0]["Authorization"] == f"Api-Key {server.key}"
        assert bench.store.session.session_id == "0123456789ab"
        assert not server.offences


async def test_the_model_goes_into_the_address_as_a_whole_uri():
    async with FakeServer(just_open) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        endpoint = await bench.worker.plan.source.endpoint()
        assert endpoint.url == f"{server.url}?model=gpt://b1gfolder/speech-realtime-deepseek-v4-flash"
        assert not server.offences


async def test_an_iam_token_is_sent_as_bearer():
    async with FakeServer(just_open, key="t1.token") as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert server.upgrades[0]["Authorization"] == "Bearer t1.token"


async def test_file_search_is_offered_only_with_an_index_and_with_its_id_as_description():
    async with FakeServer(just_open) as server:
        profile = profile_for(server)
        tools = [
            changed(tool, run=changed(tool.run, index_id="fvt123")) if tool.name == "file_search" else tool
            for tool in profile.tools
        ]
        async with running(plan_for(server, changed(profile, tools=tools))) as bench:
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            (update,) = server.sent("session.update")
            offered = {tool["name"]: tool for tool in update["session"]["tools"]}
            assert offered["file_search"] == {
                "type": "function",
                "name": "file_search",
                "description": "fvt123",
                "parameters": {},
            }
            assert not server.offences


async def test_a_spoken_question_calls_a_function_and_is_answered_aloud(tmp_path):
    question, answer = signal(0.4, 1), signal(0.7, 2)
    wav = write_wav(tmp_path / "question.wav", question)
    heard_by_server = asyncio.Event()

    async def script(session: Session) -> None:
        await session.open()
        await session.ready(len(question))
        heard_by_server.set()
        await session.speech_started("item_u1")
        await session.speech_ended("item_u1", "What is the weather in Omsk?")
        await session.call("resp_1", [("call_1", "get_weather", '{"city": "Omsk"}')], in_done=False)
        await session.expect("conversation.item.create")
        await session.expect("response.create")
        await session.speak("resp_2", "item_a1", answer, (4_801, 333, 1_999), words="It is fine in Omsk.")

    audio = AudioChoice(input_file=wav, output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server:
        async with running(plan_for(server, audio=audio)) as bench:
            await bench.until(lambda: bench.words("AGENT") == ["It is fine in Omsk."])
            await bench.until(lambda: bench.phase is Phase.SPEAKING)
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            assert heard_by_server.is_set()
            assert bytes(server.session.microphone[: len(question)]) == question
            assert bench.words("YOU") == ["What is the weather in Omsk?"]
            (output,) = server.sent("conversation.item.create")
            assert output["item"]["type"] == "function_call_output"
            assert output["item"]["call_id"] == "call_1"
            assert json.loads(output["item"]["output"]) == demo.get_weather("Omsk")
            assert len(server.sent("response.create")) == 1
            (record,) = bench.store.calls.records
            assert (record.call.state, record.call.name) == (CallState.OK, "get_weather")
            assert not server.offences
            assert not bench.notices
        assert heard(tmp_path / "out.wav") == answer


async def test_two_parallel_calls_are_answered_once_each_and_then_asked_about_once():
    calls = [("call_1", "get_weather", '{"city": "Omsk"}'), ("call_2", "get_weather", '{"city": "Perm"}')]

    async def script(session: Session) -> None:
        await session.open()
        await session.call("resp_1", calls)
        await session.expect("response.create")
        await session.speak("resp_2", "item_a1", signal(0.1), words="Both are fine.")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.words("AGENT") == ["Both are fine."])
        outputs = [event["item"]["call_id"] for event in server.sent("conversation.item.create")]
        assert outputs == ["call_1", "call_2"]
        assert server.session.outputs == {"call_1": 1, "call_2": 1}
        assert len(server.sent("response.create")) == 1
        kinds = [event["type"] for event in server.received]
        assert kinds.index("response.create") > max(i for i, k in enumerate(kinds) if k == "conversation.item.create")
        assert not server.offences


async def test_a_search_that_runs_at_the_provider_is_shown_and_never_answered():
    async def script(session: Session) -> None:
        await session.open()
        await session.call("resp_1", [("call_s", "web_search", '{"query": "news"}')])
        await session.speak("resp_2", "item_a1", signal(0.1), words="Here is the news.")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.words("AGENT") == ["Here is the news."])
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        (record,) = bench.store.calls.records
        assert (record.call.state, record.call.name) == (CallState.HOSTED, "web_search")
        assert server.sent("conversation.item.create", "response.create") == []
        assert not server.offences


async def test_words_of_an_answer_come_from_its_text_and_are_shown_once():
    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", signal(0.1), words=" Hello there, dear friend.")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.store.transcript.entries and bench.store.transcript.entries[0].final)
        assert [text.strip() for text in bench.words("AGENT")] == ["Hello there, dear friend."]


async def test_speaking_into_an_answer_silences_it_cancels_it_and_truncates_it(tmp_path):
    answer, next_answer = signal(20.0, 3), signal(0.2, 4)

    async def script(session: Session) -> None:
        await session.open()
        await session.speech_started("item_u1")
        await session.speech_ended("item_u1", "Report me a story.")
        asyncio.get_running_loop().create_task(interrupt(session))
        whole = await session.speak("resp_1", "item_a1", answer, (4_800, 4_801), speed=4, late=3)
        assert not whole
        await session.late_deltas("resp_1", "item_a1", signal(0.2, 9))
        await session.expect("conversation.item.truncate")
        await session.speech_ended("item_u2", "Stop, please.")
        await session.speak("resp_2", "item_a2", next_answer, words="As you wish.")

    async def interrupt(session: Session) -> None:
        await speaking.wait()
        await session.speech_started("item_u2")

    speaking = asyncio.Event()
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", b""), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server:
        async with running(plan_for(server, audio=audio)) as bench:
            await bench.until(lambda: bench.phase is Phase.SPEAKING)
            await bench.until(lambda: bench.store.speaker.peak_db > -60)
            speaking.set()
            await bench.until(lambda: "As you wish." in bench.words("AGENT"))
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            kinds = [e["type"] for e in server.received if e["type"] in CUTS]
            assert kinds == ["response.cancel", "conversation.item.truncate"]
            (truncate,) = server.sent("conversation.item.truncate")
            assert truncate["item_id"] == "item_a1"
            assert truncate["content_index"] == 1
            assert 0 < truncate["audio_end_ms"] < 20_000
            cut = next(entry for entry in bench.store.transcript.entries if entry.key == "item_a1")
            assert cut.heard is not None
            assert 0 < cut.heard < 1
            assert cut.confirmed
            assert "late" not in cut.text
            assert not server.offences
        sound = heard(tmp_path / "out.wav")
        cut_at = sound.index(next_answer)
        whole_part = _common(sound, answer)
        assert whole_part > 0
        assert cut_at - whole_part <= 12 * 48, "more than 12 ms were heard after the last whole sample"
        assert sound[cut_at:] == next_answer


CUTS = ("response.cancel", "conversation.item.truncate", "conversation.item.delete")


async def test_interrupting_an_answer_of_which_nothing_was_heard_deletes_it():
    async def script(session: Session) -> None:
        await session.open()
        await session.begin("resp_1")
        await session.audio("resp_1", "item_a1", signal(0.01))
        await session.expect("conversation.item.delete", item_id="item_a1")
        await session.expect("response.cancel")
        await session.end("resp_1", "cancelled")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.SPEAKING)
        bench.worker.post(Interrupt())
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert server.sent("conversation.item.truncate") == []
        assert not server.offences


async def test_an_answer_that_was_heard_to_its_end_is_neither_cancelled_nor_truncated():
    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", signal(0.2), words="Short.")
        await session.expect("conversation.item.create")
        await session.expect("response.create")
        await session.speak("resp_2", "item_a2", signal(0.1), words="Second.")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.words("AGENT") == ["Short."])
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.post(SendText("Next."))
        await bench.until(lambda: "Second." in bench.words("AGENT"))
        assert server.sent(*CUTS) == []
        assert bench.words("YOU") == ["Next."]
        assert not server.offences


async def test_an_error_is_tied_to_what_caused_it():
    async def script(session: Session) -> None:
        await session.open()
        create = await session.expect("response.create")
        session.state.active = ""
        error = {"type": "invalid_request_error", "code": "unknown", "message": "No such thing."}
        await session.send({"type": "error", "error": {**error, "event_id": create["event_id"]}})

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.post(SendText("Hello."))
        await bench.until(lambda: bench.notices)
        (notice,) = bench.notices
        (create,) = [event for event in server.received if event["type"] == "response.create"]
        assert notice.cause_id == create["event_id"]
        assert "No such thing." in notice.text
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        rows = [bench.store.events.row(number) for number in range(len(bench.store.events))]
        assert [row.name for row in rows if row.error] == ["error"]


async def test_settings_that_are_confirmed_twice_are_confirmed_once():
    async with FakeServer(just_open) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.names(sent=False).count("session.updated") == 2)
        states = [str(edit.state) for _, edit in bench.store.edits]
        assert states == ["sent", "acknowledged"]
        assert not server.offences


async def test_no_sound_is_sent_before_the_settings_are_confirmed(tmp_path):
    release = asyncio.Event()

    async def script(session: Session) -> None:
        await release.wait()
        await session.open()
        await session.ready(960)

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", signal(0.1)), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: bench.phase is Phase.CONFIGURING)
        await bench.until(lambda: server.sessions)
        assert server.received == []
        release.set()
        await bench.until(lambda: server.session.microphone)
        assert server.received[0]["type"] == "session.update"
        assert not server.offences


def _common(sound: bytes, original: bytes) -> int:
    """How many bytes of ``sound`` are the beginning of ``original``."""
    low, high = 0, min(len(sound), len(original))
    while low < high:
        middle = (low + high + 1) // 2
        if sound[:middle] == original[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
