"""Schema checks with a time limit, in a subprocess that is killed when a check exceeds it."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from rtvoice_tui.subprocesses import module_command

LIMIT_S = 2.0
"""Time limit of one check, in seconds."""

START_S = 20.0
"""Time limit for starting the process, in seconds."""

ANSWER_BYTES = 1_000_000

log = logging.getLogger(__name__)


class Checker:
    """Owns the subprocess: starts it for the first check, and again after it was killed. For one event loop only."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._one_by_one = asyncio.Lock()

    async def arguments(self, text: str, parameters: Mapping[str, Any]) -> str:
        """Check the arguments of a call (JSON text) against their schema; returns what is wrong, empty if they fit."""
        return await self._ask({"arguments": text, "schema": parameters}, "the arguments")

    async def result(self, value: Any, schema: Mapping[str, Any]) -> str:
        """Check a result against the output schema of its server; returns what is wrong, empty if it fits."""
        return await self._ask({"value": value, "schema": schema}, "the result")

    async def close(self) -> None:
        """Kill the process and wait for its exit."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, question: dict[str, Any], what: str) -> str:
        async with self._one_by_one:
            try:
                line = json.dumps(question).encode() + b"\n"
                process = await self._running()
                async with asyncio.timeout(LIMIT_S):
                    answer = await _answered(process, line)
                return str(answer["problem"])
            except TimeoutError:
                await self.close()
                return f"{what} could not be checked within {LIMIT_S:g} s: the tool's schema is too complex"
            except (OSError, ValueError, KeyError, TypeError, RecursionError, EOFError) as error:
                log.warning("a check failed", exc_info=error)
                await self.close()
                return f"{what} could not be checked: {type(error).__name__}"
            except asyncio.CancelledError:
                await self.close()  # or the next request would read this one's reply
                raise

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            command, environment = module_command("rtvoice_tui.tools.check_program")
            self._process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=ANSWER_BYTES,
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(START_S):
                    await _answered(self._process, b"")
            except TimeoutError:
                raise OSError("the process does not begin") from None
        return self._process


async def _answered(process: asyncio.subprocess.Process, line: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer:
        raise EOFError
    told = json.loads(answer)
    if not isinstance(told, dict):
        raise TypeError
    return told
