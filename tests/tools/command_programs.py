"""Programs for the tests of commands: small ones, in shell or Python, and a way to see whether any of them is left."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rtvoice_tui.profiles.runs import CommandRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.tools.command import CommandRunner
from rtvoice_tui.tools.runner import Call, Outcome

PATIENCE_S = 30.0
"""How long a condition is waited for; only a test that fails waits as long."""

PYTHON = [sys.executable, "-S", "-E", "-c"]
SHOW_ARGUMENTS = [*PYTHON, "import json, sys; print(json.dumps(sys.argv[1:]))"]


def runner(*argv: str, folder: Path | None = None, environ: dict[str, str] | None = None, **more: Any) -> CommandRunner:
    """A runner of a program."""
    run = CommandRun(argv=list(argv), **more)
    given = {"PATH": os.environ["PATH"]} if environ is None else environ
    return CommandRunner(ToolSpec(name="tool"), run, folder or Path("/"), given)


async def ran(*argv: str, arguments: dict[str, Any] | None = None, **more: Any) -> Outcome:
    """What a program comes to."""
    return await runner(*argv, **more).run(Call("tool", arguments or {}))


def python(program: str) -> list[str]:
    """A program in Python, without what makes its start slow."""
    return [*PYTHON, program]


def mark() -> str:
    """A word that stands in the command line of a test's own processes only."""
    return f"mark{uuid.uuid4().hex}"


def left(word: str) -> list[int]:
    """The processes whose command line holds a word; the dead that nobody asked after are none."""
    asked = ["ps", "-A", "-ww", "-o", "pid=,stat=,args="]
    listed = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    lines = [line.split(None, 2) for line in listed.splitlines() if word in line]
    return [int(number) for number, state, _ in lines if not state.startswith("Z")]


def end(word: str) -> None:
    """End what a test that failed has left."""
    for number in left(word):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None
