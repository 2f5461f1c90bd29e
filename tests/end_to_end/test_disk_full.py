"""A disk that is full while the session runs: each thing that cannot be kept is told in a sentence, and all goes on."""

import asyncio
from pathlib import Path

import pytest
from small_places import PLACE, needs_mounts, own_folders, room, with_mounts
from speaking import go, in_state, quiet_file, quit_cleanly

from realtime_server import Session, in_thread, plain
from terminal import COMMAND, Terminal

pytestmark = needs_mounts
SMALL = PLACE / "small"
FULL = "No space left on device"
MAKE_SMALL = (room(), f"mkdir {SMALL}")


def fill(where: Path) -> str:
    """Leave no room in a folder."""
    return f"cat /dev/zero > {where}/filler 2> /dev/null || true"


def told(screen: str) -> bool:
    """The sentence about the disk is in sight, whatever the place of its line breaks."""
    words = " ".join(screen.replace("│", " ").split())
    return FULL in words or "disk is full" in words


def assert_goes_on(terminal: Terminal) -> None:
    """Keys act, and the end is an ordinary one."""
    go(terminal, "2", "2 Events")
    go(terminal, "1", "1 Transcript")
    quit_cleanly(terminal)
    assert "Traceback" not in terminal.written


def test_a_full_disk_under_the_event_log_is_told_and_the_conversation_goes_on(environment: dict[str, str]) -> None:
    async def much(session: Session) -> None:
        for number in range(40):
            await session.text(f"a{number}", "word " * 10_000)
        await session.text("last", "This is the last answer.")

    with in_thread(plain(much)) as server:
        command = [*with_mounts(*MAKE_SMALL, room("1m", SMALL)), COMMAND, "--no-audio"]
        command += ["--provider", "generic", "--url", server.url]
        with Terminal(command, own_folders(environment, TMPDIR=str(SMALL))) as terminal:
            terminal.wait_for("This is the last answer.")
            terminal.press("6").wait_for(told, "the full disk is told")
            assert "● LIVE" in terminal.lines[0]
            assert_goes_on(terminal)


def test_a_full_disk_under_what_is_heard_is_told_and_the_conversation_goes_on(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async def then_speak(session: Session) -> None:
        await session.text("first", "The first answer.")
        while not any(event["type"] == "conversation.item.create" for event in session.received):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await session.text("second", "The second answer.")

    with in_thread(plain(then_speak)) as server:
        command = [*with_mounts(*MAKE_SMALL, room("64k", SMALL)), COMMAND]
        command += ["--input-file", quiet_file(tmp_path), "--output-file", SMALL / "heard.wav"]
        command += ["--provider", "generic", "--url", server.url]
        with Terminal(command, own_folders(environment)) as terminal:
            terminal.wait_for("The first answer.")
            terminal.press("6").wait_for(told, "the full disk is told")
            assert "heard.wav" in terminal.text
            go(terminal, "1", "1 Transcript")
            terminal.press("t").type("more").press("enter").wait_for("The second answer.")
            go(terminal, "escape", "1 Transcript")
            assert_goes_on(terminal)


def test_a_full_disk_under_the_recording_is_told_once_and_the_conversation_goes_on(environment: dict[str, str]) -> None:
    async def much(session: Session) -> None:
        for number in range(40):
            await session.text(f"a{number}", "word " * 2_000)
        await session.text("last", "This is the last answer.")

    with in_thread(plain(much)) as server:
        command = [*with_mounts(*MAKE_SMALL, room("100k", SMALL)), COMMAND, "--no-audio", "--record", SMALL]
        command += ["--provider", "generic", "--url", server.url]
        with Terminal(command, own_folders(environment)) as terminal:
            terminal.wait_for("This is the last answer.")
            terminal.press("6").wait_for(told, "the full disk is told")
            assert terminal.text.count("the recording ended") == 1
            assert "● LIVE" in terminal.lines[0]
            terminal.wait_for(lambda _: "REC" not in terminal.lines[0], "the header says that nothing is recorded")
            assert_goes_on(terminal)


@pytest.mark.parametrize("key", ["T", "f7"])
def test_a_full_disk_under_the_profiles_is_told_and_the_profile_stays_whole(
    environment: dict[str, str], key: str
) -> None:
    config = f"{PLACE}/config"
    profile = f"{config}/rtvoice-tui/profiles/mine.toml"
    written = 'provider = "local"   # mine'
    before = [room(), f"mkdir {config}", room("64k", Path(config)), f"mkdir -p $(dirname {profile})"]
    before += [f"echo '{written}' > {profile}", fill(Path(config))]
    script = f'"$@"; echo; echo "left: $(cat {profile})"'
    command = [*with_mounts(*before), "sh", "-c", script, "sh", COMMAND, "--no-audio", "--profile", "mine"]
    with Terminal(command, own_folders(environment)) as terminal:
        terminal.wait_for(in_state("READY", "LISTENING"))
        if key == "f7":
            go(terminal, "e", "5 Agent")
            terminal.type("Sing.").wait_for("mine*")
        terminal.press(key).wait_for(told, "the full disk is told")
        terminal.press("f10").wait_for(f"left: {written}")
        terminal.wait_end()
        assert "Traceback" not in terminal.written


def test_a_full_disk_under_the_log_and_what_is_remembered_keeps_nobody_from_talking(
    environment: dict[str, str],
) -> None:
    state = f"{PLACE}/state"
    before = [room(), f"mkdir {state}", room("64k", Path(state)), f"mkdir -p {state}/rtvoice-tui", fill(Path(state))]
    with Terminal([*with_mounts(*before), COMMAND, "--no-audio"], own_folders(environment)) as terminal:
        terminal.wait_for(in_state("READY", "LISTENING"))
        assert_goes_on(terminal)
