"""Talking with the installed command by typing: no sound at all."""

import re

import pytest
from speaking import WEATHER, await_live, composer, flowing, go, newest_call, quit_cleanly, write_message

from terminal import COMMAND, Terminal


def test_a_typed_question_calls_the_tool_and_is_answered_in_text(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        write_message(terminal, WEATHER)
        terminal.press("enter")
        terminal.wait_for(lambda screen: newest_call(screen)[:2] == ["get_weather", "ok"], "the call is ok")
        terminal.wait_for(lambda screen: re.search(r"city +Berlin", screen))
        screen = terminal.wait_for("degrees")
        assert f"▌ {WEATHER}" in screen
        assert "▌ YOU" in screen
        go(terminal, "escape", "1 Transcript")
        quit_cleanly(terminal)


@pytest.mark.parametrize("size", [(80, 24)])
def test_what_is_typed_while_nobody_is_connected_is_kept(environment: dict[str, str], size: tuple[int, int]) -> None:
    with Terminal([COMMAND, "--no-audio", "--no-connect"], environment, *size) as terminal:
        terminal.wait_for("OFFLINE")
        write_message(terminal, "hello")
        terminal.press("enter").wait_for("not connected: the message stays")
        assert "hello" in composer(terminal.text)
        terminal.press("f5")
        await_live(terminal)
        terminal.press("enter").wait_for(lambda screen: "I am the built-in agent" in flowing(screen))
        quit_cleanly(terminal, "f10")
