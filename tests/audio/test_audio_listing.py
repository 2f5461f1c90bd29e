"""The list of devices that another process reads."""

import subprocess
import sys
import time

import pytest

from rtvoice_tui.audio.backends import listing
from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.errors import AudioError
from virtual_audio import VirtualAudio

ONE = '{"devices":[{"name":"Mikrofon \\u00e4","host_api":"ALSA","inputs":1,"outputs":0,"rate":48000}]}'


def test_devices_are_found_among_what_sound_libraries_write_beside_them():
    output = f"ALSA lib: junk\nrtvoice devices: {{torn\nmore junk rtvoice devices: {ONE}\nbye\n"

    assert listing.listed_in(output).devices == [DeviceInfo("Mikrofon ä", "ALSA", 1, 0, 48_000)]


@pytest.mark.parametrize("output", ["", "Segmentation fault", "rtvoice devices: 7", "rtvoice devices: {}x"])
def test_a_process_that_breaks_down_is_an_error_with_a_remedy(output):
    with pytest.raises(AudioError, match="cannot be listed") as caught:
        listing.listed_in(output)

    assert caught.value.remedy


def test_why_there_is_none_comes_along():
    with pytest.raises(AudioError, match="no sound device") as caught:
        listing.listed_in('rtvoice devices: {"sentence":"no sound device","remedy":"type"}')

    assert caught.value.remedy == "type"


def test_a_process_that_gave_up_says_that_the_server_hangs():
    with pytest.raises(listing.DeviceListTimeout, match="the sound server does not answer"):
        listing.listed_in('rtvoice devices: {"hangs":true}')


def test_a_list_that_does_not_come_is_given_up(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/sleep")
    monkeypatch.setattr(
        listing.subprocess,
        "run",
        lambda command, run=subprocess.run, **how: run(["/bin/sleep", "60"], **how),
    )

    with pytest.raises(AudioError, match="the sound server does not answer") as caught:
        listing.list_in_subprocess(0.2)

    assert "systemctl --user restart pipewire" in caught.value.remedy


def test_whoever_asks_for_the_list_loads_no_sound_library():
    loaded = "{'sounddevice', 'numpy', 'miniaudio'} & set(sys.modules)"
    code = f"import sys, rtvoice_tui.audio.backends.listing; print({loaded})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.device
def test_the_list_is_the_one_that_the_process_sees(virtual, monkeypatch):
    for name, value in virtual.environment.items():
        monkeypatch.setenv(name, value)

    names = [device.name for device in listing.list_in_subprocess()]

    assert {"virtual_microphone", "virtual_speaker"} <= set(names)


@pytest.mark.device
def test_a_sound_server_that_hangs_is_given_up_by_the_process_itself_and_is_to_be_restarted(monkeypatch):
    with VirtualAudio(pluggable=True) as audio:
        for name, value in audio.environment.items():
            monkeypatch.setenv(name, value)
        audio.hang(True)
        begun = time.monotonic()
        try:
            with pytest.raises(listing.DeviceListTimeout, match="the sound server does not answer") as caught:
                listing.list_in_subprocess(60)
            took = time.monotonic() - begun
        finally:
            audio.hang(False)

    assert took < 20, "libpulse alone would wait 30 s"
    assert "pulseaudio -k" in caught.value.remedy
