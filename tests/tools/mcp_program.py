"""An MCP server for the tests: over stdio, or over HTTP.

Its arguments: how it is reached (``stdio`` or a port, 0 for any), and a folder for what it wants to tell the test.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from mcp.server.mcpserver import Context, MCPServer

REACHED, FOLDER = sys.argv[1], Path(sys.argv[2])
server = MCPServer("tests")


@server.tool(description="Adds two numbers.")
def add(a: int, b: int = 1) -> str:
    return str(a + b)


@server.tool(name="dir/list.all ü", description="Its name fits no model.")
def odd() -> str:
    return "odd"


@server.tool()
def same(text: str) -> str:
    return text


@server.tool()
def weather(city: str) -> dict[str, Any]:
    return {"city": city, "t": 12}


@server.tool()
def fail(reason: str) -> str:
    raise ValueError(reason)


@server.tool()
async def wait(name: str) -> str:
    (FOLDER / f"{name}.began").touch()
    try:
        await asyncio.Event().wait()
    except BaseException:
        (FOLDER / f"{name}.cancelled").touch()
        raise
    return "never"


@server.tool()
async def late(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "late"


@server.tool()
def die() -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


@server.tool()
def environment() -> str:
    return "\n".join(sorted(os.environ))


@server.tool()
def where() -> str:
    return str(Path.cwd())


@server.tool()
def header(name: str, ctx: Context[Any]) -> str:
    return str((ctx.headers or {}).get(name))


@server.tool()
async def more(ctx: Context[Any]) -> str:
    server.add_tool(lambda: "new", name="new", description="Was not there before.")
    with contextlib.suppress(Exception):
        await ctx.session.send_tool_list_changed()
    return "more"


def serve(port: int) -> None:
    """Over HTTP; a file says at which port, once it is open."""
    listening = socket.create_server(("127.0.0.1", port))
    (FOLDER / "port.new").write_text(str(listening.getsockname()[1]))
    (FOLDER / "port.new").replace(FOLDER / "port")
    config = uvicorn.Config(server.streamable_http_app(), log_level="error", timeout_graceful_shutdown=0)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    if REACHED == "stdio":
        server.run("stdio")
    else:
        serve(int(REACHED))
