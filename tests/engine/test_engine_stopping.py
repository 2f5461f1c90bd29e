"""`stop` ends everything soon, from any thread and in every state, and the process can end."""

import asyncio
import os
import signal as signals
import subprocess
import sys
import threading
import wave
from dataclasses import replace

import pytest

from engine.bench import (
    LIMIT_S,
    SILENT,
    Bench,
    Source,
    heard,
    new_store,
    plan_for,
    running,
    signal,
    until,
    with_tool,
    write_wav,
)
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.session.commands import Interrupt, SendText
from rtvoice_tui.session.facts import Phase


async def just_open(session: Session) -> None:
    await session.open()


def clocks() -> set[threading.Thread]:
    """The threads of devices that are open."""
    return {thread for thread in threading.enumerate() if thread.name == "audio-clock"}


@pytest.fixture
def ends():
    """Stop, and see `run` return without an exception, offline, with everything given back."""
    before = clocks()

    async def end(bench: Bench) -> None:
        bench.worker.stop()
        async with asyncio.timeout(LIMIT_S):
            await asyncio.wait({bench.task})
        assert not bench.task.cancelled()
        assert bench.task.exception() is None
        assert bench.phase is Phase.OFFLINE
        assert bench.worker.plan.source.closed == 1
        await until(lambda: clocks() <= before, "all devices are closed")

    return end


async def test_before_it_runs():
    async with FakeServer() as server:
        with new_store() as store:
            worker = SessionWorker(plan := plan_for(server), store)
            worker.stop()
            async with asyncio.timeout(LIMIT_S):
                await worker.run()
            assert plan.source.closed == 1
            assert not server.sessions


async def test_a_disconnect_asked_before_it_runs_keeps_it_offline(ends):
    async with FakeServer() as server:
        plan = plan_for(server)
        with new_store() as store:
            worker = SessionWorker(plan, store)
            worker.disconnect()
            worker.set_audio(AudioSettings(muted=True))
            bench = Bench(worker, store, asyncio.create_task(worker.run()))
            await bench.until(lambda: store.audio.output_name)
            await asyncio.sleep(0)
            assert not server.sessions
            assert bench.phase is Phase.OFFLINE
            await ends(bench)


async def test_while_nothing_is_connected(ends):
    async with FakeServer() as server, running(plan_for(server, connect=False)) as bench:
        await bench.until(lambda: bench.store.audio.output_name)
        await ends(bench)


async def test_while_the_server_has_not_greeted(ends):
    async with FakeServer() as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.CONFIGURING)
        await ends(bench)


async def test_while_the_upgrade_is_not_answered(ends):
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        asked.set()

    asked, writers = asyncio.Event(), []
    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with FakeServer() as server:
        server.url = f"ws://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
        async with running(plan_for(server)) as bench:
            await asked.wait()
            assert bench.phase is Phase.CONNECTING
            await ends(bench)
    silent.close()
    for writer in writers:
        writer.transport.abort()
    await silent.wait_closed()


async def test_while_the_source_is_still_starting(ends):
    class Slow(Source):
        async def endpoint(self) -> Endpoint:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

    asked = asyncio.Event()
    async with FakeServer() as server:
        plan = plan_for(server)
        async with running(replace(plan, source=Slow(plan.source.profile, {}))) as bench:
            await asked.wait()
            await ends(bench)


async def test_while_both_sides_talk(ends, tmp_path):
    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", signal(20), speed=3)

    wav = write_wav(tmp_path / "in.wav", signal(5))
    audio = AudioChoice(input_file=wav, output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: bench.phase is Phase.SPEAKING and server.session.microphone)
        await bench.until(lambda: bench.store.speaker.peak_db > -60)
        await ends(bench)
    with wave.open(str(tmp_path / "out.wav"), "rb") as finished:
        assert finished.getnframes() > 0
    assert heard(tmp_path / "out.wav")


async def test_while_an_interruption_is_being_carried_out(ends):
    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", signal(20), speed=3)

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.store.speaker.peak_db > -60)
        bench.worker.post(Interrupt())
        await ends(bench)


@pytest.mark.parametrize("kind", ["a thread that never returns", "a coroutine that never returns"])
async def test_while_a_function_runs_for_ever(ends, kind):
    release, begun = threading.Event(), threading.Event()

    def stuck(city: str) -> str:
        begun.set()
        release.wait()
        return city

    async def stuck_coroutine(city: str) -> str:
        begun.set()
        await asyncio.Event().wait()
        return city

    async def script(session: Session) -> None:
        await session.open()
        await session.call("resp_1", [("call_1", "get_weather", '{"city": "Omsk"}')])

    function = stuck if kind.startswith("a thread") else stuck_coroutine
    async with (
        FakeServer(script) as server,
        running(with_tool(plan_for(server), "get_weather", function, 3_600)) as bench,
    ):
        await bench.until(begun.is_set)
        await bench.until(lambda: bench.phase is Phase.TOOL)
        await ends(bench)
    release.set()


