"""However a command ends, nothing of it is left, and its result comes when it is there."""

import asyncio
import contextlib
import json
import os
import sys
import tracemalloc

import pytest
from command_programs import PATIENCE_S, end, left, mark, python, ran, runner, until

from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import CommandRun
from rtvoice_tui.tools import command
from rtvoice_tui.tools.registry import Registry
from rtvoice_tui.tools.runner import Call
from rtvoice_tui.tools.toolbox import Toolbox

STUBBORN = """sh -c 'trap "" TERM; : >"$1"; while :; do sleep 1; done' sh "$1" "$2" """
"""A grandchild that does not end when it is asked to; it says in a file that it is there."""

STAGES = {
    "while it runs": f"{STUBBORN} & wait",
    "while it runs and does not end when asked": f"trap '' TERM; {STUBBORN} & while :; do wait; done",
    "after it closed its streams": f"{STUBBORN} >/dev/null 2>&1 & exec >&- 2>&-; wait",
    "while it floods": f"{STUBBORN} & yes >/dev/null & wait",
}


@pytest.fixture
def word():
    made = mark()
    yield made
    end(made)


@contextlib.asynccontextmanager
async def running(script, word, tmp_path, arguments=None):
    """A call whose grandchild is there."""
    there = tmp_path / "there"
    program = runner("sh", "-c", script, "sh", str(there), word)
    call = asyncio.ensure_future(program.run(Call("tool", arguments or {})))
    await until(there.exists, "the grandchild is there")
    try:
        yield call
    finally:
        call.cancel()
        await asyncio.wait({call}, timeout=PATIENCE_S)


async def cancelled(call):
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize("stage", STAGES)
async def test_cancelling_ends_all_that_was_started(stage, word, tmp_path):
    async with running(STAGES[stage], word, tmp_path) as call:
        await cancelled(call)
        await until(lambda: not left(word), "all of it has ended")


async def test_cancelling_ends_a_program_that_does_not_read_what_it_is_told(word, tmp_path):
    async with running(STAGES["while it runs"], word, tmp_path, {"text": "x" * 1_000_000}) as call:
        await cancelled(call)
        await until(lambda: not left(word), "all of it has ended")


@pytest.mark.parametrize("turns", range(12))
async def test_cancelling_while_it_starts_leaves_nothing(turns, word, tmp_path):
    program = runner("sh", "-c", f"{STUBBORN} & wait", "sh", str(tmp_path / "there"), word)
    call = asyncio.ensure_future(program.run(Call("tool", {})))
    for _ in range(turns):
        await asyncio.sleep(0)
    await cancelled(call)
    await until(lambda: not left(word), "all of it has ended")


async def test_a_program_that_forks_before_its_start_is_noticed_is_ended_too(word, tmp_path, monkeypatch):
    """The loop is kept from noticing until the grandchild is there."""
    there = tmp_path / "there"
    program = runner("sh", "-c", f"{STUBBORN} & wait", "sh", str(there), word)
    loop = asyncio.get_running_loop()
    connect = loop.connect_write_pipe

    async def late(*arguments):
        await until(there.exists, "the grandchild is there")
        return await connect(*arguments)

    monkeypatch.setattr(loop, "connect_write_pipe", late)
    call = asyncio.ensure_future(program.run(Call("tool", {})))
    await until(lambda: left(word), "the program is there")
    await cancelled(call)
    await until(lambda: not left(word), "all of it has ended")


async def test_a_second_cancel_only_makes_it_quicker(word, tmp_path):
    async with running(STAGES["while it runs and does not end when asked"], word, tmp_path) as call:
        call.cancel()
        await asyncio.sleep(0)
        await cancelled(call)
        await until(lambda: not left(word), "all of it has ended")


@pytest.mark.parametrize("stage", STAGES)
async def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(stage, word, tmp_path):
    run = CommandRun(argv=["sh", "-c", STAGES[stage], "sh", str(tmp_path / "there"), word])
    profile = Profile(tools=[ToolEntry(name="slow", run=run, timeout_s=0.5)])
    toolset, problems = Registry(tmp_path, {"PATH": os.environ["PATH"]}).toolset(profile)
    assert not problems
    box = Toolbox()
    box.use(toolset, profile.tool_specs)
    box.open()
    try:
        outcome = await box.run("slow", "{}", "c1")
        assert json.loads(outcome.output) == {"error": "slow gave no result within 0.5 s"}
        await until(lambda: not left(word), "all of it has ended")
    finally:
        await box.close()


