"""A recording that is replayed gives the store that there was, whatever happened in the session."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.bench import Bench, new_store, plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from recording.pictures import picture
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.engine.observers import EventLogObserver, store_observer
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.format import Manifest, Track, encoded
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.recorder import Recorder
from rtvoice_tui.recording.replaying import Replayer
from rtvoice_tui.recording.sink import Sink
from rtvoice_tui.session.commands import Interrupt, SendText
from rtvoice_tui.session.facts import Phase

SPEECH = signal(1.2)


def recorded(worker: SessionWorker, folder: Path, sound: bool = True) -> tuple[Recorder, Sink]:
    """Record a worker's session from the first input on."""
    manifest = Manifest(app="test", started="2026-01-01T00:00:00+00:00", sound=sound)
    sink = Sink(folder, encoded(manifest), lambda reason: pytest.fail(reason))
    recorder = Recorder(RealtimeWire(), sink.put)
    recorder.keep_sound(sound)
    worker.observers.append(recorder)
    return recorder, sink


async def ended(bench: Bench, recorder: Recorder, sink: Sink) -> dict[str, Any]:
    """End the session and the recording; returns what the store held then."""
    bench.worker.stop()
    await bench.task
    recorder.flush()
    assert sink.close(5)
    return picture(bench.store)


def replayed(folder: Path) -> dict[str, Any]:
    with new_store() as store:
        wire = RealtimeWire()
        log = EventLogObserver(store.events, wire, lambda fact: pytest.fail(str(fact)))
        replayer = Replayer(Recording(folder), [store_observer(store), log])
        replayer.all()
        assert (replayer.ended, replayer.problem) == (True, "")
        return picture(store)


async def conversation(session: Session) -> None:
    """A spoken turn, a call, an answer that is interrupted, and an error."""
    await session.open()
    await session.speech_started("item_u1")
    await session.speech_ended("item_u1", "What is the weather in Berlin?")
    await session.call("resp_1", [("call_1", "get_weather", '{"city": "Berlin"}')])
    await session.until(lambda: any(e["type"] == "response.create" for e in session.received))
    await session.speak("resp_2", "item_a1", SPEECH, words="Eleven degrees, and cloudy with some wind.")


async def test_the_store_after_a_replay_is_the_store_before(tmp_path: Path):
    audio = AudioChoice(
        input_file=write_wav(tmp_path / "in.wav", signal(1.0, seed=3)), output_file=tmp_path / "out.wav"
    )
    async with FakeServer(conversation) as server, running(plan_for(server, audio=audio, connect=False)) as bench:
        recorder, sink = recorded(bench.worker, tmp_path / "rec")
        bench.worker.connect()
        await bench.until(lambda: bench.phase is Phase.SPEAKING and bench.store.speaker.peak_db > -60)
        bench.worker.post(Interrupt())
        await bench.until(lambda: server.sent("conversation.item.truncate"))
        bench.worker.post(SendText("And in Omsk?"))
        await bench.until(lambda: server.sent("response.create"))
        live = await ended(bench, recorder, sink)
    again = replayed(tmp_path / "rec")
    for part, value in live.items():
        assert again[part] == value, part


async def test_speech_is_kept_to_the_sample_and_a_frame_refers_to_its_own(tmp_path: Path):
    async with FakeServer(conversation) as server, running(plan_for(server, connect=False)) as bench:
        recorder, sink = recorded(bench.worker, tmp_path / "rec")
        bench.worker.connect()
        await bench.until(lambda: bench.words("AGENT") and bench.phase is Phase.LISTENING)
        await ended(bench, recorder, sink)
    recording = Recording(tmp_path / "rec")
    assert (tmp_path / "rec" / Track.RECEIVED.file).read_bytes() == SPEECH
    frames = [line for line in recording.wire() if line.speech is not None and line.direction == "down"]
    assert b"".join(recording.speech(line.speech) for line in frames) == SPEECH
    assert all(json.loads(bytes(line.event))["delta"] == "" for line in frames)


async def test_without_sound_the_session_is_recorded_and_its_speech_is_silence(tmp_path: Path):
    async with FakeServer(conversation) as server, running(plan_for(server, connect=False)) as bench:
        recorder, sink = recorded(bench.worker, tmp_path / "rec", sound=False)
        bench.worker.connect()
        await bench.until(lambda: bench.words("AGENT") and bench.phase is Phase.LISTENING)
        live = await ended(bench, recorder, sink)
    assert sum((tmp_path / "rec" / track.file).stat().st_size for track in Track) == 0
    recording = Recording(tmp_path / "rec")
    speech = [recording.speech(line.speech) for line in recording.wire() if line.speech is not None]
    assert sum(map(len, speech)) >= len(SPEECH)
    assert not any(any(pcm) for pcm in speech)
    assert replayed(tmp_path / "rec")["transcript"] == live["transcript"]
