"""Real servers, over stdio and over HTTP: their tools are offered, called, and cancelled."""

import asyncio
import contextlib
import json
import signal
import subprocess
import threading

import pytest
from command_programs import PATIENCE_S, left, mark, until
from http_places import nowhere, place
from mcp_runners import ENVIRON, connected, opened, real, small

from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import McpRun
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools import mcp
from rtvoice_tui.tools.registry import Registry
from rtvoice_tui.tools.runner import Call
from rtvoice_tui.tools.toolbox import Toolbox

KEY = "geheim-0815"


def patiently(condition, what):
    """Wait for a condition where there is no loop."""
    waited = threading.Event()
    for _ in range(int(PATIENCE_S / 0.02)):
        if condition():
            return
        waited.wait(0.02)
    raise AssertionError(f"never: {what}")


@contextlib.contextmanager
def serving(folder, port=0):
    """A server over HTTP; its address."""
    (folder / "port").unlink(missing_ok=True)
    with subprocess.Popen(real(str(port), folder), stderr=subprocess.DEVNULL) as process:
        try:
            patiently((folder / "port").exists, "the server listens")
            yield int((folder / "port").read_text()), process
        finally:
            process.kill()


class Bench:
    """A toolbox with one server, shared by the tests that only call it."""

    def __init__(self, box, folder):
        self._box = box
        self.folder = folder
        self.specs = {spec.name: spec for spec in box.specs}

    async def call(self, tool, /, **arguments):
        return await asyncio.wait_for(self._box.run(f"srv_{tool}", json.dumps(arguments), tool), PATIENCE_S)

    def statuses(self):
        return self._box.statuses


