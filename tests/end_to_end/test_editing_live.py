"""Changing the agent while it talks, and finding the change again after a restart."""

import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from speaking import (
    await_live,
    go,
    in_state,
    quiet_file,
    quit_cleanly,
    state_word,
    wav_pcm,
    write_message,
)

from rtvoice_tui.editing.fields import fields_of, has
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.protocol.realtime.dialects import LOCAL
from rtvoice_tui.ui.widgets.field_table import DEVICES
from terminal import COMMAND, Terminal
from virtual_audio import RATE

ADDED = " End every answer with ahoy."


def test_an_edit_is_acknowledged_acts_at_once_and_survives_a_restart(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        go(terminal, "e", "5 Agent")
        terminal.wait_for("You are a friendly assistant. Answer briefly.")
        terminal.press("end").wait_for(lambda _: terminal.cursor[0] > 80, "the cursor is at the end")
        terminal.type(ADDED).wait_for("answer with ahoy.")
        screen = terminal.wait_for("local*")
        assert "not sent yet" in screen
        terminal.press("f7").wait_for(lambda screen: re.search(r"acknowledged +instructions", screen))
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


def test_an_edit_that_the_server_refuses_stands_on_its_field_and_leaves_the_profile(
    environment: dict[str, str],
) -> None:
    with Terminal([COMMAND, "--no-audio"], environment) as terminal:
        await_live(terminal)
        _to_the_table(terminal)
        _set(terminal, "voice", "heartx")
        terminal.press("f7").wait_for("refused")
        terminal.wait_for("There is no voice 'heartx'")
        assert _row(terminal, "voice")[:4] == ["✗", "voice", "heartx", "heartx"]
        assert _row(terminal, "voice")[4] == "heart"
        assert "heartx" not in _run(environment, "profiles", "show", "local")
        terminal.press("q").wait_for("typed and not sent: voice")
        quit_cleanly(terminal, "q")


@pytest.mark.speech
def test_instructions_change_during_a_spoken_answer_without_touching_it_and_the_next_answer_obeys(
    tmp_path: Path, environment: dict[str, str], hear: Callable[[bytes], str]
) -> None:
    heard = tmp_path / "heard.wav"
    with Terminal([COMMAND, "--input-file", quiet_file(tmp_path), "--output-file", heard], environment) as terminal:
        await_live(terminal)
        write_message(terminal, "Tell me a long story.")
        terminal.press("enter").wait_for(in_state("SPEAKING"))
        go(terminal, "escape", "1 Transcript")
        go(terminal, "e", "5 Agent")
        terminal.wait_for("You are a friendly assistant. Answer briefly.")
        terminal.press("end").wait_for(lambda _: terminal.cursor[0] > 80, "the cursor is at the end")
        terminal.type(ADDED).wait_for("answer with ahoy.")
        terminal.press("f7")
        screen = terminal.wait_for(lambda screen: re.search(r"acknowledged +instructions", screen))
        assert state_word(screen) == "SPEAKING"
        size = heard.stat().st_size
        screen = terminal.wait_for(lambda _: heard.stat().st_size > size + 3 * 2 * RATE, "three more seconds are heard")
        assert state_word(screen) == "SPEAKING"
        assert "interrupted" not in screen
        assert " under 0" in screen
        story = hear(wav_pcm(heard)).lower()
        assert "once upon a time" in story
        assert len(story.split()) > 12, story
        go(terminal, "escape", "1 Transcript")
        terminal.press("i").wait_for("cut: heard")
        write_message(terminal, "hello")
        terminal.press("enter").wait_for("Ahoy.")
        quit_cleanly(terminal, "f10")


@pytest.mark.speech
def test_the_voice_and_the_tools_change_within_the_session(tmp_path: Path, environment: dict[str, str]) -> None:
    heard = tmp_path / "heard.wav"
    with Terminal([COMMAND, "--input-file", quiet_file(tmp_path), "--output-file", heard], environment) as terminal:
        await_live(terminal)
        _ask(terminal, "What is the weather in Berlin?", "degrees")
        before = wav_pcm(heard)
        _to_the_table(terminal)
        _set(terminal, "voice", "deep")
        _choose(terminal, "fn get_weather")
        terminal.press("o").wait_for(lambda _: _row(terminal, "fn get_weather")[3] == "off")
        _in_all_columns(terminal.press("f7"), "fn get_weather", ["✓", "fn", "get_weather", "off", "off", "off"])
        _choose(terminal, "voice")
        _in_all_columns(terminal, "voice", ["✓", "voice", "deep", "deep", "deep"])
        go(terminal, "escape", "1 Transcript")
        _ask(terminal, "What is the weather in Paris?", "")
        after = wav_pcm(heard)[len(before) :]
        screen = go(terminal, "4", "4 Tools")
        assert len(re.findall(r"\bget_weather +ok", screen)) == 1, "the second question called nothing"
        assert "Paris" not in "".join(row for row in screen.splitlines() if "get_weather" in row)
        quit_cleanly(terminal)
    assert _pitch(after) < 0.9 * _pitch(before), "the deep voice is heard"


def _ask(terminal: Terminal, question: str, answer: str) -> None:
    """A typed question, and its answer spoken to the end."""
    write_message(terminal, question)
    terminal.press("enter").wait_for(in_state("SPEAKING"))
    go(terminal, "escape", "1 Transcript")
    screen = terminal.wait_for(in_state("LISTENING"), "the answer has been spoken")
    assert answer in screen


def _to_the_table(terminal: Terminal) -> None:
    go(terminal, "e", "5 Agent")
    terminal.wait_for(lambda _: _row(terminal, "voice"), "the table is shown")
    terminal.wait_for(lambda _: _in_the_instructions(terminal), "the instructions have the cursor")
    assert not terminal.marked("  model ")
    terminal.press("tab").wait_for(lambda _: terminal.marked("  model "), "the table has the focus")


def _in_the_instructions(terminal: Terminal) -> bool:
    """Whether the cursor stands in their first line; wherever something was painted last, it is not there."""
    column, row = terminal.cursor
    return column > 60 and "You are a friendly assistant" in terminal.lines[row]


def _row(terminal: Terminal, label: str) -> list[str]:
    """Mark and cells of a line of the table."""
    for line in terminal.lines:
        pane = line.rpartition("││")[2].strip("│ ")
        if re.match(rf"(\S )?{re.escape(label)} ", pane):
            return pane.split()
    return []


def _choose(terminal: Terminal, label: str) -> None:
    """Move the cursor onto a line of the table: the line below it explains what it is."""
    labels = [field.label for field in fields_of(LOCAL) if has(LOCAL, field)]
    labels += [row.label for row in DEVICES]
    labels += [f"fn {tool.name}" for tool in load_profile("local").tools]
    explained = "o on/off" if label.startswith("fn ") else "known: "
    terminal.press("g", *["down"] * labels.index(label)).wait_for(explained)
    terminal.wait_for(lambda _: terminal.marked(f"{label} "), f"{label} is in sight")


def _set(terminal: Terminal, label: str, value: str) -> None:
    """Type a value into a line of the table."""
    _choose(terminal, label)
    terminal.press("enter").wait_for("⏎ accept")
    terminal.type(value).wait_for(lambda _: value in _row(terminal, label), "the value is typed")
    terminal.press("enter").wait_for(
        lambda screen: "⏎ accept" not in screen and value in _row(terminal, label), f"{label} is typed"
    )


def _in_all_columns(terminal: Terminal, label: str, cells: list[str]) -> None:
    terminal.wait_for(lambda _: _row(terminal, label) == cells, f"{label} is acknowledged in all three columns")


def _pitch(pcm: bytes) -> float:
    """The usual pitch of a voice in Hz: the middle of what autocorrelation finds in its loud 40 ms."""
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    frames = samples[: len(samples) // 960 * 960].reshape(-1, 960)
    loud = frames[np.sqrt((frames**2).mean(axis=1)) > 1500]
    assert len(loud) > 10
    pitches = []
    for frame in loud:
        correlation = np.correlate(frame - frame.mean(), frame - frame.mean(), "full")[959:]
        low, high = RATE // 400, RATE // 80
        pitches.append(RATE / (low + int(np.argmax(correlation[low:high]))))
    return float(np.median(pitches))


def _run(environment: dict[str, str], *arguments: str) -> str:
    return subprocess.run([COMMAND, *arguments], env=environment, capture_output=True, text=True, check=True).stdout