async def test_closing_everything_ends_a_program_under_way(word, tmp_path):
    there = tmp_path / "there"
    run = CommandRun(argv=["sh", "-c", STAGES["while it runs"], "sh", str(there), word])
    profile = Profile(tools=[ToolEntry(name="slow", run=run, timeout_s=PATIENCE_S)])
    box = Toolbox()
    box.use(Registry(tmp_path, {"PATH": os.environ["PATH"]}).toolset(profile)[0], profile.tool_specs)
    box.open()
    call = asyncio.ensure_future(box.run("slow", "{}", "c1"))
    await until(there.exists, "the grandchild is there")
    await box.close()
    await until(lambda: not left(word), "all of it has ended")
    await asyncio.wait({call}, timeout=PATIENCE_S)
    assert call.done()


class TestResults:
    async def test_a_program_need_not_read_what_it_is_told(self):
        outcome = await ran("printf", "done", arguments={"text": "x" * 2_000_000})
        assert (outcome.output, outcome.ok) == ("done", True)

    async def test_a_program_may_close_its_stdin_and_go_on(self):
        outcome = await ran("sh", "-c", "exec <&-; sleep 0.1; echo done", arguments={"text": "x" * 2_000_000})
        assert outcome.output == "done\n"

    async def test_a_program_that_says_nothing_more_is_waited_for(self):
        outcome = await ran("sh", "-c", "echo told; exec >&- 2>&-; sleep 0.2; exit 3")
        assert dict(outcome.details)["exit code"] == "3"
        assert dict(outcome.details)["stdout"] == "told\n"

    @pytest.mark.parametrize("held", ["", "2>/dev/null", ">/dev/null", "</dev/null"])
    async def test_the_result_does_not_wait_for_what_a_program_leaves_behind(self, held, word):
        """The child sleeps far longer than a result is waited for here."""
        script = f"sh -c 'while :; do sleep 1; done' sh \"$1\" {held} & echo $!"
        async with asyncio.timeout(PATIENCE_S):
            outcome = await ran("sh", "-c", script, "sh", word)
        assert outcome.ok
        await until(lambda: not left(word), "it has ended")

    async def test_what_a_child_says_shortly_after_its_parent_ended_still_counts(self):
        outcome = await ran("sh", "-c", "(echo late) & echo early")
        assert sorted(outcome.output.split()) == ["early", "late"]


class TestFlood:
    @pytest.mark.parametrize("script", ["yes", "yes >&2", "yes & yes >&2", "yes & exit 0"])
    async def test_it_is_stopped_and_told(self, script, word):
        async with asyncio.timeout(PATIENCE_S):
            outcome = await ran("sh", "-c", script, "sh", word)
        assert json.loads(outcome.output) == {"error": "tool failed: it printed more than 8 MB and was stopped"}
        await until(lambda: not left(word), "it has ended")

    async def test_the_stopped_flood_has_ended_even_where_a_child_made_it(self, word):
        async with asyncio.timeout(PATIENCE_S):
            await ran("sh", "-c", 'yes "$1" & exit 0', "sh", word)
        await until(lambda: not left(word), "it has ended")

    async def test_only_its_beginning_is_kept(self):
        tracemalloc.start()
        try:
            outcome = await ran("yes")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert not outcome.ok
        assert dict(outcome.details)["stdout"].startswith("y\ny\n")
        assert most < command.FLOOD_BYTES / 2

    async def test_a_program_that_prints_much_but_ends_is_no_flood(self):
        size = command.FLOOD_BYTES - 1
        outcome = await ran(*python(f"import sys; sys.stdout.write('x' * {size})"))
        assert outcome.ok
        assert f"only the first {command.KEPT_BYTES} of {size} bytes of its output were kept" in outcome.note


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only there a program has a supervisor")


@LINUX
async def test_a_program_that_stops_its_supervisor_is_ended_all_the_same(word):
    script = "kill -STOP $PPID; while :; do sleep 0.1; done"
    call = asyncio.ensure_future(runner("sh", "-c", script, "sh", word).run(Call("tool", {})))
    await until(lambda: left(word), "it runs")
    await asyncio.sleep(0.2)
    await cancelled(call)
    await until(lambda: not left(word), "it has ended")


@LINUX
async def test_a_program_that_kills_its_supervisor_is_ended_with_it(word):
    outcome = await ran("sh", "-c", "kill -KILL $PPID; while :; do sleep 0.1; done", "sh", word)
    assert not outcome.ok
    await until(lambda: not left(word), "it has ended")
