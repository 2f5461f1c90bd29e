"""Tools of every kind that say, print, answer and fail with hostile texts: none of it is obeyed by the terminal."""

import asyncio
import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hostile import COCKPIT, Author, profile_toml, strange
from hostile_profiles import put
from hostile_visits import Visits
from speaking import TITLES

from realtime_server import Session, in_thread, plain
from terminal import COMMAND, Terminal, private_environment

pytestmark = pytest.mark.xdist_group("hostile tools")

PYTHON = """
import json, sys
from typing import Literal
TEXTS = json.load(open({texts!r}))

def answers(city: str = TEXTS["python default"], kind: Literal[TEXTS["python choice"]] = TEXTS["python choice"]):
    print(TEXTS["python stdout"])
    print(TEXTS["python stderr"], file=sys.stderr)
    return TEXTS["python result"] + "\\ud800"

answers.__doc__ = TEXTS["python docstring"] + "\\n\\nArgs:\\n    city: " + TEXTS["python argument"]

def structured():
    return {{TEXTS["python result (key)"]: [TEXTS["python result (value)"]]}}

def fails():
    raise ValueError(TEXTS["python exception"])
"""
BROKEN = """
import json
raise RuntimeError(json.load(open({texts!r}))["python import"])
"""
COMMAND_PROGRAM = """
import json, sys
texts = json.load(open(sys.argv[1]))
sys.stdout.buffer.write(texts["command stdout"].encode("utf-8", "surrogatepass") + b" \\x9b2J \\x1b[2Jraw\\n")
sys.stderr.buffer.write(texts["command stderr"].encode("utf-8", "surrogatepass") + b" \\x9b2J \\x1b[2Jraw\\n")
sys.exit(int(sys.argv[2]))
"""
DEAD = "import json, sys; sys.exit(json.load(open(sys.argv[1]))['mcp stderr'])"
FIELDS = [
    *(f"python {of}" for of in ("default", "choice", "stdout", "stderr", "result", "docstring", "argument")),
    *(f"python {of}" for of in ("result (key)", "result (value)", "exception", "import")),
    *(f"command {of}" for of in ("stdout", "stderr")),
    *(f"http {of}" for of in ("body", "reason", "header", "failed")),
    *(f"mcp {of}" for of in ("server", "version", "instructions", "tool", "title", "description", "argument")),
    *(f"mcp {of}" for of in ("property", "result", "link", "error", "stderr", "log")),
]
SHOWN = ["python stdout", "python result", "python exception", "command stdout", "command stderr", "http body",
         "mcp result", "mcp error", "mcp description", "python docstring"]  # fmt: skip


class Walk(NamedTuple):
    """A walk that is over, and who wrote the texts."""

    visits: Visits
    author: Author


@contextlib.contextmanager
def http_server(texts: dict[str, str]) -> Iterator[str]:
    """Responses every request with something hostile, in its status line and headers too; its address."""
    ready, until, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()
    address: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status, field = ("500", "http failed") if b"/fails" in head else ("200", "http body")
        body, reason, header = (texts[name].encode() for name in (field, "http reason", "http header"))
        lines = [b"HTTP/1.1 %s %s" % (status.encode(), reason if b"/reason" in head else b"OK")]
        lines += [b"X-Odd: " + header] if b"/header" in head else []
        lines += [b"Content-Type: text/plain; charset=utf-8", b"Content-Length: %d" % len(body), b"Connection: close"]
        writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            address.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            ready.set()
            await until.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield address[0]
    loop.call_soon_threadsafe(until.set)
    thread.join(10)
    loop.close()


