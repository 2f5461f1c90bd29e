"""MCP servers over stdio or streamable HTTP: kept connected; their tools are offered under prefixed names."""

import asyncio
import contextlib
import itertools
import json
import logging
import math
import os
import re
import tempfile
from collections.abc import AsyncIterator, Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast
from urllib.parse import urlsplit

from msgspec.structs import replace

from rtvoice_tui.errors import ConnectionFailed, ProfileError, ToolError
from rtvoice_tui.network import explain, proxy_for, proxy_keys, refused_by_proxy, tls_context
from rtvoice_tui.profiles import secrets
from rtvoice_tui.profiles.runs import McpRun
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.redaction import redact
from rtvoice_tui.session.facts import ServerState
from rtvoice_tui.subprocesses import minimal_environment
from rtvoice_tui.tools.checker import Checker
from rtvoice_tui.tools.processes import supervised_command
from rtvoice_tui.tools.programs import program_problem
from rtvoice_tui.tools.requests import check_headers, check_url
from rtvoice_tui.tools.runner import Call, Outcome, Runner, ServerStatus, failed, succeeded

if TYPE_CHECKING:
    from anyio import CancelScope
    from mcp import Client
    from mcp.types import CallToolResult, Tool

INSTALL_HINT = "pip install 'rtvoice-tui[mcp]'"
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
LOOK_S = {"stdio": 3.0, "http": 20.0}
"""Seconds between two tools/list requests, by transport; the request is also the health check of the server."""

MAX_TOOLS = 200
MAX_NAME = 64
CONNECT_S = 30.0
LEAST_S = 0.2
"""Minimum seconds between two tools/list requests: a server may send list_changed after every one of them."""

END_S, KILL_S = 1.0, 0.6
"""Seconds that a stdio server has to exit after its stdin is closed, and then after SIGTERM, before it is killed."""

_REFUSALS = {
    401: ("the server does not accept the key", "check the headers of the tool"),
    403: ("the key may not use this server", "check the headers of the tool"),
    404: ("there is no MCP server at this path", "check the url"),
    405: ("there is no MCP server at this path", "check the url"),
    429: ("the server has too many requests", "wait a little"),
    **dict.fromkeys(range(500, 512), ("the server failed", "wait a little, or tell its owner")),
}
"""HTTP statuses of a refusal, in words, and what the user can do."""

MAX_STDERR = 1_000_000
"""Maximum size of the temporary file with a server's stderr, in bytes."""


