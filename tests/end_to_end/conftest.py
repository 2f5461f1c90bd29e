"""What the tests of the installed command share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terminal import private_environment
from virtual_audio import VirtualAudio


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No sound, no keys, and files below the test's own folder."""
    return private_environment(tmp_path)


@pytest.fixture(scope="module")
def sound() -> Iterator[VirtualAudio]:
    """Virtual devices."""
    with VirtualAudio() as audio:
        yield audio


@pytest.fixture
def on_devices(sound: VirtualAudio, environment: dict[str, str]) -> dict[str, str]:
    """The environment in which the command finds the virtual devices."""
    return environment | {
        name: value for name, value in sound.environment.items() if name.startswith(("PULSE_", "ALSA_"))
    }


@pytest.fixture(scope="session")
def say() -> Callable[[str], bytes]:
    """Text to PCM16 at 24 kHz, spoken by the agent's voice."""
    from rtvoice_tui.local_agent.speech import Voice

    voice = Voice()
    return lambda text: b"".join(voice.say(text, "heart"))


@pytest.fixture(scope="session")
def hear() -> Callable[[bytes], str]:
    """What somebody who listens to PCM16 at 24 kHz understands."""
    from speaking import spoken_part

    from rtvoice_tui.local_agent.speech import Recogniser

    recogniser = Recogniser()
    return lambda pcm: recogniser(spoken_part(pcm))
