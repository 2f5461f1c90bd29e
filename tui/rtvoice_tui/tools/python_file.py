"""A Python file with tools: reloaded when it changes; running calls finish in the process of the old version."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rtvoice_tui.subprocesses import minimal_environment
from rtvoice_tui.tools.python_process import ProcessEnded, PythonProcess

WATCH_S = 1.0
"""Seconds between two checks whether a file has changed."""


class PythonFile:
    """Owns the processes of one file: the current one, and retired ones that finish their calls. For one event loop.

    Args:
        path: the file.
        environment: environment variables of its processes; by default a minimal copy of the app's own.
    """

    def __init__(self, path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._environment = minimal_environment(os.environ) if environment is None else environment
        self._host: PythonProcess | None = None
        self._fault: ProcessEnded | None = None
        self._starting = asyncio.Lock()
        self._stamp: tuple[int, int] | None = None
        self._watchers: list[Callable[[], Any]] = []
        self._watching: asyncio.Task[None] | None = None
        self._retired: set[PythonProcess] = set()

    def watch(self, look: Callable[[], Any]) -> None:
        """Call and await ``look`` whenever the file has changed."""
        self._watchers.append(look)
        if self._watching is None:
            self._watching = asyncio.ensure_future(self._watch())

    async def unwatch(self, look: Callable[[], Any]) -> None:
        """Remove a watcher; removing the last one ends the processes."""
        if look in self._watchers:
            self._watchers.remove(look)
        if self._watchers:
            return
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        hosts = [host for host in (self._host, *self._retired) if host is not None]
        self._host = None
        await asyncio.gather(*(host.close() for host in hosts))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if self._now() != self._stamp:
                for look in list(self._watchers):
                    await look()

    def _now(self) -> tuple[int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    async def ask(self, question: dict[str, Any], again: bool = True) -> dict[str, Any]:
        """Send a request to the process of the current version of the file, and return the reply.

        Cancelling this cancels the call; if the function does not stop, its process is retired.

        Args:
            question: the request, without its id.
            again: whether to load an unchanged file again that failed to load before.

        Raises:
            Gone: the file cannot be loaded, or its process ended.
        """
        host = await self._current(again)
        try:
            return await host.ask(question)
        finally:
            if host.stuck:
                self._retire(host)

    async def _current(self, again: bool) -> PythonProcess:
        async with self._starting:
            stamp = self._now()
            if self._host is not None and self._host.alive and stamp == self._stamp:
                return self._host
            if self._fault is not None and stamp == self._stamp and not again:
                raise self._fault
            if self._host is not None:
                self._retire(self._host)
            self._stamp = stamp
            if stamp is None:
                raise ProcessEnded(f"there is no file {self.path}")
            self._fault = None
            try:
                self._host = host = await PythonProcess.started(self.path, self._environment)
            except ProcessEnded as fault:
                self._fault = fault
                raise
            return host

    def _retire(self, host: PythonProcess) -> None:
        """Send it no more requests; it ends after its last call."""
        if host is self._host:
            self._host = None
        self._retired.add(host)
        host.retire(lambda: self._retired.discard(host))