def tools(folder: Path, http: str) -> list[dict[str, Any]]:
    """Tools of every kind that runs something."""
    texts = str(folder / "texts.json")
    (folder / "odd.py").write_text(PYTHON.format(texts=texts))
    (folder / "broken.py").write_text(BROKEN.format(texts=texts))
    (folder / "program.py").write_text(COMMAND_PROGRAM)
    mcp = str(Path(__file__).with_name("hostile_mcp_program.py"))
    runs: dict[str, dict[str, Any]] = {
        "answers": {"kind": "python", "target": f"{folder}/odd.py:answers"},
        "structured": {"kind": "python", "target": f"{folder}/odd.py:structured"},
        "fails": {"kind": "python", "target": f"{folder}/odd.py:fails"},
        "broken": {"kind": "python", "target": f"{folder}/broken.py:f"},
        "prints": {"kind": "command", "argv": [sys.executable, f"{folder}/program.py", texts, "0"]},
        "prints_and_fails": {"kind": "command", "argv": [sys.executable, f"{folder}/program.py", texts, "3"]},
        "page": {"kind": "http", "url": f"{http}/page", "private": True},
        "page_fails": {"kind": "http", "url": f"{http}/fails", "private": True},
        "page_reason": {"kind": "http", "url": f"{http}/reason", "private": True},
        "page_header": {"kind": "http", "url": f"{http}/header", "private": True},
        "server": {"kind": "mcp", "argv": [sys.executable, mcp, texts]},
        "dead": {"kind": "mcp", "argv": [sys.executable, "-c", DEAD, texts]},
    }
    return [{"name": name, "run": run} for name, run in runs.items()]


async def _until(session: Session, words: str) -> None:
    """Wait until the client has said something."""
    while not any(words in json.dumps(event) for event in session.received):  # noqa: ASYNC110 - others fill the list
        await asyncio.sleep(0.02)


async def _calls(session: Session) -> None:
    """Call whatever is offered once the MCP server's tools are, one after the other, and say when all are answered."""
    named = ["answers", "structured", "fails", "prints", "prints_and_fails", "page", "page_fails", "page_reason"]
    named += ["page_header", "server_right", "server_wrong", "server_refused", "broken"]
    await _until(session, "server_right")
    for number, name in enumerate(named):
        response = {"id": f"resp_{number}", "status": "in_progress", "output": []}
        item = {"id": f"item_{number}", "type": "function_call", "call_id": f"call_{number}", "name": name}
        place = {"response_id": response["id"], "item_id": item["id"], "call_id": item["call_id"], "output_index": 0}
        await session.say("response.created", response=response)
        await session.say("response.output_item.added", response_id=response["id"], output_index=0, item=item)
        await session.say("response.function_call_arguments.done", **place, name=name, arguments="{}")
        await session.say("response.done", response={**response, "status": "completed", "output": [item]})
        await _until(session, f'"call_{number}"')
    await session.say("error", error={"type": "x", "message": "all are answered"})


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """All tools are called, then every pane is looked at."""
    folder = tmp_path_factory.mktemp("hostile")
    environment = private_environment(folder)
    author = Author(without="\ud800")
    texts = {field: author.text(field) for field in FIELDS}
    (folder / "texts.json").write_text(json.dumps(texts))
    with http_server(texts) as http, in_thread(plain(_calls)) as server:
        profile = {"provider": "generic", "url": server.url, "tools": tools(folder, http)}
        put(environment, "bench", profile_toml(profile))
        with Terminal([COMMAND, "--profile", "bench", "--no-audio"], environment) as terminal:
            visits = Visits(terminal)
            answered = lambda: terminal.wait_for("all are answered")  # noqa: E731
            visits.walk(answered, visits.panes, visits.forms)
    return Walk(visits, author)


def test_no_text_of_a_tool_is_obeyed_by_the_terminal(walk: Walk) -> None:
    assert walk.author.obeyed(walk.visits.raw) == []


def test_with_hostile_tools_the_cockpit_writes_nothing_but_its_own_escape_codes(walk: Walk) -> None:
    assert strange(walk.visits.raw, COCKPIT) == []


@pytest.mark.parametrize("field", SHOWN)
def test_what_a_tool_says_is_shown(walk: Walk, field: str) -> None:
    place = "forms" if field in ("mcp description", "python docstring") else TITLES[3]
    walk.visits.has_shown(place, walk.author, [field])
