"""Results that are made up, to try an agent without what its tools need."""

import asyncio
import random
from typing import Any

from rtvoice_tui.profiles.runs import MockRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools import template
from rtvoice_tui.tools.runner import Call, Outcome, Runner, failed, succeeded


class MockRunner(Runner):
    """Gives a fixed result.

    Args:
        spec: what the session knows of the tool.
        run: the result, and how long and how often it fails.
        chance: gives numbers from 0 to 1.
    """

    def __init__(self, spec: ToolSpec, run: MockRun, chance: random.Random | None = None) -> None:
        super().__init__(spec)
        self._run = run
        self._chance = chance or random.Random()

    def preview(self, call: Call) -> str:
        """The result."""
        return succeeded(self._result(call)).output

    async def run(self, call: Call) -> Outcome:
        """Wait, then give the result or fail."""
        await asyncio.sleep(self._run.delay_ms / 1000)
        if self._chance.random() < self._run.failure_rate:
            return failed(f"{call.name} failed: the mock was told to")
        return succeeded(self._result(call))

    def _result(self, call: Call) -> Any:
        """The result filled; one that is nothing but a missing argument is an empty text."""
        filled = template.fill_value([self._run.result], call.arguments)
        return filled[0] if filled else ""
