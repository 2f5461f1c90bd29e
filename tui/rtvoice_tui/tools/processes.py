"""Programs that are started for a tool, and an end for all that they start.

On Linux a `supervisor` stands between us and each program, so that nothing that came of it stays behind, whatever it
did to get away and however we end. Elsewhere a program leads a process group, and what leaves the group stays.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

GRACE_S = 0.4
"""What a group has between being asked to end and being ended."""

REAPED_S = 2.0
"""What the system has to say that a program which was ended is no more; on a busy machine that takes a while."""


_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_SUPERVISED = sys.platform == "linux"


def supervised(line: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> list[str]:
    """The command that runs a program with whatever it starts under our eyes.

    Args:
        line: program and arguments.
        folder: where it is run.
        environment: its variables.

    Raises:
        OSError: there is no such program, or it may not be run.
        ValueError: no program can be called like this.
    """
    if not _SUPERVISED:
        return list(line)
    if any("\0" in word for word in line):
        raise ValueError("embedded null byte")
    _check_program(line[0], folder, environment)
    return [sys.executable, "-I", "-S", str(_SUPERVISOR), str(os.getpid()), *line]


def _check_program(program: str, folder: Path | None, environment: Mapping[str, str]) -> None:
    path = os.path.join(folder or "", program) if os.sep in program else program
    if shutil.which(path, path=environment.get("PATH", os.defpath)) is None:
        code = errno.EACCES if os.sep in program and os.path.exists(path) else errno.ENOENT
        raise OSError(code, os.strerror(code), program)


class _Protocol(asyncio.subprocess.SubprocessStreamProtocol):
    """Tells when a program has ended, where asyncio waits until nobody holds its streams any more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=1 << 16, loop=loop)
        self.ended = asyncio.Event()

    def process_exited(self) -> None:
        self.ended.set()
        super().process_exited()


class Program(asyncio.subprocess.Process):
    """A program that leads a group of its own; whoever starts it closes it."""

    def __init__(
        self, transport: asyncio.SubprocessTransport, protocol: _Protocol, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(transport, protocol, loop)
        self._pipes = transport
        self.ended = protocol.ended

    def close(self) -> None:
        """Let go of its streams, which something that it left behind may still hold."""
        self._pipes.close()


async def start(line: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> Program:
    """Start a program with pipes. Being cancelled meanwhile ends it, and what it has started by then.

    Raises:
        OSError: it cannot be started.
        ValueError: no program can be called like this.
    """
    starting = asyncio.ensure_future(_start(line, folder, environment))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        starting.add_done_callback(_end_at_once)
        await asyncio.wait({starting})
        if starting.exception() is None:
            program = starting.result()
            try:
                await end_group(program)
            finally:
                program.close()
        raise


async def _start(line: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> Program:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: _Protocol(loop),
        *supervised(line, folder, environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    return Program(transport, protocol, loop)


def _end_at_once(starting: "asyncio.Task[Program]") -> None:
    if not starting.cancelled() and starting.exception() is None:
        kill_group(starting.result())


async def end_group(program: Program) -> None:
    """Ask a program and all that it started to end, then end them. Being cancelled only makes it quicker."""
    _signal_group(program, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_S):
            await program.ended.wait()
    except TimeoutError:
        pass
    finally:
        kill_group(program)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REAPED_S):
                await program.ended.wait()


def kill_group(process: asyncio.subprocess.Process) -> None:
    """End a program and all that it started, now."""
    if not _SUPERVISED:
        _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    elif process.returncode is None:  # else its supervisor has left nothing
        _signal_group(process, signal.SIGUSR1)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)  # the leader of its own group, so the number is the group's too
            os.killpg(process.pid, signal.SIGCONT)  # a tool may have stopped it
        elif process.returncode is None:
            process.kill()


def how_it_ended(code: int | None) -> str:
    """An exit code in words; below zero it is a signal's number."""
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
