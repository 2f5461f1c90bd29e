"""Runs the local agent in a subprocess, so that its models do not delay the session's audio."""

import asyncio
import contextlib
import json

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.subprocesses import module_command

START_S = 20.0


class LocalAgentProcess:
    """Owns the agent's subprocess: starts it at the first connect, restarts it if it died, ends it with the app."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._endpoint: Endpoint | None = None

    @property
    def identity(self) -> str:
        """The local agent."""
        return "local"

    async def endpoint(self) -> Endpoint:
        """URL and token of the agent, which is started if necessary.

        Raises:
            ProfileError: the agent does not start within START_S.
        """
        if self._process is None or self._process.returncode is not None or self._endpoint is None:
            self._endpoint = await self._start()
        return self._endpoint

    async def close(self) -> None:
        """End the agent by closing its stdin; kill it if it has not exited after 2 s."""
        if self._process is None or self._process.returncode is not None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(2.0):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _start(self) -> Endpoint:
        command, environment = module_command("rtvoice_tui.local_agent.server")
        self._process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_S):
                told = json.loads(await self._process.stdout.readline())
            return Endpoint(told["url"], {"Authorization": f"Bearer {told['token']}"})
        except (TimeoutError, ValueError, KeyError, TypeError):
            await self.close()
            raise ProfileError("the local agent does not start", "see the log file, then press c") from None
        except asyncio.CancelledError:
            await self.close()
            raise
