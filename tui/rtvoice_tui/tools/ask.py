"""Tools whose result the user types."""

import asyncio

from rtvoice_tui.profiles.runs import AskRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools.runner import Call, Outcome, Runner


class AskRunner(Runner):
    """Waits until the user has given a result, which takes the place of what would come from here.

    Args:
        spec: what the session knows of the tool.
        run: what the user is asked.
    """

    def __init__(self, spec: ToolSpec, run: AskRun) -> None:
        super().__init__(spec)
        self._run = run

    def preview(self, call: Call) -> str:
        """The question."""
        return self._run.question

    async def run(self, call: Call) -> Outcome:
        """Nothing comes from here: the session takes the user's word, or the time is over."""
        await asyncio.Event().wait()
        raise AssertionError("nothing sets it")
