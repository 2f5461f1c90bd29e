"""No key is in a recording, whoever repeats it, and however."""

import json
from pathlib import Path

import pytest

from engine.bench import OPENAI, Bench, plan_for, profile_for, running, signal
from realtime_server import FakeServer, Session
from recorder import files_with
from rtvoice_tui.recording.handle import RecordingHandle

TOKEN = "token-5678-secret"
TOOLS = f"""{OPENAI}
[[tools]]
name = "notes"
run = {{kind = "hosted", server_url = "https://notes.example/mcp", authorization = "${{NOTES_TOKEN}}"}}
"""


def record(bench: Bench, root: Path) -> RecordingHandle:
    """Record the session from its beginning on."""
    worker = bench.worker
    recording = RecordingHandle(worker.plan, lambda: worker.clock, worker.report, True, root, False)
    worker.observers.append(recording)
    worker.at_end.append(recording.close)
    return recording


async def test_neither_the_key_nor_the_token_of_a_hosted_server_is_in_any_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTES_TOKEN", TOKEN)

    async def echo(session: Session) -> None:
        await session.open()
        for number, secret in enumerate((server.key, TOKEN)):
            escaped = "".join(f"\\u{ord(sign):04x}" for sign in secret)
            await session.text(f"whole{number}", f"You sent {secret}.")
            await session.text(f"pieces{number}", "You sent ", *secret, ".")
            await session.say("error", error={"type": "x", "message": f"bad {secret}", "code": secret})
            await session.say("made.up", note=secret)
            await session.send_raw(f'{{"type": "made.up", "note": "{escaped}"}}')
            await session.call(f"resp_{number}", [(f"call_{number}", "get_weather", json.dumps({"city": secret}))])
        await session.speak("resp_end", "item_end", signal(0.1), words="That is all.")

    async with FakeServer(dialect="openai") as server:
        server.script = echo
        profile = profile_for(server, TOOLS)
        async with running(plan_for(server, profile, connect=False)) as bench:
            recording = record(bench, tmp_path / "recordings")
            bench.worker.connect()
            await bench.until(lambda: "That is all." in bench.words("AGENT"))
        (update, *_) = server.sent("session.update")
        assert TOKEN in json.dumps(update)
    assert recording.folder is not None
    assert files_with(tmp_path, "[key]")
    for secret in (server.key, TOKEN):
        assert files_with(tmp_path, secret) == []
        assert files_with(tmp_path, "".join(f"\\u{ord(sign):04x}" for sign in secret)) == []
