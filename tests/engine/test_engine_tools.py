"""Tools of every kind behind a running session: a real server, real processes, real requests, and what goes when."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from engine.bench import Bench, changed, plan_for, running, signal, until
from realtime_server import FakeServer, Session
from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import parse_profile
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import CallState, Phase, ServerState
from rtvoice_tui.tools.registry import Registry
from terminal import Process, descendants

HEAD = """
provider = "DIALECT"
model = "m"
[session]
instructions = "Be brief."
turn_detection = {type = "server_vad", threshold = 0.5, silence_duration_ms = 400}
"""
FIND = """
[[tools]]
name = "find"
run = {kind = "http", url = "URL/find/{what}", private = true}
"""
COUNT = """
[[tools]]
name = "count"
parameters = {type = "object", properties = {to = {type = "integer"}}, required = ["to"]}
run = {kind = "command", argv = ["echo", "counted to {to}"]}
"""
GREET = """
[[tools]]
name = "greet"
run = {kind = "python", target = "tools.py:greet"}
"""
PYTHON = 'def greet(name: str) -> str:\n    """Greet somebody."""\n    return f"hello {name}"\n'


@pytest.fixture(params=["openai", "yandex"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[FakeServer]:
    async with FakeServer(dialect=request.param) as server:
        yield server
    assert server.offences == []


@pytest.fixture
async def openai() -> AsyncIterator[FakeServer]:
    async with FakeServer(dialect="openai") as server:
        yield server
    assert server.offences == []


def plan(server: FakeServer, tools: str, folder: Path, **changes: object) -> Plan:
    """A plan whose relative files are in a folder."""
    profile = profile_of(server, tools)
    toolset, problems = Registry(folder).toolset(profile)
    assert problems == []
    return plan_for(server, profile, toolset=toolset, **changes)


def profile_of(server: FakeServer, tools: str) -> Profile:
    return changed(parse_profile(HEAD.replace("DIALECT", server.dialect) + tools, "test"), url=server.url)


def record(bench: Bench, name: str) -> object:
    return next(record for record in bench.store.calls.records if record.call.name == name)


async def test_three_calls_of_different_kinds_run_side_by_side_and_are_answered_in_order(
    server: FakeServer, tmp_path: Path
):
    (tmp_path / "tools.py").write_text(PYTHON)
    others_are_done = asyncio.Event()

    async def find(request: web.Request) -> web.Response:
        await others_are_done.wait()
        return web.json_response({"found": request.match_info["what"]})

    async def script(session: Session) -> None:
        await session.open()
        calls = [("k1", "find", '{"what": "a b/c"}'), ("k2", "count", '{"to": 3}'), ("k3", "greet", '{"name": "Ann"}')]
        await session.call("resp_1", calls)
        await session.expect("response.create")
        await session.speak("resp_2", "item_a", signal(0.1), words="All done.")

    server.script = script
    app = web.Application()
    app.router.add_get("/find/{what}", find)
    async with (
        serving(app) as url,
        running(plan(server, (FIND + COUNT + GREET).replace("URL", url), tmp_path)) as bench,
    ):
        await bench.until(lambda: len(bench.store.calls.records) == 3)
        done = (record(bench, "count"), record(bench, "greet"))
        await bench.until(lambda: all(r.call.state is CallState.OK for r in done))
        assert server.sent("conversation.item.create", "response.create") == [], "the first call is still at work"
        others_are_done.set()
        await bench.until(lambda: bench.words("AGENT") == ["All done."])
        said = server.sent("conversation.item.create", "response.create")
        assert [(e["type"], e.get("item", {}).get("call_id")) for e in said] == [
            ("conversation.item.create", "k1"),
            ("conversation.item.create", "k2"),
            ("conversation.item.create", "k3"),
            ("response.create", None),
        ]
        outputs = [e["item"]["output"] for e in said[:3]]
        assert [json.loads(outputs[0]), *outputs[1:]] == [{"found": "a b/c"}, "counted to 3\n", "hello Ann"]
        assert [r.call.kind for r in bench.store.calls.records] == ["http", "command", "python"]


async def test_a_function_tells_the_server_what_it_takes_and_again_when_its_file_is_another(
    openai: FakeServer, tmp_path: Path
):
    (tmp_path / "tools.py").write_text(PYTHON)

    async def script(session: Session) -> None:
        await session.open()

    openai.script = script
    async with running(plan(openai, GREET, tmp_path)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        (update,) = openai.sent("session.update")
        (tool,) = update["session"]["tools"]
        assert (tool["description"], tool["parameters"]["required"]) == ("Greet somebody.", ["name"])
        (tmp_path / "tools.py").write_text(PYTHON.replace("name: str", "name: str, often: int = 1"))
        await bench.until(lambda: len(openai.sent("session.update")) == 2)
        again = openai.sent("session.update")[1]["session"]
        assert again["tools"][0]["parameters"]["properties"]["often"] == {"type": "integer", "default": 1}
        assert set(again) == {"type", "tools"}, "nothing else is touched"


async def test_audio_and_events_go_on_while_a_call_asks_and_it_runs_when_the_user_agrees(
    server: FakeServer, tmp_path: Path
):
    async def script(session: Session) -> None:
        await session.open()
        await session.call("resp_1", [("k1", "count", '{"to": 3}')])
        await session.speech_started("item_u")
        await session.speech_ended("item_u", "And what is new?")
        await session.speak("resp_2", "item_a", signal(0.1), words="Nothing is new.")
        await session.expect("response.create")
        await session.speak("resp_3", "item_b", signal(0.1), words="Three.")

    server.script = script
    async with running(plan(server, COUNT + 'policy = "ask"\n', tmp_path)) as bench:
        await bench.until(lambda: bench.words("AGENT") == ["Nothing is new."])
        (asking,) = bench.store.calls.asking
        assert asking.call.state is CallState.ASKING
        assert asking.call.preview == "echo 'counted to 3'"
        assert server.sent("conversation.item.create") == []
        bench.worker.post(cmd.Decide(asking.call.key, agree=True))
        await bench.until(lambda: bench.words("AGENT") == ["Nothing is new.", "Three."])
        (output,) = server.sent("conversation.item.create")
        assert output["item"]["output"] == "counted to 3\n"


async def test_refused_arguments_and_a_refused_call_go_back_as_errors_and_nothing_runs(
    server: FakeServer, tmp_path: Path
):
    async def script(session: Session) -> None:
        await session.open()
        await session.call("resp_1", [("k1", "count", '{"to": "many"}'), ("k2", "count", '{"to": 2}')])
        await session.expect("response.create")
        await session.speak("resp_2", "item_a", signal(0.1), words="As you wish.")

    server.script = script
    async with running(plan(server, COUNT + 'policy = "ask"\n', tmp_path)) as bench:
        await bench.until(lambda: len(bench.store.calls.asking) == 1)
        bench.worker.post(cmd.Decide("k2", agree=False, reason="not now"))
        await bench.until(lambda: bench.words("AGENT") == ["As you wish."])
        errors = [json.loads(e["item"]["output"])["error"] for e in server.sent("conversation.item.create")]
        assert errors[0].startswith("arguments.to: 'many' is not of type 'integer'")
        assert errors[1].endswith("not now")
        assert [r.started_at for r in bench.store.calls.records if r.call.details] == []


async def test_a_slow_call_is_answered_after_the_agent_was_interrupted_while_it_spoke_of_something_else(
    server: FakeServer, tmp_path: Path
):
    slow = COUNT.replace(
        '"echo", "counted to {to}"', '"sh", "-c", "read line; while [ ! -e go ]; do sleep 0.05; done; echo late"'
    )

    async def script(session: Session) -> None:
        await session.open()
        await session.call("resp_1", [("k1", "count", '{"to": 3}')])
        whole = await session.speak("resp_2", "item_a", signal(20), speed=4)
        assert not whole
        await session.expect("response.create")
        await session.speak("resp_3", "item_b", signal(0.1), words="Here it is.")

    server.script = script
    async with running(plan(server, slow, tmp_path)) as bench:
        await bench.until(lambda: bench.phase is Phase.SPEAKING and bench.store.speaker.peak_db > -60)
        bench.worker.post(cmd.Interrupt())
        await bench.until(lambda: server.sent("conversation.item.truncate"))
        assert record(bench, "count").call.state is CallState.RUNNING
        assert server.sent("conversation.item.create", "response.create") == []
        (tmp_path / "go").touch()
        await bench.until(lambda: bench.words("AGENT")[-1:] == ["Here it is."])
        assert [e["item"]["output"] for e in server.sent("conversation.item.create")] == ["late\n"]


async def test_an_mcp_servers_tools_are_offered_called_and_gone_with_it(openai: FakeServer, tmp_path: Path):
    (tmp_path / "server.py").write_text(
        "from mcp.server.mcpserver import MCPServer\n"
        "server = MCPServer('notes')\n\n\n"
        "@server.tool()\ndef read(name: str) -> str:\n    'Read a note.'\n    return f'note {name}'\n\n\n"
        "server.run('stdio')\n"
    )
    tools = f'[[tools]]\nname = "notes"\nrun = {{kind = "mcp", argv = ["{sys.executable}", "server.py"]}}\n'
    offered = asyncio.Event()

    async def script(session: Session) -> None:
        await session.open()
        await offered.wait()
        await session.call("resp_1", [("k1", "notes_read", '{"name": "one"}')])
        await session.expect("response.create")
        await session.speak("resp_2", "item_a", signal(0.1), words="Read.")

    openai.script = script
    async with running(plan(openai, tools, tmp_path)) as bench:
        await until(
            lambda: any(u["session"]["tools"] for u in openai.sent("session.update") if "tools" in u["session"])
        )
        newest = openai.sent("session.update")[-1]["session"]["tools"]
        assert [(tool["name"], tool["description"]) for tool in newest] == [("notes_read", "Read a note.")]
        assert bench.store.calls.servers["notes"].state is ServerState.CONNECTED
        offered.set()
        await bench.until(lambda: bench.words("AGENT") == ["Read."])
        (output,) = openai.sent("conversation.item.create")
        assert output["item"]["output"] == "note one"
        assert started("server.py")
    assert not started("server.py")


async def test_a_server_of_the_provider_gets_its_key_on_the_wire_and_nobody_else_sees_it(
    openai: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NOTES_TOKEN", "token-5678-secret")
    tools = (
        '[[tools]]\nname = "notes"\npolicy = "ask"\n'
        'run = {kind = "hosted", server_url = "https://notes.example/mcp", authorization = "${NOTES_TOKEN}"}\n'
    )
    request = {"id": "mcpr_1", "type": "mcp_approval_request", "server_label": "notes", "name": "read"}

    async def script(session: Session) -> None:
        await session.open()
        await session.begin("resp_1")
        place = {"response_id": "resp_1", "output_index": 0}
        item = {**request, "arguments": '{"name": "token-5678-secret"}'}
        await session.send({"type": "response.output_item.done", **place, "item": item})
        await session.end("resp_1", output=[item])
        approval = await session.expect("conversation.item.create")
        answer = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
        assert {name: value for name, value in approval["item"].items() if name != "id"} == answer
        await session.speak("resp_2", "item_a", signal(0.1), words="Read.")

    openai.script = script
    async with running(plan(openai, tools, tmp_path)) as bench:
        await bench.until(lambda: len(bench.store.calls.asking) == 1)
        (update,) = openai.sent("session.update")
        (tool,) = update["session"]["tools"]
        assert (tool["authorization"], tool["require_approval"]) == ("token-5678-secret", "always")
        bench.worker.post(cmd.Decide("hosted:mcpr_1", agree=True))
        await bench.until(lambda: bench.words("AGENT") == ["Read."])
        log = bench.store.events
        texts = [text for row in range(len(log)) for text in log.texts(row)]
        kept = [*texts, repr(bench.store.edits), repr(bench.store.calls.records), repr(bench.store.session)]
        assert any("${NOTES_TOKEN}" in text for text in texts), "what was sent is kept under the key's name"
        assert not any("token-5678-secret" in text for text in kept)
        assert bench.store.calls.records[0].call.arguments == '{"name": "[key]"}'


async def test_a_run_by_hand_is_shown_and_the_model_is_not_told(server: FakeServer, tmp_path: Path):
    async def script(session: Session) -> None:
        await session.open()

    server.script = script
    async with running(plan(server, COUNT, tmp_path)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        bench.worker.start_manual_run("count", '{"to": 7}')
        bench.worker.start_manual_run("count", "{}")
        ends = [CallState.OK, CallState.FAILED]
        await bench.until(lambda: [r.call.state for r in bench.store.calls.records] == ends)
        good, bad = bench.store.calls.records
        assert (good.call.output, good.call.manual) == ("counted to 7\n", True)
        assert "'to' is a required property" in bad.call.note
        assert bench.store.transcript.entries == []
        assert server.sent("conversation.item.create", "response.create") == []


@pytest.mark.skipif(os.name != "posix", reason="looks at processes")
async def test_stopping_the_session_ends_what_its_tools_started(openai: FakeServer, tmp_path: Path):
    slow = COUNT.replace('"echo", "counted to {to}"', '"sh", "-c", "sleep 611 & sleep 611"') + "timeout_s = 600\n"

    async def script(session: Session) -> None:
        await session.open()
        await session.call("resp_1", [("k1", "count", '{"to": 3}')])

    openai.script = script
    async with running(plan(openai, slow, tmp_path)):
        await until(lambda: len(started("sleep 611")) >= 2)
        ours = started("sleep 611")
    await until(lambda: not any(process.alive for process in ours))


def started(words: str) -> list[Process]:
    """The programs below this one whose command line has these words."""
    return [process for process in descendants(os.getpid()) if words in process.command]


class serving:
    """A web application on loopback."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
