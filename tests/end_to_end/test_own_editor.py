"""The user's own editor, and a profile that is changed in another window, while the session goes on."""

import re
from pathlib import Path

import pytest
from speaking import await_live, go, in_state, quiet_file, quit_cleanly, write_message

from rtvoice_tui.editing.fields import fields_of, has
from rtvoice_tui.protocol.realtime.dialects import LOCAL
from rtvoice_tui.ui.widgets.field_table import DEVICES
from terminal import COMMAND, Terminal


def editor(folder: Path, script: str) -> str:
    """A program that edits the file it is given."""
    program = folder / "my editor.sh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return f"'{program}' --wait"


@pytest.mark.speech
def test_the_agent_speaks_on_while_the_instructions_are_open_in_the_editor(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    go_on = tmp_path / "go on"
    script = (
        f'echo EDITING; while [ ! -e "{go_on}" ]; do sleep 0.1; done; printf " End every answer with ahoy.\\n" >> "$2"'
    )
    given = {**environment, "EDITOR": editor(tmp_path, script)}
    heard = tmp_path / "heard.wav"
    with Terminal([COMMAND, "--input-file", quiet_file(tmp_path), "--output-file", heard], given) as terminal:
        await_live(terminal)
        write_message(terminal, "Tell me a long story.")
        terminal.press("enter").wait_for(in_state("SPEAKING"))
        go(terminal, "escape", "1 Transcript")
        go(terminal, "e", "5 Agent")
        terminal.wait_for("You are a friendly assistant.")
        terminal.press("ctrl+e").wait_for("EDITING")
        size = heard.stat().st_size
        terminal.wait_for(lambda _: heard.stat().st_size > size + 48_000, "another second of speech is heard")
        go_on.touch()
        screen = terminal.wait_for("answer with ahoy.")
        assert "not sent yet" in screen
        terminal.press("f7").wait_for(lambda screen: re.search(r"acknowledged +instructions", screen))
        quit_cleanly(terminal, "f10")


def test_a_tool_is_edited_as_a_whole_and_what_is_wrong_with_it_is_named(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    text = (
        '{"name": "get_weather", "description": "Anything about rain.", "parameters": {"type": "object"},'
        ' "run": {"kind": "python", "target": "demo:get_weather"}}'
    )
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(text)
    bad.write_text(text.replace('"object"', '"objekt"'))
    given = {**environment, "EDITOR": editor(tmp_path, f'if [ -e {bad} ]; then mv {bad} "$2"; else cp {good} "$2"; fi')}
    with Terminal([COMMAND, "--no-audio"], given) as terminal:
        await_live(terminal)
        go(terminal, "e", "5 Agent")
        terminal.press("tab", "G", "up", *["up"] * 30)
        terminal.wait_for("a change needs a new session")
        labels = [field.label for field in fields_of(LOCAL) if has(LOCAL, field)]
        terminal.press("g", *["down"] * (len(labels) + len(DEVICES))).wait_for("o on/off")
        terminal.press("ctrl+e").wait_for("get_weather stays as it was: parameters.type")
        terminal.press("ctrl+e").wait_for(lambda screen: re.search(r"● fn get_weather", screen))
        terminal.press("f7").wait_for(lambda screen: re.search(r"✓ fn get_weather +on +on +on", screen))
        quit_cleanly(terminal, "f10")
    profile = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "local.toml"
    assert 'description = "Anything about rain."' in profile.read_text()


def test_an_editor_that_fails_takes_nothing_over_and_says_so(tmp_path: Path, environment: dict[str, str]) -> None:
    given = {**environment, "EDITOR": editor(tmp_path, 'echo gone > "$2"; exit 3')}
    with Terminal([COMMAND, "--no-audio"], given) as terminal:
        await_live(terminal)
        go(terminal, "e", "5 Agent")
        terminal.wait_for("You are a friendly assistant.")
        terminal.press("ctrl+e").wait_for("ended with 3")
        screen = terminal.wait_for("You are a friendly assistant.")
        assert "not sent yet" not in screen
        quit_cleanly(terminal, "f10")


def test_without_an_editor_the_variables_are_named(environment: dict[str, str]) -> None:
    given = {name: value for name, value in environment.items() if name not in ("EDITOR", "VISUAL")}
    with Terminal([COMMAND, "--no-audio"], given) as terminal:
        await_live(terminal)
        go(terminal, "e", "5 Agent")
        terminal.press("ctrl+e").wait_for("set VISUAL or EDITOR")
        quit_cleanly(terminal, "f10")


def test_a_profile_that_is_changed_in_another_window_is_offered_as_an_edit(environment: dict[str, str]) -> None:
    file = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "mine.toml"
    file.parent.mkdir(parents=True)
    file.write_text('# mine\nprovider = "local"\n[session]\ninstructions = "Be brief."   # short\nvoice = "heart"\n')
    with Terminal([COMMAND, "--profile", "mine", "--no-audio"], environment) as terminal:
        await_live(terminal)
        file.write_text(file.read_text().replace('"heart"', '"deep"'))
        terminal.wait_for("mine.toml was changed elsewhere: voice")
        go(terminal, "e", "5 Agent")
        terminal.wait_for(lambda screen: re.search(r"● voice +deep +heart +heart", screen), "offered, not sent")
        terminal.press("f7").wait_for(lambda screen: re.search(r"✓ voice +deep +deep +deep", screen))
        quit_cleanly(terminal, "f10")
    assert file.read_text() == (
        '# mine\nprovider = "local"\n[session]\ninstructions = "Be brief."   # short\nvoice = "deep"\n'
    )


def test_a_profile_that_is_spoiled_in_another_window_is_told_and_the_session_goes_on(
    environment: dict[str, str],
) -> None:
    file = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "mine.toml"
    file.parent.mkdir(parents=True)
    file.write_text('provider = "local"\n[session]\nvoice = "heart"\n')
    with Terminal([COMMAND, "--profile", "mine", "--no-audio"], environment) as terminal:
        await_live(terminal)
        file.write_text('provider = "local"\n[session]\nvoice = 7\n')
        terminal.wait_for("session.voice")
        write_message(terminal, "hello")
        terminal.press("enter").wait_for("AGENT")
        quit_cleanly(terminal, "f10")
