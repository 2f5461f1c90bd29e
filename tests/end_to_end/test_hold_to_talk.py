"""Hold-to-talk with the installed command, in terminals that report key releases and in others."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from speaking import await_live, composer, go, in_state, quiet_file, quit_cleanly, write_message
from test_own_editor import editor

from kitty import ALL_MODES, DISAMBIGUATE, EVENTS, KittyTerminal
from terminal import COMMAND
from virtual_audio import wait_until

AS_TEXTUAL_ASKS = 25

CANNOT = "this terminal does not report"
DONE = in_state("READY", "LISTENING", "THINKING", "SPEAKING")


def command(*changed: str) -> list[str]:
    """The installed command with something about its app changed."""
    lines = ["import sys, runpy", "from rtvoice_tui.ui.app import RtvoiceApp", *changed, "sys.argv = sys.argv[1:]"]
    return [sys.executable, "-c", "\n".join([*lines, "runpy.run_path(sys.argv[0], run_name='__main__')"]), COMMAND]


@pytest.fixture
def held(environment: dict[str, str]) -> list[str]:
    """Options for a session whose turns last while a key is held."""
    file = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "mine.toml"
    file.parent.mkdir(parents=True)
    file.write_text(
        'provider = "local"\n[session]\ninstructions = "Be brief."\nturn_detection = {type = "none"}\n'
        '[audio]\ntalk = "hold"\n'
    )
    return ["--profile", "mine"]


def modes(terminal: KittyTerminal, wanted: int) -> Callable[[str], bool]:
    return lambda _: terminal.modes == wanted


def test_a_turn_lasts_as_long_as_the_key_is_held(tmp_path: Path, environment: dict[str, str], held: list[str]) -> None:
    done = tmp_path / "done"
    given = environment | {"EDITOR": editor(tmp_path, f"echo EDITING; until [ -e {done} ]; do sleep 0.05; done")}
    spoken = ["--input-file", quiet_file(tmp_path), "--output-file", tmp_path / "heard.wav"]
    with KittyTerminal([COMMAND, *held, *spoken], given) as terminal:
        await_live(terminal)
        terminal.wait_for(modes(terminal, AS_TEXTUAL_ASKS | EVENTS), "releases are asked for")
        for key in ("space", "f4"):
            terminal.hold(key, repeats=20).wait_for(in_state("TALK"))
            terminal.let_go(key).wait_for(DONE)
        terminal.hold("space").wait_for(in_state("TALK"))
        terminal.turn_away().wait_for(DONE)
        terminal.let_go("space")
        write_message(terminal, "Grüße, ЖУК!")
        terminal.press("backspace", "ctrl+u").wait_for(lambda screen: "ЖУК" not in composer(screen))
        go(terminal, "escape", "1 Transcript")
        go(terminal, "e", "5 Agent")
        terminal.press("ctrl+e").wait_for("EDITING")
        assert terminal.modes == 0
        done.touch()
        terminal.wait_for(modes(terminal, AS_TEXTUAL_ASKS | EVENTS), "releases are asked for again")
        terminal.wait_for("Be brief.")
        quit_cleanly(terminal, "f10")
        wait_until(lambda: terminal.modes == 0, "the terminal is as it was")


def test_an_app_that_fails_leaves_the_terminal_as_it_was(environment: dict[str, str], held: list[str]) -> None:
    failing = command("RtvoiceApp.action_mute = lambda self: 1 / 0")
    with KittyTerminal([*failing, *held, "--no-audio", "--no-connect"], environment) as terminal:
        terminal.wait_for(modes(terminal, AS_TEXTUAL_ASKS | EVENTS), "releases are asked for")
        terminal.hold("space", repeats=3).press("m")
        assert terminal.wait_end() == 1
        wait_until(lambda: terminal.modes == 0, "the terminal is as it was")
        sentence = "rtvoice-tui failed: ZeroDivisionError: division by zero (details are in "
        wait_until(lambda: sentence in terminal.written, "the user is told why")


def test_where_turns_are_not_held_releases_are_not_asked_for(environment: dict[str, str]) -> None:
    with KittyTerminal([COMMAND, "--no-audio", "--no-connect"], environment) as terminal:
        terminal.wait_for(modes(terminal, AS_TEXTUAL_ASKS))
        terminal.wait_for("? help")
        write_message(terminal, "Hello there")
        assert terminal.modes == AS_TEXTUAL_ASKS
        terminal.press("f10").wait_for("typed and not sent")
        assert terminal.quit("f10") == 0
        wait_until(lambda: terminal.modes == 0, "the terminal is as it was")


@pytest.mark.parametrize("knows", [ALL_MODES & ~EVENTS, DISAMBIGUATE, 0])
def test_terminals_with_a_part_of_the_protocol_or_nothing_are_told_apart(
    environment: dict[str, str], held: list[str], knows: int
) -> None:
    with KittyTerminal([COMMAND, *held, "--no-audio", "--no-connect"], environment, knows) as terminal:
        terminal.wait_for(CANNOT)
        write_message(terminal, "Grüße, ЖУК!")
        assert terminal.modes == AS_TEXTUAL_ASKS & knows
        terminal.press("f10").wait_for("typed and not sent")
        quit_cleanly(terminal, "f10")
