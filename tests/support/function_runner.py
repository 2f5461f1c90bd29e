"""A tool that is a function of the test itself, so that a test sees when it runs and decides when it ends."""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools.runner import Call, Outcome, Runner, failed, succeeded


class FunctionRunner(Runner):
    """Runs a function here: an async one on the tools' loop, another in a thread of its own."""

    def __init__(self, spec: ToolSpec, function: Callable[..., Any]) -> None:
        super().__init__(spec)
        self._function = function

    async def run(self, call: Call) -> Outcome:
        try:
            if inspect.iscoroutinefunction(self._function):
                return succeeded(await self._function(**call.arguments))
            return succeeded(await self._in_thread(call))
        except Exception as error:
            return failed(f"{call.name} failed: {type(error).__name__}: {error}")

    async def _in_thread(self, call: Call) -> Any:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def work() -> None:
            try:
                result, error = self._function(**call.arguments), None
            except Exception as raised:
                result, error = None, raised
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result, error)

        def settle(result: Any, error: Exception | None) -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        threading.Thread(target=work, daemon=True).start()
        return await done
