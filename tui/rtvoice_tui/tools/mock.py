"""Mock tools: fixed results, to try an agent without the services that its tools need."""

import asyncio
import random
from typing import Any

from rtvoice_tui.profiles.runs import MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools import template
from rtvoice_tui.tools.runner import Call, Outcome, Runner, failed, succeeded


class MockRunner(Runner):
    """Returns a fixed result.

    Args:
        spec: the tool as the session offers it.
        run: the result, the delay and the failure rate, from the profile.
        chance: random number generator; a new one by default.
    """

    def __init__(self, spec: ToolSpec, run: MockRun, chance: random.Random | None = None) -> None:
        super().__init__(spec)
        self._run = run
        self._chance = chance or random.Random()

    def preview(self, call: Call) -> str:
        """The result."""
        return succeeded(self._result(call)).output

    async def run(self, call: Call) -> Outcome:
        """Wait for the delay, then return the result or a failure."""
        await asyncio.sleep(self._run.delay_ms / 1000)
        if self._chance.random() < self._run.failure_rate:
            return failed(f"{call.name} failed: the mock was told to")
        return succeeded(self._result(call))

    def _result(self, call: Call) -> Any:
        """The result with its placeholders filled; empty if it is one placeholder whose argument is missing."""
        filled = template.fill_value([self._run.result], call.arguments)
        return filled[0] if filled else ""
