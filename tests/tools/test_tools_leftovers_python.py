"""What a function leaves behind is ended with the process of its file, which may serve several calls."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leftovers import DAEMON, Leftover, await_gone, end, leftover
from tools.toolbench import Bench, bench, complaint, function, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can find what left its group")

LEAVING = Path(__file__).with_name("leaving.py").read_text(encoding="utf-8")
HOWS = ["a child", "a session of its own", "an empty environment", "a daemon"]


@contextlib.asynccontextmanager
async def desk(folder: Path, *left: Leftover, timeout_s: float = 30) -> AsyncIterator[Bench]:
    """A toolbox with all functions; what they leave is ended if the test fails."""
    write(folder / "tools.py", LEAVING)
    try:
        async with bench(folder) as made:
            made.use(*(function(name, timeout_s=timeout_s) for name in ("leaves", "leaves_later", "minds_a_child")))
            await made.described()
            yield made
    finally:
        end(left)


def leave(toolbox: Bench, name: str, how: str, left: Leftover, then: str = "return") -> "asyncio.Task":
    """A call that leaves something, and then does something else."""
    about = {"how": how, "program": left.program, "there": str(left.there), "daemon": DAEMON, "then": then}
    return asyncio.create_task(toolbox.call(name, **about))


async def gone(*left: Leftover) -> None:
    await asyncio.to_thread(await_gone, left)


@pytest.mark.parametrize("name", ["leaves", "leaves_later"])
@pytest.mark.parametrize("how", HOWS)
async def test_what_a_function_leaves_may_serve_later_calls_and_ends_with_the_file(
    tmp_path: Path, how: str, name: str
) -> None:
    left = leftover(tmp_path)
    async with desk(tmp_path, left) as toolbox:
        assert (await leave(toolbox, name, how, left)).output == "gone on"
        assert left.runs
    await gone(left)


@pytest.mark.parametrize("how", HOWS)
async def test_what_a_function_leaves_is_ended_when_it_crashes(tmp_path: Path, how: str) -> None:
    left = leftover(tmp_path)
    async with desk(tmp_path, left) as toolbox:
        assert "exit code 7" in complaint(await leave(toolbox, "leaves", how, left, "crash"))
        assert left.came
        await gone(left)


@pytest.mark.parametrize("how", HOWS)
async def test_what_a_function_leaves_is_ended_when_it_is_stopped(tmp_path: Path, how: str) -> None:
    left = leftover(tmp_path)
    async with desk(tmp_path, left) as toolbox:
        call = leave(toolbox, "leaves", how, left, "stay")
        await toolbox.until(lambda: left.came, "it was left")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await gone(left)


async def test_what_functions_leave_is_ended_when_they_take_too_long(tmp_path: Path) -> None:
    all_left = [leftover(tmp_path) for _ in HOWS]
    async with desk(tmp_path, *all_left, timeout_s=3) as toolbox:
        calls = [leave(toolbox, "leaves", how, left, "stay") for how, left in zip(HOWS, all_left, strict=True)]
        outcomes = await asyncio.gather(*calls)
        assert all("gave no result within 3 s" in complaint(outcome) for outcome in outcomes)
        assert all(left.came for left in all_left)
        await gone(*all_left)


async def test_what_functions_leave_is_ended_when_the_toolbox_closes(tmp_path: Path) -> None:
    all_left = [leftover(tmp_path) for _ in HOWS]
    async with desk(tmp_path, *all_left) as toolbox:
        calls = [leave(toolbox, "leaves", how, left, "stay") for how, left in zip(HOWS, all_left, strict=True)]
        await toolbox.until(lambda: all(left.came for left in all_left), "all were left")
        async with asyncio.timeout(15):
            await toolbox.box.close()
        await asyncio.wait(calls)
        await gone(*all_left)


@pytest.mark.parametrize("how", HOWS)
async def test_what_a_function_leaves_is_ended_when_its_process_is_killed(tmp_path: Path, how: str) -> None:
    left = leftover(tmp_path)
    write(tmp_path / "tools.py", LEAVING + "\n\ndef pid() -> int:\n    return os.getpid()\n")
    try:
        async with bench(tmp_path) as toolbox:
            toolbox.use(*(function(name, timeout_s=30) for name in ("leaves", "pid")))
            host = int(await toolbox.said("pid"))
            call = leave(toolbox, "leaves", how, left, "stay")
            await toolbox.until(lambda: left.came, "it was left")
            os.kill(host, 9)
            assert "SIGKILL" in complaint(await call)
            await gone(left)
    finally:
        end([left])
