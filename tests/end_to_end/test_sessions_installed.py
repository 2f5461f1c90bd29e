"""A conversation, and ``rtvoice-tui sessions`` after it, as they are installed."""

import subprocess

from realtime_server import Session, in_thread, plain
from terminal import COMMAND


def test_a_conversation_is_recorded_listed_shown_exported_and_deleted(environment: dict[str, str]) -> None:
    async def answer(session: Session) -> None:
        await session.expect("conversation.item.create")
        await session.text("1", "Nothing ", "at all.")

    def run(*arguments: str, stdin: str = "", **more: str) -> str:
        done = subprocess.run(
            [COMMAND, *arguments], env=environment | more, input=stdin, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with in_thread(plain(answer)) as server:
        options = ["--plain", "--no-audio", "--provider", "generic", "--url", server.url]
        assert "Nothing at all." in run(*options, stdin="What is new?\n")
    (line,) = run("sessions", "list").splitlines()
    assert "What is new?" in line
    assert "1 turn " in line
    name = line.split()[0]
    shown = run("sessions", "show", "last")
    assert shown.index("What is new?") < shown.index("Nothing at all.")
    assert "? 1 turn " in run("sessions", "show", "last", PYTHONIOENCODING="iso8859-5")
    assert '"response.done"' in run("sessions", "export", name, "--format", "jsonl")
    assert run("sessions", "delete", name) == f"deleted {name}\n"
    assert run("sessions", "list") == ""
