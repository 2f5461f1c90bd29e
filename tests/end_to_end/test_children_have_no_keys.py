"""No process that the app starts has a key in its environment; what it needs to sound and to speak, it has."""

import asyncio
import contextlib
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from speaking import await_live, quit_cleanly

from recorder import CANARY
from rtvoice_tui.audio.backends.listing import list_in_subprocess
from rtvoice_tui.errors import AudioError
from rtvoice_tui.local_agent.process import LocalAgentProcess
from rtvoice_tui.subprocesses import module_command
from terminal import COMMAND, Terminal, descendants

KEYS = (
    "OPENAI_API_KEY AZURE_OPENAI_API_KEY YANDEX_CLOUD_API_KEY XAI_API_KEY REALTIME_API_KEY AWS_SECRET_ACCESS_KEY"
    " MY_KEY GITHUB_TOKEN"
).split()
NEEDED = {
    "PULSE_SERVER": "unix:/nowhere",
    "ALSA_CONFIG_PATH": "/nowhere",
    "XDG_RUNTIME_DIR": "/nowhere",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere",
}
MCP = Path(__file__).parents[1] / "tools" / "mcp_small_program.py"


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, str]]:
    """The environment with which our own modules are started as programs from now on."""
    noted = tmp_path / "environment"
    python = tmp_path / "python"
    line = f'#!/bin/sh\ncat /proc/$$/environ > {shlex.quote(str(noted))}\nexec {shlex.quote(sys.executable)} "$@"\n'
    python.write_text(line)
    python.chmod(0o755)
    for name in KEYS:
        monkeypatch.setenv(name, f"{CANARY}-{name}")
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "executable", str(python))

    def environment() -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in noted.read_text().split("\0") if entry)

    return environment


def assert_fit(environment: dict[str, str]) -> None:
    """No key, but what sound needs."""
    assert [name for name, value in environment.items() if CANARY in value] == []
    assert environment.items() >= NEEDED.items()
    assert {"PATH", "HOME"} <= environment.keys()


def test_the_process_that_lists_devices_gets_no_key(started: Callable[[], dict[str, str]]) -> None:
    with contextlib.suppress(AudioError):
        list_in_subprocess()
    assert_fit(started())


async def test_the_built_in_agent_gets_no_key(started: Callable[[], dict[str, str]]) -> None:
    agent = LocalAgentProcess()
    try:
        assert (await agent.endpoint()).url
    finally:
        await agent.close()
    assert_fit(started())


BACKENDS = "rtvoice_tui.audio.backends"


@pytest.mark.parametrize("module", [f"{BACKENDS}.miniaudio_names", f"{BACKENDS}.listing", "json.tool"])
async def test_none_of_our_modules_that_run_elsewhere_gets_a_key(
    started: Callable[[], dict[str, str]], module: str
) -> None:
    command, environment = module_command(module)
    assert [name for name, value in environment.items() if CANARY in value] == []
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await asyncio.wait_for(process.wait(), 60)
    assert_fit(started())


def test_no_process_of_a_running_app_has_a_key(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles"
    folder.mkdir(parents=True)
    (folder / "tools.py").write_text("def there() -> str:\n    return 'there'\n")
    waits = [sys.executable, "-S", "-E", str(MCP), "plain"]
    (folder / "mine.toml").write_text(
        'provider = "local"\napi_key_env = "MY_KEY"\n'
        '[[tools]]\nname = "there"\nrun = {kind = "python", target = "tools.py:there"}\n'
        f'[[tools]]\nname = "srv"\nrun = {{kind = "mcp", argv = {waits}}}\n'
    )
    given = environment | {name: f"{CANARY}-{name}" for name in KEYS}
    with Terminal([COMMAND, "--profile", "mine"], given) as terminal:
        await_live(terminal)
        commands = [
            "rtvoice_tui.local_agent.server",
            f"{BACKENDS}.miniaudio_names",
            "tools.py",
            MCP.name,
        ]
        terminal.wait_for(lambda _: all_run(terminal.process.pid, commands), "the processes run")
        children = [child for child in descendants(terminal.process.pid) if COMMAND not in child.command]
        holding = []
        for child in children:
            with contextlib.suppress(OSError):  # it has ended
                if CANARY.encode() in Path(f"/proc/{child.pid}/environ").read_bytes():
                    holding.append(child.command)
        assert len(children) >= len(commands)
        assert holding == []
        quit_cleanly(terminal)


def all_run(pid: int, words: list[str]) -> bool:
    """Whether there is a child for each word."""
    lines = [child.command for child in descendants(pid)]
    return all(any(word in line for line in lines) for word in words)


def test_the_app_itself_still_has_its_keys_after_it_has_started_others(started: Callable[[], dict[str, str]]) -> None:
    with contextlib.suppress(AudioError):
        list_in_subprocess()
    assert all(os.environ[name] == f"{CANARY}-{name}" for name in KEYS)
