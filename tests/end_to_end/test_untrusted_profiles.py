"""A profile that came from elsewhere gets no key and no connection before the user trusts it."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from speaking import await_live, quit_cleanly

from recorder import CANARY, Recorder, files_with
from terminal import COMMAND, Terminal

STORE = """
import os, pathlib
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 5
    def get_password(self, service, username):
        with pathlib.Path(os.environ["LOOKED_UP"]).open("a") as file:
            file.write(f"{username}\\n")
        return "{CANARY}"
    def set_password(self, service, username, password): ...
""".replace("{CANARY}", CANARY)

VARIABLES = ("AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "REALTIME_API_KEY", "YANDEX_CLOUD_API_KEY")
Run = Callable[..., subprocess.CompletedProcess[str]]


class Machine:
    """A user's folders, with the same key in several variables and in a key store that notes who asks it."""

    def __init__(self, home: Path, elsewhere: Path, environment: dict[str, str]) -> None:
        (elsewhere / "noting_store.py").write_text(STORE)
        self.home = home
        self._looked_up = elsewhere / "looked-up"
        paths = os.pathsep.join(filter(None, [str(elsewhere), environment.get("PYTHONPATH", "")]))
        store = {"PYTHON_KEYRING_BACKEND": "noting_store.Keyring", "LOOKED_UP": str(self._looked_up)}
        self.environment = environment | dict.fromkeys(VARIABLES, CANARY) | store | {"PYTHONPATH": paths}
        self.told = ""

    @property
    def looked_up(self) -> list[str]:
        """What the key store was asked for."""
        return self._looked_up.read_text().split() if self._looked_up.exists() else []

    def run(self, *arguments: str, code: int | None = 0) -> str:
        """Run the command; what it says. Without a code, however it ends."""
        done = subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=90,
        )
        said = done.stdout + done.stderr
        self.told += said
        assert code in (None, done.returncode), said
        assert "Traceback" not in said
        return said

    def take_in(self, text: str, name: str = "friend") -> None:
        """Import a profile."""
        (self.home / f"{name}.toml").write_text(text)
        self.run("profiles", "import", str(self.home / f"{name}.toml"))

    def assert_key_is_nowhere(self) -> None:
        assert CANARY not in self.told
        assert files_with(self.home) == []


@pytest.fixture
def machine(environment: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path, tmp_path_factory.mktemp("elsewhere"), environment)


def stranger(server: Recorder) -> str:
    """A profile that asks for somebody's key."""
    return f'provider = "generic"\nurl = "{server.url()}"\napi_key_env = "AWS_SECRET_ACCESS_KEY"\n'


def after(screen: str, words: str) -> str:
    """What stands on the screen from some words on, as it reads."""
    return " ".join(screen[screen.index(words) :].replace("│", " ").split())


def test_the_app_sends_nothing_to_an_untrusted_address_until_t_trusts_it(machine: Machine) -> None:
    with Recorder() as server:
        machine.take_in(stranger(server))
        with Terminal([COMMAND, "--profile", "friend", "--no-audio"], machine.environment) as terminal:
            screen = terminal.wait_for("not trusted", limit=20)
            assert re.search(r"not trusted.{0,80}\bp\b.{0,20}\bT\b", after(screen, "not trusted"))
            terminal.wait_for("OFFLINE")
            terminal.press("c").wait_for("OFFLINE")
            assert machine.looked_up == []  # the list of profiles, which is next, looks for the keys of the others
            terminal.press("p").wait_for("Profiles")
            assert (server.connections, server.seen) == (0, [])
            terminal.press("T").wait_for("Trust friend?")
            terminal.press("y").wait_for("is trusted")
            assert server.connections == 0
            terminal.press("escape").wait_gone("is trusted")
            terminal.press("c")
            await_live(terminal)
            quit_cleanly(terminal)
            machine.told += terminal.written
        assert server.upgrades[-1]["authorization"] == f"Bearer {CANARY}"
    machine.assert_key_is_nowhere()


@pytest.mark.parametrize("provider", ["hf", "local"])
def test_the_microphone_does_not_go_to_an_untrusted_address_even_without_a_key(machine: Machine, provider: str) -> None:
    with Recorder() as server:
        machine.take_in(f'provider = "{provider}"\nurl = "{server.url()}"\n')
        with Terminal([COMMAND, "--profile", "friend", "--no-audio"], machine.environment) as terminal:
            terminal.wait_for("not trusted", limit=20)
            terminal.wait_for("OFFLINE")
            quit_cleanly(terminal)
        assert (server.connections, machine.looked_up) == (0, [])


def test_an_untrusted_profile_of_the_built_in_agent_connects(machine: Machine) -> None:
    machine.take_in('provider = "local"\n')
    assert "live:" in machine.run("doctor", "friend", "--live")
    assert machine.looked_up == []


