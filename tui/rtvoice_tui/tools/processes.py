"""Programs that are started for a tool: a small environment, and an end for all that they start."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

GRACE_S = 0.4
"""What a group has between being asked to end and being ended."""

_INHERITED = (
    "PATH HOME USER LOGNAME LANG LC_ALL LC_CTYPE TZ TMPDIR TEMP TMP SYSTEMROOT COMSPEC PATHEXT USERPROFILE APPDATA"
).split()
"""What any program may need; keys are not among them."""


def small_environment(
    environ: Mapping[str, str], names: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a program needs of our environment, the variables that the profile names, and those it sets."""
    return {name: environ[name] for name in (*_INHERITED, *names) if name in environ} | dict(more or {})


async def end_group(process: asyncio.subprocess.Process) -> None:
    """Ask a program and all that it started to end, then end them. Being cancelled only makes it quicker."""
    _signal_group(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        kill_group(process)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await process.wait()


def kill_group(process: asyncio.subprocess.Process) -> None:
    """End a program and all that it started, now."""
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)  # the leader of its own group, so the number is the group's too
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
