"""``rtvoice-tui doctor`` as it is installed: what is missing, what mends it, and exit code 1 if it was asked for."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_server import Session, in_thread, plain
from terminal import COMMAND
from virtual_audio import VirtualAudio

SECRET = "geheim-0815"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "config" / "rtvoice-tui" / "profiles"
    found.mkdir(parents=True)
    return found


@pytest.fixture
def doctor(environment: dict[str, str]):
    """Run the doctor; no key and no traceback may be in what it says."""

    def runs(*arguments: str, code: int, **more: str) -> str:
        done = subprocess.run(
            [COMMAND, "doctor", *arguments],
            env=environment | more,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=90,
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        assert not done.stderr
        return done.stdout

    return runs


def about(told: str, name: str) -> str:
    """What is said about one thing, with the remedies below."""
    found = re.findall(rf"^. {re.escape(name)} .*(?:\n   +-> .*)*", told, re.MULTILINE)
    assert found, told
    return "\n".join(found)


async def silent(session: Session) -> None:
    """Say nothing more."""


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def test_a_new_machine_is_looked_at_as_a_whole_and_nothing_that_was_asked_for_is_wrong(doctor):
    told = doctor(code=0)
    for name in ("terminal", "sound", "speech", "profiles", "local", "yandex", "openai", "azure", "xai", "hf"):
        assert about(told, name)
    assert about(told, "local").startswith("✓")
    assert "✗" not in told


def test_a_profile_with_its_key_is_fit_and_its_source_is_named(doctor):
    told = about(doctor("openai", code=0, OPENAI_API_KEY=SECRET), "openai")
    assert told.startswith("✓")
    assert "key from OPENAI_API_KEY" in told
    assert "wss://api.openai.com/v1/realtime" in told


def test_only_the_profiles_that_were_named_are_looked_at(doctor):
    told = doctor("openai", "hf", code=0, OPENAI_API_KEY=SECRET)
    assert about(told, "hf").startswith("✓")
    assert "yandex" not in told


def test_a_profile_without_its_key_is_told_with_the_variable_to_set(doctor, folder):
    (folder / "work.toml").write_text('provider = "xai"\n')
    told = about(doctor("work", code=1), "work")
    assert told.startswith("✗")
    assert "XAI_API_KEY" in told
    assert "->" in told


def test_a_built_in_profile_without_its_key_is_worth_a_note_and_no_more(doctor):
    told = about(doctor(code=0), "xai")
    assert told.startswith("·")
    assert "XAI_API_KEY" in told


@pytest.mark.parametrize(("text", "word"), [("model = 5\n", "model"), ("x = \n", "line 1")])
def test_a_broken_file_is_told_with_its_place_and_ends_with_1(doctor, folder, text, word):
    (folder / "bad.toml").write_text(text)
    for arguments in (["bad"], []):
        told = doctor(*arguments, code=1)
        assert about(told, "bad").startswith("✗")
        assert "bad.toml" in about(told, "bad")
        assert word in about(told, "bad")
        assert "->" in about(told, "bad")


def test_a_broken_file_that_was_not_asked_for_does_not_matter(doctor, folder):
    (folder / "bad.toml").write_text("model = 5\n")
    assert "bad.toml" not in doctor("local", code=0)


def test_a_profile_that_is_not_there_is_told(doctor):
    assert about(doctor("nobody", code=1), "nobody").startswith("✗")


def test_a_model_that_nobody_knows_is_worth_a_note(doctor, folder):
    (folder / "work.toml").write_text('provider = "openai"\nmodel = "gpt-9"\n')
    told = about(doctor("work", code=0, OPENAI_API_KEY=SECRET), "work")
    assert "gpt-9" in told
    assert "gpt-realtime-2.1" in told


def test_the_built_in_agent_is_called_and_its_latency_told(doctor):
    told = about(doctor("local", "--live", code=0), "local")
    assert re.search(r"live: \d+ ms to connect, \d+ ms to session\.created", told)


def test_a_server_is_called_and_its_latency_told(doctor, folder):
    with in_thread(plain(silent)) as server:
        (folder / "work.toml").write_text(f'provider = "generic"\nurl = "{server.url}"\n')
        told = about(doctor("work", "--live", code=0, REALTIME_API_KEY=SECRET), "work")
    assert re.search(r"live: \d+ ms to connect", told)
    assert "key from REALTIME_API_KEY" in told


def test_without_live_no_server_is_called(doctor, folder):
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://127.0.0.1:{closed_port()}/"\n')
    assert about(doctor("work", code=0), "work").startswith("✓")


def test_a_closed_port_is_a_sentence_with_a_remedy_and_exit_code_1(doctor, folder):
    port = closed_port()
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://127.0.0.1:{port}/"\n')
    told = about(doctor("work", "--live", code=1, REALTIME_API_KEY=SECRET), "work").splitlines()
    assert told[1].startswith("✗")
    assert "->" in told[2]


def test_a_key_that_no_header_can_carry_is_a_sentence_and_is_not_repeated(doctor, folder):
    with in_thread(plain(silent)) as server:
        (folder / "work.toml").write_text(f'provider = "generic"\nurl = "{server.url}"\n')
        told = doctor("work", "--live", code=1, REALTIME_API_KEY=f"{SECRET}\nX-Other: 1")
    assert "✗" in about(told, "work")


def test_a_model_that_nobody_knows_is_called_nevertheless(doctor, folder):
    with in_thread(plain(silent)) as server:
        (folder / "work.toml").write_text(f'provider = "openai"\nurl = "{server.url}"\nmodel = "my-finetune"\n')
        told = about(doctor("work", "--live", code=0, OPENAI_API_KEY=SECRET), "work")
    assert "my-finetune" in told
    assert "live:" in told


def test_an_address_with_a_password_does_not_show_it(doctor, folder):
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://me:{SECRET}@127.0.0.1:1/"\n')
    doctor("work", code=0)


def test_tools_that_cannot_run_are_named_with_what_mends_them(doctor, folder: Path) -> None:
    (folder / "bench.toml").write_text(
        'provider = "local"\n'
        + "".join(
            f'[[tools]]\nname = "{name}"\nrun = {run}\n'
            for name, run in {
                "program": '{kind = "command", argv = ["no-such-program-here", "{x}"]}',
                "present": '{kind = "command", argv = ["sh"]}',
                "function": '{kind = "python", target = "gone.py:f"}',
                "service": '{kind = "http", url = "https://host.example/", headers = {X = "${NO_SUCH_KEY_HERE}"}}',
                "keyed": '{kind = "http", url = "https://host.example/", headers = {X = "${A_KEY}"}}',
            }.items()
        )
    )
    told = about(doctor("bench", code=1, A_KEY=SECRET), "bench")
    assert "there is no program no-such-program-here" in told
    assert "install no-such-program-here" in told
    assert re.search(r"tool function: there is no file .*gone.py", told)
    assert "NO_SUCH_KEY_HERE is not set" in told
    assert "present" not in told
    assert "keyed" not in told


def named(folder: Path, name: str, microphone: str, speaker: str) -> None:
    """Write a profile that names its devices."""
    text = f'provider = "local"\n[audio]\ninput_device = "{microphone}"\noutput_device = "{speaker}"\n'
    (folder / f"{name}.toml").write_text(text)


@pytest.fixture
def plugged() -> Iterator[dict[str, str]]:
    """The variables that lead to a sound server with devices."""
    with VirtualAudio() as audio:
        yield {name: value for name, value in audio.environment.items() if name.startswith(("PULSE_", "ALSA_"))}


@pytest.mark.device
def test_devices_that_a_profile_names_and_that_are_not_listed_are_worth_a_note(doctor, folder, plugged):
    named(folder, "desk", microphone="Jabra", speaker="virtual_microphone")
    named(folder, "room", microphone="Virtual_Mic", speaker="AL_SPEAKER")
    told = doctor("desk", "room", code=0, **plugged)
    assert "· desk         no microphone is called 'Jabra'\n" in told
    assert "correct audio.input_device: 'rtvoice-tui devices' lists the names" in about(told, "desk")
    assert "no speaker is called 'virtual_microphone'" in about(told, "desk"), "a microphone is no speaker"
    assert "is called" not in about(told, "room"), "a part of the name suffices"


def test_without_any_device_one_that_a_profile_names_is_not_there_either(doctor, folder):
    named(folder, "desk", microphone="Jabra", speaker="")
    told = doctor("desk", code=0)
    assert "no microphone is called 'Jabra'" in about(told, "desk")
    assert "no speaker is called" not in told


def test_a_device_that_is_not_there_does_not_keep_the_server_from_being_called(doctor, folder):
    named(folder, "desk", microphone="Jabra", speaker="")
    assert "live:" in about(doctor("desk", "--live", code=0), "desk")


@pytest.mark.device
def test_of_devices_that_a_hanging_sound_server_keeps_to_itself_nothing_is_said(doctor, folder, hung):
    named(folder, "desk", microphone="Jabra", speaker="")
    assert "Jabra" not in doctor("desk", code=0, **hung)


@pytest.fixture
def hung() -> Iterator[dict[str, str]]:
    """The variables that lead to a sound server that answers nobody."""
    with VirtualAudio(pluggable=True) as audio:
        audio.hang(True)
        yield {name: value for name, value in audio.environment.items() if name.startswith(("PULSE_", "ALSA_"))}
        audio.hang(False)


@pytest.mark.device
def test_a_sound_server_that_hangs_is_told_with_what_restarts_it(doctor, hung):
    told = about(doctor("local", code=0, **hung), "sound")
    assert "the sound server does not answer" in told
    assert "systemctl --user restart pipewire pipewire-pulse" in told
    assert "install" not in told


@pytest.mark.device
def test_the_list_of_devices_of_a_sound_server_that_hangs_fails_with_what_restarts_it(environment, hung):
    begun = time.monotonic()
    done = subprocess.run([COMMAND, "devices"], env=environment | hung, capture_output=True, text=True, timeout=60)
    assert time.monotonic() - begun < 10, "libpulse alone would wait 30 s"
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: the sound server does not answer (restart it: ")


def test_what_helps_in_the_cockpit_alone_is_not_said_in_a_shell(doctor, folder):
    (folder / "work.toml").write_text(f'provider = "generic"\nurl = "ws://127.0.0.1:{closed_port()}/"\n')
    told = about(doctor("work", "--live", code=1), "work")
    for words in ("press c", "F6", "press p"):
        assert words not in told
