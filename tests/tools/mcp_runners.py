"""Runners of the tests' MCP servers, and what is seen of them."""

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from command_programs import end, until

from rtvoice_tui.profiles.runs import McpRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools.mcp import McpRunner

HERE = Path(__file__).parent
ENVIRON = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-secret", "MINE": "mine"}


def small(how: str, *more: str) -> list[str]:
    """The command line of the small server."""
    return [sys.executable, "-S", "-E", str(HERE / "mcp_small_program.py"), how, *more]


def real(reached: str, folder: Path) -> list[str]:
    """The command line of the real server."""
    return [sys.executable, str(HERE / "mcp_program.py"), reached, str(folder)]


class Seen:
    """How a server stood, one after the other.

    Attributes:
        statuses: each that was told, with its detail and the number of tools.
    """

    def __init__(self, runner: McpRunner) -> None:
        self._runner = runner
        self.statuses: list[tuple[ServerState, str, int]] = []
        runner.changed = self.note

    def note(self) -> None:
        """Something is another."""
        assert self._runner.status is not None
        self.statuses.append((self._runner.status.state, self._runner.status.detail, len(self._runner.specs)))

    def states(self) -> list[ServerState]:
        """The states alone, each once in a row."""
        states = [state for state, _, _ in self.statuses]
        return [state for number, state in enumerate(states) if number == 0 or states[number - 1] is not state]


@contextlib.asynccontextmanager
async def opened(word: str, environ: dict[str, str] | None = None, **run: Any) -> AsyncIterator[tuple[McpRunner, Seen]]:
    """A runner that is opened, and closed; ``word`` stands in the server's command line."""
    made = McpRunner(
        ToolSpec(name="srv", kind="mcp"), McpRun(**run), Path("/"), ENVIRON if environ is None else environ
    )
    seen = Seen(made)
    await made.open()
    try:
        yield made, seen
    finally:
        await made.close()
        end(word)


async def connected(runner: McpRunner) -> None:
    """Until a server is."""
    await until(lambda: stands(runner) is ServerState.CONNECTED, "it is connected")


def stands(runner: McpRunner) -> ServerState:
    """How a server stands."""
    assert runner.status is not None
    return runner.status.state
