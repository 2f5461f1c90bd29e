"""All tools of a session: kept, replaced, called with a limit, and gone without a trace when it is over."""

import asyncio
import threading
from typing import Any

import pytest

from engine.bench import until
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import AskRun, CommandRun, HostedRun, MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerChanged, ServerState
from rtvoice_tui.tools.registry import Tool
from rtvoice_tui.tools.runner import Call, Outcome, Runner, ServerStatus
from rtvoice_tui.tools.toolbox import Toolbox
from tools.toolbench import Bench, Steered, alive, bench, complaint, function, tool_threads, write


def steered(name: str, answer: Any = "done") -> Steered:
    return Steered(ToolSpec(name=name), answer)


class Server(Steered):
    """A server with several tools, that begins to stand when the test says so."""

    def __init__(self, name: str, *tools: str) -> None:
        super().__init__(ToolSpec(name=name))
        self.release.set()
        self.specs = ()
        self.status = ServerStatus(ServerState.STARTING)
        self._tools = tools

    @property
    def ready(self) -> bool:
        return self.status != ServerStatus(ServerState.STARTING)

    def arrive(self) -> None:
        self.specs = tuple(ToolSpec(name=name, description=f"of {id(self)}") for name in self._tools)
        self.status = ServerStatus(ServerState.CONNECTED)
        self.changed()


# --- calls


async def test_an_unknown_name_is_told_and_starts_nothing():
    box = Toolbox()
    outcome = await box.run("nothing", "{}", "1")
    assert complaint(outcome) == "the function nothing cannot be run here"
    assert box.preview("nothing", "{}") == ""
    assert tool_threads() == []
    await box.close()


async def test_kinds_run_side_by_side(tmp_path):
    write(tmp_path / "tools.py", "def double(x: int) -> int:\n    return 2 * x\n")
    async with bench(tmp_path) as desk:
        desk.use(
            function("double"),
            ToolEntry(name="greet", run=MockRun(result="hello {who}")),
            ToolEntry(name="echo", run=CommandRun(argv=["printf", "%s", "{what}"])),
            ToolEntry(name="who", run=AskRun(), timeout_s=0.05),
            ToolEntry(name="search", run=HostedRun()),
        )
        outcomes = await asyncio.gather(
            desk.call("double", x=4),
            desk.call("greet", who="you"),
            desk.call("echo", what="a b"),
            desk.call("who"),
            desk.call("search"),
        )
    assert [outcome.output for outcome in outcomes[:3]] == ["8", "hello you", "a b"]
    assert "0.05 s" in complaint(outcomes[3])
    assert "at the provider" in complaint(outcomes[4])


async def test_a_call_reaches_its_runner_with_its_name_arguments_and_number():
    tool = steered("tool")
    tool.release.set()
    async with bench() as desk:
        desk.use_runners(tool=tool)
        assert await desk.call("tool", "call-7", city="Omsk") == Outcome("done", ok=True)
    assert tool.calls == [Call("tool", {"city": "Omsk"}, "call-7")]


@pytest.mark.parametrize("arguments", ["", "{", "[]", "null", "5", '"x"', pytest.param("[" * 100_000, id="nested")])
async def test_arguments_that_are_no_object_are_told_and_nothing_runs(arguments):
    tool = steered("tool")
    tool.release.set()
    async with bench() as desk:
        desk.use_runners(tool=tool)
        assert "arguments" in complaint(await desk.box.run("tool", arguments, "1"))
    assert tool.calls == []


@pytest.mark.parametrize(
    ("error", "word"),
    [(RuntimeError("two\nlines"), "RuntimeError: two lines"), (KeyError("x"), "KeyError"), (AssertionError(), "Asser")],
    ids=repr,
)
async def test_what_a_runner_raises_becomes_an_outcome(error, word):
    tool = steered("tool", error)
    tool.release.set()
    async with bench() as desk:
        desk.use_runners(tool=tool)
        assert word in complaint(await desk.call("tool"))


async def test_a_runner_that_is_cancelled_from_within_has_failed():
    tool = steered("tool", asyncio.CancelledError())
    tool.release.set()
    async with bench() as desk:
        desk.use_runners(tool=tool)
        assert "cancelled from within" in complaint(await desk.call("tool"))


async def test_a_call_over_its_limit_is_ended_and_its_limit_named():
    tool = steered("tool")
    async with bench() as desk:
        desk.use_runners(tool=Tool(ToolEntry(name="tool", timeout_s=0.05), tool))
        assert complaint(await desk.call("tool")) == "tool gave no result within 0.05 s"
        assert tool.cancelled == 1


async def test_a_call_that_is_stopped_is_ended():
    tool = steered("tool")
    async with bench() as desk:
        desk.use_runners(tool=tool)
        call = asyncio.create_task(desk.call("tool"))
        await desk.until(tool.begun.is_set)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await desk.until(lambda: tool.cancelled == 1)


