"""The installed command on 80x24, and while the window changes its size."""

import re

import pytest
from speaking import await_live, flowing, go, quit_cleanly, state_word, write_message

from terminal import COMMAND, Terminal

PANES = {"1": "1 Transcript", "2": "2 Events", "3": "3 Timing", "4": "4 Tools", "6": "6 Log"}
EVERYTHING = ["1 Transcript", "2 Events", "3 Timing", "4 Tools"]


@pytest.fixture
def small(environment):
    with Terminal([COMMAND, "--no-audio"], environment, 80, 24) as terminal:
        await_live(terminal)
        yield terminal


def test_80x24_shows_tabs_meters_the_state_one_pane_and_where_help_is(small: Terminal) -> None:
    lines = small.lines
    assert all(len(line) <= 80 for line in lines)
    assert all(f"{number} {name}" in lines[2] for number, name in enumerate(["Talk", "Events", "Timing", "Tools"], 1))
    assert "MIC" in lines[1]
    assert "OUT" in lines[1]
    assert state_word(small.text) == "LISTENING"
    assert _titles(small.text) == ["1 Transcript"]
    assert "? help" in lines[-1]
    assert "q quit" in lines[-1]


def test_digits_switch_the_pane_and_the_tab_is_marked(small: Terminal) -> None:
    for digit, title in [*PANES.items(), ("1", PANES["1"])]:
        small.press(digit)
        small.wait_for(lambda screen, title=title: _titles(screen) == [title], f"{title} is the one pane")
        short = {"1": "Talk"}.get(digit, title[2:])
        small.wait_for(lambda screen, tab=f"[{digit} {short}": tab in screen.splitlines()[2], "the tab is marked")
    small.press("5").wait_for(lambda screen: _titles(screen) == ["5 Agent"])
    small.press("escape").wait_for(lambda screen: _titles(screen) == ["1 Transcript"])
    quit_cleanly(small)


def test_a_whole_typed_conversation_fits_80x24(small: Terminal) -> None:
    write_message(small, "What is the weather in Berlin?")
    small.press("enter").wait_for("degrees")
    assert "4 Tools 1" in small.lines[2]
    go(small, "escape", "1 Transcript")
    small.press("4").wait_for(lambda screen: re.search(r"city +Berlin", screen))
    quit_cleanly(small)


def test_the_layout_follows_the_window_there_and_back(environment: dict[str, str]) -> None:
    exported = environment | {"COLUMNS": "100", "LINES": "30"}  # as some shells do: the terminal knows better
    with Terminal([COMMAND, "--no-audio"], exported, 120, 40) as terminal:
        await_live(terminal)
        write_message(terminal, "hello")
        terminal.press("enter").wait_for(_answered)
        go(terminal, "escape", "1 Transcript")
        for _ in range(2):
            terminal.resize(80, 24)
            terminal.wait_for(lambda screen: _titles(screen) == ["1 Transcript"] and "[1 Talk]" in screen, "one pane")
            terminal.wait_for(_answered)
            terminal.resize(120, 40)
            terminal.wait_for(lambda screen: _titles(screen) == EVERYTHING and "[1 Talk]" not in screen, "four panes")
            terminal.wait_for(_answered)
        quit_cleanly(terminal)


@pytest.mark.parametrize("size", [(40, 10), (20, 5), (200, 60)])
def test_no_size_of_the_window_ends_the_app(environment: dict[str, str], size: tuple[int, int]) -> None:
    with Terminal([COMMAND, "--no-audio", "--no-connect"], environment) as terminal:
        terminal.wait_for("OFFLINE")
        terminal.resize(*size)
        terminal.wait_for(lambda screen: _drawn_for(size, screen.split("\n")), "all is drawn for the new size")
        terminal.resize(120, 40).wait_for(lambda screen: len(_titles(screen)) == 4, "four panes are back")
        quit_cleanly(terminal)


def _drawn_for(size: tuple[int, int], lines: list[str]) -> bool:
    """Whether the top row is where it belongs, and the footer where there is room for it."""
    return "OFFLINE" in lines[0] and (size[1] < 24 or "quit" in lines[-1])


def _answered(screen: str) -> bool:
    return "I am the built-in agent" in flowing(screen)


def _titles(screen: str) -> list[str]:
    """Titles of the panes in sight, sorted by number."""
    tops = [part for row in screen.splitlines() for part in re.split("[╭┌]─ ", row)[1:]]
    return sorted(" ".join(top.split()[:2]) for top in tops)
