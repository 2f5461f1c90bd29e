"""Manual runs of tools by the user: reported like calls, but not sent to the model."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.session import schema as checked
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.tools.checker import Checker
from rtvoice_tui.tools.toolbox import Toolbox


class ManualRuns:
    """The manual runs of a session. Must be used on the session's loop.

    Args:
        toolbox: runs the tools.
        report: called with the state of a run whenever it changes.
        checker: validates arguments in a subprocess where that may take unbounded time.
    """

    def __init__(self, toolbox: Toolbox, report: Callable[[CallChanged], None], checker: Checker) -> None:
        self._toolbox = toolbox
        self._report = report
        self._checker = checker
        self._numbers = itertools.count(1)
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, arguments: str, turn: int) -> None:
        """Start a run, if the arguments match the tool's schema.

        Args:
            name: name of the tool.
            arguments: JSON; empty for no arguments.
            turn: the turn that the run is shown in.
        """
        key = f"by-hand-{next(self._numbers)}"
        spec = next((spec for spec in self._toolbox.specs if spec.name == name), None)
        kind = spec.kind if spec is not None else ""
        call = CallChanged(turn, key, "", "", name, arguments, CallState.RUNNING, kind=kind, manual=True)
        if spec is None:
            self._refuse(call, f"the tool {name} does not run here")
            return
        unbounded = None if checked.bounded(arguments, spec.parameters) else spec.parameters
        if unbounded is None:
            try:
                checked.read(arguments, spec.parameters)
            except ArgumentsRefused as refused:
                self._refuse(call, str(refused))
                return
        call = replace(call, checked=None if unbounded else True, arguments=arguments.strip() or "{}")
        call = replace(call, preview=self._toolbox.preview(name, call.arguments))
        self._report(call)
        task = self._running[key] = asyncio.create_task(self._run(call, unbounded))
        task.add_done_callback(lambda done: self._over(call, done))

    def _refuse(self, call: CallChanged, problem: str) -> None:
        self._report(replace(call, state=CallState.FAILED, note=problem, checked=False))

    def _over(self, call: CallChanged, task: "asyncio.Task[None]") -> None:
        del self._running[call.key]
        if task.cancelled():  # possibly before _run started, so it is reported here
            self._report(replace(call, state=CallState.CANCELLED, note="you stopped it"))

    async def _run(self, call: CallChanged, unbounded: dict[str, Any] | None) -> None:
        if unbounded is not None:
            if problem := await self._checker.arguments(call.arguments, unbounded):
                self._refuse(call, problem)
                return
            call = replace(call, checked=True)
        outcome = await self._toolbox.run(call.name, call.arguments, call.key)
        state = CallState.OK if outcome.ok else CallState.FAILED
        self._report(replace(call, state=state, output=outcome.output, note=outcome.note, details=outcome.details))

    def stop(self, key: str) -> None:
        """Stop a run; ``key``: key of its call."""
        if task := self._running.get(key):
            task.cancel()

    def stop_all(self) -> None:
        """Stop all runs."""
        for task in self._running.values():
            task.cancel()
