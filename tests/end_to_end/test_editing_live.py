"""Changing the agent while it talks, and finding the change again after a restart."""

import re
import stat
import subprocess
from pathlib import Path

from speaking import await_live, go, quit_cleanly, write_message

from terminal import COMMAND, Terminal

ADDED = " End every answer with ahoy."


def test_an_edit_is_acknowledged_acts_at_once_and_survives_a_restart(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        go(terminal, "e", "5 Agent")
        terminal.wait_for("You are a friendly assistant. Answer briefly.")
        terminal.press("end").type(ADDED).wait_for("answer with ahoy.")
        screen = terminal.wait_for("local*")
        assert "not sent yet" in screen
        terminal.press("f7").wait_for(lambda screen: re.search(r"acknowledged +instructions|instructions: ack", screen))
        terminal.wait_gone("local*")
        go(terminal, "escape", "1 Transcript")
        write_message(terminal, "hello")
        terminal.press("enter").wait_for("Ahoy.")
        quit_cleanly(terminal, "f10")

    file = Path(_run(environment, "profiles", "path", "local").strip())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ADDED in file.read_text()
    assert ADDED in _run(environment, "profiles", "show", "local")

    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        go(terminal, "e", "5 Agent")
        terminal.wait_for(lambda screen: "answer with ahoy." in screen)
        go(terminal, "escape", "1 Transcript")
        write_message(terminal, "hello")
        terminal.press("enter").wait_for("Ahoy.")
        quit_cleanly(terminal, "f10")


def test_an_edit_that_the_server_refuses_is_shown_as_refused(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        go(terminal, "e", "5 Agent")
        screen = terminal.wait_for(lambda screen: re.search(r"│ +heart +│", screen), "the voice is shown")
        voice = next(row for row, line in enumerate(screen.split("\n")) if re.search(r"│ +heart +│", line))
        terminal.press("tab").wait_for(lambda _: terminal.cursor[1] == voice, "the voice has the cursor")
        terminal.type("x").wait_for("not sent yet")
        terminal.press("enter").wait_for("refused")
        terminal.wait_for("There is no voice 'x'")
        quit_cleanly(terminal, "f10")


def _run(environment: dict[str, str], *arguments: str) -> str:
    return subprocess.run([COMMAND, *arguments], env=environment, capture_output=True, text=True, check=True).stdout
