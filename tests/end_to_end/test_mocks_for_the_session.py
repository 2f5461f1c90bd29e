"""A mock and a switched off tool are of one session: the next start of the app has the profile's own tool."""

from pathlib import Path

import pytest
from speaking import await_live, go, newest_call, quit_cleanly, write_message

from terminal import COMMAND, Terminal

COUNTING = """
provider = "local"
[[tools]]
name = "count_sheep"   # a comment that stays
description = "Count sheep"
parameters = {type = "object", properties = {}}
run = {kind = "command", argv = ["sh", "-c", "echo run >> sheep; wc -l < sheep"]}
"""


@pytest.mark.parametrize(("key", "told"), [("f", "is a mock for this session"), ("o", "is off for this session")])
def test_a_new_start_has_the_tool_that_the_profile_has(environment: dict[str, str], key: str, told: str) -> None:
    folder = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles"
    folder.mkdir(parents=True)
    profile, sheep = folder / "bench.toml", folder / "sheep"
    profile.write_text(COUNTING)
    for runs in (1, 2):
        with Terminal([COMMAND, "--profile", "bench", "--no-audio"], environment) as terminal:
            await_live(terminal)
            assert "bench*" not in terminal.lines[0]
            write_message(terminal, "count sheep")
            terminal.press("enter").wait_for(lambda screen: newest_call(screen)[:2] == ["count_sheep", "ok"])
            assert sheep.read_text() == "run\n" * runs, "it is run for real"
            go(terminal, "escape", "1 Transcript")
            go(terminal, "4", "4 Tools")
            terminal.press(key).wait_for(f"count_sheep {told}")
            terminal.wait_for("bench*")
            assert profile.read_text() == COUNTING
            quit_cleanly(terminal)
        assert profile.read_text() == COUNTING
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".lock") == ["bench.toml", "sheep"]
