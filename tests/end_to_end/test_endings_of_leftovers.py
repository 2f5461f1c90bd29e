"""What tools have started ends with the app, however far it went from it, and also where the app is killed."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ends import LIMIT_S, Job, codes, job

from leftovers import DAEMON, WAYS, Leftover, end, leftover
from realtime_server import Session, in_thread, plain
from terminal import COMMAND, wait_gone
from virtual_audio import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can find what left its group")

TOOLS = Path(__file__).parents[1] / "tools"
HOWS = ["a child", "a session of its own", "an empty environment", "a daemon"]
STAY = "sleep 3600"
TOOL = """
[[tools]]
name = "{name}"
description = "Leaves something behind."
parameters = {{type = "object"}}
run = {run}
timeout_s = 600
"""


class Leaving:
    """A profile whose tools each leave something behind in another way, and calls of them all.

    Attributes:
        left: what they leave, by how.
    """

    def __init__(self, environment: dict[str, str], folder: Path, url: str) -> None:
        self.left: dict[str, Leftover] = {}
        self.calls: list[tuple[str, dict[str, object]]] = []
        profiles = Path(environment["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "tools.py").write_text((TOOLS / "leaving.py").read_text())
        tools = [self._tool("function", '{kind = "python", target = "tools.py:leaves"}')]
        for how in HOWS:
            left = self._leftover(f"a function: {how}", folder)
            about = {"how": how, "program": left.program, "there": str(left.there), "daemon": DAEMON, "then": "stay"}
            self.calls.append(("function", about))
        for number, way in enumerate(WAYS):
            argv = self._leftover(f"a command: {way}", folder).command(way, STAY)
            tools.append(self._tool(f"command_{number}", f'{{kind = "command", argv = {json.dumps(argv)}}}'))
            self.calls.append((f"command_{number}", {}))
        for number, way in enumerate(("a session of its own", "a daemon")):
            argv = [sys.executable, "-S", "-E", str(TOOLS / "mcp_small_program.py"), "leaves", str(folder / "notes")]
            argv += self._leftover(f"a server: {way}", folder).command(way)
            tools.append(self._tool(f"server_{number}", f'{{kind = "mcp", argv = {json.dumps(argv)}}}'))
            self.calls.append((f"server_{number}_hello", {}))
        (profiles / "leaving.toml").write_text(f'provider = "generic"\nurl = "{url}"\n' + "".join(tools))

    def _leftover(self, how: str, folder: Path) -> Leftover:
        self.left[how] = leftover(folder)
        return self.left[how]

    @staticmethod
    def _tool(name: str, run: str) -> str:
        return TOOL.format(name=name, run=run)

    def missing(self) -> list[str]:
        """What has not been left yet."""
        return [how for how, left in self.left.items() if not left.came]

    def remaining(self) -> list[str]:
        """What is still there."""
        return [how for how, left in self.left.items() if left.runs]


def _offered(session: Session) -> set[str]:
    """The tools that the session has now: servers tell theirs late."""
    sessions = [event["session"] for event in session.received if event["type"] == "session.update"]
    return {tool["name"] for session in sessions for tool in session.get("tools", ())}


@contextlib.contextmanager
def leaving(environment: dict[str, str], folder: Path) -> Iterator[tuple[Job, Leaving]]:
    """The app while calls of all kinds run, each of which has left something behind."""
    made: list[Leaving] = []

    async def call_all(session: Session) -> None:
        names = {name for name, _ in made[0].calls}
        while not names <= _offered(session):  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.02)
        await session.call_tools(*made[0].calls)

    with in_thread(plain(call_all)) as server:
        made.append(Leaving(environment, folder, server.url))
        try:
            with job([COMMAND, "--profile", "leaving", "--no-audio"], environment) as app:
                app.terminal.wait_for(lambda _: not made[0].missing(), "all is left")
                yield app, made[0]
        finally:
            end(list(made[0].left.values()))


ENDS = {
    "q": {0},
    "SIGTERM": codes(signal.SIGTERM),
    "SIGKILL": {-signal.SIGKILL},
}


@pytest.mark.parametrize("how", ENDS)
def test_nothing_that_a_tool_has_started_outlives_the_app(
    environment: dict[str, str], tmp_path: Path, how: str
) -> None:
    with leaving(environment, tmp_path) as (app, made):
        started = app.started
        app.terminal.press(how) if how == "q" else app.send(signal.Signals[how])
        assert app.note("ended") in ENDS[how]
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not made.remaining(), "nothing is there", LIMIT_S)
        remaining = made.remaining()
        assert not remaining, f"still there: {remaining}"
        wait_gone(started, LIMIT_S)