async def test_a_preview_that_fails_is_no_reason_not_to_ask():
    class Shy(Runner):
        def preview(self, call: Call) -> str:
            raise RuntimeError("no")

    async with bench() as desk:
        desk.use_runners(tool=Shy(ToolSpec(name="tool")))
        assert desk.box.preview("tool", "{}") == "(RuntimeError)"
        assert desk.box.preview("tool", "{") == "(JSONDecodeError)"


# --- other tools


def entries(**results: str) -> list[ToolEntry]:
    return [ToolEntry(name=name, run=MockRun(result=result)) for name, result in results.items()]


async def test_an_unchanged_tool_keeps_its_runner_and_another_gets_a_new_one():
    async with bench() as desk:
        desk.use(*entries(a="1", b="1"))
        before = {name: tool.runner for name, tool in desk.box._tools.items()}
        desk.use(*entries(a="1", b="2"))
        after = {name: tool.runner for name, tool in desk.box._tools.items()}
        assert after["a"] is before["a"]
        assert after["b"] is not before["b"]
        assert [await desk.said("a"), await desk.said("b")] == ["1", "2"]


async def test_another_policy_of_the_profile_reaches_a_tool_that_is_otherwise_the_same():
    async with bench() as desk:
        desk.use(*entries(a="1"))
        assert not desk.spec("a").asks
        desk.use(*entries(a="1"), tool_policy="ask")
        assert desk.spec("a").asks


async def test_a_file_s_process_and_state_outlast_an_edit_of_its_tool_s_entry(tmp_path):
    write(tmp_path / "tools.py", "n = 0\ndef count() -> int:\n    global n\n    n += 1\n    return n\n")
    async with bench(tmp_path) as desk:
        desk.use(function("count"))
        assert await desk.said("count") == "1"
        desk.use(function("count", description="Other words."))
        assert await desk.said("count") == "2"
        assert desk.spec("count").description == "Other words."


async def test_a_replaced_tool_is_closed_only_when_its_running_call_has_ended():
    old, new = steered("tool"), steered("tool", "new")
    new.release.set()
    async with bench() as desk:
        desk.use_runners(tool=Tool(ToolEntry(name="tool"), old))
        call = asyncio.create_task(desk.call("tool"))
        await desk.until(old.begun.is_set)
        desk.use_runners(tool=Tool(ToolEntry(name="tool", description="new"), new))
        assert await desk.said("tool") == "new"
        assert (old.closed, old.cancelled) == (0, 0)
        old.release.set()
        assert (await call).output == "done"
        await desk.until(lambda: old.closed == 1)
        assert (new.opened, new.closed) == (1, 0)


async def test_a_replaced_tool_is_closed_after_its_call_however_often_tools_are_replaced_meanwhile():
    old = steered("tool")
    async with bench() as desk:
        desk.use_runners(tool=old)
        barrier = threading.Event()
        assert desk.box._loop is not None
        desk.box._loop.call_soon_threadsafe(barrier.wait)  # the tools' own loop is slow to begin the call
        call = asyncio.create_task(desk.call("tool"))
        await asyncio.sleep(0)
        for description in ("1", "2"):
            desk.use_runners(tool=Tool(ToolEntry(name="tool", description=description), steered("tool")))
        barrier.set()
        await desk.until(old.begun.is_set)
        old.release.set()
        await call
        await desk.until(lambda: old.closed == 1)


async def test_an_answer_under_way_may_still_call_what_was_taken_away_and_that_is_closed_again():
    gone = steered("gone")
    gone.release.set()
    async with bench() as desk:
        desk.use_runners(gone=gone, kept=steered("kept"))
        desk.use_runners(kept=steered("kept"))
        await desk.until(lambda: gone.closed == 1)
        assert [spec.name for spec in desk.box.specs] == ["kept"]
        assert await desk.said("gone") == "done"
        await desk.until(lambda: gone.closed == 2)


async def test_a_python_tool_that_was_taken_away_and_called_leaves_no_process(tmp_path):
    write(tmp_path / "tools.py", "import os\ndef pid() -> int:\n    return os.getpid()\n")
    async with bench(tmp_path) as desk:
        desk.use(function("pid"))
        first = int(await desk.said("pid"))
        desk.use(*entries(a="1"))
        await desk.until(lambda: not alive(first))
        second = int(await desk.said("pid"))
        assert second != first
        await desk.until(lambda: not alive(second))


# --- what is known of them


async def test_tools_are_known_in_the_profile_s_order_and_an_own_one_comes_before_a_server_s_of_that_name():
    async with bench() as desk:
        first, second = Server("files", "files_read", "own", "shared"), Server("more", "shared", "last")
        own = steered("own")
        desk.use_runners(files=first, own=own, more=second)
        assert [spec.name for spec in desk.box.specs] == ["own"]
        for server in (second, first):
            server.arrive()
        assert [spec.name for spec in desk.box.specs] == ["files_read", "shared", "own", "last"]
        assert desk.spec("shared").description == f"of {id(first)}"
        assert desk.spec("own") is own.specs[0]
        own.release.set()
        for name, runner in [("own", own), ("shared", first), ("last", second)]:
            await desk.call(name)
            assert runner.calls[-1].name == name
        assert desk.changes == 2


