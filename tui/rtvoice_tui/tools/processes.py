"""Subprocesses of tools, stopped together with all their descendants.

On Linux a `supervisor` process runs each program and ends all its descendants, even those that left the process group
and even if the app crashes. On other systems a program leads a process group; a process that leaves it is not ended.
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
"""Seconds between SIGTERM and SIGKILL."""

REAPED_S = 2.0
"""Seconds to wait for the exit of a killed program to be reported; a busy machine takes a while."""


_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_SUPERVISED = sys.platform == "linux"


def supervised_command(line: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> list[str]:
    """The command that runs a program below the supervisor; on systems other than Linux the command itself.

    Args:
        line: program and arguments.
        folder: its working directory.
        environment: its environment variables.

    Raises:
        OSError: the program does not exist, or is not executable (Linux only).
        ValueError: an argument contains a NUL character (Linux only).
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
    """Sets `ended` when the program exits; ``Process.wait`` also waits until all its pipes are closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=1 << 16, loop=loop)
        self.ended = asyncio.Event()

    def process_exited(self) -> None:
        self.ended.set()
        super().process_exited()


class Program(asyncio.subprocess.Process):
    """A running program, the leader of its own process group. The caller of `start` must close it.

    Attributes:
        ended: set when the program has exited.
    """

    def __init__(
        self, transport: asyncio.SubprocessTransport, protocol: _Protocol, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(transport, protocol, loop)
        self._pipes = transport
        self.ended = protocol.ended

    def close(self) -> None:
        """Close our ends of its pipes, which child processes may still hold open."""
        self._pipes.close()


async def start(line: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> Program:
    """Start a program with pipes for stdin, stdout and stderr. If this is cancelled, the program is ended.

    Args:
        line: program and arguments.
        folder: its working directory.
        environment: its environment variables.

    Raises:
        OSError: it cannot be started.
        ValueError: an argument contains a NUL character.
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
        *supervised_command(line, folder, environment),
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
    """Send SIGTERM to a program and its descendants, and SIGKILL after GRACE_S or when this is cancelled."""
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
    """Kill a program and its descendants immediately."""
    if not _SUPERVISED:
        _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    elif process.returncode is None:  # once the supervisor has exited, nothing is left
        _signal_group(process, signal.SIGUSR1)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)  # it leads its group, so its pid is the group's id
            os.killpg(process.pid, signal.SIGCONT)  # a stopped process does not handle signals
        elif process.returncode is None:
            process.kill()


def describe_exit(code: int | None) -> str:
    """An exit code in words; a negative code is the number of a signal."""
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
