"""An app that is killed leaves a recording that opens, fits together, and lacks a second at most.

``RTVOICE_KILLS=50`` kills so many instead of 12.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recording import killed_program
from recording.replays import replayed
from recording.scripted import FRAME_S
from rtvoice_tui.recording import library, recorder, sink
from rtvoice_tui.recording.format import State
from rtvoice_tui.recording.reader import Recording

KILLS = int(os.environ.get("RTVOICE_KILLS", "12"))


def test_what_waits_to_be_written_is_less_than_a_second() -> None:
    assert sink.EVERY_S + recorder.MOST_FRAMES * FRAME_S <= 0.8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_a_killed_app_had_recorded_opens_and_fits_together(tmp_path: Path) -> None:
    command = [sys.executable, killed_program.__file__, str(tmp_path), "1", str(KILLS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == KILLS
    begun = [line for line in lines if line["writings"]]
    assert len(begun) > KILLS / 2
    for line in lines:
        entries = library.listed(Path(line["root"]))
        assert [entry.problem for entry in entries] in ([], [""])
        if line["writings"]:
            assert_fits_together(entries[0].folder, line["held_until"])


def assert_fits_together(folder: Path, held_until: float) -> None:
    recording = Recording(folder)
    assert recording.manifest.state is State.RECORDING
    assert not library.is_alive(folder, 0.0)
    frames = list(recording.wire())
    journal = list(recording.journal())
    for frame in frames:
        if frame.speech is not None:
            pcm = recording.speech(frame.speech)
            assert len(pcm) == frame.speech.size
            assert 0 not in memoryview(pcm).cast("h")  # what is missing is read as silence
    referred = [line.wire for line in journal if line.wire is not None]
    assert max(referred, default=-1) < len(frames)
    assert max((line.frames for line in journal), default=0) <= len(frames)
    for track, segments in recording.segments.items():
        assert all(segment.place <= recording.size(track) for segment in segments)
    last = max((frame.at for line in journal for frame in line.mic), default=0.0)
    last = max(last, *(line.at for line in journal), 0.0)
    assert last >= held_until - recorder.MOST_FRAMES * FRAME_S
    replayed(folder)
