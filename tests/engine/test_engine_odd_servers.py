"""Servers that say the same in other events, or say too little: over a real socket, up to what the user sees."""

import dataclasses

import pytest

from engine.bench import OPENAI, plan_for, profile_for, running
from realtime_server import FakeServer, Session, oddities
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.media import Direction
from rtvoice_tui.session.commands import SendText, SetHistory, UseDevice
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.store.transcript import Speaker
from virtual_audio import locatable, write_wav

MISSING = "The model x does not exist"


async def seen(script, condition, dialect: str = "openai", text: str = ""):
    """The store's notices, transcript and session once a condition holds."""

    async def play(session: Session) -> None:
        await session.open()
        await script(session)

    async with FakeServer(play, dialect=dialect) as server, running(plan_for(server, profile_for(server, text))) as b:
        await b.until(lambda: condition(b))
        return [notice.text for notice in b.notices], b.words(Speaker.AGENT), b.store.session, b.store


async def test_the_error_before_the_end_is_the_reason_that_stays():
    notices, _, session, _ = await seen(
        lambda s: oddities.error_then_close(s, MISSING), lambda b: b.phase is Phase.OFFLINE and b.store.session.reason
    )
    assert MISSING in session.reason
    assert MISSING in notices[-1]


@pytest.mark.parametrize("code", [4000, 4001, 4321])
async def test_a_close_of_the_server_s_own_is_told_by_its_reason(code):
    async def script(session: Session) -> None:
        await session.close(code, "insufficient funds: quota exceeded")

    _, _, session, _ = await seen(script, lambda b: b.phase is Phase.OFFLINE and b.store.session.reason)
    assert "quota exceeded" in session.reason
    assert "top up" in session.remedy
    assert "wire format" not in session.reason


SHAPES = [{"error": MISSING}, {"error": {"detail": MISSING}}, {"message": MISSING}, {"error": [{"msg": MISSING}]}]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
async def test_an_error_of_any_shape_is_told(shape):
    notices, _, _, store = await seen(lambda s: oddities.error_of_shape(s, **shape), lambda b: b.notices)
    assert [MISSING in notice for notice in notices] == [True]
    assert store.events.unreadable == 1


async def test_an_error_without_a_type_is_told():
    notices, *_ = await seen(lambda s: oddities.untyped_error(s, MISSING), lambda b: b.notices)
    assert MISSING in notices[0]


WORDS = {
    "sentence by sentence": lambda s: oddities.sentence_by_sentence(s, "R", "A", "Hello.", "How are you?"),
    "in the item only": lambda s: oddities.words_in_item_only(s, "R", "A", "Hello. How are you?"),
    "in response.done only": lambda s: oddities.words_in_response_only(s, "R", "A", "Hello. How are you?"),
}


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
@pytest.mark.parametrize("way", WORDS)
async def test_words_are_shown_wherever_they_come(way, dialect):
    _, said, _, _ = await seen(WORDS[way], lambda b: b.words(Speaker.AGENT), dialect)
    assert said == ["Hello. How are you?"]


async def test_a_failed_response_is_told_and_counted():
    notices, _, _, store = await seen(
        lambda s: oddities.fails(s, "R", error={"code": "insufficient_quota"}), lambda b: b.notices
    )
    assert "insufficient_quota" in notices[0]
    assert store.events.unreadable == 1
    assert store.notices[0][1].remedy == "top up the account at the provider"


async def test_silent_speech_is_told():
    notices, *_ = await seen(lambda s: oddities.silent_speech(s, "R", "A", 3.5), lambda b: b.notices)
    assert "silent" in notices[0]


async def test_an_idle_timeout_leaves_nobody_listening():
    async def script(session: Session) -> None:
        await oddities.idle_timeout(session, "T")
        await session.begin("R")

    _, _, _, store = await seen(script, lambda b: "response.created" in b.names(sent=False))
    assert [entry for entry in store.transcript.entries if entry.speaker is Speaker.YOU] == []


async def test_a_session_that_is_changed_by_others_is_followed():
    detection = {"type": "server_vad", "threshold": 0.9}
    notices, _, session, _ = await seen(
        lambda s: oddities.changes_by_itself(s, audio={"input": {"turn_detection": detection}}), lambda b: b.notices
    )
    assert session.in_force["turn_detection"] == detection
    assert "turn_detection" in notices[0]


async def test_a_request_that_crossed_is_made_again():
    async def script(session: Session) -> None:
        await session.open()
        session.acknowledges = False
        await session.expect("response.create")
        session.state.active = ""
        await oddities.own_response_first(session, "own")
        await session.end("own")
        await session.expect("response.create")

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.post(SendText("Hello"))
        await bench.until(lambda: server.session.count("response.create") == 2)
        assert bench.notices == []


TOOLS = "".join(f'[[tools]]\nname = "{name}"\nrun = {{kind = "mock", result = "x"}}\n' for name in ("one", "two"))