async def test_while_the_server_reads_nothing(ends):
    async def script(session: Session) -> None:
        await session.open()
        session.reading.clear()

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        await bench.until(lambda: not server.session.reading.is_set())
        for _ in range(3):
            bench.worker.post(SendText("x" * 8_000_000))
        await bench.until(lambda: bench.store.transcript.entries)
        await bench.until(lambda: (up := bench.worker.driver.connection) and up.outgoing.unsent_texts())
        await ends(bench)


async def test_while_the_devices_are_being_opened(ends, monkeypatch):
    from rtvoice_tui.audio.backends import choosing

    asked, release = threading.Event(), threading.Event()

    def slow(*arguments):
        asked.set()
        release.wait(LIMIT_S)
        chosen = opened(*arguments)
        done.set()
        return chosen

    done, opened = threading.Event(), choosing.file_or_silence
    monkeypatch.setattr(choosing, "file_or_silence", slow)
    async with FakeServer() as server, running(plan_for(server)) as bench:
        await bench.until(asked.is_set)
        bench.worker.stop()
        await asyncio.sleep(0)
        release.set()
        await bench.until(done.is_set)
        await ends(bench)


async def test_before_it_has_begun():
    async with FakeServer() as server:
        with new_store() as store:
            worker = SessionWorker(plan_for(server), store)
            worker.stop()
            async with asyncio.timeout(LIMIT_S):
                await worker.run()
            assert server.upgrades == []


async def test_after_it_has_ended(ends):
    async with FakeServer(just_open) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        await ends(bench)
        bench.worker.stop()
        bench.worker.post(Interrupt())
        bench.worker.connect()
        bench.worker.disconnect()


async def test_stopping_twice_is_stopping_once():
    before = clocks()
    async with FakeServer(just_open) as server:
        with new_store() as store:
            worker = SessionWorker(plan_for(server), store)
            task = asyncio.create_task(worker.run())
            await until(lambda: store.session.phase is Phase.LISTENING)
            worker.stop()
            await asyncio.sleep(0)
            worker.stop()
            await asyncio.wait({task}, timeout=LIMIT_S)
            assert task.done()
            assert not task.cancelled(), "run never raises"
            assert worker.plan.source.closed == 1, "what the source started must end with the worker"
            await until(lambda: clocks() <= before, "all devices are closed")


async def test_from_another_thread():
    async with FakeServer(just_open) as server:
        with new_store() as store:
            worker = SessionWorker(plan_for(server), store)
            thread = threading.Thread(target=lambda: asyncio.run(worker.run()), daemon=True)
            thread.start()
            await until(lambda: store.session.phase is Phase.LISTENING)
            worker.stop()
            await until(lambda: not thread.is_alive())
            assert store.session.phase is Phase.OFFLINE


async def test_commands_before_it_runs_are_harmless():
    async with FakeServer() as server:
        with new_store() as store:
            worker = SessionWorker(plan_for(server), store)
            worker.post(Interrupt())
            worker.connect()
            worker.disconnect()
            worker.set_audio(AudioSettings(muted=True, agent_muted=True))
            assert worker.audio_settings == AudioSettings(muted=True, agent_muted=True)


PROGRAM = """
import asyncio, sys, threading, time
from pathlib import Path
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.local_agent.process import LocalAgentProcess
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.store import Store
from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.engine.worker import SessionWorker

profile, source, store = load_profile("local"), LocalAgentProcess(), Store()
plan = Plan(profile.dialect, profile.session, profile.tool_specs, {}, source, AudioChoice(silent=True))
worker = SessionWorker(plan, store)
thread = threading.Thread(target=lambda: asyncio.run(worker.run()))
thread.start()
deadline = time.monotonic() + 30
while store.session.phase is not Phase.LISTENING and time.monotonic() < deadline:
    time.sleep(0.01)
print(source._process.pid, store.session.phase, flush=True)
if sys.argv[1] == "hang":
    time.sleep(3600)
worker.stop()
thread.join()
print("joined", flush=True)
"""


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has ended too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def program():
    started = []

    def start(argument: str) -> tuple["subprocess.Popen[str]", int]:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, argument], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        pid, phase = process.stdout.readline().split()
        assert phase == "listening"
        return process, int(pid)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


async def test_the_process_ends_and_with_it_the_local_agent(program):
    process, agent = program("stop")
    rest, _ = await asyncio.to_thread(process.communicate, timeout=10)
    assert rest == "joined\n"
    assert process.returncode == 0
    await until(lambda: gone(agent))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
async def test_the_local_agent_ends_when_the_process_is_killed(program):
    process, agent = program("hang")
    assert not gone(agent)
    process.send_signal(signals.SIGKILL)
    process.wait()
    await until(lambda: gone(agent))


async def test_the_local_agent_is_started_again_after_it_died():
    from rtvoice_tui.engine.plan import Plan
    from rtvoice_tui.local_agent.process import LocalAgentProcess
    from rtvoice_tui.profiles.store import load_profile

    profile, source = load_profile("local"), LocalAgentProcess()
    plan = Plan(profile.dialect, profile.session, profile.tool_specs, {}, source, SILENT)
    async with running(plan) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        process = source._process
        assert process is not None
        process.kill()
        await bench.until(lambda: bench.phase is Phase.OFFLINE and bench.notices)
        await process.wait()
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        assert source._process is not None
        assert source._process.pid != process.pid
