"""Observers and taps are told of everything, and one that fails ends neither the session nor the sound."""

import asyncio

from engine.bench import SILENT, plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.observers import EventLogObserver, FrameReceived, FrameSent, MachineMade, Observed, Stepped
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.protocol.realtime.codec import decode
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.session.facts import Level, Notice, Phase
from rtvoice_tui.session.inputs import Opened, Received, Started
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.store import Store

SPEECH = signal(0.4)


async def answer(session: Session) -> None:
    await session.open()
    await session.begin("resp_1")
    await session.end("resp_1")
    await session.speak("resp_2", "item_a1", SPEECH, words="Here.")


async def test_an_observer_hears_of_every_input_and_frame_from_the_first_on():
    seen: list[Observed] = []
    async with FakeServer(answer) as server, running(plan_for(server, connect=False)) as bench:
        bench.worker.observers.append(lambda observed, at: seen.append(observed))
        bench.worker.connect()
        await bench.until(lambda: bench.words("AGENT") == ["Here."])
    assert isinstance(seen[0], MachineMade)
    assert isinstance(seen[1], Stepped)
    assert isinstance(seen[1].input, Started)
    received = [frame for frame in seen if isinstance(frame, FrameReceived)]
    steps = [step for step in seen if isinstance(step, Stepped) and isinstance(step.input, Received)]
    assert [frame.decoded.event for frame in received if frame.decoded.known] == [step.input.event for step in steps]
    assert any(isinstance(frame, FrameSent) for frame in seen)


async def test_an_observer_that_fails_is_warned_of_once_and_the_session_goes_on():
    def fail(observed: Observed, at: float) -> None:
        raise ValueError("no more room")

    async with FakeServer(answer) as server, running(plan_for(server, connect=False)) as bench:
        bench.worker.observers.append(fail)
        bench.worker.connect()
        await bench.until(lambda: bench.words("AGENT") == ["Here."] and bench.phase is Phase.LISTENING)
        assert ["no more room" in notice.text for notice in bench.notices] == [True]


async def test_taps_that_fail_take_neither_sound_nor_session(tmp_path):
    def fail(*sound: object) -> None:
        raise ValueError("deaf")

    asked = signal(0.3, seed=2)

    async def script(session: Session) -> None:
        await session.open()
        await session.ready(len(asked))
        await session.speak("resp_1", "item_a1", SPEECH)

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", asked), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        heard, taps = bytearray(), bench.worker.taps
        taps.sent.append(fail)
        taps.received.append(fail)
        taps.heard += [fail, heard.extend]
        await bench.until(lambda: SPEECH in bytes(heard) and bench.phase is Phase.LISTENING)
        assert not any(fail in tap for tap in (taps.sent, taps.received, taps.heard))


async def test_what_is_not_sent_is_not_tapped_as_sent(tmp_path):
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", signal(0.6)), output_file=tmp_path / "out.wav")
    plan_of_keys = TalkRules(TalkMode.TOGGLE)

    async def script(session: Session) -> None:
        await session.open()

    async with FakeServer(script) as server, running(plan_for(server, audio=audio, talk=plan_of_keys)) as bench:
        sent = bytearray()
        bench.worker.taps.sent.append(sent.extend)
        await bench.until(lambda: bench.phase is Phase.READY and bench.store.mic.peak_db > -60)
        await asyncio.sleep(0.5)
        assert bytes(sent) == bytes(server.session.microphone)


async def test_what_a_head_reports_after_the_session_ended_is_kept():
    async with FakeServer(answer) as server:
        store = Store()
        worker = SessionWorker(plan_for(server, audio=SILENT, connect=False), store)
        task = asyncio.create_task(worker.run())
        await asyncio.sleep(0)
        worker.stop()
        await task
        released: list[bool] = []
        worker.report(Notice(Level.INFO, "saved"))
        worker.set_audio(AudioSettings(muted=True))
        worker.release_devices(lambda: released.append(True))
        assert store.notices[-1][1].text == "saved"
        assert store.audio_settings.muted
        assert released == [True]
        store.events.close()


def test_ids_that_a_new_connection_uses_again_are_of_new_groups_in_the_event_log():
    log = EventLog()
    observe = EventLogObserver(log, RealtimeWire(), lambda fact: None)
    created = '{"type": "response.created", "response": {"id": "resp_1"}}'
    for _ in range(2):
        observe(Stepped(Opened(), ()), 0.0)
        observe(FrameReceived(created, decode(created)), 1.0)
        observe(FrameReceived(created, decode(created)), 2.0)
    log.close()
    assert [log.groups.of_row[row] for row in range(len(log))] == [1, 1, 2, 2]
