"""Runs sessions whose tool has a hostile schema, in a process of its own that a test can end.

Its arguments are how schemas are met, and which ones they are; it prints what came of each as a line of JSON.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from hostile_schemas import SCHEMAS

from engine import bench
from engine.bench import Bench, plan_for, running
from realtime_server import FakeServer, Session
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import McpRun, MockRun
from rtvoice_tui.session.facts import CallState, Phase
from rtvoice_tui.store.calls import CallRecord
from rtvoice_tui.tools import checker
from rtvoice_tui.tools.registry import Registry

HERE = Path(__file__).parent
OVER = (CallState.OK, CallState.FAILED)
bench.LIMIT_S = 30.0
ENDED_S = 0.5
"""Limit of the checks that are to be ended; the app's own is met in the tests of the whole cockpit."""


class Heartbeat:
    """How long the session's loop did nothing else at most, in seconds."""

    def __init__(self) -> None:
        self.gap = 0.0
        self._last = 0.0

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Measure."""
        self._last = time.monotonic()
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()
            self._note()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            self._note()

    def _note(self) -> None:
        now = time.monotonic()
        self.gap, self._last = max(self.gap, now - self._last), now


def entries(how: str, kind: str) -> list[ToolEntry]:
    """The hostile tool, and one that is not."""
    plain = ToolEntry(name="plain", run=MockRun(result="fine"), parameters={"type": "object"})
    if how in ("output", "input"):
        argv = [sys.executable, "-E", str(HERE / "mcp_small_program.py"), f"hostile {how}", kind]
        return [ToolEntry(name="srv", run=McpRun(argv=argv), timeout_s=60), plain]
    hostile = ToolEntry(name="srv_hello", run=MockRun(result="ran"), parameters=SCHEMAS[kind][0], timeout_s=60)
    return [hostile, plain]


def newest(session: Bench, name: str) -> CallRecord | None:
    """The newest call of a tool."""
    return next((record for record in reversed(session.store.calls.records) if record.call.name == name), None)


async def over(session: Bench, name: str) -> CallRecord:
    """A call has come to its end."""
    await session.until(lambda: (record := newest(session, name)) is not None and record.call.state in OVER)
    record = newest(session, name)
    assert record is not None
    return record


async def main(how: str, kind: str) -> dict[str, Any]:
    """Call both tools; what came of it."""
    if kind != "nothing":  # which is checked within the app's own limit, on a busy machine too
        checker.LIMIT_S = ENDED_S
    arguments = "{}" if how == "output" else json.dumps(SCHEMAS[kind][1])
    profile = Profile(tools=entries(how, kind))
    toolset, problems = Registry(HERE).toolset(profile)
    assert not problems
    heart = Heartbeat()

    async def script(session: Session) -> None:
        await session.open()
        if how in ("arguments", "input", "output"):
            await offered.wait()
            await session.call("resp_1", [("k1", "srv_hello", arguments), ("k2", "plain", "{}")])

    offered = asyncio.Event()
    async with FakeServer(script, dialect="openai") as server:
        plan = plan_for(server)
        async with running(type(plan)(**{**vars(plan), "toolset": toolset, "tools": profile.tool_specs})) as session:
            await session.until(lambda: session.phase is Phase.LISTENING)
            await session.until(lambda: '"srv_hello"' in json.dumps(server.sent("session.update")), "it is offered")
            async with heart.beating():
                offered.set()
                if how == "by hand":
                    session.worker.start_manual_run("srv_hello", arguments)
                    session.worker.start_manual_run("plain", "{}")
                else:  # a large call comes in thousands of pieces
                    await session.until(lambda: "response.done" in session.names(sent=False))
                begun = time.monotonic()
                plain = await over(session, "plain")
                hostile = await over(session, "srv_hello")
                took = time.monotonic() - begun
            outputs: list[dict[str, Any]] = []
            if how != "by hand":
                await session.until(lambda: server.session.count("conversation.item.create") == 2)
                outputs = [event["item"] for event in server.sent("conversation.item.create")]
    return {
        "gap": heart.gap,
        "took": took,
        "state": str(hostile.call.state),
        "note": hostile.call.note,
        "plain": plain.call.output,
        "told": {item["call_id"]: item["output"] for item in outputs},
    }


if __name__ == "__main__":
    for named in sys.argv[2:]:
        print(json.dumps(asyncio.run(main(sys.argv[1], named))), flush=True)
