"""settings.toml: what cannot be used is told in one sentence, and the defaults hold."""

import os
from pathlib import Path

import pytest

from rtvoice_tui.profiles.app_settings import AppSettings, RecordingSettings, load_app_settings

BAD = {
    "a wrong type": b"[recording]\nblack_box = 3\n",
    "a text for a number": b'[recording]\nsessions = "3"\n',
    "below zero": b"[recording]\ndays = -1\n",
    "far too much": b"[recording]\nmegabytes = 99999999999999999999\n",
    "no whole number": b"[recording]\nsessions = 1.5\n",
    "an unknown key": b"[recording]\nblackbox = false\n",
    "an unknown key that is nasty": b'[recording]\n"a\\u001b[2J\\nb" = false\n',
    "an unknown table": b"[recordings]\n",
    "no table": b"recording = true\n",
    "not TOML": b"[recording\n",
    "binary": bytes(range(256)),
    "endless nesting": b"a = " + b"[" * 20_000,
    "too large": b"#" * 200_000,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_cannot_be_used_is_told_in_one_line_with_the_file(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(data)
    settings, problem = load_app_settings(file)
    assert settings == AppSettings()
    assert problem.startswith(f"{file} is not used: ")
    assert problem.isprintable()


def test_a_folder_a_pipe_and_a_link_to_itself_are_told_too(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "link")
    for name in ("folder", "pipe", "link"):
        settings, problem = load_app_settings(tmp_path / name)
        assert settings == AppSettings()
        assert "is not used" in problem


def test_without_a_file_the_defaults_hold_and_nothing_is_told(tmp_path: Path) -> None:
    assert load_app_settings(tmp_path / "settings.toml") == (AppSettings(), "")
    assert load_app_settings(tmp_path / "none" / "settings.toml") == (AppSettings(), "")


def test_what_is_written_holds_also_as_windows_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    text = "# mine\r\n[recording]\r\nblack_box = false\r\nblack_box_sessions = 0\r\ndays = 30\r\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        file.write_bytes(text.encode(encoding))
        settings, problem = load_app_settings(file)
        assert problem == ""
        assert settings.recording == RecordingSettings(black_box=False, black_box_sessions=0, days=30)
