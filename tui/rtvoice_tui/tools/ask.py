"""Tools whose result the user types."""

import asyncio

from rtvoice_tui.profiles.runs import AskRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools.runner import Call, Outcome, Runner


class AskRunner(Runner):
    """Keeps the call open; the session uses the result that the user types.

    Args:
        spec: the tool as the session offers it.
        run: the question for the user.
    """

    def __init__(self, spec: ToolSpec, run: AskRun) -> None:
        super().__init__(spec)
        self._run = run

    def preview(self, call: Call) -> str:
        """The question."""
        return self._run.question

    async def run(self, call: Call) -> Outcome:
        """Wait until cancelled: when the user has typed a result, or when the time limit is reached."""
        await asyncio.Event().wait()
        raise AssertionError("nothing sets it")
