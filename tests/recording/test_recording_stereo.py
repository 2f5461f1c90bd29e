"""The stereo file has each sound where it was sent or heard."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.bench import plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from recording.test_recording_replay import ended, recorded
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.format import Track
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.stereo import begins, write_stereo
from rtvoice_tui.session.facts import Phase

ASKED, ANSWER = signal(0.8, seed=5), signal(1.0, seed=6)


async def script(session: Session) -> None:
    await session.open()
    await session.ready(len(ASKED) // 3)
    await session.speak("resp_1", "item_a1", ANSWER)


def place_of(part: bytes, channel: np.ndarray) -> int:
    """Where samples stand in a channel; -1 if they do not."""
    return channel.astype("<i2").tobytes().find(part)


async def test_both_sides_are_at_the_time_of_their_wire_and_their_ear(tmp_path: Path):
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", ASKED), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio, connect=False)) as bench:
        recorder, sink = recorded(bench.worker, tmp_path / "rec")
        bench.worker.taps.heard.append(lambda pcm: recorder.heard(pcm, bench.worker.clock, 24_000))
        bench.worker.connect()
        await bench.until(lambda: bench.words("AGENT") and bench.phase is Phase.LISTENING)
        await ended(bench, recorder, sink)
    recording = Recording(tmp_path / "rec")
    write_stereo(recording, tmp_path / "both.flac")
    samples, rate = soundfile.read(tmp_path / "both.flac", dtype="int16")
    assert rate == 24_000
    heard = ANSWER[9_600:14_400]
    at = place_of(heard, samples[:, 1]) / 2 / rate
    segment = recording.segments[Track.HEARD]
    track = (tmp_path / "rec" / Track.HEARD.file).read_bytes()
    place = track.find(heard) // 2
    stretch = [s for s in segment if s.place // 2 <= place][-1]
    assert at == pytest.approx(stretch.at + (place - stretch.place // 2) / rate - begins(recording), abs=0.010)
    sent = [line for line in recording.wire() if line.speech is not None and line.speech.track is Track.SENT]
    loud = [line for line in sent if any(recording.speech(line.speech))]
    first = np.flatnonzero(np.abs(samples[:, 0].astype(int)) > 4_000)[0] / rate
    assert first == pytest.approx(loud[0].at - begins(recording), abs=0.030)


async def test_a_session_without_sound_says_how_to_keep_it(tmp_path: Path):
    async with FakeServer(script) as server, running(plan_for(server, connect=False)) as bench:
        recorder, sink = recorded(bench.worker, tmp_path / "rec", sound=False)
        await ended(bench, recorder, sink)
    with pytest.raises(RecordingError, match="no sound"):
        write_stereo(Recording(tmp_path / "rec"), tmp_path / "both.flac")
    assert not (tmp_path / "both.flac").exists()
