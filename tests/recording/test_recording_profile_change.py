"""A profile with other sample rates, opened while the session is recorded: all of it stays one recording."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from msgspec import structs

from engine.bench import Bench, plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from recording.pictures import differences, picture
from recording.replays import replayed
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.recording.format import Track
from rtvoice_tui.recording.handle import RecordingHandle
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.stereo import write_stereo
from rtvoice_tui.session.facts import Phase


def tone(frequency: float, seconds: float, rate: int) -> bytes:
    return (np.sin(np.arange(int(seconds * rate)) / rate * frequency * 2 * np.pi) * 12_000).astype("<i2").tobytes()


def frequency_of(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


async def test_each_stretch_is_heard_at_its_own_rate(tmp_path: Path) -> None:
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", signal(0.3)), output_file=tmp_path / "out.wav")

    async def answer(session: Session) -> None:
        await session.open()
        rate = 24_000 if len(server.sessions) == 1 else 48_000
        await session.speak("resp_1", "item_a1", tone(440, 1.0, rate), words="Good day.")

    async with FakeServer(answer) as server:
        plan = plan_for(server, audio=audio, connect=False)
        async with running(plan) as bench:
            recording = record(bench, tmp_path / "recordings")
            bench.worker.connect()
            await bench.until(lambda: bench.words("AGENT") == ["Good day."] and bench.phase is Phase.LISTENING)
            settings = structs.replace(plan.settings, output_rate=48_000, input_rate=16_000)
            other = replace(audio, output_file=tmp_path / "other.wav")
            bench.worker.reopen(replace(plan, settings=settings, audio=other, profile="other"))
            await bench.until(lambda: len(bench.words("AGENT")) == 2 and bench.phase is Phase.LISTENING)
            bench.worker.stop()
            await bench.task
            before = picture(bench.store)
    assert recording.folder is not None
    assert differences(before, replayed(recording.folder)) == []
    recorded = Recording(recording.folder)
    rates = {track: {segment.rate for segment in recorded.segments[track]} for track in Track}
    assert rates == {Track.SENT: {24_000, 16_000}, Track.RECEIVED: {24_000, 48_000}, Track.HEARD: {24_000, 48_000}}
    write_stereo(recorded, tmp_path / "both.flac")
    samples, rate = soundfile.read(tmp_path / "both.flac", dtype="int16")
    heard = np.flatnonzero(np.abs(samples[:, 1].astype(int)) > 3_000)
    for place in (heard[0] + rate // 4, heard[-1] - rate // 2):
        assert abs(frequency_of(samples[place : place + rate // 4, 1], rate) - 440) < 6


def record(bench: Bench, root: Path) -> RecordingHandle:
    """Record the session as the app does."""
    worker = bench.worker
    recording = RecordingHandle(worker.plan, lambda: worker.clock, worker.report, True, root, False)
    worker.observers.append(recording)
    worker.taps.heard.append(lambda pcm: recording.heard(pcm, worker.clock, worker.taps.heard_rate))
    worker.at_end.append(recording.close)
    return recording
