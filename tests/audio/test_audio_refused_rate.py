"""A real device that takes 48 kHz and nothing else: JACK refuses every other rate."""

import os
import shutil
import subprocess

import pytest

from virtual_audio import environment_without_sound, wait_until

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd2 is not installed"),
]


@pytest.fixture
def jack(tmp_path):
    environment = environment_without_sound() | {
        "JACK_NO_AUDIO_RESERVATION": "1",
        "JACK_DEFAULT_SERVER": f"test-{os.getpid()}",
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["jackd", "-n", environment["JACK_DEFAULT_SERVER"], "-r", "-S", "-d", "dummy", "-r", "48000"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            waiting = ["jack_wait", "-s", environment["JACK_DEFAULT_SERVER"], "-c"]
            wait_until(
                lambda: b"\nrunning" in b"\n" + subprocess.run(waiting, env=environment, capture_output=True).stdout,
                "JACK runs",
            )
            yield environment
        finally:
            server.terminate()
            server.wait(10)


def test_a_device_that_refuses_24_khz_is_opened_at_its_own_rate_and_that_is_shown(jack, start):
    told = start(jack, "open_what_there_is", "portaudio", "system", "system").result()

    for direction in ("input", "output"):
        assert told[direction] == ["open", "system", "", ""]
        host_api, rate, converted, _ = told[f"{direction} is"]
        assert (host_api, rate, converted) == ("JACK Audio Connection Kit", 48_000, True)


def test_such_a_device_is_opened_read_played_and_closed_again_and_again(jack, start):
    told = start(jack, "reopen", "portaudio", "6", "system", "system").result()

    assert (told["rounds"], told["news"]) == (6, [])
    assert told["after"] == told["before"]
