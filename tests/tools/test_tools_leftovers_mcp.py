"""What an MCP server has started is ended with the server, and not before."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mcp_runners import connected, opened, small

from leftovers import Leftover, await_gone, end, holders, leftover
from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import CommandRun, McpRun
from rtvoice_tui.tools.mcp import McpRunner
from rtvoice_tui.tools.runner import Call
from tools.toolbench import bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can find what left its group")

LEFT_BY = ["a child in the background", "a session of its own", "an empty environment", "a daemon"]


def server(folder: Path, way: str, left: Leftover) -> list[str]:
    """The command line of a server whose tool `hello` leaves something behind."""
    return small("leaves", str(folder / "notes"), *left.command(way))


@contextlib.asynccontextmanager
async def left_by(folder: Path, way: str) -> AsyncIterator[tuple[McpRunner, Leftover]]:
    """A server that has left something behind."""
    left = leftover(folder)
    try:
        async with opened(left.seconds, argv=server(folder, way, left)) as (runner, _):
            await connected(runner)
            assert (await runner.run(Call("srv_hello", {}))).output == "hello hello"
            async with asyncio.timeout(20):
                while not left.came:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.02)
            yield runner, left
    finally:
        end([left])


@pytest.mark.parametrize("way", LEFT_BY)
async def test_what_a_server_left_is_ended_when_it_is_closed(tmp_path: Path, way: str) -> None:
    async with left_by(tmp_path, way) as (runner, left):
        await runner.close()
        await asyncio.to_thread(await_gone, left)


@pytest.mark.parametrize("way", LEFT_BY)
async def test_what_a_server_left_is_ended_when_it_dies(tmp_path: Path, way: str) -> None:
    """The server is started again: its command line is in the list of processes, so the one process is looked at."""
    async with left_by(tmp_path, way) as (_, left):
        number = int(left.there.read_text())
        (program,) = [
            pid for pid, line in holders(left.seconds) if "mcp_small_program" in line and "supervisor" not in line
        ]
        os.kill(program, signal.SIGKILL)
        async with asyncio.timeout(10):
            while number in [pid for pid, _ in holders(left.seconds)]:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.02)


async def test_the_end_of_a_command_s_call_leaves_alone_what_a_server_has_started(tmp_path: Path) -> None:
    kept, left = leftover(tmp_path), leftover(tmp_path)
    served = ToolEntry(name="srv", run=McpRun(argv=server(tmp_path, "a session of its own", kept)))
    command = ToolEntry(name="leaves", run=CommandRun(argv=left.command("a session of its own")))
    try:
        async with bench(tmp_path) as toolbox:
            toolbox.use(served, command)
            await toolbox.described()
            assert await toolbox.said("srv_hello") == "hello hello"
            await toolbox.until(lambda: kept.came, "the server has started something")
            assert await toolbox.said("leaves") == ""
            await asyncio.to_thread(await_gone, left)
            assert int(kept.there.read_text()) in [pid for pid, _ in holders(kept.seconds)]
        await asyncio.to_thread(await_gone, kept)
    finally:
        end([kept, left])
