"""MCP servers: started over stdio or asked over HTTP, kept connected, and their tools offered with a prefix."""

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from msgspec.structs import replace

from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.runs import McpRun
from rtvoice_tui.profiles.store import ProfileError
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.tools.processes import small_environment
from rtvoice_tui.tools.runner import Call, Outcome, Runner, Standing, ToolError, failed, succeeded

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult, Tool

INSTALL_HINT = "pip install 'rtvoice-tui[mcp]'"
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
LOOK_S = {"stdio": 3.0, "http": 20.0}
"""How often a server is asked for its tools: that it answers shows that it lives."""

MAX_TOOLS = 200
MAX_NAME = 64
CONNECT_S = 30.0


class McpRunner(Runner):
    """Keeps one server connected and passes calls on to it.

    Args:
        spec: what the session knows of the server's tools, under the server's name.
        run: where it is.
        folder: where it is started.
        environ: our own environment.

    Raises:
        ToolError: it is neither a command nor an address, or both.
    """

    def __init__(self, spec: ToolSpec, run: McpRun, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(spec)
        if bool(run.argv) == bool(run.url):
            raise ToolError(f"tool {spec.name}: an MCP server has either argv or url")
        if run.url and not run.url.startswith(("http://", "https://")):
            raise ToolError(f"tool {spec.name}: '{run.url}' is no http:// or https:// address")
        self._template = spec
        self._run = run
        self._folder = folder
        self._environ = environ
        self._keys: list[str] = []
        self._inner: dict[str, str] = {}
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self.specs = ()
        self.standing = Standing(ServerState.CLOSED)

    @property
    def ready(self) -> bool:
        """Whether the server has told its tools, or cannot."""
        return self.standing is not None and self.standing.state in (ServerState.CONNECTED, ServerState.FAILED)

    async def open(self) -> None:
        """Connect, and stay connected."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._stay())

    async def close(self) -> None:
        """Leave the server, and end it if we started it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def preview(self, call: Call) -> str:
        """The server's own name of the tool."""
        return f"{self._inner.get(call.name, call.name)} at {self._template.name} ({self._run.summary})"

    async def run(self, call: Call) -> Outcome:
        """Have the server run a tool; being cancelled cancels it there too."""
        from mcp import MCPError

        client = self._client
        if client is None:
            return failed(f"{call.name} failed: the server {self._template.name} is not connected", self._detail)
        try:
            result = await client.call_tool(self._inner[call.name], call.arguments)
        except MCPError as error:
            self._look.set()
            return failed(f"{call.name} failed: {_line(error)}").without(*self._keys)
        except (OSError, RuntimeError, ValueError) as error:
            self._look.set()
            return failed(f"{call.name} failed: {type(error).__name__}", _line(error)).without(*self._keys)
        return _outcome(call, result).without(*self._keys)

    @property
    def _detail(self) -> str:
        return self.standing.detail if self.standing else ""

    # --- staying connected

    async def _stay(self) -> None:
        wait = FIRST_WAIT_S
        while True:
            self._stand(ServerState.STARTING)
            with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
                try:
                    async for _ in self._connected(errors):
                        wait = FIRST_WAIT_S
                    reason = "it ended"
                except ImportError:
                    self._stand(ServerState.FAILED, f"needs the [mcp] extra: {INSTALL_HINT}")
                    return
                except ProfileError as error:
                    self._stand(ServerState.FAILED, f"{error.sentence}: {error.remedy}")
                    return
                except Exception as error:
                    reason = _last_line(errors) or _reason(error)
                finally:
                    self._client = None
            for key in self._keys:
                reason = reason.replace(key, "[key]")
            self._stand(ServerState.FAILED, f"{reason}; tried again in {wait:g} s")
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_S)

    async def _connected(self, errors: TextIO) -> Any:
        """Connect, and yield each time that the server has told its tools, until it is gone."""
        from mcp import Client

        client = Client(await self._transport(errors), message_handler=self._told, read_timeout_seconds=None)
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(CONNECT_S):
                await stack.enter_async_context(client)
                await self._list(client)
            self._client = client
            while True:
                self._stand(ServerState.CONNECTED)
                yield
                self._look.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S["stdio" if self._run.argv else "http"]):
                        await self._look.wait()
                async with asyncio.timeout(CONNECT_S):
                    await self._list(client)

    async def _transport(self, errors: TextIO) -> Any:
        self._keys = []
        if self._run.argv:
            from mcp.client.stdio import StdioServerParameters, stdio_client

            program, *arguments = self._run.argv
            if os.sep in program and not os.path.isabs(program):
                program = str(self._folder / program)
            environment = small_environment(self._environ, self._run.pass_env, self._run.env)
            where = str(self._folder) if self._folder.is_dir() else None
            parameters = StdioServerParameters(command=program, args=arguments, env=environment, cwd=where)
            return stdio_client(parameters, errlog=errors)
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        headers = {}
        for name, value in self._run.headers.items():
            headers[name], found = await asyncio.to_thread(secrets.fill, value, self._environ)
            self._keys += found
        return streamable_http_client(self._run.url, http_client=httpx2.AsyncClient(headers=headers, trust_env=False))

    async def _told(self, message: Any) -> None:
        """The server says something by itself: its tools may be others."""
        self._look.set()

    async def _list(self, client: "Client") -> None:
        tools: list[Tool] = []
        cursor = None
        while True:
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            tools += page.tools
            cursor = page.next_cursor
            if not cursor or len(tools) > MAX_TOOLS:
                break
        inner, specs = {}, []
        for tool in tools[:MAX_TOOLS]:
            name = prefixed(self._template.name, tool.name)
            if name in inner or (self._run.only and tool.name not in self._run.only):
                continue
            inner[name] = tool.name
            schema = tool.input_schema if isinstance(tool.input_schema, dict) else {}
            told = tool.description or tool.title or ""
            specs.append(replace(self._template, name=name, description=told, parameters=schema))
        self._inner = inner
        if tuple(specs) != self.specs:
            self.specs = tuple(specs)
            self.changed()

    def _stand(self, state: ServerState, detail: str = "") -> None:
        standing = Standing(state, detail)
        if standing != self.standing:
            self.standing = standing
            self.changed()


def prefixed(server: str, tool: str) -> str:
    """A server's tool as the model calls it: letters, digits, ``_`` and ``-``, at most 64."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{server}_{tool}")[:MAX_NAME]


def _outcome(call: Call, result: "CallToolResult") -> Outcome:
    texts = []
    for block in result.content:
        kind = getattr(block, "type", "")
        if kind == "text":
            texts.append(getattr(block, "text", ""))
        elif kind == "resource" and hasattr(getattr(block, "resource", None), "text"):
            texts.append(block.resource.text)  # type: ignore[union-attr]
        else:
            texts.append(f"[{kind} {getattr(block, 'mime_type', '') or ''}]".replace(" ]", "]"))
    text = "\n".join(texts)
    if result.is_error:
        return failed(f"{call.name} failed: {text[:2000] or 'the server gave no reason'}")
    if not text and result.structured_content is not None:
        return succeeded(result.structured_content)
    return succeeded(text)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__


def _reason(error: BaseException) -> str:
    """The innermost of grouped errors, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError):
        return f"there is no program {error.filename}"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return _line(error)


def _last_line(errors: TextIO) -> str:
    """What a program said last before it ended."""
    errors.seek(0)
    lines = [line.strip() for line in errors.read()[-4000:].splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
