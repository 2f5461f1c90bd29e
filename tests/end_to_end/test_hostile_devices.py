"""Devices with hostile names, as any USB plug can have one: listed, chosen and complained about, and not obeyed."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hostile import COCKPIT, COMMAND_LINE, KINDS, Author, profile_toml, strange
from hostile_commands import Run, in_pipes, in_terminal
from hostile_profiles import put
from hostile_visits import Visits
from speaking import TITLES, go

from terminal import COMMAND, Terminal
from virtual_audio import VirtualAudio

pytestmark = pytest.mark.device

WAYS = pytest.mark.parametrize("run", [in_terminal, in_pipes], ids=["terminal", "pipe"])


class Plugged(NamedTuple):
    """The variables that lead to a sound server, and who named its devices."""

    variables: dict[str, str]
    author: Author


LINE_ENDS = "\x85\u2028\u2029"


@contextlib.contextmanager
def server(author: Author, names: list[str]) -> Iterator[Plugged]:
    """A speaker for each name, as PortAudio finds them, and one that the sound server describes."""
    with VirtualAudio(pluggable=True) as audio:
        speaker = "type asym playback.pcm { type pulse device speaker } hint { show on }"
        with (audio.folder / "asound.conf").open("a") as file:
            file.writelines(f'pcm."{name}" {{ {speaker} }}\n' for name in names)
        described = f"sink_properties='device.description=\"{author.text('described')}\"'"
        command = ["pactl", "load-module", "module-null-sink", "sink_name=odd", described]
        subprocess.run(command, env=audio.environment, check=True, stdout=subprocess.DEVNULL)
        wanted = ("PULSE_", "ALSA_")
        yield Plugged({key: value for key, value in audio.environment.items() if key.startswith(wanted)}, author)


@pytest.fixture(scope="module")
def plugged() -> Iterator[Plugged]:
    """A speaker for each thing that a name can do."""
    author = Author(without="\ud800\0\\\"'" + LINE_ENDS)
    with server(author, [author.text(f"device {number}") for number in range(len(KINDS))]) as found:
        yield found


@WAYS
def test_a_name_with_a_lines_end_in_it_hides_no_device(run: Run, environment: dict[str, str]) -> None:
    names = [f"odd{number}{end}name" for number, end in enumerate(LINE_ENDS)]
    with server(Author(), names) as found:
        done = run(environment | found.variables, "devices")
    assert done.code == 0, done.text
    assert done.text.count("name  (") == len(names)
    assert "virtual_speaker" in done.text
    assert strange(done.raw, COMMAND_LINE) == []


@WAYS
def test_the_list_of_devices_shows_names_and_obeys_none(
    run: Run, environment: dict[str, str], plugged: Plugged
) -> None:
    done = run(environment | plugged.variables, "devices")
    assert done.code == 0
    assert plugged.author.word("device 0") in done.text
    assert plugged.author.obeyed(done.raw) == []
    assert strange(done.raw, COMMAND_LINE) == []


@WAYS
def test_the_doctor_names_devices_and_obeys_none(run: Run, environment: dict[str, str], plugged: Plugged) -> None:
    author = Author(without="\ud800", first=900)
    wanted = author.text("device that is not there")
    put(environment, "desk", profile_toml({"provider": "local", "audio": {"input_device": wanted}}))
    done = run(environment | plugged.variables, "doctor", "desk")
    assert author.word("device that is not there") in done.text
    assert author.obeyed(done.raw) + plugged.author.obeyed(done.raw) == []
    assert strange(done.raw, COMMAND_LINE) == []


def test_the_cockpit_lists_and_uses_devices_and_obeys_no_name(environment: dict[str, str], plugged: Plugged) -> None:
    wanted = plugged.author.word("device 0")
    command = [COMMAND, "--no-connect", "--output-device", wanted]
    with Terminal(command, environment | plugged.variables) as terminal:
        visits = Visits(terminal)

        def choose() -> None:
            terminal.wait_for("○ OFFLINE")
            terminal.press("d").wait_for(plugged.author.word("device 1"), "the list is read")
            terminal.press("tab").wait_for("› Speakers")
            terminal.press(*["up"] * 2 * len(KINDS), *["down"] * 5, "enter")
            terminal.wait_for(lambda screen: re.search(r"OUT +\S+ +zq", screen), "a device of a hostile name is used")
            terminal.press(*["down"] * len(KINDS)).wait_for(plugged.author.word(f"device {len(KINDS) - 1}"))
            terminal.press("escape").wait_gone("ECHO")
            go(terminal, "6", TITLES[5])
            terminal.press("z").wait_for("speaker  zq")

        visits.walk(choose)
    assert plugged.author.obeyed(visits.raw) == []
    assert strange(visits.raw, COCKPIT) == []
    assert visits.lost is None
