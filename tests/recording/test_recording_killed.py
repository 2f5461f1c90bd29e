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
from recording.agreeing import assert_blocks_agree, last_input
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
    assert_blocks_agree(recording)
    for frame in recording.wire():
        if frame.speech is not None:
            assert 0 not in memoryview(recording.speech(frame.speech)).cast("h")  # what is missing is read as silence
    assert last_input(recording) >= held_until - recorder.MOST_FRAMES * FRAME_S
    replayed(folder)
