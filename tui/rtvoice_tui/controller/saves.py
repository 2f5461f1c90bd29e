"""Work on profiles that is under way: nobody who stops waiting for it ends it, and an app that quits waits for it."""

import asyncio
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
        """Whether anything is under way."""
        return bool(self._tasks)

    def start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Start work. Cancelling the future, or what waits for it, does not cancel the work."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return asyncio.shield(task)

    async def settle_soon(self, patience_s: float) -> tuple[str, ...]:
        """Wait for what is under way, but not longer; returns a sentence for each save that failed or is not done."""
        before = len(self.failed)
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=patience_s)
        held = ("another program holds the profile: it is not saved yet",) if self._tasks else ()
        return (*self.failed[before:], *held)

    async def finish(self) -> tuple[str, ...]:
        """Wait until everything is done; returns a sentence for each save that failed meanwhile."""
        before = len(self.failed)
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        return tuple(self.failed[before:])
