"""When the terminal is gone the app ends too, whoever tells it or nobody."""

import contextlib
import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from ends import ANY_CODE, LIMIT_S, assert_ended, await_ready, goodbyes, job, remote, silent
from speaking import await_live, quiet_file

from realtime_server import in_thread, plain
from terminal import COMMAND, Terminal, descendants, wait_gone
from virtual_audio import wait_until


@contextlib.contextmanager
def other_terminal() -> Iterator[tuple[int, str]]:
    """A second terminal that is nobody's controlling one: its master, and its name."""
    master, slave = os.openpty()
    tty.setraw(slave)  # nothing of what is asked of it is echoed
    name = os.ttyname(slave)
    try:
        yield master, name
    finally:
        os.close(slave)
        with contextlib.suppress(OSError):  # the test may have closed it
            os.close(master)


@pytest.mark.parametrize("ignored", [["SIGHUP", "SIGTERM", "SIGINT"], []], ids=str)
def test_an_app_whose_window_is_closed_ends_also_where_hang_ups_are_ignored(
    environment: dict[str, str], ignored: list[str]
) -> None:
    with job([COMMAND, "--no-audio"], environment, ignored) as app:
        await_ready(app)
        started = app.started
        assert any("local_agent" in process.command for process in started)
        app.hang_up()
        app.note("ended", LIMIT_S)
        wait_gone(started, LIMIT_S)


def test_an_app_whose_window_is_closed_takes_leave_of_the_server_and_sends_no_more(
    environment: dict[str, str], tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    files = ("--input-file", quiet_file(tmp_path), "--output-file", heard)
    with in_thread(plain(silent)) as server, job(remote(server, *files), environment, ["SIGHUP"]) as app:
        await_ready(app)
        (session,) = server.sessions
        wait_until(lambda: "input_audio_buffer.append" in {event["type"] for event in session.received}, "it is heard")
        app.hang_up()
        app.note("ended", LIMIT_S)
        assert goodbyes(server) in ([1000], [1001])


def test_an_app_whose_keyboard_is_gone_ends_and_gives_the_terminal_back(environment: dict[str, str]) -> None:
    with (
        in_thread(plain(silent)) as server,
        other_terminal() as (keyboard, name),
        job(remote(server, "--no-audio"), environment, tty=name) as app,
    ):
        await_ready(app)
        started = app.started
        os.close(keyboard)
        assert_ended(app, ANY_CODE, started)
        assert goodbyes(server) in ([1000], [1001])


def test_an_app_that_has_not_connected_ends_with_its_window_too(environment: dict[str, str]) -> None:
    with job([COMMAND, "--no-audio", "--no-connect"], environment, ["SIGHUP"]) as app:
        app.terminal.wait_for("OFFLINE")
        app.hang_up()
        app.note("ended", LIMIT_S)


def test_a_window_that_is_closed_while_the_app_starts_ends_it(environment: dict[str, str]) -> None:
    with job([COMMAND, "--no-audio"], environment, ["SIGHUP"]) as app:
        app.terminal.wait_for("CONNECTING")
        started = app.started
        app.hang_up()
        app.note("ended", LIMIT_S)
        wait_gone(started, LIMIT_S)


def test_a_window_that_closes_while_the_app_ends_leaves_nothing(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        started = descendants(terminal.process.pid)
        terminal.press("f10").wait_for(lambda _: "\x1b[?1049l" in terminal.written, "the screen is given back")
        terminal.hang_up()
        terminal.wait_end(6.0)
        wait_gone(started, 6.0)
