"""One subprocess of a Python file: runs `python_host`, exchanges JSON lines with it, and kills it in the end."""

import asyncio
import contextlib
import itertools
import json
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rtvoice_tui.tools.processes import describe_exit, kill_group, supervised_command
from rtvoice_tui.tools.runner import MAX_DETAIL

LOAD_S = 20.0
"""Time limit for loading a file, in seconds."""

CLEAN_UP_S = 0.5
"""Seconds that a cancelled function has for its clean-up."""

REAP_S = 3.0
"""Seconds to wait for the exit of a killed process to be reported."""

LINE_BYTES = 16_000_000

_HOST = Path(__file__).with_name("python_host.py")


class ProcessEnded(Exception):
    """The process cannot reply.

    Attributes:
        note: details for the user, such as a traceback or the end of stderr.
    """

    def __init__(self, sentence: str, note: str = "") -> None:
        super().__init__(sentence)
        self.note = note


class _Pipes(asyncio.subprocess.SubprocessStreamProtocol):
    """Streams of a process that also report its exit: a child process can keep its stdout open after that."""

    def __init__(self) -> None:
        super().__init__(LINE_BYTES, asyncio.get_running_loop())
        self.exited: Callable[[], None] = lambda: None

    def process_exited(self) -> None:
        """Called by asyncio when the process has exited; its children may still run."""
        super().process_exited()
        self.exited()


class PythonProcess:
    """A process that has loaded one version of a file and handles requests for its functions. For one event loop.

    Attributes:
        stuck: whether a cancelled call cannot be stopped, or has not stopped within CLEAN_UP_S.
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
    async def started(cls, path: Path, environment: Mapping[str, str]) -> "PythonProcess":
        """Start a process and wait until it has loaded the file.

        Args:
            path: the file.
            environment: its environment variables.

        Raises:
            Gone: the process cannot be started, or the file fails to load.
        """
        line = [sys.executable, "-P", str(_HOST), str(path)]  # -P: our modules would shadow the standard library's
        try:
            transport, pipes = await asyncio.get_running_loop().subprocess_exec(
                _Pipes,
                *supervised_command(line, None, environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**environment, "PYTHONIOENCODING": "utf-8"},
                start_new_session=True,
            )
        except OSError as error:
            raise ProcessEnded(f"{path.name} cannot be run: {error.strerror}") from None
        host = cls(transport, pipes)
        try:
            async with asyncio.timeout(LOAD_S):
                await host._ready
        except TimeoutError:
            await host.close()
            raise ProcessEnded(f"{path.name} has not loaded within {LOAD_S:g} s") from None
        except BaseException:
            await host.close()
            raise
        return host

    @property
    def alive(self) -> bool:
        """Whether it can handle requests."""
        return self._process.returncode is None and not self._hears.done()

    async def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the reply. Cancelling this cancels the call in the process.

        Raises:
            Gone: the process ended.
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
        """End the process after its last pending call.

        Args:
            ended: called when the process has ended.
        """
        self._ended = ended
        self._check()

    def _check(self) -> None:
        if self._ended is not None and not self._waiting and self._ending is None:
            self._ending = asyncio.ensure_future(self._end())

    async def close(self) -> None:
        """Kill the process and its descendants now, and wait until it has ended."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
        await asyncio.wait({self._ending})

    async def _end(self) -> None:
        kill_group(self._process)
        readers = (self._hears, self._hears_errors)
        try:
            await asyncio.wait(readers, timeout=2 * CLEAN_UP_S)
        finally:
            for task in readers:  # a descendant outside the group can hold a pipe open
                task.cancel()
            self._transport.close()
            await asyncio.gather(*readers, return_exceptions=True)
            with contextlib.suppress(TimeoutError):  # on a busy machine the exit is reported late
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
                self._on_reply(json.loads(line))
        except ValueError:  # a line longer than LINE_BYTES, or invalid JSON
            pass
        finally:
            kill_group(self._process)  # its descendants must end with it
            try:
                await self._last_words()
            finally:
                self._gone()

    def _on_reply(self, reply: dict[str, Any]) -> None:
        if "ready" in reply:
            if not self._ready.done():
                self._ready.set_result(None)
        elif "failed" in reply:
            if not self._ready.done():
                fault = ProcessEnded(f"{reply['failed']}: {reply['error']}", str(reply.get("traceback") or ""))
                self._ready.set_exception(fault)
        else:
            answer = self._waiting.get(reply.get("id", 0))
            if answer is not None and not answer.done():
                answer.set_result(reply)

    async def _last_words(self) -> None:
        """Wait for the rest of stderr and the exit code; with a limit, as a descendant may hold the pipes open."""
        await asyncio.wait({self._hears_errors}, timeout=CLEAN_UP_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP_S):
                await self._process.wait()

    def _gone(self) -> None:
        """Fail all pending requests, because the process has ended."""
        said = "".join(self._errors)[-MAX_DETAIL:]
        fault = ProcessEnded(f"its process ended with {describe_exit(self._process.returncode)}", said)
        everybody: list[asyncio.Future[Any]] = [self._ready, *self._waiting.values()]
        for answer in everybody:
            if not answer.done():
                answer.set_exception(fault)
                answer.exception()  # mark as retrieved: the waiter may be gone

    async def _read_errors(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(4096):
            self._errors.append(chunk.decode("utf-8", "replace"))


def _has_ended(answer: "asyncio.Future[dict[str, Any]]") -> bool:
    """Whether a cancelled call has stopped; the process replies ``stuck`` for a call in a thread, which cannot be."""
    return answer.done() and (answer.exception() is not None or not answer.result().get("stuck"))
