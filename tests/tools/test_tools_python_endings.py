"""A function that never returns, crashes or is stopped costs its process at most, and nothing of it is left."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from engine.bench import until
from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools import python_process
from rtvoice_tui.tools.python import PythonRunner
from rtvoice_tui.tools.python_file import PythonFile
from rtvoice_tui.tools.runner import Call, Outcome
from tools.toolbench import Bench, alive, bench, complaint, function, pid_in, write

UNRULY = Path(__file__).with_name("unruly.py").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "tools.py", UNRULY)
    return tmp_path


def use(desk: Bench, *names: str, **limits: float) -> None:
    desk.use(*(function(name, timeout_s=limits.get(name, 30)) for name in (*names, *limits)))


# --- it ends by itself


async def test_a_crash_is_told_with_how_the_process_ended_and_the_next_call_has_a_new_one(folder):
    async with bench(folder) as desk:
        use(desk, "pid", "exits", "segfaults", "kills_itself")
        pids = [await desk.said("pid")]
        for name, word in [("exits", "exit code 5"), ("segfaults", "SIGSEGV"), ("kills_itself", "SIGKILL")]:
            outcome = await desk.call(name)
            assert (
                complaint(outcome)
                == f"{name} failed: its process ended with {word if ' ' in word else f'signal {word}'}"
            )
            pids.append(await desk.said("pid"))
        assert len(set(pids)) == 4


async def test_what_a_process_said_at_last_is_shown_to_the_user(folder):
    async with bench(folder) as desk:
        use(desk, "exits")
        outcome = await desk.call("exits")
        assert "last words" in outcome.note
        assert "last words" not in outcome.output


async def test_a_process_that_was_ended_between_two_calls_is_replaced(folder):
    async with bench(folder) as desk:
        use(desk, "pid")
        old = int(await desk.said("pid"))
        os.kill(old, signal.SIGKILL)
        await desk.until(lambda: not alive(old), "its end is seen")
        (file,) = desk.registry._files.values()
        await desk.until(lambda: not file._host.alive, "its end is known")
        assert int(await desk.said("pid")) != old


async def test_a_crash_fails_the_calls_that_run_beside_it_at_once(folder):
    async with bench(folder) as desk:
        use(desk, "stuck", "exits")
        beside = asyncio.create_task(desk.call("stuck", begun=str(folder / "begun")))
        await desk.until((folder / "begun").exists)
        await desk.call("exits")
        assert "exit code 5" in complaint(await beside)


# --- it takes too long


async def test_a_stuck_function_is_given_up_while_others_of_its_file_finish_and_the_next_call_has_a_new_process(folder):
    async with bench(folder) as desk:
        use(desk, "waits", "pid", stuck=0.3)
        old = int(await desk.said("pid"))
        beside = asyncio.create_task(desk.said("waits", begun=str(folder / "waits"), go=str(folder / "go")))
        await desk.until((folder / "waits").exists)
        assert complaint(await desk.call("stuck", begun=str(folder / "stuck"))) == "stuck gave no result within 0.3 s"
        assert int(await desk.said("pid")) != old
        assert alive(old), "a call that runs in it is not over"
        (folder / "go").touch()
        assert await beside == "at last"
        await desk.until(lambda: not alive(old), "the old process ends with its last call")


async def test_a_coroutine_that_takes_too_long_is_cancelled_and_its_process_stays(folder):
    async with bench(folder) as desk:
        use(desk, "count", waits_later=1.5)
        assert await desk.said("count") == "1"
        outcome = await desk.call("waits_later", begun=str(folder / "begun"), cleaned=str(folder / "cleaned"))
        assert complaint(outcome) == "waits_later gave no result within 1.5 s"
        assert (folder / "cleaned").exists()
        assert await desk.said("count") == "2"


@pytest.mark.parametrize("name", ["stubborn", "blocks_the_loop"])
async def test_a_coroutine_that_does_not_heed_its_end_loses_its_process(folder, name):
    async with bench(folder) as desk:
        use(desk, "pid", **{name: 0.3})
        old = int(await desk.said("pid"))
        assert "0.3 s" in complaint(await desk.call(name, begun=str(folder / "begun")))
        assert int(await desk.said("pid")) != old
        await desk.until(lambda: not alive(old))


# --- it is stopped from outside


async def stop(call: "asyncio.Task[object]") -> None:
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


SLOW_ONCE = """
import os, pathlib, time
begun = pathlib.Path(__file__).with_name("begun")
if not begun.exists():
    begun.with_name("new").write_text(f"{os.getpid()}\\n")
    begun.with_name("new").rename(begun)
    time.sleep(3600)

