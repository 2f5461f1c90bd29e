"""Exports of recordings that are damaged, forged or private: a sentence or a sound file, never half of one."""

import json
import os
import stat
from pathlib import Path

import msgspec
import pytest

from recording.talk import recorded_talk
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export.bundle import bundle
from rtvoice_tui.recording.export.files import FORMATS, write
from rtvoice_tui.recording.export.privacy import Redactor
from rtvoice_tui.recording.format import MANIFEST, SOUND, WIRE, Track
from rtvoice_tui.recording.reader import Recording


def changed(recording: Recording, **fields: object) -> Recording:
    """The recording with another manifest."""
    whole = msgspec.to_builtins(recording.manifest) | fields
    (recording.folder / MANIFEST).write_text(json.dumps(whole))
    return Recording(recording.folder)


@pytest.mark.parametrize("kind", FORMATS)
def test_only_the_user_can_read_what_was_exported(tmp_path: Path, kind: str) -> None:
    before = os.umask(0o022)
    try:
        recording = recorded_talk(tmp_path / "talk")
        write(recording, kind, tmp_path / f"out.{kind}")
        (made,) = tmp_path.glob("out.*")
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        with pytest.raises(RecordingError, match="exists already"):
            write(recording, kind, tmp_path / f"out.{kind}")
    finally:
        os.umask(before)


@pytest.mark.parametrize("kind", ["har", "otel", "md", "html"])
@pytest.mark.parametrize("started", ["9999-99-99", "soon", "2026-01-01"])
def test_a_time_that_is_none_is_taken_for_unknown(tmp_path: Path, kind: str, started: str) -> None:
    write(changed(recorded_talk(tmp_path / "talk"), started=started), kind, tmp_path / "out")
    assert (tmp_path / "out").stat().st_size


@pytest.mark.parametrize("rate", [1_000, 1_000_000])
def test_an_odd_sample_rate_ends_nothing(tmp_path: Path, rate: int) -> None:
    write(changed(recorded_talk(tmp_path / "talk"), output_rate=rate), "html", tmp_path / "out.html")
    assert "audio/ogg" in (tmp_path / "out.html").read_text()


def segments(recording: Recording, *lines: dict[str, object]) -> Recording:
    (recording.folder / SOUND).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Recording(recording.folder)


def test_a_forged_time_makes_no_endless_silence(tmp_path: Path) -> None:
    far = {"at": 1e7, "track": Track.HEARD, "from": 0, "place": 0, "rate": 24_000}
    recording = segments(recorded_talk(tmp_path / "talk"), far)
    write(recording, "flac", tmp_path / "out.flac")
    assert (tmp_path / "out.flac").stat().st_size < 2_000_000


def test_a_different_rate_for_every_piece_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    many = [{"at": at, "track": Track.HEARD, "from": 0, "place": 0, "rate": 8_000 + at} for at in range(100)]
    with pytest.raises(RecordingError, match="too many sample rates"):
        write(segments(recorded_talk(tmp_path / "talk"), *many), "flac", tmp_path / "out.flac")
    assert not (tmp_path / "out.flac").exists()


def test_a_bundle_that_fails_leaves_no_file(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk")
    track = recording.folder / Track.HEARD.file
    track.unlink()
    track.symlink_to("/etc/passwd")
    with pytest.raises(RecordingError, match=r"heard\.pcm"):
        bundle(recording, tmp_path / "out.zip", sound=True)
    assert not (tmp_path / "out.zip").exists()


def test_a_bundle_has_no_name_in_its_manifest_either(tmp_path: Path) -> None:
    recording = changed(recorded_talk(tmp_path / "Jane Doe"), profile="Jane Doe", identity="jane@doe.org host")
    bundle(recording, tmp_path / "out.zip", ["Jane Doe"])
    assert b"Jane" not in (tmp_path / "out.zip").read_bytes()


def test_events_that_are_nested_without_end_end_a_bundle_where_a_reader_ends(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk")
    deep = '{"at": 99.0, "dir": "down", "event": ' + '{"a":' * 900 + "1" + "}" * 901 + "\n"
    with (recording.folder / WIRE).open("a") as file:
        file.write(deep)
    assert bundle(recording, None).files[WIRE] > 10_000


SECRETS = {
    "url": "wss://u:p4ssw0rdsecret@h/v1?api_key=9f8e7d6c5b",
    "api_key": "whatever it is",
    "client_secret": {"value": "ek_68af00112233445566778899"},
    "zeb@example.com": "x",
    "phone": 491701234567,
    "arguments": '{"mail": "zeb\\u0040example.com"}',
    "key": "AIzaSyA1234567890abcdefghijklmnop",
}


def test_secrets_of_many_shapes_are_removed_and_times_stay() -> None:
    made = json.dumps(Redactor().value({**SECRETS, "expires_at": 1_800_000_000, "n": 7}))
    for word in ("p4ssw0rd", "9f8e7d", "whatever", "ek_68", "zeb", "491701234567", "AIza", "example.com"):
        assert word not in made
    assert '"expires_at": 1800000000' in made
    assert '"n": 7' in made
