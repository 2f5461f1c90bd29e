"""A server is kept connected, whatever it does, and what became of it is told."""

import asyncio
import itertools
import json
import sys

import pytest
from command_programs import left, mark, until
from mcp_runners import connected, opened, small, stands

from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import McpRun
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools import mcp
from rtvoice_tui.tools.registry import Registry
from rtvoice_tui.tools.runner import Call
from rtvoice_tui.tools.toolbox import Toolbox

CONNECTED, FAILED, STARTING, CLOSED = (
    ServerState.CONNECTED,
    ServerState.FAILED,
    ServerState.STARTING,
    ServerState.CLOSED,
)


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(mcp, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(mcp, "LEAST_S", 0.02)
    monkeypatch.setattr(mcp, "LOOK_S", {"stdio": 0.05, "http": 0.05})


@pytest.fixture
def word():
    return mark()


@pytest.fixture
def notes(tmp_path, word):
    """Where a small server notes what it was asked; its command line has the test's word for that."""
    return tmp_path / word


def asked(notes, method):
    return notes.read_text().split().count(method) if notes.exists() else 0


def error_of(outcome):
    assert not outcome.ok
    return json.loads(outcome.output)["error"]


def failures(seen):
    return [detail for state, detail, _ in seen.statuses if state is FAILED]


class TestTools:
    async def test_names_are_made_fit_and_stay_different(self, word, notes):
        async with opened(word, argv=small("long names", str(notes))) as (runner, _):
            await connected(runner)
            names = [spec.name for spec in runner.specs]
            assert names == ["srv_" + "x" * 60, "srv_" + "x" * 56 + "_2", "srv_a_b", "srv_a_b_2", "srv_"]
            told = [(await runner.run(Call(name, {}))).output for name in names]
            assert told == [f"hello {'x' * 70}a", f"hello {'x' * 70}b", "hello a.b", "hello a/b", "hello "]

    async def test_no_more_are_offered_than_a_model_could_bear(self, word, notes):
        async with opened(word, argv=small("many", str(notes))) as (runner, _):
            await connected(runner)
            assert len(runner.specs) == mcp.MAX_TOOLS

    async def test_a_title_stands_in_for_a_description(self, word, notes):
        async with opened(word, argv=small("odd descriptions", str(notes))) as (runner, _):
            await connected(runner)
            assert [spec.description for spec in runner.specs] == ["Its title", "Its description", ""]

    async def test_only_those_that_the_profile_names_are_offered(self, word, notes):
        async with opened(word, argv=small("odd descriptions", str(notes)), only=["c", "a", "none"]) as (runner, _):
            await connected(runner)
            assert [spec.name for spec in runner.specs] == ["srv_a", "srv_c"]
            assert error_of(await runner.run(Call("srv_b", {}))) == "srv_b failed: the server srv has no such tool"

    @pytest.mark.parametrize("name", ["srv", "hello", "srv_other", ""])
    async def test_a_tool_that_the_server_has_not_is_told(self, word, notes, name):
        async with opened(word, argv=small("plain", str(notes))) as (runner, _):
            await connected(runner)
            assert error_of(await runner.run(Call(name, {}))) == f"{name} failed: the server srv has no such tool"

    async def test_tools_that_change_are_told(self, word, notes):
        async with opened(word, argv=small("counts", str(notes))) as (runner, seen):
            await connected(runner)
            before = len(seen.statuses)
            first = runner.specs[0].name
            await until(lambda: runner.specs[0].name != first, "the tools are others")
            assert len(seen.statuses) > before
            assert failures(seen) == []

    async def test_a_server_that_says_so_is_asked_at_once(self, word, notes, monkeypatch):
        monkeypatch.setattr(mcp, "LOOK_S", {"stdio": 1000.0})
        async with opened(word, argv=small("changes", str(notes))):
            await until(lambda: asked(notes, "tools/list") == 2, "it was asked again")

    async def test_a_server_that_logs_whenever_it_is_asked_is_not_asked_again_for_that(self, word, notes, monkeypatch):
        monkeypatch.setattr(mcp, "LOOK_S", {"stdio": 1000.0})
        async with opened(word, argv=small("logs", str(notes))) as (runner, _):
            await connected(runner)
            for _ in range(10):  # each answer comes after the notification
                assert (await runner.run(Call("srv_hello", {}))).ok
            assert asked(notes, "tools/list") == 1


class TestResults:
    @pytest.mark.parametrize(
        ("how", "output"),
        [
            ("plain", "hello hello"),
            ("images", "[image image/png]\ndone"),
            ("resources", "inside\n[resource]\n[resource_link]"),
            ("structured", '{"t": 12}'),
        ],
    )
    async def test_a_result_is_a_text(self, word, notes, how, output):
        async with opened(word, argv=small(how, str(notes))) as (runner, _):
            await connected(runner)
            outcome = await runner.run(Call("srv_hello", {}))
            assert (outcome.output, outcome.ok) == (output, True)

    @pytest.mark.parametrize(
        ("how", "sentence"),
        [
            ("errors", "srv_hello failed: the server gave no reason"),
            ("refuses", "srv_hello failed: Unknown tool"),
            ("nonsense", "srv_hello failed: ValidationError"),
        ],
    )
    async def test_what_is_no_result_is_told_and_the_server_stays(self, word, notes, how, sentence):
        async with opened(word, argv=small(how, str(notes))) as (runner, seen):
            await connected(runner)
            outcome = await runner.run(Call("srv_hello", {}))
            assert error_of(outcome) == sentence
            assert "Traceback" not in outcome.note
            before = asked(notes, "tools/list")
            await until(lambda: asked(notes, "tools/list") > before + 1, "it is asked on")
            assert failures(seen) == []

    async def test_a_result_beyond_measure_is_cut_and_both_are_told(self, word, notes):
        async with opened(word, argv=small("big", str(notes))) as (runner, _):
            await connected(runner)
            outcome = await runner.run(Call("srv_hello", {}))
            assert outcome.output.endswith("[cut: 100000 characters in all]")
            assert "was cut" in outcome.note

    async def test_a_server_that_does_one_thing_after_the_other_is_not_given_up_for_it(self, word, notes, monkeypatch):
        async with opened(word, argv=small("busy", str(notes))) as (runner, seen):
            await connected(runner)
            call = asyncio.ensure_future(runner.run(Call("srv_hello", {})))
            await until(lambda: asked(notes, "tools/call"), "it is busy")
            monkeypatch.setattr(mcp, "CONNECT_S", 0.1)
            assert (await call).output == "hello hello"
            assert failures(seen) == []


class TestStanding:
    @pytest.mark.parametrize(
        ("how", "reason"),
        [
            ("error", "it ended: ModuleNotFoundError: no such module"),
            ("only garbage", "it ended: it was no server"),
            ("silent error", "it ended"),
            ("long error", "it ended: the last line"),
            ("odd error", "it ended: �� the last line"),
        ],
    )
    async def test_a_server_that_does_not_start_is_told_with_what_it_said_last(self, word, notes, how, reason):
        async with opened(word, argv=small(how, str(notes))) as (runner, seen):
            assert not runner.ready
            await until(lambda: failures(seen), "it failed")
            assert failures(seen)[0] == f"{reason}; tried again in 0.05 s"

    @pytest.mark.parametrize("program", ["surely-no-such-program", "./surely-no-such-program", "/etc/hostname/x"])
    async def test_a_server_that_is_not_there_is_told(self, word, program):
        async with opened(word, argv=[program]) as (runner, seen):
            await until(lambda: failures(seen), "it failed")
            assert program.removeprefix("./") in failures(seen)[0]
            assert runner.ready
            outcome = await runner.run(Call("srv_x", {}))
            assert error_of(outcome) == "srv_x failed: the server srv is not connected"
            assert program.removeprefix("./") in outcome.note

    async def test_it_is_started_again_less_and_less_often(self, word, monkeypatch):
        monkeypatch.setattr(mcp, "LONGEST_WAIT_S", 0.3)
        async with opened(word, argv=["surely-no-such-program"]) as (_, seen):
            await until(lambda: len(failures(seen)) >= 5, "it failed five times")
            waits = [detail.rpartition("again in ")[2] for detail in failures(seen)[:5]]
            assert waits == ["0.05 s", "0.1 s", "0.2 s", "0.3 s", "0.3 s"]
            assert seen.states()[:4] == [STARTING, FAILED, STARTING, FAILED]

    async def test_what_is_no_message_is_passed_over(self, word, notes):
        async with opened(word, argv=small("garbage", str(notes))) as (runner, seen):
            await connected(runner)
            assert (await runner.run(Call("srv_hello", {}))).output == "hello hello"
            assert failures(seen) == []

    async def test_a_server_that_dies_while_nobody_calls_it_is_told_and_started_again(self, word, notes):
        async with opened(word, argv=small("dies idle", str(notes))) as (_, seen):
            await until(lambda: seen.states().count(CONNECTED) >= 2, "it is back")
            assert failures(seen)[0] == "it ended: it had enough; tried again in 0.05 s"
            assert seen.states()[:5] == [STARTING, CONNECTED, FAILED, STARTING, CONNECTED]
            assert {tools for state, _, tools in seen.statuses if state is CONNECTED} == {1}

    async def test_a_server_that_dies_during_a_call_is_told_and_started_again(self, word, notes, monkeypatch):
        monkeypatch.setattr(mcp, "LOOK_S", {"stdio": 1000.0})
        async with opened(word, argv=small("dies", str(notes))) as (runner, seen):
            await connected(runner)
            calls = [runner.run(Call("srv_hello", {})) for _ in range(3)]
            for outcome in await asyncio.gather(*calls):
                assert error_of(outcome).startswith("srv_hello failed: ")
            await until(lambda: seen.states().count(CONNECTED) == 2, "it is back")
            assert failures(seen) == ["it ended: no more of this; tried again in 0.05 s"]

    async def test_a_server_that_says_nothing_more_is_started_again(self, word, notes, monkeypatch):
        async with opened(word, argv=small("silent", str(notes))) as (runner, seen):
            await connected(runner)
            monkeypatch.setattr(mcp, "CONNECT_S", 0.5)
            await until(lambda: failures(seen), "it is given up")
            assert failures(seen)[0] == "it does not answer; tried again in 0.05 s"

    async def test_a_missing_package_is_told_with_the_command_that_installs_it(self, word, monkeypatch):
        for name in [name for name in sys.modules if name.partition(".")[0] == "mcp"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "mcp", None)
        async with opened(word, argv=["surely-no-such-program"]) as (runner, seen):
            await until(lambda: runner.ready, "it is told")
            assert failures(seen) == ["needs the [mcp] extra: pip install 'rtvoice-tui[mcp]'"]
            outcome = await runner.run(Call("srv_x", {}))
            assert error_of(outcome) == "srv_x failed: the server srv is not connected"
            assert outcome.note == "needs the [mcp] extra: pip install 'rtvoice-tui[mcp]'"

    @pytest.mark.parametrize(
        ("run", "sentence"),
        [
            (McpRun(), "tool srv: an MCP server has either argv or url"),
            (McpRun(argv=["x"], url="http://x/"), "tool srv: an MCP server has either argv or url"),
            (McpRun(url="ftp://x/"), "tool srv: 'ftp://x/' is no http:// or https:// address"),
        ],
    )
    def test_a_server_that_is_nowhere_is_refused_when_it_is_loaded(self, run, sentence, tmp_path):
        toolset, problems = Registry(tmp_path, {}).toolset(Profile(tools=[ToolEntry(name="srv", run=run)]))
        assert (toolset, problems) == ({}, [sentence])


class TestClosing:
    async def test_it_ends_the_server(self, word, notes):
        async with opened(word, argv=small("plain", str(notes))) as (runner, _):
            await connected(runner)
            assert left(word)
            await runner.close()
            assert not left(word)
            assert stands(runner) is CLOSED

    async def test_it_ends_a_server_that_does_not_end_by_itself_before_the_app_gives_up(self, word, notes, tmp_path):
        entry = ToolEntry(name="srv", run=McpRun(argv=small("stubborn", str(notes))))
        profile = Profile(tools=[entry])
        box = Toolbox()
        box.use(Registry(tmp_path, {}).toolset(profile)[0], profile.tool_specs)
        box.open()
        await until(lambda: box.specs, "its tools are there")
        await box.close()
        assert not left(word)

    @pytest.mark.parametrize("how", ["plain", "dies idle", "error", "stubborn"])
    @pytest.mark.parametrize("turns", [0, 1, 5, 50, 300])
    async def test_it_comes_to_an_end_at_any_moment_and_leaves_nothing(self, word, notes, how, turns):
        async with asyncio.timeout(60):
            async with opened(word, argv=small(how, str(notes))) as (runner, _):
                for _ in range(turns):
                    await asyncio.sleep(0.001)
            await until(lambda: not left(word), "what was just being started, and was ended, is gone")
            assert stands(runner) is CLOSED

    async def test_it_comes_to_an_end_right_after_a_call_in_which_the_server_died(self, word, notes):
        async with asyncio.timeout(60):
            async with opened(word, argv=small("dies", str(notes))) as (runner, _):
                await connected(runner)
                await runner.run(Call("srv_hello", {}))
            assert not left(word)

    async def test_a_call_under_way_is_told(self, word, notes):
        async with opened(word, argv=small("busy", str(notes))) as (runner, _):
            await connected(runner)
            call = asyncio.ensure_future(runner.run(Call("srv_hello", {})))
            await until(lambda: asked(notes, "tools/call"), "it is called")
            await runner.close()
            assert (await call).output

    async def test_it_can_be_opened_again(self, word, notes):
        async with opened(word, argv=small("plain", str(notes))) as (runner, _):
            await connected(runner)
            await runner.close()
            await runner.open()
            await connected(runner)
            assert (await runner.run(Call("srv_hello", {}))).ok

    async def test_what_a_server_writes_to_stderr_does_not_pile_up(self, tmp_path, monkeypatch):
        monkeypatch.setattr(mcp, "MAX_STDERR", 1000)
        path = tmp_path / "stderr"
        with path.open("w+b") as errors:
            program = (
                "import sys\nfor line in sys.stdin: print(line * 1000, end='', file=sys.stderr); print(flush=True)"
            )
            server = await asyncio.create_subprocess_exec(
                sys.executable, "-S", "-u", "-c", program, stdin=-1, stdout=-1, stderr=errors
            )
            for number in itertools.islice(itertools.count(), 5):
                server.stdin.write(b"%d\n" % number)
                await server.stdout.readline()
                mcp._trim(errors)
                assert path.stat().st_size <= 1000
            server.stdin.write(b"the last\n")
            await server.stdout.readline()
            assert path.stat().st_size == len("the last\n") * 1000
            assert mcp._last_line(errors) == "the last"
            server.stdin.close()
            await server.wait()
