"""What doctor says of a machine without sound: whose sound it could use, and rights that are missing."""

import os

import pytest

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.doctor.sound import environment_hints
from rtvoice_tui.media import DeviceState


@pytest.mark.parametrize(
    ("environ", "files", "words", "remedy"),
    [
        ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, {}, "ssh session", "PULSE_SERVER=tcp"),
        ({}, {"proc/version": "Linux version 5.15.0-microsoft-standard-WSL2"}, "WSL", "wsl --update"),
        ({}, {".dockerenv": ""}, "container", "PULSE_SERVER=unix"),
        ({"container": "podman"}, {}, "container", "PULSE_SERVER=unix"),
    ],
)
def test_where_sound_could_come_from_is_said_with_what_to_do(tmp_path, environ, files, words, remedy):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    (found,) = environment_hints(environ, tmp_path)

    assert words in found.sentence
    assert remedy in found.remedy


def test_of_an_ordinary_machine_nothing_is_said(tmp_path):
    assert list(environment_hints({}, tmp_path)) == []


def test_devices_that_may_not_be_used_are_told_with_the_group_that_may(tmp_path, monkeypatch):
    (tmp_path / "pcmC0D0p").touch()
    monkeypatch.setattr(choosing, "NODES", tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)

    error = choosing.no_devices(portaudio_missing=False)

    assert error.state is DeviceState.DENIED
    assert error.remedy == "sudo usermod -aG audio $USER, then log in again"
