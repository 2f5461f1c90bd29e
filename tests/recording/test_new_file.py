"""Files of exports appear whole or not at all, and never over another one."""

import contextlib
import errno
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from recording.talk import recorded_talk
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording import stereo
from rtvoice_tui.recording.export.new_file import new_file


def test_a_file_has_its_name_only_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "talk.md"
    with new_file(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_export_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from rtvoice_tui.recording.export.new_file import new_file\n"
        "with new_file(Path(sys.argv[1])) as file:\n    file.write(b'half'); file.flush(); os._exit(9)"
    )
    path = tmp_path / "talk.md"
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 9
    with new_file(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_another_file_is_never_written_over(tmp_path: Path, when: str) -> None:
    path = tmp_path / "talk.md"
    if when == "before":
        path.write_text("mine")
    with pytest.raises(RecordingError, match="exists already"), new_file(path):
        path.write_text("mine")
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "talk.md"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_and_nothing_that_a_library_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    @contextlib.contextmanager
    def on_full_disk(path: Path) -> Iterator[BinaryIO]:
        yield Full()

    recording = recorded_talk(tmp_path / "talk")
    monkeypatch.setattr(stereo, "new_file", on_full_disk)
    with pytest.raises(OSError, match="No space left"):
        stereo.write_stereo(recording, tmp_path / "talk.flac")
    assert capfd.readouterr().err == ""
