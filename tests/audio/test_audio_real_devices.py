"""Microphone and speaker through PortAudio, and through miniaudio, on virtual devices."""

import pytest

from virtual_audio import MICROPHONE, RATE, SPEAKER, VirtualAudio, compare, locatable, wait_until

pytestmark = pytest.mark.device

BACKENDS = [pytest.param("portaudio", id="portaudio"), pytest.param("miniaudio", id="miniaudio")]
MODULES = {"portaudio": "portaudio", "miniaudio": "fallback"}


@pytest.mark.alone
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("chunk_bytes", [4801, 961, 200_000], ids=["odd bytes", "small", "one burst"])
def test_all_that_is_played_comes_out_of_the_speaker_whole_and_in_order(virtual, start, tmp_path, backend, chunk_bytes):
    signal = locatable(1.2)
    (tmp_path / "signal").write_bytes(signal)
    recorder = virtual.recorder()

    told = start(virtual.environment, "play", backend, str(tmp_path / "signal"), str(chunk_bytes), SPEAKER).result()

    heard = compare(signal, recorder.stop())
    assert heard.whole, heard
    assert told == {"played_ms": 1200.0, "module": MODULES[backend], "problem": ""}


@pytest.mark.alone
@pytest.mark.parametrize("backend", BACKENDS)
def test_all_that_is_said_into_the_microphone_comes_out_in_frames_whole_and_in_order(virtual, start, tmp_path, backend):
    signal = locatable(2.0, seed=2)
    program = start(virtual.environment, "listen", backend, str(tmp_path / "heard"), "2.2", MICROPHONE)
    program.until_ready()

    virtual.say(signal)

    told = program.result()
    heard = compare(signal, (tmp_path / "heard").read_bytes())
    assert heard.whole, heard
    assert told == {"module": MODULES[backend], "frame_bytes": [RATE // 50 * 2], "dropped": 0}


def test_portaudio_devices_are_listed_by_their_names(virtual, start):
    devices = start(virtual.environment, "names", "portaudio").result()["devices"]

    assert [MICROPHONE, "ALSA", True, False] in devices
    assert [SPEAKER, "ALSA", False, True] in devices


def test_without_portaudio_the_sound_servers_own_devices_are_listed(virtual, start):
    devices = start(virtual.environment, "names", "miniaudio").result()["devices"]

    assert [MICROPHONE, "miniaudio PulseAudio", True, False] in devices
    assert [SPEAKER, "miniaudio PulseAudio", False, True] in devices


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_part_of_a_name_in_any_case_is_enough(virtual, start, backend):
    told = start(virtual.environment, "open_what_there_is", backend, "AL_MICRO", "al_spEAKer").result()

    assert told == {
        "problem": "",
        "remedy": "",
        "input": MICROPHONE,
        "output": SPEAKER,
        "module": MODULES[backend],
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_names_open_the_systems_default_devices(virtual, start, backend):
    told = start(virtual.environment, "open_what_there_is", backend).result()

    assert (told["problem"], told["input"], told["output"]) == ("", "default", "default")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wrong_speaker_name_is_told_with_a_remedy_and_the_microphone_works(virtual, start, backend):
    told = start(virtual.environment, "open_what_there_is", backend, MICROPHONE, "gramophone").result()

    assert told["problem"] == "no output device is called 'gramophone'"
    assert "rtvoice-tui devices" in told["remedy"]
    assert (told["input"], told["output"]) == (MICROPHONE, "silent")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wrong_microphone_name_is_told_with_a_remedy_and_the_speaker_works(virtual, start, backend):
    told = start(virtual.environment, "open_what_there_is", backend, "gramophone", SPEAKER).result()

    assert told["problem"] == "no input device is called 'gramophone'"
    assert "rtvoice-tui devices" in told["remedy"]
    assert (told["input"], told["output"]) == (None, SPEAKER)


def test_an_input_is_not_taken_for_an_output(virtual, start):
    told = start(virtual.environment, "open_what_there_is", "portaudio", SPEAKER, MICROPHONE).result()

    assert told["problem"] == f"no output device is called '{MICROPHONE}'"
    assert told["input"] is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_thirty_times_opening_and_closing_while_playing_leaks_nothing(virtual, start, backend):
    streams = {kind: virtual.streams(kind) for kind in ("sink-inputs", "source-outputs")}

    told = start(virtual.environment, "reopen", backend, "30", MICROPHONE, SPEAKER).result()

    assert told["rounds"] == 30
    assert told["lost"] == []
    assert told["after"] == told["before"]
    for kind, count in streams.items():
        wait_until(lambda kind=kind, count=count: virtual.streams(kind) == count, f"no {kind} are left at the server")


@pytest.mark.parametrize("backend", BACKENDS)
def test_when_the_sound_server_dies_both_devices_are_told_to_be_lost(start, backend):
    with VirtualAudio() as audio:
        program = start(audio.environment, "lose", backend, MICROPHONE, SPEAKER)
        program.until_ready()

        audio.kill()

        told = program.result()
    assert told["lost"] == [f"the input device {MICROPHONE} is gone", f"the output device {SPEAKER} is gone"]


def test_closing_devices_on_purpose_tells_of_no_loss(virtual, start):
    told = start(virtual.environment, "reopen", "portaudio", "3", MICROPHONE, SPEAKER).result()

    assert told["rounds"] == 3
    assert told["lost"] == []


def test_twelve_interruptions_of_a_device_that_holds_much_are_no_loss_also_while_it_is_closed(virtual, start):
    told = start(virtual.environment, "silence", "portaudio", "12", SPEAKER).result()

    assert (told["lost"], told["threads"]) == ([], 1)
    assert len(told["heard"]) == 12
    assert all(0 < heard < 900 for heard in told["heard"]), told
