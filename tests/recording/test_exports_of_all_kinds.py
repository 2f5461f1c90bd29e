"""Every format of every kind of recording is a file, or a sentence that says why it is none."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recording.recorded import Recorded
from recording.talk import Talk, recorded_talk, weather
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export.files import FORMATS, SOUND, write
from rtvoice_tui.recording.format import JOURNAL, WIRE
from rtvoice_tui.recording.format import SOUND as SOUND_FILE
from rtvoice_tui.recording.importing.opening import Opened, open_any
from rtvoice_tui.recording.library import find
from rtvoice_tui.recording.reader import Recording


def with_sound(folder: Path) -> Opened:
    return Opened(recorded_talk(folder / "talk"))


def without_sound(folder: Path) -> Opened:
    recorded = Recorded(folder, asked=False)
    recorded.session.open()
    recorded.session.turn(1)
    recorded.end()
    return Opened(find(folder, recorded.folder.name))


def not_ended(folder: Path) -> Opened:
    """As a killed app leaves one: a running recording, copied."""
    recorded = Recorded(folder / "running")
    recorded.session.open()
    recorded.session.turn(1)
    recorded.recording._recorder.flush()
    while not (recorded.folder / JOURNAL).exists() or not (recorded.folder / JOURNAL).stat().st_size:
        pass
    copied = shutil.copytree(recorded.folder, folder / "killed")
    recorded.end()
    return Opened(Recording(copied))


def without_turns(folder: Path) -> Opened:
    (folder / "empty.jsonl").write_text(Talk().opened().lines())
    return open_any(folder, str(folder / "empty.jsonl"))


def cut_off(folder: Path) -> Opened:
    recording = recorded_talk(folder / "talk")
    for name in (WIRE, JOURNAL):
        data = (recording.folder / name).read_bytes()
        (recording.folder / name).write_bytes(data[: len(data) // 2])
    return Opened(Recording(recording.folder))


def of_too_many_rates(folder: Path) -> Opened:
    recording = recorded_talk(folder / "talk")
    lines = [
        {"at": number / 10, "track": "heard", "from": 0, "place": 0, "rate": 24_000 + number * 1_000}
        for number in range(20)
    ]
    (recording.folder / SOUND_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Opened(Recording(recording.folder))


def bare_lines(folder: Path) -> Opened:
    """Events of another tool, without times, directions and sound."""
    events = [event for _, _, event in weather().frames if "audio" not in event and "delta" not in event]
    (folder / "bare.jsonl").write_text("\n".join(map(json.dumps, events)))
    return open_any(folder, str(folder / "bare.jsonl"))


def bundled(folder: Path) -> Opened:
    write(recorded_talk(folder / "talk"), "bundle", folder / "talk.zip")
    return open_any(folder, str(folder / "talk.zip"))


WHOLE = (with_sound, without_sound, not_ended, without_turns, bare_lines, bundled)
DAMAGED = (cut_off, of_too_many_rates)
SILENT = (without_sound, without_turns, bare_lines, bundled, of_too_many_rates)


@pytest.mark.parametrize("made", [*WHOLE, *DAMAGED], ids=lambda made: made.__name__)
def test_every_format_is_a_file_or_a_sentence(tmp_path: Path, made: Callable[[Path], Opened]) -> None:
    opened = made(tmp_path)
    try:
        for kind in FORMATS:
            path = tmp_path / f"out.{kind}"
            if kind in SOUND and made in SILENT:
                with pytest.raises(RecordingError):
                    write(opened.recording, kind, path)
                assert not path.exists(), kind
            else:
                write(opened.recording, kind, path)
                assert path.stat().st_size or (kind in ("srt", "jsonl") and made is without_turns), kind
    finally:
        opened.close()
