"""The installed command replays a recording, and a file of another tool, in a terminal."""

import re
from pathlib import Path

import pytest

from recording.talk import recorded_talk, weather
from terminal import COMMAND, Terminal


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
def test_a_recording_is_replayed_and_every_key_of_the_footer_acts(
    environment: dict[str, str], tmp_path: Path, size: tuple[int, int]
) -> None:
    recording = recorded_talk(tmp_path / "talk")
    command = [COMMAND, "replay", recording.folder, "--no-audio"]
    with Terminal(command, environment, columns=size[0], rows=size[1]) as terminal:
        terminal.wait_for("REPLAY")
        terminal.wait_for("pause")
        terminal.press("space").wait_for("‖ 0:0")
        terminal.press("]", "]").wait_for("Eleven degrees")
        terminal.press(":").wait_for("Go to")
        terminal.type("turn 3\r").wait_for("turn 3 of 3")
        terminal.press("+").wait_for("2×")
        terminal.press("space").wait_for("You are welcome.")
        terminal.press("F").wait_for("nothing was wrong")
        terminal.press("escape").wait_gone("nothing was wrong")
        terminal.press("[").wait_for(lambda screen: re.search(r"turn [23] of 3", screen))
        assert terminal.quit() == 0
        assert "Traceback" not in terminal.written


def test_a_file_of_another_tool_is_replayed_and_what_it_does_not_say_is_told(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text("\n".join(line for line in weather().lines().splitlines() if "append" not in line) + "\nnoise\n")
    with Terminal([COMMAND, "replay", path, "--no-audio"], environment) as terminal:
        terminal.wait_for("1 line is no event and was left out")
        terminal.press("]", "]", "]").wait_for("turn 3 of 3")
        assert terminal.quit() == 0


@pytest.mark.parametrize("name", ["nothing.har", "2026-01-01"])
def test_what_is_not_there_is_a_sentence(environment: dict[str, str], tmp_path: Path, name: str) -> None:
    with Terminal([COMMAND, "replay", name], environment, columns=200) as terminal:
        assert terminal.wait_end() == 1
        assert "there is no recording" in terminal.text
        assert "Traceback" not in terminal.text
