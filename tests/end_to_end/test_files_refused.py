"""Files on the command line that cannot be used are refused in a sentence, before anything is opened or written."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from terminal import COMMAND
from virtual_audio import locatable, write_wav


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "x.wav", locatable(0.2))


@pytest.fixture
def refused(environment: dict[str, str]) -> Callable[..., str]:
    """Run the command with files that it refuses; the sentence that it says."""

    def runs(*options: str | Path) -> str:
        done = subprocess.run(
            [COMMAND, *options], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
        )
        assert done.returncode == 2, done.stderr
        assert not done.stdout
        (line,) = done.stderr.splitlines()
        assert line.startswith("Error: ")
        assert line.endswith(")"), "there is a remedy"
        return line

    return runs


# --- both options name one file


@pytest.mark.parametrize("spelling", ["same", "dots", "link", "link to the folder", "hard link"])
def test_a_recording_is_not_overwritten_by_what_is_heard_however_it_is_spelled(refused, tmp_path, recording, spelling):
    before = recording.read_bytes()
    other = tmp_path / "other.wav"
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    if spelling == "link":
        other.symlink_to("x.wav")
    elif spelling == "hard link":
        os.link(recording, other)
    output = {
        "same": recording,
        "dots": f"{tmp_path}/folder/../{tmp_path.name}/./x.wav",
        "link to the folder": tmp_path / "folder" / "x.wav",
    }.get(spelling, other)

    told = refused("--input-file", recording, "--output-file", output)

    assert "overwrite" in told
    assert "choose another --output-file" in told
    assert recording.read_bytes() == before