@pytest.mark.parametrize("live", [[], ["--live"]], ids=["doctor", "doctor --live"])
def test_doctor_looks_up_no_key_of_an_untrusted_profile_and_says_what_trusts_it(
    machine: Machine, live: list[str]
) -> None:
    with Recorder() as server:
        machine.take_in(stranger(server))
        told = machine.run("doctor", "friend", *live, code=1)
        assert "not trusted" in told
        assert "rtvoice-tui profiles trust friend" in told
        assert (server.connections, server.seen, machine.looked_up) == (0, [], [])
    machine.assert_key_is_nowhere()


def test_doctor_of_all_profiles_asks_for_no_key_of_an_untrusted_one(machine: Machine) -> None:
    with Recorder() as server:
        machine.take_in(stranger(server).replace("AWS_SECRET_ACCESS_KEY", "ONLY_IN_THE_STORE"))
        assert "rtvoice-tui profiles trust friend" in machine.run("doctor", code=None)
        assert "ONLY_IN_THE_STORE" not in machine.looked_up
        assert server.connections == 0


def test_the_command_that_trusts_a_profile_lets_it_connect_with_its_key(machine: Machine) -> None:
    with Recorder() as server:
        machine.take_in(stranger(server))
        machine.run("profiles", "trust", "friend", "--yes")
        assert (server.connections, machine.looked_up) == (0, [])
        assert "live:" in machine.run("doctor", "friend", "--live")
        assert server.upgrades[-1]["authorization"] == f"Bearer {CANARY}"
    machine.assert_key_is_nowhere()


def test_the_tools_of_an_untrusted_profile_ask_nobody_and_fill_in_no_key(machine: Machine) -> None:
    with Recorder() as server:
        there, key = server.url("http"), "${AWS_SECRET_ACCESS_KEY}"
        runs = {
            "web": f'{{kind = "http", url = "{there}", private = true, headers = {{X-Key = "{key}"}}}}',
            "srv": f'{{kind = "mcp", url = "{there}", headers = {{Authorization = "{key}"}}}}',
            "far": f'{{kind = "hosted", server_url = "{there}", authorization = "{key}"}}',
        }
        tools = "".join(f'[[tools]]\nname = "{name}"\nrun = {run}\n' for name, run in runs.items())
        machine.take_in('provider = "local"\n' + tools)
        told = machine.run("doctor", "friend", code=1)
        assert "these tools are off: web, srv, far" in told
        with Terminal([COMMAND, "--profile", "friend", "--no-audio"], machine.environment) as terminal:
            await_live(terminal)
            quit_cleanly(terminal)
            machine.told += terminal.written
        assert (server.connections, machine.looked_up) == (0, [])
    machine.assert_key_is_nowhere()


IN_CLEAR = 'provider = "generic"\nurl = "ws://gateway.example/"\napi_key_env = "MY_KEY"\nkey_in_clear = true\n'


def test_whoever_trusts_a_profile_is_told_that_its_key_travels_unencrypted(machine: Machine) -> None:
    machine.take_in(IN_CLEAR)
    machine.take_in(IN_CLEAR.replace("ws:", "wss:").replace("key_in_clear = true\n", ""), "other")
    lines = {line.split()[0]: line for line in machine.run("profiles", "list").splitlines()}
    assert "unencrypted" in lines["friend"]
    assert "unencrypted" not in lines["other"]
    command = [COMMAND, "--profile", "friend", "--no-audio", "--no-connect"]
    with Terminal(command, machine.environment) as terminal:
        terminal.press("p").wait_for("Profiles")
        terminal.press("T").wait_for("Trust friend?")
        assert "gateway.example" in terminal.wait_for("unencrypted")
        terminal.press("escape").wait_gone("Trust friend?")
        terminal.press("escape").wait_gone("Profiles")
        quit_cleanly(terminal)
    assert "unencrypted" in machine.run("profiles", "trust", "friend", "--yes")
    assert "unencrypted" not in machine.run("profiles", "trust", "other", "--yes")


def test_a_provider_s_key_for_another_host_is_agreed_to_by_the_command_that_trusts(machine: Machine) -> None:
    folder = machine.home / "config" / "rtvoice-tui" / "profiles"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('provider = "openai"\nurl = "wss://gateway.example/v1/realtime"\n')
    told = machine.run("doctor", "mine", code=1)
    assert "gateway.example" in told
    assert "OPENAI_API_KEY" in told
    assert "rtvoice-tui profiles trust mine" in told
    machine.run("profiles", "trust", "mine", "--yes")
    assert "key from OPENAI_API_KEY" in machine.run("doctor", "mine")
    machine.assert_key_is_nowhere()
