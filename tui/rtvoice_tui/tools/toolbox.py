"""All tools of a session on a loop and a thread of their own: opened, called with a time limit, closed."""

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
"""What a call that took too long has for ending what it started."""

CLOSE_S = 6.0
"""What all tools together have for ending."""

log = logging.getLogger(__name__)


class Toolbox:
    """The tools of one session after the other.

    Args:
        changed: told, on the tools' own thread, that `specs` or `statuses` are others.
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

    # --- from the session's loop

    def use(self, tools: Toolset, specs: tuple[ToolSpec, ...]) -> None:
        """Have these tools from now on. One that is as it was stays as it is; others end when their calls have.

        Args:
            tools: those that can be offered.
            specs: what the profile says of all its tools, in its order.
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
        """Start what calls will need, if that is not done yet."""
        if not self._open and not self._closed and self._tools:
            self._open = True
            self._ask(self._replace([], list(self._tools.values())))

    async def ready(self, timeout: float) -> None:
        """Until every tool has said what it takes, or so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not all(tool.runner.ready for tool in self._tools.values()):  # noqa: ASYNC110 - of another loop
                    await asyncio.sleep(0.02)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What the session knows of all tools, in the profile's order; of two with one name the first counts.

        A tool that the profile names itself comes before one of that name that a server brings.
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
    def statuses(self) -> list[ServerChanged]:
        """How those stand that need something to be there."""
        return [
            ServerChanged(name, status.state, status.detail, len(tool.runner.specs))
            for name, tool in self._tools.items()
            if (status := tool.runner.status) is not None
        ]

    def preview(self, name: str, arguments: str) -> str:
        """What a call would run."""
        tool = self._find(name)
        try:
            return tool.runner.preview(Call(name, json.loads(arguments or "{}"))) if tool is not None else ""
        except Exception as error:  # never a reason not to ask the user
            return f"({type(error).__name__})"

    async def run(self, name: str, arguments: str, call_id: str) -> Outcome:
        """Run a call with JSON arguments. Never raises, except when cancelled: then the call is ended."""
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
        """End everything. Nothing can be called any more."""
        self._closed, self._open = True, False
        if self._loop is None or self._thread is None:
            return
        ending = self._ask(self._end())
        await asyncio.wait({asyncio.wrap_future(ending)}, timeout=CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, 1.0)
        self._loop = self._thread = None

    def _find(self, name: str) -> Tool | None:
        """The tool that has a name now, else the one that had it: an answer under way may still call it."""
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

    # --- on the tools' own loop

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
                if all(tool.runner is not runner for tool in self._tools.values()):  # taken away meanwhile
                    await self._close(runner)

    async def _end(self) -> None:
        begun = [*self._running, *self._replacing]
        for work in begun:
            work.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await asyncio.gather(*(self._close(runner) for runner in list(self._begun)))


def _same(old: Tool, new: Tool) -> bool:
    """Whether a tool need not be opened anew: nothing that its runner was made of is another."""
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
