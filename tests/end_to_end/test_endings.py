"""However the app ends, nothing of it stays behind."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from speaking import await_live

from terminal import COMMAND, Terminal, descendants, wait_gone

LIMIT_S = 10.0


def test_an_app_that_is_killed_leaves_no_agent(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        started = descendants(terminal.process.pid)
        assert any("local_agent" in process.command for process in started)
        terminal.process.kill()
        terminal.wait_end(LIMIT_S)
        wait_gone(started, LIMIT_S)


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
def test_quitting_while_it_still_starts_leaves_nothing_behind(environment: dict[str, str], key: str) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        terminal.wait_for("CONNECTING")
        started = descendants(terminal.process.pid)
        assert terminal.quit(key, LIMIT_S) == 0
        wait_gone(started, LIMIT_S)


def test_the_terminal_is_given_back_as_it_was(environment: dict[str, str], tmp_path: Path) -> None:
    script = 'stty -g > "$1"; "$0" --no-audio --no-connect; echo ended with $?; stty -g >> "$1"'
    with Terminal(["sh", "-c", script, COMMAND, tmp_path / "modes"], environment) as terminal:
        terminal.wait_for("OFFLINE")
        terminal.press("q").wait_for("ended with 0")
        terminal.wait_end()
    before, after = (tmp_path / "modes").read_text().splitlines()
    assert after == before


async def test_serve_prints_its_address_accepts_who_knows_the_token_and_ends_on_interrupt(
    environment: dict[str, str],
) -> None:
    serving = await asyncio.create_subprocess_exec(
        sys.executable,
        "-X",
        "faulthandler",
        COMMAND,
        "serve",
        "--port",
        "0",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_interruptible,
    )
    try:
        assert serving.stdout is not None
        async with asyncio.timeout(60):
            url = re.fullmatch(r"listening on (ws://127\.0\.0\.1:\d+/\S+)", (await _line(serving.stdout)))
            token = re.search(r"token .*: (\S+)$", await _line(serving.stdout))
            assert url is not None
            assert token is not None
            async with aiohttp.ClientSession() as client:
                with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
                    await client.ws_connect(url[1], headers={"Authorization": "Bearer wrong"})
                async with client.ws_connect(url[1], headers={"Authorization": f"Bearer {token[1]}"}) as socket:
                    greeting = json.loads(await socket.receive_str())
                    assert greeting["type"] == "session.created"
                    serving.send_signal(signal.SIGINT)
                    errors = await _errors_at_the_end(serving)
        assert serving.returncode == 0
        assert "Traceback" not in errors
    finally:
        if serving.returncode is None:
            serving.kill()
            await serving.wait()


def _interruptible() -> None:
    """What runs in a shell's background inherits that interrupts are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def _errors_at_the_end(serving: asyncio.subprocess.Process) -> str:
    """What a program says on its way out; one that hangs says where."""
    try:
        async with asyncio.timeout(40):
            _, errors = await serving.communicate()
    except TimeoutError:
        serving.send_signal(signal.SIGABRT)
        _, errors = await serving.communicate()
        raise AssertionError(f"it does not end: {errors.decode()}") from None
    return errors.decode()


async def _line(stream: asyncio.StreamReader) -> str:
    return (await stream.readline()).decode().strip()
