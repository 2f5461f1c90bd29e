"""Files on the command line that cannot be used are refused in a sentence, before anything is opened or written."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rtvoice_tui.audio.backends.wav_checks import check_files
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


# --- the recording


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "does not exist"),
        (b"", "no WAV file that can be read: it is empty"),
        (b"RIFF\x24\x00", "no WAV file that can be read: it ends within its header"),
        (b"this is a text and not sound at all", "no WAV file that can be read: file does not start with RIFF"),
    ],
    ids=["missing", "empty", "header cut off", "text"],
)
def test_a_recording_that_cannot_be_read_is_refused_with_the_reason(refused, tmp_path, content, reason):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)

    assert f"{path} " in refused("--input-file", path)
    assert reason in refused("--input-file", path)


def test_a_folder_is_no_recording(refused, tmp_path):
    assert "it is a folder (give --input-file a WAV file)" in refused("--input-file", tmp_path)


def test_a_recording_with_damaged_samples_is_refused(refused, tmp_path):
    path = write_wav(tmp_path / "a.wav", bytes(300), width=3)
    path.write_bytes(path.read_bytes().replace(b"data", b"atad"))

    assert "convert it to 16-bit PCM WAV" in refused("--input-file", path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_recording_that_may_not_be_read_is_refused(refused, recording):
    recording.chmod(0)

    assert "may not be read by you" in refused("--input-file", recording)


# --- what is heard


def test_a_missing_folder_for_what_is_heard_is_refused(refused, tmp_path):
    told = refused("--output-file", tmp_path / "no" / "heard.wav")

    assert f"cannot be written: there is no folder {tmp_path / 'no'}" in told
    assert "create the folder" in told
    assert not (tmp_path / "no").exists()


def test_a_folder_cannot_take_what_is_heard(refused, tmp_path):
    assert "cannot be written: it is a folder" in refused("--output-file", tmp_path)


def test_what_the_system_does_not_let_be_written_is_refused_with_its_reason(refused, tmp_path):
    assert "cannot be written: File name too long" in refused("--output-file", tmp_path / ("x" * 300))


def test_a_link_that_leads_to_itself_cannot_take_what_is_heard(refused, tmp_path):
    (tmp_path / "loop.wav").symlink_to("loop.wav")

    assert "cannot be written" in refused("--output-file", tmp_path / "loop.wav")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(refused, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)

    assert "cannot be written: Permission denied" in refused("--output-file", tmp_path / "closed" / "heard.wav")


def test_a_look_at_what_can_be_written_leaves_no_file_and_empties_none(tmp_path, recording):
    before = recording.read_bytes()
    (tmp_path / "link.wav").symlink_to("to be.wav")

    for output in (recording, tmp_path / "new.wav", tmp_path / "link.wav", Path("/dev/null")):
        check_files(None, output)

    assert recording.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.wav", "x.wav"]


def test_a_pipe_is_left_for_the_session_to_read_and_write(tmp_path):
    os.mkfifo(tmp_path / "in.wav")
    os.mkfifo(tmp_path / "out.wav")

    check_files(tmp_path / "in.wav", tmp_path / "out.wav")  # an open pipe would wait for its other end


def test_a_relative_name_is_looked_for_where_the_command_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    check_files(None, Path("new.wav"))