def tool() -> str:
    return "loaded"
"""
"""A file that never finishes loading the first time."""


async def test_a_call_that_is_stopped_while_its_file_loads_ends_the_loading(tmp_path):
    file = PythonFile(write(tmp_path / "tools.py", SLOW_ONCE))
    runner = PythonRunner(ToolSpec(name="tool"), PythonRun(target="tools.py:tool"), file)
    call = asyncio.create_task(runner.run(Call("tool", {})))
    await until((tmp_path / "begun").exists)
    await stop(call)
    await until(lambda: not alive(pid_in(tmp_path / "begun")), "the process that loads ends")
    assert await runner.run(Call("tool", {})) == Outcome("loaded", ok=True)
    await runner.close()


async def test_a_call_that_waits_for_another_s_loading_can_be_stopped_and_leaves_it_alone(tmp_path):
    write(tmp_path / "tools.py", SLOW_ONCE)
    async with bench(tmp_path) as desk:
        desk.use(function("tool", timeout_s=30))
        await desk.until((tmp_path / "begun").exists)
        pid = pid_in(tmp_path / "begun")
        call = asyncio.create_task(desk.call("tool"))
        await desk.until(lambda: desk.box._calls, "it waits")
        await stop(call)
        assert alive(pid)
        os.kill(pid, signal.SIGKILL)
        assert await desk.said("tool") == "loaded"


async def test_a_tool_that_is_taken_away_while_its_file_loads_leaves_no_process(tmp_path):
    write(tmp_path / "tools.py", SLOW_ONCE)
    async with bench(tmp_path) as desk:
        desk.use(function("tool"))
        await desk.until((tmp_path / "begun").exists)
        desk.use()
        await desk.until(lambda: not alive(pid_in(tmp_path / "begun")))


async def test_a_close_while_a_file_loads_is_quick_and_leaves_no_process(tmp_path):
    write(tmp_path / "tools.py", SLOW_ONCE)
    async with bench(tmp_path) as desk:
        desk.use(function("tool"))
        await desk.until((tmp_path / "begun").exists)
        async with asyncio.timeout(15):
            await desk.box.close()
        await desk.until(lambda: not alive(pid_in(tmp_path / "begun")))


async def test_a_function_that_is_stopped_ends_with_its_process_and_the_next_call_has_a_new_one(folder):
    async with bench(folder) as desk:
        use(desk, "stuck", "pid")
        old = int(await desk.said("pid"))
        call = asyncio.create_task(desk.call("stuck", begun=str(folder / "begun")))
        await desk.until((folder / "begun").exists)
        await stop(call)
        await desk.until(lambda: not alive(old), "its process ends")
        assert int(await desk.said("pid")) != old


async def test_a_coroutine_that_is_stopped_cleans_up_and_leaves_its_process(folder):
    async with bench(folder) as desk:
        use(desk, "waits_later", "count")
        assert await desk.said("count") == "1"
        call = asyncio.create_task(
            desk.call("waits_later", begun=str(folder / "begun"), cleaned=str(folder / "cleaned"))
        )
        await desk.until((folder / "begun").exists)
        await stop(call)
        await desk.until((folder / "cleaned").exists, "its clean-up has run")
        assert await desk.said("count") == "2"


async def test_a_coroutine_that_is_stopped_after_an_edit_of_its_file_still_cleans_up(folder):
    async with bench(folder) as desk:
        use(desk, "waits_later", "pid")
        old = int(await desk.said("pid"))
        call = asyncio.create_task(
            desk.call("waits_later", begun=str(folder / "begun"), cleaned=str(folder / "cleaned"))
        )
        await desk.until((folder / "begun").exists)
        write(folder / "tools.py", UNRULY + "\n# edited\n")
        assert int(await desk.said("pid")) != old
        await stop(call)
        await desk.until(lambda: not alive(old), "its process ends")
        assert (folder / "cleaned").exists()


# --- what it started


async def test_a_child_of_a_function_that_is_stopped_is_ended(folder):
    async with bench(folder) as desk:
        use(desk, "starts_a_child")
        call = asyncio.create_task(desk.call("starts_a_child", begun=str(folder / "begun")))
        await desk.until((folder / "begun").exists)
        child = pid_in(folder / "begun")
        assert alive(child)
        await stop(call)
        await desk.until(lambda: not alive(child), "the child ends")


async def test_a_child_of_a_function_that_crashes_is_ended_without_another_call(folder):
    async with bench(folder) as desk:
        use(desk, "leaves_a_child_and_crashes")
        outcome = await desk.call("leaves_a_child_and_crashes", begun=str(folder / "begun"))
        assert "exit code 7" in complaint(outcome)
        child = pid_in(folder / "begun")
        await desk.until(lambda: not alive(child), "the child ends")


async def test_a_crash_is_told_at_once_even_if_a_copy_of_the_process_lives_on(folder):
    async with bench(folder) as desk:
        use(desk, "forks_and_crashes")
        outcome = await desk.call("forks_and_crashes", begun=str(folder / "begun"))
        assert "exit code 8" in complaint(outcome)
        child = pid_in(folder / "begun")
        await desk.until(lambda: not alive(child), "the copy ends")


async def test_a_child_that_left_for_a_session_of_its_own_is_ended_by_the_close(folder):
    async with bench(folder) as desk:
        use(desk, "lets_a_child_go")
        assert await desk.said("lets_a_child_go", begun=str(folder / "begun")) == "gone on"
        child = pid_in(folder / "begun")
    assert not alive(child)


async def test_a_close_right_after_a_function_was_stopped_leaves_nothing_open(folder):
    async with bench(folder) as desk:
        use(desk, "stuck")
        call = asyncio.create_task(desk.call("stuck", begun=str(folder / "begun")))
        await desk.until((folder / "begun").exists)
        call.cancel()
        await asyncio.sleep(0)


async def test_a_process_whose_app_is_gone_ends_even_if_a_function_or_the_loading_never_does(folder):
    write(folder / "loads.py", SLOW_ONCE.replace('"begun"', '"loads"'))
    for file, begun in [("tools.py", folder / "begun"), ("loads.py", folder / "loads")]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", str(python_process._HOST), str(folder / file)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        question = {"id": 1, "call": "blocks_with_a_child", "arguments": {"begun": str(folder / "begun")}}
        if file == "tools.py":
            assert json.loads(await process.stdout.readline()) == {"ready": True}
            process.stdin.write(json.dumps(question).encode() + b"\n")
        await until(begun.exists)
        number = pid_in(begun)
        process.stdin.close()
        async with asyncio.timeout(20):
            await process.communicate()
        await until(lambda number=number: not alive(number), "it or what it started ends too")


async def test_a_child_that_outlives_its_function_is_ended_at_the_close(folder):
    async with bench(folder) as desk:
        use(desk, "leaves_a_child")
        assert await desk.said("leaves_a_child", begun=str(folder / "begun")) == "gone on"
        child = pid_in(folder / "begun")
        assert alive(child)
    await desk.until(lambda: not alive(child), "the child ends")


async def test_a_close_with_running_calls_of_every_sort_is_quick_and_leaves_nothing(folder):
    names = ["waits_later", "stuck", "starts_a_child", "stubborn", "blocks_the_loop"]
    async with bench(folder) as desk:
        use(desk, "pid", *names)
        pid = int(await desk.said("pid"))
        calls = {name: asyncio.create_task(desk.call(name, begun=str(folder / name))) for name in names}
        await desk.until(lambda: all((folder / name).exists() for name in names))
        child = pid_in(folder / "starts_a_child")
        async with asyncio.timeout(15):
            await desk.box.close()
        outcomes = await asyncio.gather(*calls.values(), return_exceptions=True)
        for outcome in outcomes:
            assert isinstance(outcome, asyncio.CancelledError) or "cancelled" in json.loads(outcome.output)["error"]
        await desk.until(lambda: not alive(pid))
        await desk.until(lambda: not alive(child))