async def test_a_tool_that_the_server_refuses_is_left_out_and_the_session_opens():
    async def script(session: Session) -> None:
        await session.greet()
        session.acknowledges = False
        update = await session.expect("session.update")
        await oddities.refuses_tool(session, update, 0)
        second = await session.expect("session.update")
        await session.say("session.updated", session=second["session"])

    text = OPENAI.partition("[[tools]]")[0] + TOOLS
    async with (
        FakeServer(script, dialect="openai") as server,
        running(plan_for(server, profile_for(server, text))) as bench,
    ):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        updates = [event for event in server.session.received if event["type"] == "session.update"]
        assert [[tool["name"] for tool in event["session"]["tools"]] for event in updates] == [["one", "two"], ["two"]]
        assert ["'one'" in notice.text for notice in bench.notices] == [True]


async def test_tools_that_no_server_accepts_are_never_sent():
    bad = '[[tools]]\nname = "моя погода"\nrun = {kind = "mock", result = "x"}\n'
    bad += '[[tools]]\nname = "odd"\nparameters = {type = "strin"}\nrun = {kind = "mock", result = "x"}\n'
    text = OPENAI.partition("[[tools]]")[0] + bad + TOOLS

    async def script(session: Session) -> None:
        await session.open()

    async with (
        FakeServer(script, dialect="openai") as server,
        running(plan_for(server, profile_for(server, text))) as bench,
    ):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        (update,) = [event for event in server.session.received if event["type"] == "session.update"]
        assert [tool["name"] for tool in update["session"]["tools"]] == ["one", "two"]
        assert server.offences == []
        assert len(bench.notices) == 2


async def test_a_conversation_goes_with_the_next_session_and_the_seam_says_so():
    async def script(session: Session) -> None:
        await session.open()
        if session is server.sessions[0]:
            await session.expect("response.create")
            session.drop()

    async with FakeServer(script, dialect="openai") as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.post(SendText("Hello"))
        await bench.until(lambda: bench.phase is Phase.OFFLINE)
        assert bench.store.session.lost
        bench.worker.post(SetHistory((HistoryMessage(False, "Hello"), HistoryMessage(True, "Good day"))))
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        await bench.until(lambda: server.session.count("conversation.item.create") == 2)
        seams = [entry.text for entry in bench.store.transcript.entries if entry.speaker is Speaker.SEAM]
        assert seams == ["new session: knows the 2 messages above"]


async def test_a_device_that_is_changed_is_in_the_one_plan_that_everybody_reads(tmp_path):
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", locatable(0.2)), output_file=tmp_path / "out.wav")

    async def script(session: Session) -> None:
        await session.open()

    async with FakeServer(script, dialect="openai") as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert bench.worker.plan is bench.worker.driver.plan
        bench.worker.driver.keep_audio(input_device="webcam")
        assert bench.worker.plan.audio.input_device == "webcam"
        other = dataclasses.replace(bench.worker.plan, profile="other")
        bench.worker.reopen(other)
        assert bench.worker.plan is other
        await bench.until(lambda: bench.worker.driver.plan is other)
        assert bench.worker.plan is bench.worker.driver.plan
        bench.worker.post(UseDevice(Direction.INPUT, "no such device"))
        await bench.until(lambda: bench.notices)
        assert bench.worker.plan is bench.worker.driver.plan


@pytest.mark.parametrize("name", ["session.expired", "session.closed", "server_error", "Error"])
async def test_a_failure_of_another_name_is_the_reason_of_the_end(name):
    _, _, session, store = await seen(
        lambda s: oddities.failure_of_another_name(s, name, "your hour is over"),
        lambda b: b.phase is Phase.OFFLINE and b.store.session.reason,
    )
    assert "your hour is over" in session.reason
    assert store.events.unreadable == (name != "session.closed")


async def test_a_response_whose_ids_stand_elsewhere_is_shown_and_ends():
    _, said, _, _ = await seen(
        lambda s: oddities.ids_beside(s, "R", "Hello."),
        lambda b: b.words(Speaker.AGENT) and b.phase is Phase.LISTENING and "response.done" in b.names(sent=False),
    )
    assert said == ["Hello."]


async def test_items_of_the_same_id_are_entries_of_their_own():
    _, said, _, _ = await seen(
        lambda s: oddities.same_item_again(s, "First.", "Second.", "Third."), lambda b: len(b.words(Speaker.AGENT)) == 3
    )
    assert said == ["First.", "Second.", "Third."]


async def test_a_call_that_is_announced_first_has_the_arguments_that_come_then():
    *_, store = await seen(
        lambda s: oddities.announced_call(s, "R", "K", '{"city":"Omsk"}'),
        lambda b: b.store.calls.records and b.store.calls.records[-1].call.output,
    )
    assert store.calls.records[-1].call.arguments == '{"city":"Omsk"}'


async def test_tokens_that_are_counted_as_chat_completions_do_are_counted():
    *_, store = await seen(lambda s: oddities.tokens_as_chat(s, "R", 10, 2), lambda b: b.store.usage.answers == 1)
    assert (store.usage.input_tokens, store.usage.output_tokens) == (10, 2)
