"""Every signal that ends the app ends it cleanly: nothing is left, the terminal is as it was, the server was told."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ends import LIMIT_S, assert_ended, await_ready, codes, goodbyes, job, remote, silent, write_profile

from leftovers import Leftover, await_gone, end, leftover
from realtime_server import FakeServer, Session, in_thread, plain
from rtvoice_tui.ui.terminal.endings import LIMIT_S as FORCED_AFTER_S
from terminal import COMMAND
from virtual_audio import wait_until

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1]
"""One that keys send, one that ends, and one that nobody expects; all have one handler."""
STUBBORN = """
provider = "generic"
url = "{url}"
[[tools]]
name = "wait"
description = "Wait"
parameters = {{type = "object", properties = {{}}}}
run = {{kind = "command", argv = {argv}}}
timeout_s = 600
"""


def stubborn(environment: dict[str, str], server: FakeServer, left: Leftover) -> list[str]:
    """The app with a tool that does not end when it is asked to, nor does what it has started."""
    argv = ["sh", "-c", 'trap "" TERM INT HUP; sh -c "$3" left "$1" "$2" & while :; do sleep 1; done', "sh"]
    argv += left.command("a child in the background")[4:]
    write_profile(environment, "stubborn", STUBBORN.format(url=server.url, argv=json.dumps(argv)))
    return [COMMAND, "--profile", "stubborn", "--no-audio"]


async def calls_the_tool(session: Session) -> None:
    await session.call_tools(("wait", {}))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_the_app_and_the_local_agent_cleanly(environment: dict[str, str], number: signal.Signals) -> None:
    with job([COMMAND, "--no-audio"], environment) as app:
        await_ready(app)
        started = app.started
        assert any("local_agent" in process.command for process in started)
        app.send(number)
        assert_ended(app, codes(number), started)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_ends_the_app_its_tools_and_the_session_elsewhere_cleanly(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    left = leftover(tmp_path)
    try:
        with in_thread(plain(calls_the_tool)) as server, job(stubborn(environment, server, left), environment) as app:
            app.terminal.wait_for(lambda _: left.came, "the tool runs")
            started = app.started
            app.send(number)
            assert_ended(app, codes(number), started)
            assert goodbyes(server) in ([1000], [1001])
            await_gone(left)
    finally:
        end([left])


def test_a_key_that_quits_ends_all_of_it_cleanly(environment: dict[str, str], tmp_path: Path) -> None:
    left = leftover(tmp_path)
    try:
        with in_thread(plain(calls_the_tool)) as server, job(stubborn(environment, server, left), environment) as app:
            app.terminal.wait_for(lambda _: left.came, "the tool runs")
            started = app.started
            app.terminal.press("q")
            assert_ended(app, {0}, started)
            assert goodbyes(server) in ([1000], [1001])
            await_gone(left)
    finally:
        end([left])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGHUP, signal.SIGABRT),
    ],
    ids=lambda number: number.name,
)
def test_further_signals_do_not_spoil_an_end_that_is_under_way(
    environment: dict[str, str], tmp_path: Path, first: signal.Signals, second: signal.Signals
) -> None:
    """The tool takes its time to end, and the second signal comes again and again until the app is gone."""
    left = leftover(tmp_path)
    try:
        with in_thread(plain(calls_the_tool)) as server, job(stubborn(environment, server, left), environment) as app:
            app.terminal.wait_for(lambda _: left.came, "the tool runs")
            started = app.started
            app.send(first)
            with contextlib.suppress(ProcessLookupError, TimeoutError):
                wait_until(lambda: app.send(second), "there is no app to send it to")
            assert_ended(app, codes(first, second), started)
            assert goodbyes(server) in ([1000], [1001])
            await_gone(left)
    finally:
        end([left])


@pytest.mark.parametrize("number", [signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_while_the_app_still_starts_ends_it_cleanly(
    environment: dict[str, str], number: signal.Signals
) -> None:
    with job([COMMAND, "--no-audio"], environment) as app:
        app.terminal.wait_for("CONNECTING")
        started = app.started
        app.send(number)
        assert_ended(app, codes(number), started)


def test_an_app_whose_terminal_takes_nothing_more_ends_and_gives_it_back(environment: dict[str, str]) -> None:
    with in_thread(plain(silent)) as server, job(remote(server, "--no-audio"), environment) as app:
        await_ready(app)
        app.terminal.stop_reading()
        for _ in range(60):  # more screens than a terminal's buffer and the app's own hold
            app.terminal.press("?", "escape")
        wait_until(lambda: _stuck(app.pid), "the app waits for its terminal")
        started = app.started
        app.send(signal.SIGTERM)
        app.note("ended", FORCED_AFTER_S + LIMIT_S)
        app.terminal.go_on_reading()
        assert_ended(app, codes(signal.SIGTERM), started)


def _stuck(pid: int) -> bool:
    """Whether a process's main thread takes no processor time for a while, as it does at each of its ticks."""

    def taken() -> list[str]:
        return Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]

    before = taken()
    time.sleep(1.0)
    return taken() == before


@pytest.mark.parametrize("number", [signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_under_an_open_dialog_ends_the_app_cleanly(
    environment: dict[str, str], number: signal.Signals
) -> None:
    with in_thread(plain(silent)) as server, job(remote(server, "--no-audio"), environment) as app:
        await_ready(app)
        app.terminal.press("?").wait_for("esc close")
        app.send(number)
        assert_ended(app, codes(number), app.started)
        assert goodbyes(server) in ([1000], [1001])


def test_a_signal_while_the_editor_has_the_terminal_ends_both(environment: dict[str, str], tmp_path: Path) -> None:
    left = leftover(tmp_path)
    program = tmp_path / "editor.sh"
    program.write_text(f"#!/bin/sh\necho EDITING; exec sleep {left.seconds}\n")
    program.chmod(0o700)
    given = environment | {"EDITOR": str(program)}
    try:
        with in_thread(plain(silent)) as server, job(remote(server, "--no-audio"), given) as app:
            await_ready(app)
            app.terminal.press("e").wait_for(lambda _: app.terminal.bold("5 Agent"))
            app.terminal.press("ctrl+e").wait_for("EDITING")
            started = app.started
            app.send(signal.SIGTERM)
            assert_ended(app, codes(signal.SIGTERM), started)
            assert goodbyes(server) in ([1000], [1001])
            await_gone(left)
    finally:
        end([left])


def test_a_fault_of_the_app_ends_it_cleanly(environment: dict[str, str]) -> None:
    """Nothing from outside makes it fail, so one of its actions does."""
    failing = "from rtvoice_tui.ui.app import RtvoiceApp; RtvoiceApp.action_mute = lambda self: 1 / 0"
    program = [sys.executable, "-c", f"{failing}; from rtvoice_tui.cli.main import main; main()"]
    with in_thread(plain(silent)) as server, job([*program, *remote(server, "--no-audio")[1:]], environment) as app:
        await_ready(app)
        started = app.started
        app.terminal.press("m")
        assert_ended(app, {1}, started)
        assert "rtvoice-tui failed: ZeroDivisionError: division by zero" in app.terminal.written
        assert goodbyes(server) in ([1000], [1001])


IN_PYTHONS_OWN_END = """
import os, signal
from rtvoice_tui.ui.terminal.endings import Endings
endings = Endings()
with endings.handled():
    os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGINT)
print("ended in order")
"""


def test_a_signal_after_the_app_is_over_does_not_interrupt_the_end_that_a_signal_asked_for():
    done = subprocess.run([sys.executable, "-c", IN_PYTHONS_OWN_END], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended in order\n", "")
