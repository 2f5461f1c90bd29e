"""Functions of a Python file beside the profile: run in a process of their own, loaded again when the file changes."""

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.profiles.runs import PythonRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools.processes import how_it_ended, kill_group
from rtvoice_tui.tools.runner import (
    MAX_DETAIL,
    MAX_OUTPUT,
    Call,
    Outcome,
    Runner,
    Standing,
    ToolError,
    failed,
    succeeded,
)

WATCH_S = 1.0
"""How often a file is looked at."""

LOAD_S = 20.0
"""A file that takes longer to load is given up."""

CLEAN_UP_S = 0.5
"""What a function that is stopped has for its own clean-up."""

REAP_S = 3.0
"""How long a process that was killed may take to be told of as ended."""

LINE_BYTES = 16_000_000

_HOST = Path(__file__).with_name("python_host.py")


class PythonRunner(Runner):
    """Runs one function.

    Args:
        spec: what the session knows of the tool; what it leaves out comes from the function itself.
        run: file and function.
        file: the file's processes, shared by all tools of the file.
    """

    def __init__(self, spec: ToolSpec, run: PythonRun, file: "PythonFile") -> None:
        super().__init__(spec)
        self._told = spec
        self._function = run.target.rpartition(":")[2]
        self._file = file
        self._described = bool(spec.parameters)
        self._looking: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the function has been asked what it takes, where the profile does not say."""
        return self._described or self.standing is not None

    async def open(self) -> None:
        """Load the file, and ask the function what the profile does not say."""
        self._file.watch(self._look)
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look())

    async def close(self) -> None:
        """End the file's processes, if nobody else needs them."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        await self._file.unwatch(self._look)

    def preview(self, call: Call) -> str:
        """The call as Python would write it."""
        given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
        return f"{self._function}({given})  in {self._file.path.name}"

    async def run(self, call: Call) -> Outcome:
        """Call the function."""
        try:
            reply = await self._file.ask({"call": self._function, "arguments": call.arguments})
        except _Gone as gone:
            return failed(f"{call.name} failed: {gone}", gone.note)
        return self._outcome(call, reply).with_details(("printed", str(reply.get("printed") or "")))

    def _outcome(self, call: Call, reply: dict[str, Any]) -> Outcome:
        if "error" in reply:
            trace = str(reply.get("traceback") or "")
            return failed(f"{call.name} failed: {reply['error']}", trace)
        output, size = str(reply.get("output")), int(reply.get("size") or 0)
        if size <= MAX_OUTPUT:
            return succeeded(output)
        told = f"the result of {size} characters was cut"
        return Outcome(f"{output[:MAX_OUTPUT]}\n[cut: {size} characters in all]", ok=True, note=told)

    async def _look(self) -> None:
        """The file was loaded, or loaded again."""
        (spec,) = self.specs  # of a file that does not load, what was known last is told
        standing = None if self.standing is None else Standing(ServerState.CONNECTED)
        try:
            reply = await self._file.ask({"describe": self._function}, again=False)
            if "error" in reply:
                standing = Standing(ServerState.FAILED, f"{self._file.path.name}: {reply['error']}")
            else:
                spec = replace(
                    self._told,
                    description=self._told.description or str(reply["description"]),
                    parameters=self._told.parameters or reply["parameters"],
                )
        except _Gone as gone:
            standing = Standing(ServerState.FAILED, str(gone))
        self._described = True
        if ((spec,), standing) != (self.specs, self.standing):
            self.specs, self.standing = (spec,), standing
            self.changed()


class _Gone(Exception):
    """The process cannot answer; ``note`` says more to the person."""

    def __init__(self, sentence: str, note: str = "") -> None:
        super().__init__(sentence)
        self.note = note


