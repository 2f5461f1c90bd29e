"""What is kept without being asked, what is kept when asked, and what goes when there is too much."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from recording.recorded import DEFAULTS, NO_BLACK_BOX, Recorded
from recording.scripted import VAD, sound
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.recording import library, session_recording
from rtvoice_tui.recording.format import JOURNAL, State, Track
from rtvoice_tui.recording.library import ALIVE_S, listed, prune
from rtvoice_tui.recording.reader import Recording

NOW = time.time()
DAY_S = 86_400


def session(root: Path, asked: bool = False, turns: int = 1, settings: RecordingSettings = DEFAULTS) -> Path:
    """A session that is over."""
    recorded = Recorded(root, asked, settings)
    recorded.session.open()
    for number in range(1, turns + 1):
        recorded.session.turn(number)
    recorded.end()
    assert recorded.notices == []
    return recorded.folder


def library_of(root: Path, *asked: bool, size: int = 1_000, age_days: float = 0.0) -> list[Path]:
    """Recordings that are over, oldest first, each a day older than the next; ``age_days``: age of the newest."""
    folders = []
    for place, each in enumerate(asked):
        at = NOW - (len(asked) - 1 - place + age_days) * DAY_S
        made = session(root / "made", each)
        folder = library.new_folder(root, at, "mine")
        made.rename(folder)
        (folder / Track.HEARD.file).write_bytes(bytes(size))
        os.utime(folder / JOURNAL, (at, at))
        folders.append(folder)
    return folders


def names(root: Path) -> set[str]:
    return {entry.name for entry in listed(root)}


def wait(condition: Callable[[], object]) -> None:
    """Wait for a condition, generously."""
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_a_session_without_a_turn_leaves_nothing_behind(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "recordings", asked=False)
    recorded.session.open()
    recorded.session.listen(2)
    recorded.session.close()
    recorded.end()
    assert list(tmp_path.iterdir()) == []


def test_a_session_without_a_turn_that_was_asked_for_is_kept(tmp_path: Path) -> None:
    assert names(tmp_path) == set()
    folder = session(tmp_path, asked=True, turns=0)
    assert names(tmp_path) == {folder.name}


def test_the_black_box_holds_the_session_from_its_first_input_on_without_sound(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, asked=False)
    recorded.session.open()
    recorded.session.listen(1)
    recorded.session.turn(1)
    recorded.assert_whole()
    recording = Recording(recorded.folder)
    assert not recording.manifest.asked
    assert not recording.manifest.sound
    assert [recording.size(track) for track in Track] == [0, 0, 0]


def test_a_session_that_is_idle_for_hours_is_kept_from_its_first_input_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session_recording, "MOST_HELD", 20_000)
    recorded = Recorded(tmp_path, asked=False)
    recorded.session.open()
    recorded.session.listen(5)
    recorded.session.turn(1)
    recorded.assert_whole()
    assert recorded.notices == []


def test_a_session_that_is_idle_for_hours_and_ends_so_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session_recording, "MOST_HELD", 20_000)
    recorded = Recorded(tmp_path, asked=False)
    recorded.session.open()
    recorded.session.listen(5)
    recorded.end()
    assert recorded.notices == []
    assert names(tmp_path) == set()


def test_the_last_sessions_stay_and_those_that_were_asked_for_do_not_count(tmp_path: Path) -> None:
    folders = library_of(tmp_path, False, True, False, True, False, False)
    gone = prune(tmp_path, RecordingSettings(black_box_sessions=2), NOW)
    assert set(gone) == {folders[0].name, folders[2].name}
    assert names(tmp_path) == {folder.name for place, folder in enumerate(folders) if place not in (0, 2)}


def test_a_new_session_makes_room_for_itself(tmp_path: Path) -> None:
    first, *others = library_of(tmp_path, False, False)
    recorded = Recorded(tmp_path, asked=False, settings=RecordingSettings(black_box_sessions=2))
    recorded.session.open()
    recorded.session.turn(1)
    wait(lambda: not first.exists())
    assert names(tmp_path) == {recorded.folder.name, *(folder.name for folder in others)}
    recorded.end()


def test_zero_is_no_limit(tmp_path: Path) -> None:
    folders = library_of(tmp_path, False, False, True, True, age_days=1_000)
    assert prune(tmp_path, RecordingSettings(black_box_sessions=0), NOW) == []
    assert names(tmp_path) == {folder.name for folder in folders}


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        (RecordingSettings(sessions=2), 2),
        (RecordingSettings(days=3), 3),
        (RecordingSettings(megabytes=2), 1),
        (RecordingSettings(megabytes=9), 4),
        (RecordingSettings(megabytes=1), 1),  # the newest, however large it is
        (RecordingSettings(sessions=3, days=2), 2),
    ],
)
def test_recordings_that_were_asked_for_are_kept_within_the_limits(
    tmp_path: Path, settings: RecordingSettings, kept: int
) -> None:
    folders = library_of(tmp_path, True, True, True, True, True, size=2_000_000, age_days=0.5)
    prune(tmp_path, settings, NOW)
    assert names(tmp_path) == {folder.name for folder in folders[-kept:]}


RECORDING_PROGRAM = """
import sys, time
from pathlib import Path
from recording.recorded import Recorded
recorded = Recorded(Path(sys.argv[1]), asked=False)
recorded.session.open()
recorded.session.turn(1)
while not (recorded.folder / "journal.jsonl").exists() or not (recorded.folder / "journal.jsonl").stat().st_size:
    time.sleep(0.01)
