"""What a session is made of changes while it is still being changed: nothing is left open, lost or begun twice."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from engine.bench import plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.playout.heard_positions import HeardPositions
from rtvoice_tui.audio.station import AudioStation
from rtvoice_tui.audio.supervisor.thread import AudioSupervisor
from rtvoice_tui.engine.connection import secrets
from rtvoice_tui.media import AudioSettings, Direction
from rtvoice_tui.session.commands import EditSession, SendEvent, SendText, SetEcho, SetTalkMode, TalkStart, UseDevice
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules

SILENT = AudioChoice(silent=True)


async def idle(session: Session) -> None:
    await session.open()


class Stations:
    """Every station that is opened and closed; opening waits where a test wants it."""

    def __init__(self) -> None:
        self.opened: list[AudioStation] = []
        self.closed: set[AudioStation] = set()
        self.may_open = threading.Event()
        self.may_open.set()

    @property
    def left_open(self) -> int:
        return len(set(self.opened) - self.closed)


@pytest.fixture
def stations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stations]:
    seen = Stations()
    opens, closes = AudioStation.open, AudioStation.close

    def opened(station: AudioStation) -> None:
        seen.opened.append(station)
        assert seen.may_open.wait(20)
        opens(station)

    def closed(station: AudioStation) -> None:
        seen.closed.add(station)
        closes(station)

    monkeypatch.setattr(AudioStation, "open", opened)
    monkeypatch.setattr(AudioStation, "close", closed)
    yield seen
    seen.may_open.set()


async def test_two_changes_at_once_leave_one_set_of_devices_and_one_session(stations):
    async with FakeServer(idle) as server:
        plan = plan_for(server, audio=SILENT)
        async with running(plan) as bench:
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            bench.worker.reopen(replace(plan, audio=replace(SILENT, echo="off")))
            bench.worker.reopen(replace(plan, audio=replace(SILENT, echo="half-duplex")))
            await bench.until(lambda: len(stations.opened) == 3 and bench.phase is Phase.LISTENING)
            assert stations.left_open == 1
            driver = bench.worker.driver
            await bench.until(lambda: not driver._wanted.is_set())
            assert driver.plan.audio.echo == "half-duplex"
        assert stations.left_open == 0


async def test_a_change_while_the_first_devices_are_being_opened_waits_for_them(stations):
    stations.may_open.clear()
    async with FakeServer(idle) as server:
        plan = plan_for(server, audio=SILENT)
        async with running(plan) as bench:
            await bench.until(lambda: len(stations.opened) == 1)
            bench.worker.reopen(replace(plan, audio=replace(SILENT, echo="off")))
            stations.may_open.set()
            await bench.until(lambda: len(stations.opened) == 2 and bench.phase is Phase.LISTENING)
            assert stations.left_open == 1


async def test_a_session_that_is_wanted_while_devices_are_exchanged_begins_when_they_are_there(stations):
    async def script(session: Session) -> None:
        await session.open()
        await session.expect("response.create")
        await session.speak("resp_1", "item_a1", signal(0.2), words="Heard.")

    async with FakeServer(script) as server:
        plan = plan_for(server, audio=SILENT, connect=False)
        async with running(plan) as bench:
            await bench.until(lambda: len(stations.opened) == 1)
            stations.may_open.clear()
            bench.worker.reopen(replace(plan, audio=replace(SILENT, echo="off")), (), False)
            await bench.until(lambda: len(stations.opened) == 2)
            bench.worker.connect()
            await asyncio.sleep(0.2)
            assert not server.sessions, "nobody could hear its first words"
            stations.may_open.set()
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            bench.worker.post(SendText("Say something."))
            await bench.until(lambda: bench.words("AGENT") == ["Heard."] and bench.phase is Phase.LISTENING)


async def test_what_is_wanted_of_the_devices_while_they_are_exchanged_holds_afterwards(stations):
    async with FakeServer(idle) as server:
        plan = plan_for(server, audio=SILENT)
        async with running(plan) as bench:
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            stations.may_open.clear()
            profiles_own = AudioSettings(mic_gain_db=3.0)
            bench.worker.reopen(replace(plan, audio=replace(SILENT, echo="off"), audio_settings=profiles_own))
            await bench.until(lambda: len(stations.opened) == 2)
            bench.set_audio(agent_gain_db=-6.0, muted=True)
            bench.worker.post(UseDevice(Direction.INPUT, "webcam"))
            await asyncio.sleep(0.1)
            stations.may_open.set()
            await bench.until(lambda: len(server.sessions) == 2 and bench.phase is Phase.LISTENING)
            wanted = AudioSettings(mic_gain_db=3.0, agent_gain_db=-6.0, muted=True)
            assert bench.store.audio_settings == bench.worker.audio_settings == wanted
            assert bench.worker.driver.plan.audio == replace(SILENT, echo="off", input_device="webcam")


async def test_what_is_wanted_while_the_old_session_still_ends_holds_in_the_next(stations):
    async with FakeServer(idle) as server:
        plan = plan_for(server, audio=SILENT)
        async with running(plan) as bench:
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            bench.worker.reopen(replace(plan, audio=replace(SILENT, echo="off")))
            bench.set_audio(agent_gain_db=-6.0)
            bench.worker.post(SetTalkMode(TalkMode.TOGGLE))
            bench.worker.post(UseDevice(Direction.INPUT, "webcam"))
            edited = msgspec.structs.replace(plan.settings, instructions="Be brief.")
            bench.worker.edit(EditSession(edited, plan.tools, "change-1"), plan.toolset)
            await bench.until(lambda: len(server.sessions) == 2 and bench.phase is Phase.READY)
            assert bench.store.talk.mode is TalkMode.TOGGLE
            assert server.sent("session.update")[-1]["session"]["instructions"] == "Be brief."
            assert bench.worker.settings.instructions == "Be brief."
            assert bench.store.audio_settings == bench.worker.audio_settings
            assert bench.worker.driver.plan.audio.echo == "off"
            assert bench.worker.driver.plan.audio.input_device == "webcam"


async def test_a_device_that_is_chosen_while_a_session_is_on_its_way_is_opened_once(stations, monkeypatch):
    used: list[str] = []
    monkeypatch.setattr(AudioSupervisor, "use", lambda supervisor, direction, name: used.append(name))
    async with FakeServer(idle) as server:
        plan = plan_for(server, audio=SILENT)
        async with running(plan) as bench:
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            bench.worker.reopen(replace(plan, heartbeat=1.0))
            bench.worker.post(UseDevice(Direction.INPUT, "webcam"))
            await bench.until(lambda: len(server.sessions) == 2 and bench.phase is Phase.LISTENING)
            assert used == ["webcam"]


@pytest.mark.parametrize("wanted", [True, False])
async def test_whether_to_connect_can_be_changed_while_a_session_is_on_its_way(stations, wanted):
    stations.may_open.clear()
    async with FakeServer(idle) as server:
        plan = plan_for(server, audio=SILENT, connect=False)
        async with running(plan) as bench:
            await bench.until(lambda: len(stations.opened) == 1)
            bench.worker.reopen(replace(plan, heartbeat=1.0), (), not wanted)
            (bench.worker.connect if wanted else bench.worker.disconnect)()
            await asyncio.sleep(0.05)
            stations.may_open.set()
            if wanted:
                await bench.until(lambda: bench.phase is Phase.LISTENING)
            else:
                await bench.until(lambda: bench.worker.driver.plan.heartbeat == 1.0)
                await asyncio.sleep(0.2)
                assert not server.sessions


async def test_another_source_that_is_edited_in_meanwhile_is_used_and_the_old_one_is_closed(stations):
    async with FakeServer(idle) as server:
        plan = plan_for(server, audio=SILENT)
        async with running(plan) as bench:
            await bench.until(lambda: bench.phase is Phase.LISTENING)
            next_source, edited_source = (plan_for(server).source for _ in range(2))
            bench.worker.reopen(replace(plan, source=next_source))
            bench.worker.edit(EditSession(plan.settings, plan.tools, "change-1"), plan.toolset, edited_source)
            await bench.until(lambda: len(server.sessions) == 2 and bench.phase is Phase.LISTENING)
            assert bench.worker.driver.plan.source is edited_source
            assert (plan.source.closed, edited_source.closed) == (1, 0)


async def test_an_echo_mode_that_is_chosen_before_the_devices_are_open_holds(stations):
    stations.may_open.clear()
    async with FakeServer(idle) as server, running(plan_for(server, audio=SILENT)) as bench:
        await bench.until(lambda: len(stations.opened) == 1)
        bench.worker.post(SetEcho("half-duplex", False))
        stations.may_open.set()
        await bench.until(lambda: stations.opened[0]._choice.echo == "half-duplex")


async def test_a_timer_of_the_session_before_ends_no_turn_of_this_one():
    limit_s, later_s = 1.5, 0.2
    async with FakeServer(idle) as server:
        plan = plan_for(server, talk=TalkRules(TalkMode.TOGGLE, limit_s=limit_s))
        async with running(plan) as bench:
            loop = asyncio.get_running_loop()
            await bench.until(lambda: bench.phase is Phase.READY)
            bench.worker.post(TalkStart())
            await bench.until(lambda: bench.store.talk.until is not None)
            old_limit = loop.time() + limit_s
            await asyncio.sleep(later_s)
            bench.worker.reopen(replace(plan, heartbeat=1.0))
            await bench.until(lambda: len(server.sessions) == 2 and bench.phase is Phase.READY)
            bench.worker.post(TalkStart())
            await bench.until(lambda: bench.store.talk.until is not None)
            talks = loop.create_future()  # timers fire in their order, however late: between the old limit and the new
            loop.call_at(old_limit + later_s / 2, lambda: talks.set_result(bench.store.talk.until is not None))
            assert await talks


async def test_the_microphone_goes_on_after_a_fault_of_ours(tmp_path, monkeypatch):
    faults = []
    forget = HeardPositions.forget_heard

    def once(positions: HeardPositions, now: float) -> None:
        if not faults:
            faults.append(now)
            raise IndexError("pop from an empty deque")
        forget(positions, now)

    source = write_wav(tmp_path / "in.wav", signal(30, 7))
    audio = AudioChoice(silent=True, input_file=source)
    async with FakeServer(idle) as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING and server.session.microphone)
        monkeypatch.setattr(HeardPositions, "forget_heard", once)
        await bench.until(lambda: faults)
        heard = len(server.session.microphone)
        await bench.until(lambda: len(server.session.microphone) > heard + 4_800)
        assert [notice.text for _, notice in bench.store.notices if "internal error" in notice.text]


@pytest.mark.parametrize("tools", ["5", '["x"]', '{"a": 1}'])
async def test_an_update_of_any_form_that_was_written_by_hand_goes_out_and_so_does_what_follows(tools):
    async with FakeServer(idle, dialect="plain") as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.post(SendEvent(f'{{"type": "session.update", "session": {{"tools": {tools}}}}}'))
        bench.worker.post(SendText("hello"))
        await bench.until(lambda: server.sent("conversation.item.create"))
        assert server.sent("session.update")[-1]["session"] == {"tools": json.loads(tools)}
        assert not [notice for notice in bench.notices if "internal error" in notice.text]


async def test_a_fault_of_ours_in_sending_ends_the_connection_which_would_only_look_alive(monkeypatch):
    def fault(*arguments: object) -> None:
        raise TypeError("a fault of ours")

    async with FakeServer(idle) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        monkeypatch.setattr(secrets, "with_authorizations", fault)
        bench.worker.post(SendEvent('{"type": "session.update", "session": {}}'))
        await bench.until(lambda: bench.phase is Phase.OFFLINE)
        assert [notice.text for notice in bench.notices if "nothing more could be sent" in notice.text]