class McpRunner(Runner):
    """Keeps the connection to one server and forwards calls to it; reconnects with exponential backoff.

    Args:
        spec: template for the specs of the server's tools; its name is the server's.
        run: command or URL of the server, from the profile.
        folder: the working directory of a stdio server.
        environ: the app's own environment.

    Raises:
        ToolError: the profile has neither argv nor url, both, or an invalid url.
    """

    def __init__(self, spec: ToolSpec, run: McpRun, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(spec)
        if bool(run.argv) == bool(run.url):
            raise ToolError(f"tool {spec.name}: an MCP server has either argv or url")
        if run.url:
            check_url(spec.name, run.url)
            check_headers(spec.name, run.headers)
        self._template = spec
        self._run = run
        self._folder = folder
        self._environ = environ
        self._keys: list[str] = []
        self._proxy: str | None = None  # of the current connection
        self._status = 0
        self._inner: dict[str, str] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._checker = Checker()
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._under_way = 0
        self._scope: CancelScope | None = None
        self._closing = False
        self._refresh = asyncio.Event()
        self.specs = ()
        self.status = ServerStatus(ServerState.CLOSED)

    @property
    def ready(self) -> bool:
        """Whether the server's tools are known, or connecting to it has failed."""
        return self.status is not None and self.status.state in (ServerState.CONNECTED, ServerState.FAILED)

    async def open(self) -> None:
        """Start the task that connects and reconnects."""
        if self._task is None:
            self._closing = False
            self._task = asyncio.ensure_future(self._stay())

    async def close(self) -> None:
        """Disconnect; a stdio server is ended."""
        task, self._task = self._task, None
        if task is not None:
            self._closing = True
            if self._scope is not None:  # Task.cancel() could be swallowed, or leave the server running
                self._scope.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._checker.close()
            self.status = ServerStatus(ServerState.CLOSED)

    def preview(self, call: Call) -> str:
        """The tool's name at the server, and the server."""
        return f"{self._inner.get(call.name, call.name)} at {self._template.name} ({self._run.summary})"

    async def run(self, call: Call) -> Outcome:
        """Call a tool of the server; cancelling this also cancels the request at the server."""
        client, inner = self._client, self._inner.get(call.name)
        if client is None:
            return failed(f"{call.name} failed: the server {self._template.name} is not connected", self._detail)
        if inner is None:
            return failed(f"{call.name} failed: the server {self._template.name} has no such tool")
        from mcp import MCPError

        self._under_way += 1
        try:
            result = await client.call_tool(inner, call.arguments)
        except MCPError as error:
            self._refresh.set()
            return failed(f"{call.name} failed: {_line(error, self._keys)}")
        except Exception as error:  # a broken connection can raise anything
            self._refresh.set()
            return failed(f"{call.name} failed: {type(error).__name__}", _line(error, self._keys))
        finally:
            self._under_way -= 1
        schema = self._results.get(call.name)
        if schema is not None and not result.is_error:
            problem = await self._checker.result(result.structured_content, schema)
            if problem:
                return failed(f"{call.name} failed: {redact(problem, self._keys)}")
        return _outcome(call, result, self._keys)

    @property
    def _detail(self) -> str:
        return self.status.detail if self.status else ""

    # --- staying connected

    async def _stay(self) -> None:
        try:
            import anyio
        except ImportError:
            self._stand(ServerState.FAILED, f"needs the [mcp] extra: {INSTALL_HINT}")
            return
        wait = FIRST_WAIT_S
        with anyio.CancelScope() as self._scope:
            while not self._closing:
                self._stand(ServerState.STARTING)
                with tempfile.TemporaryFile() as errors:
                    try:
                        async for _ in self._connected(errors):
                            wait = FIRST_WAIT_S
                        return
                    except ImportError:
                        self._stand(ServerState.FAILED, f"needs the [mcp] extra: {INSTALL_HINT}")
                        return
                    except (ProfileError, ConnectionFailed) as error:
                        self._stand(ServerState.FAILED, f"{error.sentence}: {error.remedy}")
                        return
                    except Exception as error:
                        last = _last_line(errors)
                        problem = self._problem(error)
                        reason = problem or f"{_reason(error, self._keys)}{last and ': '}{last}"
                    finally:
                        self._client = None
                self._stand(ServerState.FAILED, f"{reason}; tried again in {wait:g} s")
                await anyio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)

    async def _connected(self, errors: BinaryIO) -> AsyncIterator[None]:
        """Connect, and yield after each tools/list response. Raises when the connection is lost."""
        import anyio
        from mcp import Client

        with anyio.fail_after(CONNECT_S) as limit:
            async with contextlib.AsyncExitStack() as stack:
                transport = await self._transport(errors, stack)
                client = Client(transport, message_handler=self._told, read_timeout_seconds=None)
                await stack.enter_async_context(client)
                client.session.validate_tool_result = _unchecked  # type: ignore[method-assign]
                await self._list(client)
                self._client = client
                while True:
                    limit.deadline = math.inf
                    self._stand(ServerState.CONNECTED)
                    yield
                    self._refresh.clear()
                    await anyio.sleep(LEAST_S)
                    with anyio.move_on_after(LOOK_S["stdio" if self._run.argv else "http"]):
                        await self._refresh.wait()
                    _trim(errors)
                    if self._under_way:  # a server may process requests one at a time
                        continue
                    limit.deadline = anyio.current_time() + CONNECT_S
                    await self._list(client)

    async def _transport(self, errors: BinaryIO, stack: contextlib.AsyncExitStack) -> Any:
        self._keys, self._status = [], 0
        if self._run.argv:
            from mcp.client import stdio

            # the SDK's timeouts are module constants, and longer than the app's own shutdown
            stdio.PROCESS_TERMINATION_TIMEOUT, stdio.FORCE_KILL_TIMEOUT = END_S, KILL_S
            program, *arguments = self._run.argv
            if os.sep in program and not os.path.isabs(program):
                program = str(self._folder / program)
            environment = minimal_environment(self._environ, self._run.pass_env, self._run.env)
            where = self._folder if self._folder.is_dir() else None
            command, *rest = supervised_command([program, *arguments], where, environment)
            parameters = stdio.StdioServerParameters(command=command, args=rest, env=environment, cwd=where)
            return stdio.stdio_client(parameters, errlog=cast("TextIO", errors))
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        # its warnings may contain keys; the same errors are raised, and reported without keys
        logging.getLogger("mcp.client.streamable_http").setLevel(logging.ERROR)

        run = self._run
        headers, self._keys = await asyncio.to_thread(
            secrets.fill_headers, run.headers, run.url, run.key_in_clear, self._environ
        )
        # the time limit for a response is the profile's; the SDK does not close a client that it was given
        limits = httpx2.Timeout(CONNECT_S, read=None)
        self._proxy, tls = proxy_for(run.url), await asyncio.to_thread(tls_context)
        self._keys += proxy_keys(self._proxy)
        raw = {name.encode(): value.encode() for name, value in headers.items()}  # else only ASCII is accepted
        client = httpx2.AsyncClient(headers=raw, trust_env=False, timeout=limits, proxy=self._proxy, verify=tls)
        client.event_hooks = {"response": [self._note_status]}
        await stack.enter_async_context(client)
        return streamable_http_client(self._run.url, http_client=client)

    def _problem(self, error: Exception) -> str:
        """What is wrong with the server's program, or with the connection to it, with the remedy; empty if unknown."""
        if self._run.argv:
            environment = minimal_environment(self._environ, self._run.pass_env, self._run.env)
            found = program_problem(self._run.argv[0], self._folder, environment)
            return f"{found[0]}: {found[1]}" if found else ""
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        plain = self._run.url.startswith("http:")  # the proxy's own responses look like the server's
        refused = self._status == 407 and self._proxy and plain
        reason = refused_by_proxy(407, self._proxy) if refused else explain(error, self._proxy)
        host = urlsplit(self._run.url).hostname or ""
        if reason is None and self._status:
            said, remedy = _REFUSALS.get(self._status, ("the server refuses", "check the url"))
            return f"{host}: {said} (HTTP {self._status}): {remedy}"
        return f"{reason.about(host)}: {reason.remedy}" if reason is not None else ""

    async def _note_status(self, response: Any) -> None:
        """Keep the HTTP status of a refusal: the SDK's error does not tell it."""
        self._status = response.status_code if response.status_code >= 400 else 0

    async def _told(self, message: Any) -> None:
        """Handle a notification of the server: its list of tools may have changed."""
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            self._refresh.set()

    async def _list(self, client: "Client") -> None:
        tools: list[Tool] = []
        cursor = None
        for _ in range(MAX_TOOLS):
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            tools += page.tools
            cursor = page.next_cursor
            if not cursor or len(tools) >= MAX_TOOLS:
                break
        inner: dict[str, str] = {}
        results: dict[str, dict[str, Any]] = {}
        specs = []
        for tool in tools[:MAX_TOOLS]:
            name = _unlike(inner, prefixed(self._template.name, tool.name))
            offered = (tool.name, name.removeprefix(f"{self._template.name}_"))  # `only` may hold either name
            if self._run.only and not set(offered) & set(self._run.only):
                continue
            inner[name] = tool.name
            if isinstance(tool.output_schema, dict):
                results[name] = tool.output_schema
            schema = _without(tool.input_schema, self._keys) if isinstance(tool.input_schema, dict) else {}
            told = redact(tool.description or tool.title or "", self._keys)
            specs.append(replace(self._template, name=name, description=told, parameters=schema))
        self._inner, self._results = inner, results
        if tuple(specs) != self.specs:
            self.specs = tuple(specs)
            self.changed()

    def _stand(self, state: ServerState, detail: str = "") -> None:
        status = ServerStatus(state, detail)
        if status != self.status:
            self.status = status
            self.changed()


