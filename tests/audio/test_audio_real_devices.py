"""Microphone and speaker through PortAudio, and through miniaudio, on virtual devices."""

import pytest

from virtual_audio import MICROPHONE, RATE, SPEAKER, compare, locatable, wait_until

pytestmark = pytest.mark.device

BACKENDS = [pytest.param("portaudio", id="portaudio"), pytest.param("miniaudio", id="miniaudio")]
MODULES = {"portaudio": "portaudio", "miniaudio": "miniaudio_streams"}


@pytest.mark.alone
@pytest.mark.parametrize(
    ("backend", "chunk_bytes"),
    [
        pytest.param("portaudio", 4801, id="portaudio-odd bytes"),
        pytest.param("portaudio", 200_000, id="portaudio-one burst"),
        pytest.param("miniaudio", 961, id="miniaudio-small"),
    ],
)
def test_all_that_is_played_comes_out_of_the_speaker_whole_and_in_order(virtual, start, tmp_path, backend, chunk_bytes):
    signal = locatable(1.2)
    (tmp_path / "signal").write_bytes(signal)
    recorder = virtual.recorder()

    told = start(virtual.environment, "play", backend, str(tmp_path / "signal"), str(chunk_bytes), SPEAKER).result()

    heard = compare(signal, recorder.stop())
    assert heard.whole, heard
    assert told == {"played_ms": 1200.0, "module": MODULES[backend]}


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

    assert told["input"] == ["open", MICROPHONE, "", ""]
    assert told["output"] == ["open", SPEAKER, "", ""]
    host_api = {"portaudio": "ALSA", "miniaudio": "miniaudio PulseAudio"}[backend]
    assert told["input is"] == told["output is"] == [host_api, RATE, False, 10.0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_names_open_the_systems_default_devices(virtual, start, backend):
    told = start(virtual.environment, "open_what_there_is", backend).result()

    assert (told["input"][:2], told["output"][:2]) == (["open", "default"], ["open", "default"])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("direction", "names"), [("output", (MICROPHONE, "x y")), ("input", ("x y", SPEAKER))])
def test_for_a_name_that_is_not_there_the_default_is_used_and_that_is_said(virtual, start, backend, direction, names):
    told = start(virtual.environment, "open_what_there_is", backend, *names).result()

    state, name, sentence, remedy = told[direction]
    assert (state, name) == ("gone", "default")
    assert sentence == f"no {direction} device is called 'x y': the system's default is used meanwhile"
    assert remedy == "d shows the names of all devices there are; this one is used as soon as it is there"
    other = "input" if direction == "output" else "output"
    assert told[other][0] == "open"


def test_an_input_is_not_taken_for_an_output(virtual, start):
    told = start(virtual.environment, "open_what_there_is", "portaudio", SPEAKER, MICROPHONE).result()

    assert told["output"][2].startswith(f"no output device is called '{MICROPHONE}'")
    assert told["input"][2].startswith(f"no input device is called '{SPEAKER}'")


@pytest.mark.parametrize("backend", BACKENDS)
def test_eight_times_opening_and_closing_while_playing_leaks_nothing(virtual, start, backend):
    streams = {kind: virtual.streams(kind) for kind in ("sink-inputs", "source-outputs")}

    told = start(virtual.environment, "reopen", backend, "8", MICROPHONE, SPEAKER).result()

    assert told["rounds"] == 8
    assert told["news"] == []
    assert told["after"] == told["before"]
    for kind, count in streams.items():
        wait_until(lambda kind=kind, count=count: virtual.streams(kind) == count, f"no {kind} are left at the server")


def test_twelve_interruptions_of_a_device_that_holds_much_are_no_loss_also_while_it_is_closed(virtual, start):
    told = start(virtual.environment, "silence", "portaudio", "12", SPEAKER).result()

    assert (told["lost"], told["threads"]) == ([], 1)
    assert len(told["heard"]) == 12
    assert all(0 < heard < 900 for heard in told["heard"]), told
