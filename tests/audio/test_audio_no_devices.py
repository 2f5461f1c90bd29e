"""Machines without sound: the session goes on silently, and the user is told what mends it."""

from pathlib import Path

import pytest

from rtvoice_tui.audio.backends import choosing
from virtual_audio import environment_without_sound

PIP_ONLY = "none"
"""Neither sounddevice nor miniaudio can be loaded."""

no_sound_card = pytest.mark.skipif(any(Path("/proc/asound").glob("card*")), reason="this machine has a sound card")


@pytest.fixture
def no_server(monkeypatch):
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def server(monkeypatch, tmp_path):
    (tmp_path / "pipewire-0").touch()
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_a_missing_library_is_named_in_the_remedy(no_server):
    error = choosing.no_devices(portaudio_missing=True)

    assert error.sentence == "no PortAudio library and no sound server, so there is no sound"
    assert "libportaudio2" in error.remedy
    assert "libasound2-plugins" in error.remedy


def test_a_missing_library_is_named_in_the_remedy_also_where_a_sound_server_runs(server):
    error = choosing.no_devices(portaudio_missing=True)

    assert "libportaudio2" in error.remedy


def test_with_library_and_server_but_no_device_the_plugin_is_the_remedy(server):
    error = choosing.no_devices(portaudio_missing=False)

    assert error.sentence == "a sound server runs, but no device of it can be seen"
    assert "libasound2-plugins" in error.remedy
    assert "libportaudio2" not in error.remedy


def test_a_machine_with_neither_device_nor_server_is_one_for_typing(no_server):
    error = choosing.no_devices(portaudio_missing=False)

    assert error.sentence == "this machine has no sound device"
    assert "type instead of talking" in error.remedy


def test_a_sound_server_is_known_by_its_address(no_server, monkeypatch):
    assert not choosing.sound_server_runs()

    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")

    assert choosing.sound_server_runs()


def test_a_sound_server_is_known_by_its_socket(no_server, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not choosing.sound_server_runs()

    (tmp_path / "pulse").mkdir()
    (tmp_path / "pulse" / "native").touch()

    assert choosing.sound_server_runs()


def test_without_any_backend_the_session_gets_a_silent_speaker_and_the_reason(start):
    told = start(environment_without_sound(), "open_what_there_is", PIP_ONLY).result()

    sentence = "no PortAudio library and no sound server, so there is no sound"
    remedy = "install libportaudio2 and libasound2-plugins, or type instead of talking"
    assert told["input"] == ["none", "", sentence, remedy]
    assert told["output"] == ["none", "silent", sentence, remedy]
    assert told["module"] == "wav_files"


def test_a_portaudio_that_does_not_begin_opens_silence_and_says_so(start, tmp_path):
    words = "Error initializing PortAudio: Unanticipated host error [PaErrorCode -9999]"
    broken = f"class PortAudioError(Exception): pass\nraise PortAudioError({words!r})\n"
    (tmp_path / "sounddevice.py").write_text(broken)  # begins the library when it is imported, as the real one
    environment = environment_without_sound() | {"PYTHONPATH": str(tmp_path)}

    told = start(environment, "open_what_there_is", "portaudio").result()

    assert told["input"][:3] == ["none", "", f"PortAudio does not start: {words}"]
    assert "restart the sound system" in told["input"][3]
    assert told["output"][1] == "silent"


@pytest.mark.device
@no_sound_card
def test_portaudio_without_a_device_opens_silence_and_says_so(start):
    told = start(environment_without_sound(), "open_what_there_is", "portaudio").result()

    assert told["input"][:3] == ["none", "", "this machine has no sound device"]
    assert told["output"][:3] == ["none", "silent", "this machine has no sound device"]


@pytest.mark.device
@no_sound_card
@pytest.mark.parametrize("backend", ["portaudio", "miniaudio"])
def test_a_dead_sound_server_opens_silence_and_says_so(start, tmp_path, backend):
    alsa = tmp_path / "asound.conf"
    alsa.write_text("</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\n")
    environment = environment_without_sound() | {"ALSA_CONFIG_PATH": str(alsa), "PULSE_SERVER": "unix:/nowhere/native"}

    told = start(environment, "open_what_there_is", backend).result()

    reasons = {"portaudio": "no device of it can be seen", "miniaudio": "there is no PortAudio library to reach it"}
    assert told["output"][:3] == ["none", "silent", f"a sound server runs, but {reasons[backend]}"]


@pytest.mark.device
@no_sound_card
def test_a_list_of_devices_that_is_empty_is_told_with_a_remedy(start):
    told = start(environment_without_sound(), "names", "portaudio").result()

    assert told["sentence"] == "this machine has no sound device"
    assert told["remedy"]