@pytest.fixture(scope="module", params=["stdio", "http"])
def bench(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with contextlib.ExitStack() as stack:
        if request.param == "http":
            port, _ = stack.enter_context(serving(folder))
            run = McpRun(url=f"http://127.0.0.1:{port}/mcp", headers={"X-Key": "${KEY}", "X-Units": "metric"})
        else:
            run = McpRun(argv=real("stdio", folder), env={"UNITS": "metric"}, pass_env=["MINE"])
        profile = Profile(tools=[ToolEntry(name="srv", run=run, timeout_s=PATIENCE_S)])
        box = Toolbox()
        toolset, problems = Registry(folder, {**ENVIRON, "KEY": KEY}).toolset(profile)
        assert not problems
        box.use(toolset, profile.tool_specs)
        box.open()
        stack.callback(lambda: asyncio.run(box.close()))
        patiently(lambda: box.specs, f"its tools are there: {box.statuses}")
        yield Bench(box, folder)


def error_of(outcome):
    assert not outcome.ok
    return json.loads(outcome.output)["error"]


class TestCalls:
    def test_its_tools_are_offered_with_its_name_and_their_schema(self, bench):
        assert {"srv_add", "srv_dir_list_all__", "srv_weather"} <= set(bench.specs)
        spec = bench.specs["srv_add"]
        assert spec.description == "Adds two numbers."
        assert spec.parameters["required"] == ["a"]
        assert spec.parameters["properties"]["a"]["type"] == "integer"
        assert spec.kind == "mcp"
        assert bench.specs["srv_dir_list_all__"].description == "Its name fits no model."

    def test_it_stands_connected_with_so_many_tools(self, bench):
        (status,) = bench.statuses()
        assert (status.name, status.state, status.detail) == ("srv", ServerState.CONNECTED, "")

    async def test_a_call_has_its_result(self, bench):
        outcome = await bench.call("add", a=2, b=3)
        assert (outcome.output, outcome.ok) == ("5", True)
        assert (await bench.call("dir_list_all__")).output == "odd"

    @pytest.mark.parametrize("text", ["", "é🦜", "a\nb", '{"a": "{text}"}', "x" * 60_000])
    async def test_a_text_comes_back_as_it_was(self, bench, text):
        assert (await bench.call("same", text=text)).output == text

    async def test_structured_content_is_a_text_too(self, bench):
        assert json.loads((await bench.call("weather", city="Oslo")).output) == {"city": "Oslo", "t": 12}

    async def test_an_exception_in_the_server_is_an_error(self, bench):
        assert error_of(await bench.call("fail", reason="no such city")).startswith("srv_fail failed: ")

    async def test_arguments_that_the_server_does_not_take_are_an_error(self, bench):
        assert error_of(await bench.call("add", a="many")).startswith("srv_add failed: ")

    async def test_calls_run_beside_each_other(self, bench):
        texts = [f"text {number}" for number in range(20)]
        outcomes = await asyncio.gather(*(bench.call("same", text=text) for text in texts))
        assert [outcome.output for outcome in outcomes] == texts

    async def test_a_call_that_is_cancelled_is_cancelled_at_the_server_too(self, bench):
        call = asyncio.ensure_future(bench.call("wait", name="gone"))
        await until((bench.folder / "gone.began").exists, "it is called")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until((bench.folder / "gone.cancelled").exists, "the server was told")

    async def test_no_key_that_the_server_repeats_is_seen(self, bench):
        outcome = await bench.call("same", text=f"{KEY} and {KEY}")
        over_http = (await bench.call("header", name="x-units")).output == "metric"
        assert (KEY not in outcome.output) == over_http
        assert KEY not in (await bench.call("header", name="x-key")).output

    async def test_its_environment_is_small(self, bench):
        names = (await bench.call("environment")).output.split("\n")
        if (await bench.call("header", name="x-units")).output == "metric":
            return  # it is not ours to start
        assert "OPENAI_API_KEY" not in names
        assert {"UNITS", "MINE", "PATH"} <= set(names)

    async def test_it_runs_in_the_profile_s_folder(self, bench):
        if (await bench.call("header", name="x-units")).output != "metric":
            assert (await bench.call("where")).output == str(bench.folder.resolve())


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(mcp, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(mcp, "LEAST_S", 0.02)
    monkeypatch.setattr(mcp, "LOOK_S", {"stdio": 0.1, "http": 0.1})


@pytest.fixture(autouse=True)
def empty_store(monkeypatch):
    monkeypatch.setattr(secrets, "_in_store", lambda account: "")


@pytest.mark.usefixtures("quickly")
class TestHttp:
    async def test_a_server_that_goes_away_and_comes_back_is_connected_again(self, tmp_path):
        word = mark()
        with serving(tmp_path) as (port, process):
            async with opened(word, url=f"http://127.0.0.1:{port}/mcp") as (runner, seen):
                await connected(runner)
                tools = len(runner.specs)
                process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(process.wait)
                await until(lambda: seen.states()[-1] is not ServerState.CONNECTED, "it is missed")
                outcome = await runner.run(Call("srv_add", {"a": 1}))
                assert error_of(outcome).startswith("srv_add failed: ")
                await until(lambda: seen.states().count(ServerState.FAILED) >= 2, "it failed again")
                seen.statuses.clear()
                with contextlib.ExitStack() as stack:
                    await asyncio.to_thread(stack.enter_context, serving(tmp_path, port))
                    await until(lambda: seen.states()[-1:] == [ServerState.CONNECTED], "it is back")
                    assert seen.statuses[-1][2] == tools
                    assert (await runner.run(Call("srv_add", {"a": 1}))).output == "2"

    async def test_a_server_that_dies_during_a_call_is_told(self, tmp_path):
        with serving(tmp_path) as (port, process):
            async with opened(mark(), url=f"http://127.0.0.1:{port}/mcp") as (runner, seen):
                await connected(runner)
                call = asyncio.ensure_future(runner.run(Call("srv_wait", {"name": "w"})))
                await until((tmp_path / "w.began").exists, "it is called")
                process.kill()
                async with asyncio.timeout(PATIENCE_S):
                    assert error_of(await call).startswith("srv_wait failed: ")
                await until(lambda: ServerState.FAILED in seen.states(), "it is missed")

    async def test_an_answer_may_take_as_long_as_the_profile_says(self, tmp_path):
        """The HTTP library's own limit is five seconds."""
        with serving(tmp_path) as (port, _):
            async with opened(mark(), url=f"http://127.0.0.1:{port}/mcp") as (runner, seen):
                await connected(runner)
                assert (await runner.run(Call("srv_late", {"seconds": 5.5}))).output == "late"
                assert ServerState.FAILED not in seen.states()

    async def test_a_server_that_is_not_there_is_told_and_asked_again(self):
        async with opened(mark(), url=f"{nowhere()}/mcp") as (runner, seen):
            await until(lambda: seen.states().count(ServerState.FAILED) >= 2, "it failed twice")
            details = [detail for state, detail, _ in seen.statuses if state is ServerState.FAILED]
            assert all("tried again in" in detail for detail in details)
            assert runner.ready

    async def test_what_is_no_mcp_server_is_told(self):
        async with place() as here, opened(mark(), url=f"{here.url}/mcp") as (_, seen):
            await until(lambda: ServerState.FAILED in seen.states(), "it failed")
            detail = next(detail for state, detail, _ in seen.statuses if state is ServerState.FAILED)
            assert 0 < len(detail) < 600

    async def test_its_headers_have_their_keys_and_no_proxy_sees_them(self, monkeypatch):
        async with place() as here, place() as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url)
            monkeypatch.delenv("no_proxy", raising=False)
            headers = {"Authorization": "Bearer ${KEY}"}
            async with opened(mark(), url=f"{here.url}/mcp", headers=headers, environ={"KEY": KEY}) as (_, seen):
                await until(lambda: ServerState.FAILED in seen.states(), "it failed")
            assert here.asked[0][2]["authorization"] == f"Bearer {KEY}"
            assert proxy.asked == []
            assert KEY not in str(seen.statuses)

    async def test_a_key_that_is_missing_is_told(self):
        headers = {"Authorization": "Bearer ${KEY}"}
        async with place() as here, opened(mark(), url=f"{here.url}/mcp", headers=headers) as (runner, seen):
            await until(lambda: runner.ready, "it failed")
            state, detail, _ = seen.statuses[-1]
            assert state is ServerState.FAILED
            assert detail == "KEY is not set: set KEY in the environment, or take it out"
        assert here.asked == []


@pytest.mark.usefixtures("quickly")
class TestStdio:
    async def test_a_real_server_that_is_killed_is_back_and_its_new_tools_are_told(self, tmp_path):
        word = mark()
        (tmp_path / word).mkdir()
        async with opened(word, argv=real("stdio", tmp_path / word)) as (runner, seen):
            await connected(runner)
            assert (await runner.run(Call("srv_more", {}))).output == "more"
            await until(lambda: "srv_new" in [spec.name for spec in runner.specs], "the new tool is there")
            assert (await runner.run(Call("srv_new", {}))).output == "new"
            assert error_of(await runner.run(Call("srv_die", {}))) == "srv_die failed: Connection closed"
            await until(lambda: seen.states().count(ServerState.CONNECTED) == 2, "it is back")
            assert "srv_new" not in [spec.name for spec in runner.specs]
            assert (await runner.run(Call("srv_add", {"a": 1}))).output == "2"
        assert not left(word)

    async def test_a_call_that_takes_too_long_is_cancelled_at_the_server_too(self, tmp_path):
        entry = ToolEntry(name="srv", run=McpRun(argv=real("stdio", tmp_path)), timeout_s=0.5)
        profile = Profile(tools=[entry])
        box = Toolbox()
        box.use(Registry(tmp_path, ENVIRON).toolset(profile)[0], profile.tool_specs)
        box.open()
        try:
            await until(lambda: box.specs, "its tools are there")
            for name in map(str, range(20)):  # until it has begun before it was given up
                outcome = await box.run("srv_wait", json.dumps({"name": name}), name)
                assert error_of(outcome) == "srv_wait gave no result within 0.5 s"
                if (tmp_path / f"{name}.began").exists():
                    break
            await until((tmp_path / f"{name}.cancelled").exists, "the server was told")
        finally:
            await box.close()

    async def test_two_servers_run_side_by_side(self, tmp_path):
        word = mark()
        one = ToolEntry(name="one", run=McpRun(argv=small("plain", str(tmp_path / f"1{word}"))))
        two = ToolEntry(name="two", run=McpRun(argv=small("odd descriptions", str(tmp_path / f"2{word}"))))
        bad = ToolEntry(name="bad", run=McpRun(argv=["surely-no-such-program"]))
        profile = Profile(tools=[one, bad, two])
        box = Toolbox()
        box.use(Registry(tmp_path, ENVIRON).toolset(profile)[0], profile.tool_specs)
        box.open()
        try:
            await until(lambda: len(box.specs) == 4, "all tools are there")
            assert [spec.name for spec in box.specs] == ["one_hello", "two_a", "two_b", "two_c"]
            outcomes = await asyncio.gather(box.run("one_hello", "{}", "c1"), box.run("two_b", "{}", "c2"))
            assert [outcome.output for outcome in outcomes] == ["hello hello", "hello b"]
            states = {each.name: (each.state, each.tools) for each in box.statuses}
            assert states["one"] == (ServerState.CONNECTED, 1)
            assert states["two"] == (ServerState.CONNECTED, 3)
            assert states["bad"][0] in (ServerState.FAILED, ServerState.STARTING)
        finally:
            await box.close()
        assert not left(word)
