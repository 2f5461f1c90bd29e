"""A tool that asks first, in the running cockpit: agreed to, heard, run again by hand, and made a mock of."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from speaking import await_live, composer, go, in_state, newest_call, pause, quit_cleanly, wav_pcm, write_message

from terminal import COMMAND, Terminal, descendants
from virtual_audio import write_wav

BOOKING = """
provider = "local"
[session]
voice = "heart"
output_modalities = ["audio"]
turn_detection = {type = "server_vad", threshold = 0.5, silence_duration_ms = 400}
transcription = {model = "moonshine-tiny"}
[[tools]]
name = "book_table"
description = "Book a table in the restaurant"
parameters = {type = "object", properties = {people = {type = "integer"}}, required = ["people"]}
run = {kind = "command", argv = ["echo", "The garden table is reserved for {people} guests"]}
policy = "ask"
"""


def write_profile(environment: dict[str, str], text: str) -> Path:
    """The profile `bench`, where the command finds it."""
    path = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "bench.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


@pytest.mark.speech
def test_a_spoken_request_asks_runs_a_command_and_is_answered_with_its_output_then_repeated_and_mocked(
    tmp_path: Path, environment: dict[str, str], say: Callable[[str], bytes], hear: Callable[[bytes], str]
) -> None:
    profile = write_profile(environment, BOOKING)
    question = write_wav(tmp_path / "question.wav", say("Please book a table for four people.") + pause(1))
    answer = tmp_path / "answer.wav"
    command = [COMMAND, "--profile", "bench", "--input-file", question, "--output-file", answer]
    with Terminal(command, environment) as terminal:
        screen = terminal.wait_for("would run echo")
        assert "book_table(people=4)" in screen
        assert "'The garden table is reserved for 4 guests'" in screen
        assert newest_call(screen)[:2] == ["book_table", "ASKS"]
        terminal.wait_for(in_state("TOOL"))
        _press_when_meant(terminal, "a")
        screen = terminal.wait_for(lambda screen: newest_call(screen)[:2] == ["book_table", "ok"])
        assert "fit the schema" in screen
        terminal.wait_for(in_state("SPEAKING"))
        terminal.wait_for(in_state("LISTENING"), "the answer has been spoken")

        go(terminal, "4", "4 Tools")
        terminal.press("n")
        terminal.wait_for(lambda screen: re.search(r"2 book_table +ok .* hand", screen), "run again by hand")
        assert _answers(terminal.text) == 1, "the model was not told"
        terminal.press("f").wait_for("book_table is a mock for this session")
        terminal.wait_for("bench*")
        assert profile.read_text() == BOOKING

        write_message(terminal_in_transcript(terminal), "book a table for two people")
        terminal.press("enter").wait_for("book_table(people=2)")
        go(terminal, "escape", "1 Transcript")
        _press_when_meant(terminal, "a")
        terminal.wait_for(lambda screen: re.search(r"3 book_table +ok .* mock", screen), "the mock answered")
        terminal.wait_for(lambda screen: _answers(screen) == 2, "and its result was said: still four guests")
        quit_cleanly(terminal)
    words = set(re.findall(r"[a-z]+", hear(wav_pcm(answer)).lower()))
    assert {"garden", "table", "reserved"} <= words, words


def test_a_tool_that_never_ends_and_one_that_floods_are_gone_when_the_cockpit_is(environment: dict[str, str]) -> None:
    write_profile(
        environment,
        """
provider = "local"
[[tools]]
name = "count_sheep"
description = "Count sheep"
parameters = {type = "object", properties = {}}
run = {kind = "command", argv = ["sh", "-c", "trap '' TERM; sleep 600 & sleep 600"]}
timeout_s = 600
[[tools]]
name = "flood_screen"
description = "Flood the screen"
parameters = {type = "object", properties = {}}
run = {kind = "command", argv = ["yes", "\\u001b[31mflood"]}
""",
    )
    with Terminal([COMMAND, "--profile", "bench", "--no-audio"], environment) as terminal:
        await_live(terminal)
        write_message(terminal, "count sheep")
        terminal.press("enter").wait_for(lambda screen: newest_call(screen)[:2] == ["count_sheep", "running"])
        sleeping = [p for p in descendants(terminal.process.pid) if "sleep 600" in p.command]
        assert sleeping
        terminal.type("flood the screen").wait_for(lambda screen: "flood the screen" in composer(screen))
        terminal.press("enter").wait_for(lambda screen: newest_call(screen)[:2] == ["flood_screen", "failed"])
        screen = terminal.wait_for("printed more than")
        assert "\x1b" not in screen
        go(terminal, "escape", "1 Transcript")
        quit_cleanly(terminal)


def terminal_in_transcript(terminal: Terminal) -> Terminal:
    """Where `t` is the composer and not the test form."""
    go(terminal, "1", "1 Transcript")
    return terminal


def _press_when_meant(terminal: Terminal, key: str) -> None:
    """Answer the question; one that has just appeared takes no answer, so that is said and the key pressed again."""
    while True:
        terminal.press(key)
        screen = terminal.wait_for(
            lambda screen: "would run" not in screen or "press again" in screen, "the key was taken or refused"
        )
        if "would run" not in screen:
            return
        terminal.wait_gone("press again")


def _answers(screen: str) -> int:
    """How often the transcript says that four guests are expected."""
    left = " ".join(row.split("││")[0].strip("│ ") for row in screen.splitlines())
    return len(re.findall(r"▌ The garden table is reserved for 4 guests", " ".join(left.split())))
