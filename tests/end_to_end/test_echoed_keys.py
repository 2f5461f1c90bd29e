"""A server that repeats the key: the doctor does not print it, the app neither shows, keeps nor copies it."""

import json
import subprocess
from pathlib import Path

import pytest
from aiohttp import web
from speaking import await_live, go, quit_cleanly

from recorder import CANARY, Answer, Recorder, files_with
from terminal import COMMAND, Terminal

ESCAPED = "".join(f"\\u{ord(c):04X}" for c in CANARY)


@pytest.fixture
def folder(environment: dict[str, str]) -> Path:
    found = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles"
    found.mkdir(parents=True)
    return found


def saying(*frames: str, reason: str = "") -> Answer:
    """Take every connection, say something and close it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for frame in frames:
            await socket.send_str(frame)
        await socket.close(code=4001, message=reason.encode())
        return socket

    return answer


def refusing(status: int) -> Answer:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, reason=f"no {CANARY}", text=f"bad key {CANARY}", headers={"X-Key": CANARY})

    return answer


BLOTTED = "before [key] after"
ANSWERS = {
    "an error": (saying(json.dumps({"type": "error", "error": {"message": f"before {CANARY} after"}})), BLOTTED),
    "an error, escaped": (
        saying('{"type": "error", "error": {"message": "before @ after"}}'.replace("@", ESCAPED)),
        BLOTTED,
    ),
    "an error without a message": (
        saying(json.dumps({"type": "error", "error": {"code": f"before {CANARY} after"}})),
        BLOTTED,
    ),
    "the reason of a close": (saying(reason=f"before {CANARY} after"), BLOTTED),
    "401": (refusing(401), "HTTP 401"),
}


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS)
def test_the_doctor_does_not_print_a_key_that_the_server_repeats(
    environment: dict[str, str], folder: Path, tmp_path: Path, answer: Answer, words: str
) -> None:
    with Recorder(answer) as server:
        (folder / "work.toml").write_text(f'provider = "generic"\nurl = "{server.url()}"\n')
        done = subprocess.run(
            [COMMAND, "doctor", "work", "--live"],
            env=environment | {"REALTIME_API_KEY": CANARY},
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert CANARY in server.everything
    assert done.returncode == 1, done.stdout
    assert CANARY not in done.stdout + done.stderr
    assert words in done.stdout
    assert files_with(tmp_path) == []


def spoken(*pieces: str) -> list[str]:
    """An answer in pieces, as frames."""
    item = {"id": "item_1", "type": "message", "role": "assistant", "content": []}
    place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "response_id": "resp_1", "output_index": 0, "item": item},
        *({"type": "response.output_text.delta", **place, "delta": piece} for piece in pieces),
        {"type": "response.output_text.done", **place, "text": "".join(pieces)},
        {"type": "response.done", "response": {"id": "resp_1", "status": "completed", "output": []}},
    ]
    return [json.dumps(event) for event in events]


def test_the_app_neither_shows_nor_keeps_nor_copies_a_key_that_the_server_repeats(
    environment: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    frames = [
        *spoken("You said ", *CANARY, ", did you not?"),
        '{"type": "made.up", "note": "noted @ here"}'.replace("@", ESCAPED),
        '{"type": "error", "error": {"type": "x", "message": "told @ twice @"}}'.replace("@", ESCAPED),
        '{"type": "session.updated", "session": {"instructions": "obey @ always"}}'.replace("@", ESCAPED),
    ]
    with Recorder(say=frames) as server:
        (folder / "work.toml").write_text(f'provider = "generic"\nurl = "{server.url()}"\n')
        given = environment | {"REALTIME_API_KEY": CANARY}
        with Terminal([COMMAND, "--profile", "work", "--no-audio"], given, columns=160) as terminal:
            await_live(terminal)
            terminal.wait_for("You said [key], did you not?", limit=20)
            terminal.wait_for("told [key] twice [key]")
            go(terminal, "1", "1 Transcript")
            terminal.press("y").wait_for(lambda _: "You said [key]" in terminal.clipboard, "the words are copied")
            go(terminal, "6", "6 Log")
            terminal.press("y").wait_for(lambda _: "told [key]" in terminal.clipboard, "the notice is copied")
            go(terminal, "2", "2 Events")
            terminal.press("f").wait_for("words to show")
            terminal.type("made").press("enter").wait_gone("response.done")
            terminal.press("enter").wait_for("noted [key] here")
            terminal.press("y").wait_for(lambda _: "noted [key] here" in terminal.clipboard, "the event is copied")
            terminal.press("escape").wait_gone("noted [key] here")
            quit_cleanly(terminal, "f10")
            assert CANARY not in terminal.written
            assert ESCAPED not in terminal.written
        assert server.upgrades[-1]["authorization"] == f"Bearer {CANARY}"
    assert files_with(tmp_path) == []