async def test_those_that_need_something_to_be_there_say_how_they_stand():
    server = Server("files", "files_a", "files_b")
    async with bench() as desk:
        desk.use_runners(files=server, own=steered("own"))
        assert desk.box.statuses == [ServerChanged("files", ServerState.STARTING, "", 0)]
        server.arrive()
        assert desk.box.statuses == [ServerChanged("files", ServerState.CONNECTED, "", 2)]


async def test_waiting_for_slow_tools_ends_when_all_are_ready_or_the_time_is_over():
    server = Server("files", "files_a")
    async with bench() as desk:
        desk.use_runners(files=server, own=steered("own"))
        await desk.box.ready(0.05)
        assert desk.box.specs == (ToolSpec(name="own"),)
        waiting = asyncio.create_task(desk.box.ready(60))
        await asyncio.sleep(0)
        server.arrive()
        async with asyncio.timeout(20):
            await waiting
        assert [spec.name for spec in desk.box.specs] == ["files_a", "own"]


async def test_a_tool_that_cannot_be_opened_keeps_no_other_from_working():
    class Broken(Steered):
        async def open(self) -> None:
            raise RuntimeError("no")

    async with bench() as desk:
        other = steered("other")
        other.release.set()
        desk.use_runners(broken=Broken(ToolSpec(name="broken")), other=other)
        assert await desk.said("other") == "done"
        await desk.until(lambda: other.opened == 1)


async def test_tools_are_opened_once_and_not_before_they_are_wanted():
    tool = steered("tool")
    box = Toolbox()
    box.use({"tool": Tool(ToolEntry(name="tool"), tool)}, (ToolSpec(name="tool"),))
    assert tool_threads() == []
    box.open()
    box.open()
    await until(lambda: tool.opened)
    await box.close()
    assert (tool.opened, tool.closed) == (1, 1)


# --- the end


async def test_a_close_ends_running_calls_and_all_tools_those_that_were_replaced_too():
    old, new, idle = steered("tool"), steered("tool"), steered("idle")
    async with bench() as desk:
        desk.use_runners(tool=old, idle=idle)
        calls = [asyncio.create_task(desk.call("tool"))]
        await desk.until(old.begun.is_set)
        desk.use_runners(tool=Tool(ToolEntry(name="tool", description="new"), new), idle=idle)
        calls.append(asyncio.create_task(desk.call("tool")))
        await desk.until(new.begun.is_set)
        await desk.box.close()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(o, asyncio.CancelledError) or "cancelled" in complaint(o) for o in outcomes)
        assert (old.cancelled, new.cancelled) == (1, 1)
        assert min(old.closed, new.closed, idle.closed) >= 1


class Slow(Steered):
    """A runner that takes for ever to be opened."""

    ended = ended_before_the_close = False

    async def open(self) -> None:
        self.begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            self.ended = True

    async def close(self) -> None:
        self.closed += 1
        self.ended_before_the_close = self.ended


async def test_a_close_does_not_wait_for_a_tool_that_is_still_being_opened():
    slow = Slow(ToolSpec(name="slow"))
    async with bench() as desk:
        desk.use_runners(slow=slow)
        await desk.until(slow.begun.is_set)
        await desk.box.close()
        assert (slow.closed, slow.ended_before_the_close) == (1, True)


async def test_a_close_ends_what_was_replaced_while_its_successor_is_still_being_opened():
    first, slow, last = steered("tool"), Slow(ToolSpec(name="tool")), steered("tool")
    async with bench() as desk:
        desk.use_runners(tool=first)
        for number, runner in enumerate((slow, last)):
            desk.use_runners(tool=Tool(ToolEntry(name="tool", description=str(number)), runner))
        await desk.until(lambda: slow.begun.is_set() and last.opened)
        await desk.box.close()
        assert (first.closed, slow.closed, last.closed) == (1, 1, 1)


async def test_after_the_close_nothing_runs_and_nothing_is_started():
    tool = steered("tool")
    tool.release.set()
    async with bench() as desk:
        desk.use_runners(tool=tool)
        assert await desk.said("tool") == "done"
        await desk.box.close()
        assert "cannot be run" in complaint(await desk.call("tool"))
        desk.use_runners(tool=steered("tool"))
        assert "cannot be run" in complaint(await desk.call("tool"))
        assert tool_threads() == []
        await desk.box.close()


async def test_a_close_of_what_was_never_opened_is_nothing():
    async with bench() as desk:
        assert desk.box.specs == ()
    assert isinstance(desk, Bench)
