"""What tests of the tools share: files of functions, a toolbox that leaves nothing behind, and what a call said."""

import asyncio
import contextlib
import gc
import json
import os
import subprocess
import textwrap
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from engine.bench import until
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools.registry import Registry, Tool
from rtvoice_tui.tools.runner import Call, Outcome, Runner
from rtvoice_tui.tools.toolbox import Toolbox


def write(path: Path, text: str) -> Path:
    """A file of functions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def function(name: str, file: str = "tools.py", called: str = "", **entry: Any) -> ToolEntry:
    """A tool that is a function of a file, under the function's own name or another."""
    return ToolEntry(name=called or name, run=PythonRun(target=f"{file}:{name}"), **entry)


class Bench:
    """A toolbox, and how often it said that something is another."""

    def __init__(self, folder: Path = Path()) -> None:
        self.changes = 0
        self.box = Toolbox(self._changed)
        self.registry = Registry(folder)
        self.problems: list[str] = []

    def _changed(self) -> None:
        self.changes += 1

    def use(self, *entries: ToolEntry, **profile: Any) -> None:
        """Have a profile's tools."""
        whole = Profile(tools=list(entries), **profile)
        tools, self.problems = self.registry.toolset(whole)
        self.box.use(tools, whole.tool_specs)
        self.box.open()

    def use_runners(self, **tools: Runner | Tool) -> None:
        """Have tools that are made by the test."""
        made = {
            name: tool if isinstance(tool, Tool) else Tool(ToolEntry(name=name), tool) for name, tool in tools.items()
        }
        self.box.use(made, tuple(ToolSpec(name=name) for name in made))
        self.box.open()

    async def call(self, name: str, call_id: str = "", /, **arguments: Any) -> Outcome:
        """Call a tool, and wait for what it comes to."""
        async with asyncio.timeout(30):
            return await self.box.run(name, json.dumps(arguments), call_id)

    async def said(self, name: str, /, **arguments: Any) -> str:
        """The result of a call that works."""
        outcome = await self.call(name, **arguments)
        assert outcome.ok, outcome
        return outcome.output

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        await until(condition, what or f"{self.box.specs} {self.box.statuses}")

    async def described(self) -> None:
        """Until every tool has said what it takes."""
        await self.box.ready(20)
        assert all(tool.runner.ready for tool in self.box._tools.values())

    def spec(self, name: str) -> ToolSpec:
        return next(spec for spec in self.box.specs if spec.name == name)

    def status(self, name: str) -> tuple[str, str]:
        """State and detail; both empty for a tool that needs nothing."""
        return next(((s.state, s.detail) for s in self.box.statuses if s.name == name), ("", ""))


@contextlib.asynccontextmanager
async def bench(folder: Path = Path()) -> AsyncIterator[Bench]:
    """A toolbox that is closed at the end, and has left no process, no thread and nothing unclosed then."""
    before = children()
    made = Bench(folder)
    try:
        yield made
    finally:
        async with asyncio.timeout(20):
            await made.box.close()
        await until(lambda: children() <= before, "no child process is left")
        await until(lambda: not tool_threads(), "no thread is left")
        gc.collect()  # what was not closed complains now, and warnings are errors


def children() -> set[int]:
    """Processes that were started from here and not waited for."""
    found: set[int] = set()
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread is gone
            found.update(int(number) for number in file.read_text().split())
    return found


def tool_threads() -> list[str]:
    """Threads of the toolbox and of what it starts."""
    return [t.name for t in threading.enumerate() if t.name == "tools" or t.name.startswith("waitpid")]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked how does not."""
    if not Path("/proc/self").exists():
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
        return bool(state) and not state.startswith("Z")
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def complaint(outcome: Outcome) -> str:
    """What the model is told about a failure: one sentence in an object, and the user is told something too."""
    assert not outcome.ok
    assert outcome.note
    said = json.loads(outcome.output)
    assert list(said) == ["error"]
    assert "\n" not in said["error"]
    return str(said["error"])


def printed(outcome: Outcome) -> str:
    """What a call printed."""
    return dict(outcome.details).get("printed", "")


class Steered(Runner):
    """A runner whose calls the test ends."""

    def __init__(self, spec: ToolSpec, answer: Any = "done") -> None:
        super().__init__(spec)
        self.answer = answer
        self.begun = threading.Event()
        self.release = threading.Event()
        self.opened = 0
        self.closed = 0
        self.cancelled = 0
        self.calls: list[Call] = []

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1

    async def run(self, call: Call) -> Outcome:
        self.calls.append(call)
        self.begun.set()
        try:
            while not self.release.is_set():  # noqa: ASYNC110 - of another thread
                await asyncio.sleep(0.002)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.answer, BaseException):
            raise self.answer
        return Outcome(self.answer, ok=True)


def pid_in(path: Path) -> int:
    """The process number that a function wrote to a file."""
    text = path.read_text() if path.exists() else ""
    return int(text) if text.endswith("\n") else 0


def touch_same_size(path: Path, old: str, new: str) -> None:
    """Edit a file within the same second to text of the same length."""
    stat = path.stat()
    text = path.read_text()
    assert len(old) == len(new)
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns // 1_000_000_000 * 1_000_000_000 + 999_999_999))
