"""All tools of a session, on their own thread and event loop: opened, called with a time limit, closed."""

import asyncio
import concurrent.futures
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerChanged
from rtvoice_tui.tools.registry import Tool, Toolset
from rtvoice_tui.tools.runner import Call, Outcome, Runner, cut, failed

CLEAN_UP_S = 1.5
"""Seconds that a cancelled call has for its clean-up."""

CLOSE_S = 6.0
"""Time limit for closing all tools together, in seconds."""

log = logging.getLogger(__name__)


class Toolbox:
    """Holds the tools of a session and runs their calls on the tools' thread.

    Public methods are called on the session's event loop.

    Args:
        changed: called on the tools' thread when `specs` or `statuses` has changed.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._tools: dict[str, Tool] = {}
        self._given: tuple[ToolSpec, ...] = ()
        self._retired: list[Tool] = []
        self._calls: dict[Runner, int] = {}
        self._begun: set[Runner] = set()
        self._running: set[asyncio.Future[Outcome]] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._replacing: set[asyncio.Task[Any]] = set()
        self._open = False
        self._closed = False

    # --- on the session's event loop

    def use(self, tools: Toolset, specs: tuple[ToolSpec, ...]) -> None:
        """Replace the tools. An unchanged tool keeps its runner; a removed one is closed after its last call.

        Args:
            tools: the tools that can be offered.
            specs: the specs of all tools in the profile, in the profile's order.
        """
        kept = {
            name: old if (old := self._tools.get(name)) is not None and _same(old, tool) else tool
            for name, tool in tools.items()
        }
        gone = [tool for name, tool in self._tools.items() if kept.get(name) is not tool]
        fresh = [tool for name, tool in kept.items() if self._tools.get(name) is not tool]
        self._retired = [tool for tool in self._retired if tool.runner in self._calls] + gone
        self._tools, self._given = kept, specs
        for tool in fresh:
            tool.runner.changed = self._changed
        if self._open:
            self._ask(self._replace(gone, fresh))

    def open(self) -> None:
        """Open all tools, unless they are open already. Does not wait for them."""
        if not self._open and not self._closed and self._tools:
            self._open = True
            self._ask(self._replace([], list(self._tools.values())))

    async def ready(self, timeout: float) -> None:
        """Wait until every tool is ready.

        Args:
            timeout: limit in seconds; it returns then without an error.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not all(tool.runner.ready for tool in self._tools.values()):  # noqa: ASYNC110 - of another loop
                    await asyncio.sleep(0.02)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The specs of all tools, in the profile's order; of two with the same name the first is used.

        A tool that is an entry of the profile takes precedence over a server's tool of the same name.
        """
        named = {spec.name for spec in self._given}
        found: dict[str, ToolSpec] = {}
        for spec in self._given:
            tool = self._tools.get(spec.name)
            for each in tool.runner.specs if tool is not None else ():
                if each.name == spec.name or each.name not in named:
                    found.setdefault(each.name, each)
        return tuple(found.values())

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Names that several tools have, though no entry of the profile replaces a server's tool on purpose."""
        named = [spec.name for spec in self._given]
        twice = {name for name in named if named.count(name) > 1}
        found: set[str] = set()
        for spec in self._given:
            tool = self._tools.get(spec.name)
            for each in tool.runner.specs if tool is not None and spec.name not in twice else ():
                if each.name in found and each.name not in named:
                    twice.add(each.name)
                found.add(each.name)
        return tuple(sorted(twice))

    @property
    def statuses(self) -> list[ServerChanged]:
        """Status of all tools that have one, such as MCP servers."""
        return [
            ServerChanged(name, status.state, status.detail, len(tool.runner.specs))
            for name, tool in self._tools.items()
            if (status := tool.runner.status) is not None
        ]

    def preview(self, name: str, arguments: str) -> str:
        """What a call would run, for the user who approves it; empty for an unknown tool. Never raises.

        Args:
            name: the tool's name in the session.
            arguments: JSON text of the arguments.
        """
        tool = self._find(name)
        try:
            return tool.runner.preview(Call(name, json.loads(arguments or "{}"))) if tool is not None else ""
        except Exception as error:  # the user must be asked even if there is no preview
            return f"({type(error).__name__})"

    async def run(self, name: str, arguments: str, call_id: str) -> Outcome:
        """Run a call on the tools' thread. Errors are returned as an outcome; cancelling this cancels the call.

        Args:
            name: the tool's name in the session.
            arguments: JSON text of the arguments.
            call_id: id of the call.
        """
        tool = self._find(name)
        if tool is None or self._closed:
            return failed(f"the function {name} cannot be run here")
        try:
            given = json.loads(arguments)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return failed(f"{name} was not run: the arguments are no JSON object")
        return await asyncio.wrap_future(self._ask(self._call(tool, Call(name, given, call_id))))

    async def close(self) -> None:
        """Cancel all calls, close all tools and stop the thread. The toolbox cannot be used again."""
        self._closed, self._open = True, False
        if self._loop is None or self._thread is None:
            return
        ending = self._ask(self._end())
        await asyncio.wait({asyncio.wrap_future(ending)}, timeout=CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, 1.0)
        self._loop = self._thread = None

    def _find(self, name: str) -> Tool | None:
        """The current tool of that name, else a removed one: a response in progress may still call it."""
        if name in self._tools:
            return self._tools[name]
        both = (*self._tools.values(), *reversed(self._retired))
        return next((tool for tool in both if any(spec.name == name for spec in tool.runner.specs)), None)

    def _ask(self, work: Coroutine[Any, Any, Any]) -> "concurrent.futures.Future[Any]":
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._serve, args=(self._loop,), name="tools", daemon=True)
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    # --- on the tools' event loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def _replace(self, gone: list[Tool], fresh: list[Tool]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._replacing.add(task)
        try:
            self._begun.update(tool.runner for tool in fresh)
            await asyncio.gather(*(self._guarded(tool.runner.open) for tool in fresh))
            for tool in gone:
                if tool.runner not in self._calls:
                    await self._close(tool.runner)
        finally:
            self._replacing.discard(task)

    async def _close(self, runner: Runner) -> None:
        self._begun.discard(runner)
        await self._guarded(runner.close)

    async def _guarded(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except Exception:
            log.exception("a tool could not be opened or closed")

    async def _call(self, tool: Tool, call: Call) -> Outcome:
        runner, limit = tool.runner, tool.entry.limit_s
        self._begun.add(runner)
        self._calls[runner] = self._calls.get(runner, 0) + 1
        work = asyncio.ensure_future(runner.run(call))
        self._running.add(work)
        try:
            done, _ = await asyncio.wait({work}, timeout=limit)
            if done:
                return _outcome_of(work, call)
            work.cancel()
            await asyncio.wait({work}, timeout=CLEAN_UP_S)
            return failed(f"{call.name} gave no result within {limit:g} s")
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait({work}, timeout=CLEAN_UP_S)
            raise
        finally:
            self._running.discard(work)
            self._calls[runner] -= 1
            if not self._calls[runner]:
                del self._calls[runner]
                if all(tool.runner is not runner for tool in self._tools.values()):  # removed during the call
                    await self._close(runner)

    async def _end(self) -> None:
        begun = [*self._running, *self._replacing]
        for work in begun:
            work.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await asyncio.gather(*(self._close(runner) for runner in list(self._begun)))


def _same(old: Tool, new: Tool) -> bool:
    """Whether a tool is unchanged, so that its runner can be kept."""
    return old.entry == new.entry and type(old.runner) is type(new.runner) and old.policy == new.policy


def _outcome_of(work: "asyncio.Future[Outcome]", call: Call) -> Outcome:
    if work.cancelled():
        return failed(f"{call.name} failed: it was cancelled from within")
    error = work.exception()
    if error is None:
        return work.result()
    log.error("a tool failed", exc_info=error)
    words = " ".join(str(error).split())
    return failed(f"{call.name} failed: {cut(f'{type(error).__name__}: {words}', 500)}")
