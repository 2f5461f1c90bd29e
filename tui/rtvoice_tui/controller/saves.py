"""Pending work on profiles: it goes on if its waiter is cancelled, and quitting waits for it."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Saves:
    """Holds the tasks that wait for the writer thread. For the thread of the head's asyncio loop.

    Attributes:
        failed: sentences about what could not be saved so far.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def pending(self) -> bool:
        """Whether any work is pending."""
        return bool(self._tasks)

    def start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Start work. Cancelling the future, or what waits for it, does not cancel the work."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return asyncio.shield(task)

    async def finish(self, timeout_s: float | None = None) -> tuple[str, ...]:
        """Wait for all pending work, at most ``timeout_s`` seconds; `pending` tells whether any is left then.

        Returns:
            A sentence for each save that failed meanwhile.
        """
        before = len(self.failed)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
        return tuple(self.failed[before:])