print(recorded.folder, flush=True)
sys.stdin.read()
"""


def test_a_recording_of_another_app_is_not_deleted_however_long_nothing_happens(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", RECORDING_PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        folder = Path(other.stdout.readline().strip())
        os.utime(folder / JOURNAL, (0, 0))
        library_of(tmp_path, False, False, age_days=-1)
        settings = RecordingSettings(black_box_sessions=1)
        assert len(prune(tmp_path, settings, NOW)) == 1
        assert folder.name in names(tmp_path)
        other.kill()
        other.wait()
    assert prune(tmp_path, settings, NOW) == [folder.name]


def test_without_the_black_box_nothing_is_kept(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "recordings", asked=False, settings=NO_BLACK_BOX)
    recorded.session.open()
    recorded.session.turn(1)
    recorded.end()
    assert list(tmp_path.iterdir()) == []


def test_without_the_black_box_the_whole_session_is_kept_once_it_is_asked_for(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, asked=False, settings=NO_BLACK_BOX)
    recorded.session.open()
    recorded.session.turn(1)
    recorded.recording.keep_sound(True)
    recorded.session.turn(2)
    recorded.assert_whole()
    manifest = Recording(recorded.folder).manifest
    assert (manifest.asked, manifest.sound, manifest.state) == (True, True, State.COMPLETE)
    assert manifest.summary.turns == 2


def test_what_is_asked_for_too_late_is_told_then_and_only_then(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(session_recording, "MOST_HELD", 20_000)
    recorded = Recorded(tmp_path, asked=False, settings=NO_BLACK_BOX)
    recorded.session.open()
    recorded.session.listen(5)
    assert recorded.notices == []
    recorded.recording.keep_sound(True)
    recorded.recording.keep_sound(True)
    assert ["too long before it was asked for" in notice.text for notice in recorded.notices] == [True]
    assert not recorded.recording.sound
    recorded.end()


def kept(recording: Recording, track: Track) -> bytes:
    """The sound that frames refer to, as far as it is kept."""
    frames = [line.speech for line in recording.wire() if line.speech is not None and line.speech.track is track]
    return b"".join(recording.speech(speech) for speech in frames)


def test_sound_that_is_switched_on_off_and_on_again_stands_where_its_frames_say(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, asked=False)
    heard, cuts = {True: bytearray(), False: bytearray()}, []
    recorded.session.open()
    for number, keep in enumerate((False, True, False, True), 1):
        recorded.recording.keep_sound(keep)
        cuts.append((len(recorded.session.sent), len(recorded.session.received)))
        recorded.session.turn(number, seconds=0.5)
        recorded.recording.heard(sound(number, 0.2), number, 24_000)
        heard[keep] += sound(number, 0.2)
    cuts.append((len(recorded.session.sent), len(recorded.session.received)))
    sent, received = bytes(recorded.session.sent), bytes(recorded.session.received)
    recorded.assert_whole()
    recording = Recording(recorded.folder)
    assert recording.manifest.asked
    for track, whole, side in ((Track.SENT, sent, 0), (Track.RECEIVED, received, 1)):
        silent = list(whole)
        for start, end in ((cuts[0][side], cuts[1][side]), (cuts[2][side], cuts[3][side])):
            silent[start:end] = bytes(end - start)
        assert kept(recording, track) == bytes(silent)
    assert recording.pcm(Track.HEARD, 0, recording.size(Track.HEARD)) == bytes(heard[True])
    assert [segment.at for segment in recording.segments[Track.HEARD]] == [2.0, 4.0]


def test_speech_in_pieces_of_an_odd_size_is_kept_to_the_byte(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    recorded.session.open()
    recorded.session.answer("resp_1", "item_a1", "Odd.", 0.5, sizes=(4_801, 1, 333, 960, 7))
    recorded.recording.keep_sound(False)
    recorded.session.answer("resp_2", "item_a2", "Unheard.", 0.1, sizes=(4_799,))
    recorded.recording.keep_sound(True)
    recorded.session.answer("resp_3", "item_a3", "Odd again.", 0.5, sizes=(333, 960))
    received = bytes(recorded.session.received)
    recorded.assert_whole()
    recording = Recording(recorded.folder)
    found = kept(recording, Track.RECEIVED)
    assert found[:24_000] + bytes(4_800) + found[28_800:] == received[:24_000] + bytes(4_800) + received[28_800:]
    assert all(segment.place % 2 == 0 for segment in recording.segments[Track.RECEIVED])


def test_a_stretch_says_the_rate_that_it_has_after_the_profile_was_changed(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path, settings=RecordingSettings())
    recorded.session.open()
    recorded.session.turn(1)
    recorded.recording.heard(sound(1, 0.1), 1.0, 24_000)
    recorded.session.close()
    recorded.session.make(replace(VAD, input_rate=16_000, output_rate=48_000), profile="other", dialect="generic")
    recorded.session.open()
    recorded.session.turn(2)
    recorded.recording.heard(sound(2, 0.1, 48_000), 1.1, 48_000)
    received = bytes(recorded.session.received)
    recorded.assert_whole()
    recording = Recording(recorded.folder)
    rates = {track: [segment.rate for segment in recording.segments[track]] for track in Track}
    assert rates == {Track.SENT: [24_000, 16_000], Track.RECEIVED: [24_000, 48_000], Track.HEARD: [24_000, 48_000]}
    assert kept(recording, Track.RECEIVED) == received
    assert (recording.manifest.profile, recording.manifest.input_rate) == ("mine", 24_000)


def test_folders_of_apps_that_were_killed_as_they_began_go_after_a_while(tmp_path: Path) -> None:
    hidden = tmp_path / f".{library.new_folder(tmp_path, NOW, 'mine').name}"
    hidden.mkdir()
    (hidden / ".session.json").touch()
    (tmp_path / ".other").mkdir()
    prune(tmp_path, RecordingSettings(), time.time())
    assert hidden.exists()
    os.utime(hidden, (NOW - ALIVE_S - 5, NOW - ALIVE_S - 5))
    prune(tmp_path, RecordingSettings(), time.time())
    assert [path.name for path in tmp_path.iterdir()] == [".other"]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_nobody_else_can_read_a_recording_whatever_the_umask_is(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = session(tmp_path / "recordings", asked=True)
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}
    assert set(modes.values()) == {"0o600"}
    assert len(modes) == 7
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    assert folder.parent.stat().st_mode & 0o077 == 0
