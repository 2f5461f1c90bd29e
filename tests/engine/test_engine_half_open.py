"""A server that vanishes without a goodbye is noticed while something is due; one that is slow is waited for."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed_struct

from engine.bench import SILENT, Bench, Source, plan_for, running
from engine.bench import signal as sound
from engine.half_open import LIMIT_S, SILENCE_S, ByWay, Way, shorten
from realtime_server import FakeServer, Session
from rtvoice_tui.local_agent.process import LocalAgentProcess
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session.commands import EditSession, MicFrame, SendText, TalkEnd, TalkStart
from rtvoice_tui.session.facts import Level, Phase
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from terminal import descendants

NO_ANSWER, NO_WORD = "no answer", "no word"
TYPED = TalkRules(mode=TalkMode.TOGGLE)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


async def open_it(session: Session) -> None:
    await session.open()


async def deaf(session: Session) -> None:
    """Open the session, and say nothing from then on."""
    await session.open()
    session.acknowledges = False


@contextlib.asynccontextmanager
async def by_way(server: FakeServer, **changes: object) -> AsyncIterator[tuple[Bench, Way]]:
    """A session over a way that can fall silent."""
    plan = plan_for(server)
    assert isinstance(plan.source, Source)
    async with Way.to(server.url) as way:
        plan = replace(plan, source=ByWay(plan.source, way), **changes)
        async with running(plan) as bench:
            yield bench, way


async def noticed(bench: Bench) -> None:
    """The session ends, with a sentence and a remedy."""
    async with asyncio.timeout(LIMIT_S):
        while not bench.store.session.reason:  # noqa: ASYNC110 - the end has no event of its own
            await asyncio.sleep(0.01)
    await bench.until(lambda: bench.phase is Phase.OFFLINE)
    assert NO_ANSWER in bench.store.session.reason
    assert bench.store.session.remedy
    errors = [notice.text for notice in bench.notices if notice.level is Level.ERROR]
    assert errors == [bench.store.session.reason]


# --- what may be due when the server vanishes


def post_text(bench: Bench) -> None:
    bench.worker.post(SendText("Are you there?"))


def change_settings(bench: Bench) -> None:
    settings = changed_struct(bench.worker.settings, instructions="Sing.")
    bench.worker.edit(EditSession(settings, bench.worker.plan.tools, "mine"), bench.worker.plan.toolset)


@pytest.mark.parametrize("ask", [post_text, change_settings])
@pytest.mark.parametrize("dialect", ["openai", "yandex"])
async def test_a_server_that_vanishes_before_it_answers_is_noticed(ask: Callable[[Bench], None], dialect: str):
    async with FakeServer(open_it, dialect=dialect) as server, by_way(server) as (bench, way):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        way.freeze()
        ask(bench)
        await noticed(bench)


async def test_a_server_that_vanishes_when_a_turn_was_ended_by_key_is_noticed():
    async with FakeServer(open_it, dialect="openai") as server, by_way(server, talk=TYPED) as (bench, way):
        await bench.until(lambda: bench.phase is Phase.READY)
        bench.worker.post(TalkStart())
        await bench.until(lambda: bench.phase is Phase.HEARING)
        for _ in range(20):
            bench.worker.post(MicFrame(sound(0.02)))
        way.freeze()
        bench.worker.post(TalkEnd())
        await bench.until(lambda: "input_audio_buffer.commit" in bench.names(sent=True))
        await noticed(bench)


async def test_a_server_that_vanishes_in_the_middle_of_an_answer_is_noticed():
    async def script(session: Session) -> None:
        await session.open()
        await session.expect("response.create")
        await session.begin("resp_1")
        await session.audio("resp_1", "item_a1", sound(0.2))

    async with FakeServer(script) as server, by_way(server) as (bench, way):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        post_text(bench)
        await bench.until(lambda: "response.output_audio.delta" in bench.names(sent=False))
        way.freeze()
        await noticed(bench)


async def test_a_server_that_vanishes_after_a_call_was_answered_is_noticed():
    async def script(session: Session) -> None:
        await session.open()
        session.acknowledges = False
        await session.call("resp_1", [("k1", "get_weather", '{"city": "Oslo"}')])

    async with FakeServer(script, dialect="openai") as server, by_way(server) as (bench, way):
        await bench.until(lambda: "response.create" in bench.names(sent=True))
        way.freeze()
        await noticed(bench)


async def test_a_server_that_vanishes_before_it_confirmed_the_session_is_noticed():
    async def script(session: Session) -> None:
        session.acknowledges = False
        await session.greet()
        await session.expect("session.update")
        way.freeze()

    async with FakeServer(script) as server, by_way(server) as (bench, made):
        way = made
        await noticed(bench)


async def test_after_a_vanished_server_the_same_key_connects_again_and_the_lost_message_is_named():
    async with FakeServer(open_it) as server, by_way(server) as (bench, way):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        way.freeze()
        post_text(bench)
        await noticed(bench)
        await bench.until(lambda: [n for n in bench.notices if "Are you there?" in n.text], f"{bench.notices}")
        way.thaw()
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert bench.store.session.reason == ""


async def test_a_server_that_is_stopped_is_noticed(tmp_path, monkeypatch: pytest.MonkeyPatch):
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path))
    profile = load_profile("local")
    async with FakeServer() as nobody:
        plan = replace(plan_for(nobody, profile), source=LocalAgentProcess(), audio=SILENT)  # type: ignore[arg-type]
    before = {process.pid for process in descendants(os.getpid())}
    async with running(plan) as bench:
        async with asyncio.timeout(60):
            while bench.phase is not Phase.LISTENING:  # noqa: ASYNC110 - it starts in its own time
                await asyncio.sleep(0.02)
        (agent,) = [p for p in descendants(os.getpid()) if "local_agent" in p.command and p.pid not in before]
        os.kill(agent.pid, signal.SIGSTOP)
        try:
            post_text(bench)
            await noticed(bench)
        finally:
            os.kill(agent.pid, signal.SIGCONT)


# --- who is not given up


async def test_a_server_that_answers_pings_and_says_nothing_is_waited_for():
    async with FakeServer(deaf) as server, by_way(server) as (bench, _):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        post_text(bench)
        await bench.until(lambda: server.session.count("conversation.item.create") == 1)
        await asyncio.sleep(6 * SILENCE_S)  # nothing happens, and that is what is tested
        assert bench.phase is Phase.THINKING
        assert bench.notices == []
        session = server.session
        await session.send({"type": "conversation.item.created", "item": {"id": "i", "type": "message"}})
        await session.speak("resp_1", "item_a", sound(0.1), words="At last.")
        await bench.until(lambda: bench.words("AGENT") == ["At last."])


async def test_a_server_that_pauses_in_an_answer_and_answers_pings_is_waited_for():
    async def script(session: Session) -> None:
        await session.open()
        await session.begin("resp_1")
        await session.audio("resp_1", "item_a1", sound(0.2))
        await go_on.wait()
        await session.end("resp_1")

    go_on = asyncio.Event()
    async with FakeServer(script) as server, by_way(server) as (bench, _):
        await bench.until(lambda: "response.output_audio.delta" in bench.names(sent=False))
        await asyncio.sleep(6 * SILENCE_S)  # nothing happens, and that is what is tested
        assert bench.phase is not Phase.OFFLINE
        assert bench.notices == []
        go_on.set()
        await bench.until(lambda: bench.phase is Phase.LISTENING)


async def deaf_without_pongs(session: Session) -> None:
    session.answers_pings = False
    await deaf(session)


async def test_a_server_that_answers_no_pings_is_not_given_up_but_its_silence_is_told():
    async with FakeServer(deaf_without_pongs) as server, by_way(server, heartbeat=0) as (bench, _):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        post_text(bench)
        await warned(bench)
        await asyncio.sleep(4 * SILENCE_S)  # nothing more happens, and that is what is tested
        assert bench.phase is Phase.THINKING
        (notice,) = [notice for notice in bench.notices if NO_WORD in notice.text]
        assert notice.level is Level.WARNING
        session = server.session
        await session.send({"type": "conversation.item.created", "item": {"id": "i", "type": "message"}})
        await session.speak("resp_1", "item_a", sound(0.1), words="At last.")
        await bench.until(lambda: bench.words("AGENT") == ["At last."])


async def test_a_server_without_pongs_that_owes_nothing_is_not_told_of():
    async with FakeServer(deaf_without_pongs) as server, by_way(server, heartbeat=0) as (bench, _):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        await asyncio.sleep(4 * SILENCE_S)  # nothing happens, and that is what is tested
        assert bench.phase is Phase.LISTENING
        assert bench.notices == []


async def test_a_vanished_server_that_owes_nothing_is_left_to_the_heartbeat():
    async with FakeServer(open_it) as server, by_way(server, heartbeat=60) as (bench, way):
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        way.freeze()
        await asyncio.sleep(4 * SILENCE_S)  # nothing happens, and that is what is tested
        assert bench.phase is Phase.LISTENING
        assert bench.notices == []


async def warned(bench: Bench) -> None:
    """The silence is told."""
    async with asyncio.timeout(LIMIT_S):
        while not any(NO_WORD in notice.text for notice in bench.notices):  # noqa: ASYNC110 - no event of its own
            await asyncio.sleep(0.01)