def _without(schema: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """A schema with all keys redacted: the model receives it."""
    if not keys:
        return schema
    cleaned: dict[str, Any] = json.loads(redact(json.dumps(schema), keys))
    return cleaned


async def _unchecked(name: str, result: "CallToolResult") -> None:
    """Replaces the SDK's check of a result, which has no time limit and blocks the event loop."""


def prefixed(server: str, tool: str) -> str:
    """The name of a server's tool for the model: letters, digits, ``_`` and ``-``, at most 64 characters."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"{server}_{tool}")[:MAX_NAME]


def _unlike(others: Container[str], name: str) -> str:
    """A unique name: tools whose names became equal by `prefixed` get a number."""
    names = (f"{name[: MAX_NAME - 4]}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], names) if each not in others)


def _outcome(call: Call, result: "CallToolResult", keys: Sequence[str]) -> Outcome:
    texts = []
    for block in result.content:
        kind = getattr(block, "type", "")
        if kind == "text":
            texts.append(getattr(block, "text", ""))
        elif kind == "resource" and hasattr(getattr(block, "resource", None), "text"):
            texts.append(block.resource.text)  # type: ignore[union-attr]
        else:
            texts.append(f"[{kind} {getattr(block, 'mime_type', '') or ''}]".replace(" ]", "]"))
    text = redact("\n".join(texts), keys)
    if result.is_error:
        return failed(f"{call.name} failed: {text[:2000] or 'the server gave no reason'}")
    if not texts and result.structured_content is not None:
        text = redact(json.dumps(result.structured_content, ensure_ascii=False), keys)
    return succeeded(text)


def _line(error: BaseException, keys: Sequence[str]) -> str:
    return redact(" ".join(str(error).split()), keys)[:500] or type(error).__name__


def _reason(error: BaseException, keys: Sequence[str]) -> str:
    """The first error inside nested exception groups, in one line."""
    from mcp import MCPError
    from mcp.types import CONNECTION_CLOSED

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError):
        return f"there is no program {error.filename}"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, MCPError) and error.code == CONNECTION_CLOSED:
        return "it ended"
    return _line(error, keys)


def _trim(errors: BinaryIO) -> None:
    """Empty a server's stderr file when it is too large; the server shares our file offset, so that is reset too."""
    if os.fstat(errors.fileno()).st_size > MAX_STDERR:
        errors.truncate(0)
        errors.seek(0)


def _last_line(errors: BinaryIO) -> str:
    """The last non-empty line of the stderr file."""
    errors.seek(max(0, os.fstat(errors.fileno()).st_size - 8000))
    lines = errors.read(8000).decode("utf-8", "replace").replace("\0", "").splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")
