"""A session's tools: their definitions, runs for the model, and manual runs. Used on the session's loop."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

from rtvoice_tui.engine.manual_runs import ManualRuns
from rtvoice_tui.engine.plan import Plan
from rtvoice_tui.engine.tool_checks import ToolChecks
from rtvoice_tui.engine.tool_servers import ToolServers
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session import effects as fx
from rtvoice_tui.session import schema
from rtvoice_tui.session.facts import Fact
from rtvoice_tui.tools.checker import Checker
from rtvoice_tui.tools.registry import Toolset
from rtvoice_tui.tools.toolbox import Toolbox

READY_S = 1.5
"""Seconds to wait for tools to report their schemas before connecting; later ones update the running session."""


class Session(Protocol):
    """The part of `SessionDriver` that `SessionTools` uses."""

    def command(self, command: cmd.Command) -> None:
        """Step the machine with a command."""

    def report(self, fact: Fact) -> None:
        """Report a fact that does not come from the machine."""

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the session's loop; may be used from any thread."""

    def spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Run a coroutine as a task of the session; an exception in it is logged and reported."""


class SessionTools:
    """The tools of all sessions of a driver, one after the other.

    Args:
        session: the driver.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._toolbox = Toolbox(lambda: session.call(self._changed))
        self._checker = Checker()
        self._manual = ManualRuns(self._toolbox, session.report, self._checker)
        self._servers = ToolServers(session.report)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._checks = ToolChecks(session.report)
        self._opened = False

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The current tools, those of tool servers included, without those that cannot be offered."""
        return self._checks.passing(self._toolbox.specs)

    def use(self, toolset: Toolset, specs: Sequence[ToolSpec]) -> None:
        """Change the tools; functions that a running response may still call remain available."""
        self._toolbox.use(toolset, tuple(specs))
        if self._opened:
            self._session.spawn(self._publish())

    def use_plan(self, plan: Plan) -> None:
        """Change to the tools of a plan."""
        self.use(plan.toolset, plan.tools)

    async def open(self) -> None:
        """Start the tools, and wait up to `READY_S` for their schemas, so that the first update includes them."""
        self._toolbox.open()
        self._opened = True
        await asyncio.gather(asyncio.to_thread(schema.prepare), self._toolbox.ready(READY_S))
        await self._publish()

    async def close(self) -> None:
        """Stop all runs, and close the tools."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        self._manual.stop_all()
        await asyncio.gather(*running, return_exceptions=True)
        await self._checker.close()
        await self._toolbox.close()

    def _changed(self) -> None:
        self._servers.compare(self._toolbox.statuses)
        self._session.spawn(self._publish())

    async def _publish(self) -> None:
        """Check the tools that are new, and offer those that can be."""
        self._servers.compare(self._toolbox.statuses)
        await self._checks.check(self._toolbox.specs, self._toolbox.duplicates)
        self._session.command(cmd.UseTools(self.specs))

    # --- runs

    def start_manual_run(self, name: str, arguments: str, turn: int) -> None:
        """Start a manual run of a tool; ``arguments`` is JSON. The model is not informed."""
        self._toolbox.open()
        self._manual.start(name, arguments, turn)

    def stop_manual_run(self, key: str) -> None:
        """Stop a manual run; ``key``: key of its call."""
        self._manual.stop(key)

    def do(self, effect: fx.ToolEffect) -> None:
        """Carry out a tool effect."""
        match effect:
            case fx.CheckArguments():
                self._session.spawn(self._check(effect))
            case fx.PreviewCall():
                preview = self._toolbox.preview(effect.name, effect.arguments)
                self._session.command(cmd.CallPreviewed(effect.key, preview))
            case fx.RunTool():
                self._running[effect.call_id] = asyncio.create_task(self._run(effect))
            case fx.StopTool():
                if task := self._running.pop(effect.call_id, None):
                    task.cancel()

    async def _check(self, effect: fx.CheckArguments) -> None:
        problem = await self._checker.arguments(effect.arguments, effect.parameters)
        self._session.command(cmd.ArgumentsChecked(effect.call_id, problem, effect.check))

    async def _run(self, effect: fx.RunTool) -> None:
        outcome = await self._toolbox.run(effect.name, effect.arguments, effect.call_id)
        self._running.pop(effect.call_id, None)
        finished = cmd.ToolFinished(effect.call_id, outcome.output, outcome.ok, outcome.note, outcome.details)
        self._session.command(finished)
