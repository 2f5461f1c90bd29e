"""While a call is checked that cannot be, the screen goes on: keys act, the result is told, and q ends the app."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from speaking import go, in_state, newest_call, quit_cleanly

from realtime_server import Session, in_thread, plain
from rtvoice_tui.editing.fields import fields_of, has
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.ui.widgets.field_table import DEVICES
from terminal import COMMAND, Terminal

LETTERS = "a" * 40 + "!"
PROFILE = """
provider = "generic"
url = "URL"
[[tools]]
name = "hostile"
description = "A tool"
parameters = {type = "object", properties = {x = {type = "string", pattern = "^([a-z]+)+$"}}, required = ["x"]}
run = {kind = "mock", result = "ran"}
"""


def call() -> dict[str, str]:
    return {
        "id": "item_k1",
        "type": "function_call",
        "call_id": "k1",
        "name": "hostile",
        "arguments": json.dumps({"x": LETTERS}),
        "status": "completed",
    }


async def calls(session: Session) -> None:
    """An answer that calls the tool."""
    await session.say("response.created", response={"id": "resp_1", "status": "in_progress", "output": []})
    await session.say("response.output_item.done", response_id="resp_1", output_index=0, item=call())
    await session.say("response.done", response={"id": "resp_1", "status": "completed", "output": [call()]})


async def silent(session: Session) -> None:
    """Say nothing."""


@pytest.fixture
def bench(environment: dict[str, str]):
    """Write the profile that connects to a server; the command that opens it."""

    def writes(url: str) -> list[str]:
        path = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "bench.toml"
        path.parent.mkdir(parents=True)
        path.write_text(PROFILE.replace("URL", url))
        return [COMMAND, "--profile", "bench", "--no-audio"]

    return writes


def unchecked(screen: str) -> bool:
    """The sentence about the check is in sight, with its limit."""
    words = " ".join(screen.replace("│", " ").split())
    return re.search(r"could not be checked.*?\d s\b", words) is not None


def test_a_call_that_cannot_be_checked_fails_with_a_sentence_and_keys_act(environment: dict[str, str], bench) -> None:
    with in_thread(plain(calls)) as server, Terminal(bench(server.url), environment) as terminal:
        terminal.wait_for("hostile(")
        go(terminal, "4", "4 Tools")
        terminal.wait_for(lambda screen: newest_call(screen)[:2] == ["hostile", "failed"])
        terminal.wait_for(unchecked)
        quit_cleanly(terminal)


def test_the_app_ends_at_once_while_a_call_is_checked(environment: dict[str, str], bench) -> None:
    with in_thread(plain(calls)) as server, Terminal(bench(server.url), environment) as terminal:
        terminal.wait_for("hostile(")
        quit_cleanly(terminal)


def test_a_run_by_hand_that_cannot_be_checked_fails_with_a_sentence_and_keys_act(
    environment: dict[str, str], bench
) -> None:
    with in_thread(plain(silent)) as server, Terminal(bench(server.url), environment) as terminal:
        terminal.wait_for(in_state("READY", "LISTENING"))
        go(terminal, "4", "4 Tools")
        terminal.press("h").wait_for("Test hostile")
        terminal.type(LETTERS).wait_for(LETTERS)
        terminal.press("f7").wait_for(unchecked)
        terminal.press("escape").wait_gone("Test hostile")
        quit_cleanly(terminal)


def test_a_schema_from_an_editor_that_cannot_be_checked_is_refused_and_the_screen_goes_on(
    environment: dict[str, str], bench, tmp_path: Path
) -> None:
    schema = {"type": "object", "required": [{"number": number} for number in range(20_000)]}
    tool = {"name": "hostile", "parameters": schema, "run": {"kind": "mock", "result": "ran"}}
    (tmp_path / "tool.json").write_text(json.dumps(tool))
    editor = tmp_path / "editor.sh"
    editor.write_text(f'#!/bin/sh\ncp {tmp_path}/tool.json "$1"\n')
    editor.chmod(0o700)
    with (
        in_thread(plain(silent)) as server,
        Terminal(bench(server.url), environment | {"EDITOR": str(editor), "VISUAL": ""}) as terminal,
    ):
        terminal.wait_for(in_state("READY", "LISTENING"))
        go(terminal, "e", "5 Agent")
        terminal.press("tab").wait_for(lambda _: terminal.marked("  model "), "the table has the focus")
        lines = [field for field in fields_of(DIALECTS["generic"]) if has(DIALECTS["generic"], field)]
        terminal.press("g", *["down"] * (len(lines) + len(DEVICES))).wait_for("o on/off")
        terminal.press("ctrl+e").wait_for("more than 3000 parts")
        go(terminal, "1", "1 Transcript")
        quit_cleanly(terminal, "f10")


def test_the_doctor_looks_at_such_a_profile_as_at_any_other(environment: dict[str, str], bench) -> None:
    command, _, name, *_ = bench("ws://127.0.0.1:1/")
    done = subprocess.run(
        [command, "doctor", name],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^✓ bench ", done.stdout, re.MULTILINE)
    assert done.stderr == ""
