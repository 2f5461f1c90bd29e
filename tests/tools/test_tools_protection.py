"""What a tool does to itself, the session does not feel."""

import asyncio
import json
import os
import threading
import time

import pytest
from command_programs import PATIENCE_S

from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import CommandRun
from rtvoice_tui.tools.registry import Registry
from rtvoice_tui.tools.toolbox import Toolbox

FLOODS = 8
TICK_S = 0.002


class Session:
    """A loop in a thread of its own, as the session's, that counts how often its turn came."""

    def __init__(self):
        self.ticks = 0
        self._ended = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._tick()))

    async def _tick(self):
        while not self._ended:
            await asyncio.sleep(TICK_S)
            self.ticks += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended = True
        self._thread.join()

    async def rate(self, work):
        """How many ticks a second there are while something is done, or for a while."""
        ticks, began = self.ticks, time.perf_counter()
        await work
        return (self.ticks - ticks) / (time.perf_counter() - began)


@pytest.fixture
def box(tmp_path):
    entries = [
        ToolEntry(name="flood", run=CommandRun(argv=["yes"]), timeout_s=PATIENCE_S),
        ToolEntry(name="errors", run=CommandRun(argv=["sh", "-c", "yes >&2"]), timeout_s=PATIENCE_S),
    ]
    profile = Profile(tools=entries)
    made = Toolbox()
    made.use(Registry(tmp_path, {"PATH": os.environ["PATH"]}).toolset(profile)[0], profile.tool_specs)
    made.open()
    yield made
    asyncio.run(made.close())


async def test_the_session_s_loop_keeps_its_turn_while_commands_flood(box):
    """Against the same loop at rest, and generously: a loop that waits for a flood would not tick at all."""

    async def flood():
        for _ in range(FLOODS):
            outcomes = await asyncio.gather(box.run("flood", "{}", "c1"), box.run("errors", "{}", "c2"))
            assert all("it printed more than 8 MB" in json.loads(outcome.output)["error"] for outcome in outcomes)

    with Session() as session:
        at_rest = await session.rate(asyncio.sleep(0.5))
        flooded = await session.rate(flood())
    assert flooded > at_rest / 10
