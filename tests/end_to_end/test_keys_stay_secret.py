"""A key is sent to its server, and stands nowhere else: no file, no screen, no process list."""

import os
import subprocess
from pathlib import Path

import pytest
from speaking import await_live, go, quit_cleanly, write_message

from realtime_server import Session, in_thread, plain
from terminal import COMMAND, Terminal

KEY = "sk-secret-6f1d9c7e2b"


@pytest.mark.parametrize("typed", [False, True], ids=["from the environment", "typed for this run"])
def test_after_a_whole_session_the_key_is_found_nowhere(
    tmp_path: Path, environment: dict[str, str], typed: bool
) -> None:
    async def talk(session: Session) -> None:
        await session.text("1", f"You sent Bearer {KEY}, did you not?")
        await session.say("error", error={"type": "invalid_request_error", "message": f"Incorrect API key: {KEY}"})

    profile = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "mine.toml"
    profile.parent.mkdir(parents=True)
    with in_thread(plain(talk)) as server:
        profile.write_text(f'provider = "generic"\nurl = "{server.url}"\napi_key_env = "MY_KEY"\n')
        given = environment if typed else {**environment, "MY_KEY": KEY}
        with Terminal([COMMAND, "--profile", "mine", "--no-audio"], given) as terminal:
            if typed:
                terminal.wait_for("needs a key")
                terminal.press("p").wait_for("Profiles")
                terminal.press("k").wait_for("Key of mine")
                terminal.type(KEY).wait_for("•" * len(KEY))
                terminal.press("enter").wait_for("holds for this run")
                terminal.press("escape").wait_gone("Profiles")
                terminal.press("c")
            await_live(terminal)
            terminal.wait_for("You sent Bearer [key], did you not?")
            go(terminal, "2", "2 Events")
            terminal.press("l", "up", "enter").wait_for("esc close")
            terminal.press("escape").wait_gone("esc close")
            go(terminal, "e", "5 Agent")
            terminal.type("Be brief.").wait_for("not sent yet")
            terminal.press("f7").wait_gone("not sent yet")
            go(terminal, "escape", "1 Transcript")
            write_message(terminal, "hello")
            terminal.press("enter")
            commands = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
            assert KEY not in commands
            open_files = Path(f"/proc/{terminal.process.pid}/fd")
            for link in open_files.iterdir():
                try:
                    held = Path(os.path.realpath(link)) if not os.readlink(link).endswith(" (deleted)") else link
                    content = held.read_bytes() if held.is_file() else b""
                except FileNotFoundError:
                    continue  # it was closed meanwhile
                assert KEY.encode() not in content, held
            quit_cleanly(terminal, "f10")
            assert KEY.encode() not in bytes(terminal._raw)
        assert server.authorizations[-1] == f"Bearer {KEY}"
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert profile in written
    assert {"session.json", "journal.jsonl", "wire.jsonl"} <= {file.name for file in written}
    assert [file for file in written if KEY.encode() in file.read_bytes()] == []