class PythonFile:
    """The processes of one file: one that takes calls, and those that still finish older ones.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._host: _Host | None = None
        self._fault: _Gone | None = None
        self._starting = asyncio.Lock()
        self._stamp: tuple[int, int] | None = None
        self._watchers: list[Callable[[], Any]] = []
        self._watching: asyncio.Task[None] | None = None
        self._retired: set[_Host] = set()

    def watch(self, look: Callable[[], Any]) -> None:
        """Have ``look`` called when the file is another."""
        self._watchers.append(look)
        if self._watching is None:
            self._watching = asyncio.ensure_future(self._watch())

    async def unwatch(self, look: Callable[[], Any]) -> None:
        """Nobody is interested any more; the last one ends the processes."""
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
        """Ask the file as it is now; being cancelled ends what was asked, and the process if nothing else helps.

        Args:
            question: what is asked.
            again: whether a file that did not load is tried again though it is the same.

        Raises:
            _Gone: it cannot be loaded, or its process ended.
        """
        host = await self._current(again)
        try:
            return await host.ask(question)
        finally:
            if host.stuck:
                self._retire(host)

    async def _current(self, again: bool) -> "_Host":
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
                raise _Gone(f"there is no file {self.path}")
            self._fault = None
            try:
                self._host = host = await _Host.started(self.path)
            except _Gone as fault:
                self._fault = fault
                raise
            return host

    def _retire(self, host: "_Host") -> None:
        """Ask it nothing more; it ends when its last call has."""
        if host is self._host:
            self._host = None
        self._retired.add(host)
        host.retire(lambda: self._retired.discard(host))


class _Pipes(asyncio.subprocess.SubprocessStreamProtocol):
    """The streams of a process, and its exit: that its stdout is still open does not mean that it lives."""

    def __init__(self) -> None:
        super().__init__(LINE_BYTES, asyncio.get_running_loop())
        self.exited: Callable[[], None] = lambda: None

    def process_exited(self) -> None:
        """It has ended; copies of it may go on."""
        super().process_exited()
        self.exited()


class _Host:
    """One process.

    Attributes:
        stuck: whether something was stopped that does not end.
    """

    def __init__(self, transport: asyncio.SubprocessTransport, pipes: _Pipes) -> None:
        self._transport = transport
        self._process = asyncio.subprocess.Process(transport, pipes, asyncio.get_running_loop())
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._errors: deque[str] = deque(maxlen=40)
        self._ended: Callable[[], None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self.stuck = False
        self._hears_errors = asyncio.ensure_future(self._read_errors())
        self._hears = asyncio.ensure_future(self._read())
        pipes.exited = lambda: kill_group(self._process)

    @classmethod
    async def started(cls, path: Path) -> "_Host":
        """A process that has loaded the file.

        Raises:
            _Gone: the file fails to load.
        """
        try:
            transport, pipes = await asyncio.get_running_loop().subprocess_exec(
                _Pipes,
                sys.executable,
                "-P",  # our own folder has modules whose names are the standard library's
                str(_HOST),
                str(path),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                start_new_session=True,
            )
        except OSError as error:
            raise _Gone(f"{path.name} cannot be run: {error.strerror}") from None
        host = cls(transport, pipes)
        try:
            async with asyncio.timeout(LOAD_S):
                await host._ready
        except TimeoutError:
            await host.close()
            raise _Gone(f"{path.name} has not loaded within {LOAD_S:g} s") from None
        except BaseException:
            await host.close()
            raise
        return host

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.returncode is None and not self._hears.done()

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask, and wait for the answer.

        Raises:
            _Gone: the process ended.
        """
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._say({"id": number, **question})
        try:
            await asyncio.wait({answer})
        except asyncio.CancelledError:
            self._say({"cancel": number})
            try:
                await asyncio.wait({answer}, timeout=CLEAN_UP_S)
            finally:
                self.stuck = self.stuck or not _has_ended(answer)
            raise
        finally:
            del self._waiting[number]
            self._check()
        return answer.result()

    def retire(self, ended: Callable[[], None]) -> None:
        """End when nothing is waited for any more."""
        self._ended = ended
        self._check()

    def _check(self) -> None:
        if self._ended is not None and not self._waiting and self._ending is None:
            self._ending = asyncio.ensure_future(self._end())

    async def close(self) -> None:
        """End now, with everything that was started from it."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
        await asyncio.wait({self._ending})

    async def _end(self) -> None:
        kill_group(self._process)
        readers = (self._hears, self._hears_errors)
        try:
            await asyncio.wait(readers, timeout=2 * CLEAN_UP_S)
        finally:
            for task in readers:  # something that left the group holds a pipe open
                task.cancel()
            self._transport.close()
            await asyncio.gather(*readers, return_exceptions=True)
            with contextlib.suppress(TimeoutError):  # gone at once, but told late when much goes on
                async with asyncio.timeout(REAP_S):
                    await self._process.wait()
            if self._ended is not None:
                self._ended()

    def _say(self, message: dict[str, Any]) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):
            stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                self._take(json.loads(line))
        except ValueError:  # a line beyond all measure
            pass
        finally:
            kill_group(self._process)  # what it started ends with it
            try:
                await self._last_words()
            finally:
                self._gone()

    def _take(self, reply: dict[str, Any]) -> None:
        if "ready" in reply:
            if not self._ready.done():
                self._ready.set_result(None)
        elif "failed" in reply:
            if not self._ready.done():
                fault = _Gone(f"{reply['failed']}: {reply['error']}", str(reply.get("traceback") or ""))
                self._ready.set_exception(fault)
        else:
            answer = self._waiting.get(reply.get("id", 0))
            if answer is not None and not answer.done():
                answer.set_result(reply)

    async def _last_words(self) -> None:
        """Until its stderr and its exit code are known, unless somebody else holds its pipes open."""
        await asyncio.wait({self._hears_errors}, timeout=CLEAN_UP_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP_S):
                await self._process.wait()

    def _gone(self) -> None:
        """The process ended: nobody who waits will hear from it."""
        said = "".join(self._errors)[-MAX_DETAIL:]
        fault = _Gone(f"its process ended with {how_it_ended(self._process.returncode)}", said)
        everybody: list[asyncio.Future[Any]] = [self._ready, *self._waiting.values()]
        for answer in everybody:
            if not answer.done():
                answer.set_exception(fault)
                answer.exception()  # somebody may have stopped waiting

    async def _read_errors(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(4096):
            self._errors.append(chunk.decode("utf-8", "replace"))


def _has_ended(answer: "asyncio.Future[dict[str, Any]]") -> bool:
    """Whether what was stopped is over: a thread cannot be, and says so."""
    return answer.done() and (answer.exception() is not None or not answer.result().get("stuck"))


def split_target(name: str, target: str) -> tuple[str, str]:
    """File and function of a target.

    Raises:
        ToolError: it is of another form.
    """
    source, _, function = target.rpartition(":")
    if not source or not function.isidentifier():
        raise ToolError(f"tool {name}: '{target}' is not of the form FILE.py:FUNCTION")
    return source, function
