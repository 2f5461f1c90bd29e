"""The app steps aside and comes back as a shell's other jobs do, and the session lives on."""

import asyncio
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from ends import Job, assert_ended, await_ready, codes, goodbyes, job, left_on, remote, silent
from speaking import go, quiet_file, write_message

from realtime_server import Session, in_thread, plain
from terminal import COMMAND
from virtual_audio import wait_until

WAYS: dict[str, Callable[[Job], object]] = {
    "ctrl+z": lambda app: app.terminal.press("ctrl+z"),
    "SIGTSTP": lambda app: app.send(signal.SIGTSTP),
}


def stop(app: Job, way: str, times: int = 1) -> None:
    """Have it step aside, and see that it did: it stands still, and the terminal is as before."""
    WAYS[way](app)
    app.note("stopped", times=times)
    wait_until(lambda: app.stopped, "all of it stands still")
    assert app.modes_are_back("stopped"), "the terminal's line has other modes than before"
    wait_until(lambda: not left_on(app.terminal.written), f"the terminal is normal: {left_on(app.terminal.written)}")


PANES = ("Transcript", "Timing", "commands")


def drawn_anew(written: str, words: tuple[str, ...]) -> bool:
    """Whether words that are in sight were written since the screen was taken the last time."""
    since = written.rpartition("\x1b[?1049h")[2]
    return all(word in since for word in words)


def come_back(app: Job, times: int = 1, words: tuple[str, ...] = PANES) -> None:
    """Bring it back, as `fg` does, and see that it draws its screen anew."""
    before = app.terminal.written.count("\x1b[?1049h")
    app.terminal.type("fg\n")
    app.note("continued", times=times)
    wait_until(lambda: app.terminal.written.count("\x1b[?1049h") > before, "it has the whole screen again")
    wait_until(
        lambda: drawn_anew(app.terminal.written, words), "panes and keys are drawn again: a terminal forgets them"
    )
    wait_until(lambda: "1004 is on" in left_on(app.terminal.written), "it has all modes again")


async def answers(session: Session) -> None:
    """Says what it was told."""
    said = 0
    while True:
        messages = [event for event in session.received if event["type"] == "conversation.item.create"]
        for message in messages[said:]:
            said += 1
            await session.text(str(said), f"You wrote {message['item']['content'][0]['text']}.")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", WAYS)
def test_it_steps_aside_comes_back_and_its_session_lives_on(environment: dict[str, str], way: str) -> None:
    with in_thread(plain(answers)) as server, job(remote(server, "--no-audio"), environment) as app:
        await_ready(app)
        for times in (1, 2):
            stop(app, way, times)
            come_back(app, times)
            go(app.terminal, "2", "2 Events")
            go(app.terminal, "1", "1 Transcript")
        write_message(app.terminal, "still there")
        app.terminal.press("enter").wait_for("You wrote still there.")
        go(app.terminal, "escape", "1 Transcript")
        started = app.started
        app.terminal.press("q")
        assert_ended(app, {0}, started)
        assert goodbyes(server) in ([1000], [1001])


@pytest.mark.parametrize("way", list(WAYS)[:1])
def test_the_local_agent_answers_after_a_pause_too(environment: dict[str, str], way: str) -> None:
    with job([COMMAND, "--no-audio"], environment) as app:
        await_ready(app)
        stop(app, way)
        come_back(app)
        write_message(app.terminal, "What is twelve times seven?")
        app.terminal.press("enter").wait_for(lambda screen: re.search(r"▌.*84", screen), "it is answered")
        go(app.terminal, "escape", "1 Transcript")
        started = app.started
        app.terminal.press("q")
        assert_ended(app, {0}, started)


def test_nobody_is_heard_while_it_stands_still_and_again_when_it_is_back(
    environment: dict[str, str], tmp_path: Path
) -> None:
    files = ("--input-file", quiet_file(tmp_path), "--output-file", tmp_path / "heard.wav")
    with in_thread(plain(silent)) as server, job(remote(server, *files), environment) as app:
        await_ready(app)
        (session,) = server.sessions
        wait_until(lambda: _heard(session) > 3, "it is heard")
        stop(app, "ctrl+z")
        heard = _settled(session)
        assert app.stopped
        assert _heard(session) == heard
        come_back(app)
        wait_until(lambda: _heard(session) > heard + 3, "it is heard again")


def _heard(session: Session) -> int:
    """How many pieces of the microphone have come."""
    return [event["type"] for event in session.received].count("input_audio_buffer.append")


def _settled(session: Session) -> int:
    """The number once what was on its way has come: it stays the same for a while."""
    counts: list[int] = []
    wait_until(
        lambda: counts.append(_heard(session)) or (len(counts) > 50 and counts[-50] == counts[-1]), "it is silent"
    )
    return counts[-1]


def test_ctrl_z_acts_in_a_field_and_under_a_dialog_too(
    environment: dict[str, str],
) -> None:
    with job([COMMAND, "--no-audio", "--no-connect"], environment) as app:
        app.terminal.wait_for("OFFLINE")
        app.terminal.press("?").wait_for("esc close")
        stop(app, "ctrl+z")
        come_back(app, words=("esc close", "Interrupt the agent"))
        app.terminal.press("escape").wait_gone("esc close")
        write_message(app.terminal, "half a mess")
        app.terminal.press("ctrl+z").wait_gone("half a mess")  # first it undoes what was typed
        stop(app, "ctrl+z", 2)
        come_back(app, 2, ("interrupt",))
        write_message(app.terminal, "half a mess")
        app.terminal.press("escape").wait_for("1-6 pane")
        stop(app, "ctrl+z", 3)
        come_back(app, 3)
        app.terminal.wait_for("half a mess")


def test_a_signal_to_go_on_changes_nothing_where_nothing_was_stopped(environment: dict[str, str]) -> None:
    with in_thread(plain(answers)) as server, job(remote(server, "--no-audio"), environment) as app:
        await_ready(app)
        for _ in range(3):
            app.send(signal.SIGCONT)
        write_message(app.terminal, "still there")
        app.terminal.press("enter").wait_for("You wrote still there.")
        go(app.terminal, "escape", "1 Transcript")
        assert app.terminal.written.count("\x1b[?1049h") == 1, "the screen was taken once"
        started = app.started
        app.terminal.press("q")
        assert_ended(app, {0}, started)


def test_it_can_be_ended_while_it_stands_still(environment: dict[str, str]) -> None:
    """As a shell that is left does: it tells its stopped jobs, and has them go on."""
    with job([COMMAND, "--no-audio"], environment) as app:
        await_ready(app)
        stop(app, "ctrl+z")
        started = app.started
        app.send(signal.SIGTERM)
        app.terminal.type("fg\n")
        assert_ended(app, codes(signal.SIGTERM), started)
