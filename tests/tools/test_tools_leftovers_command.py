"""What a command leaves behind is ended with its call, however it was left and however the call ends."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leftovers import WAYS, Leftover, await_gone, end, leftover
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import CommandRun
from tools.toolbench import Bench, bench, complaint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can find what left its group")

STAY = "sleep 3600"
ENDS = {"works": ("echo done", "done\n"), "fails": ("exit 3", ""), "kills itself": ("kill -9 $$", "")}


def tool(name: str, argv: list[str], timeout_s: float = 30) -> ToolEntry:
    return ToolEntry(name=name, run=CommandRun(argv=argv), timeout_s=timeout_s)


@contextlib.asynccontextmanager
async def desk(folder: Path, left: list[Leftover]) -> AsyncIterator[Bench]:
    """A toolbox; what it leaves is ended if the test fails."""
    try:
        async with bench(folder) as made:
            yield made
    finally:
        end(left)


async def gone(*left: Leftover) -> None:
    await asyncio.to_thread(await_gone, left)


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("way", WAYS)
async def test_what_a_command_leaves_is_ended_when_it_has_ended(tmp_path: Path, way: str, how: str) -> None:
    then, output = ENDS[how]
    left = leftover(tmp_path)
    async with desk(tmp_path, [left]) as toolbox:
        toolbox.use(tool("leaves", left.command(way, then)))
        outcome = await toolbox.call("leaves")
        assert left.came
        assert outcome.ok is bool(output)
        assert outcome.output == output or not outcome.ok
        await gone(left)


@pytest.mark.parametrize("way", WAYS)
async def test_what_a_command_leaves_is_ended_when_its_call_is_stopped(tmp_path: Path, way: str) -> None:
    left = leftover(tmp_path)
    async with desk(tmp_path, [left]) as toolbox:
        toolbox.use(tool("leaves", left.command(way, STAY)))
        call = asyncio.create_task(toolbox.call("leaves"))
        await toolbox.until(lambda: left.came, "it was left")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await gone(left)


async def test_what_commands_leave_is_ended_when_they_take_too_long(tmp_path: Path) -> None:
    all_left = {way: leftover(tmp_path) for way in WAYS}
    names = {way: f"leaves_{number}" for number, way in enumerate(WAYS)}
    async with desk(tmp_path, list(all_left.values())) as toolbox:
        toolbox.use(*(tool(names[way], left.command(way, STAY), 3) for way, left in all_left.items()))
        outcomes = await asyncio.gather(*(toolbox.call(name) for name in names.values()))
        assert all("gave no result within 3 s" in complaint(outcome) for outcome in outcomes)
        assert all(left.came for left in all_left.values())
        await gone(*all_left.values())


async def test_what_commands_leave_is_ended_when_the_toolbox_closes(tmp_path: Path) -> None:
    all_left = {way: leftover(tmp_path) for way in WAYS}
    names = {way: f"leaves_{number}" for number, way in enumerate(WAYS)}
    async with desk(tmp_path, list(all_left.values())) as toolbox:
        toolbox.use(*(tool(names[way], left.command(way, STAY)) for way, left in all_left.items()))
        calls = [asyncio.create_task(toolbox.call(name)) for name in names.values()]
        await toolbox.until(lambda: all(left.came for left in all_left.values()), "all were left")
        async with asyncio.timeout(15):
            await toolbox.box.close()
        await asyncio.wait(calls)
        await gone(*all_left.values())


@pytest.mark.parametrize("way", ["a session of its own", "a daemon"])
async def test_what_a_flood_leaves_is_ended_when_it_is_stopped(tmp_path: Path, way: str) -> None:
    left = leftover(tmp_path)
    async with desk(tmp_path, [left]) as toolbox:
        toolbox.use(tool("leaves", left.command(way, "yes")))
        assert "printed more than" in complaint(await toolbox.call("leaves"))
        assert left.came
        await gone(left)


@pytest.mark.parametrize("way", ["a child in the background", "a session of its own", "a daemon"])
async def test_the_end_of_one_call_leaves_alone_what_belongs_to_another(tmp_path: Path, way: str) -> None:
    """Both calls are of one tool: only the call tells apart what belongs to which."""
    mine, other = leftover(tmp_path), leftover(tmp_path)
    argv = mine.command(way, 'until [ -e "$1.go" ]; do sleep 0.02; done')
    argv[4:6] = ["{there}", "{seconds}"]
    async with desk(tmp_path, [mine, other]) as toolbox:
        toolbox.use(ToolEntry(name="leaves", run=CommandRun(argv=argv, paths=True), timeout_s=30))
        calls = [
            asyncio.create_task(toolbox.call("leaves", name, there=str(left.there), seconds=left.seconds))
            for name, left in (("c1", mine), ("c2", other))
        ]
        await toolbox.until(lambda: mine.came and other.came, "both were left")
        mine.there.with_name(f"{mine.there.name}.go").touch()
        assert (await calls[0]).ok
        await gone(mine)
        assert other.runs, "its call is not over"
        calls[1].cancel()
        await asyncio.wait(calls)
        await gone(other)


async def test_what_a_command_started_may_work_as_long_as_the_command_waits_for_it(tmp_path: Path) -> None:
    """Nothing is ended early: not a child in another session, nor one whose parent has ended."""
    script = (
        '(setsid sh -c "sleep 0.5; echo slow >\\"$1\\"" left "$1" &); until [ -s "$1" ]; do sleep 0.02; done; cat "$1"'
    )
    async with desk(tmp_path, []) as toolbox:
        toolbox.use(tool("waits", ["sh", "-c", script, "sh", str(tmp_path / "slow")]))
        assert await toolbox.said("waits") == "slow\n"
