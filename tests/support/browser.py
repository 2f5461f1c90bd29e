"""A headless Chromium, driven over its debugging socket."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required --remote-debugging-port=0"
    " --remote-allow-origins=devtools://devtools"
).split()
LIMIT_S = 60.0
_TOLD = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")


class Page:
    """One page.

    Attributes:
        address: where its debugging socket is, without the scheme.
        told: what was written to its console, errors and refusals included.
    """

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, address: str) -> None:
        self.address = address
        self.told: list[dict[str, Any]] = []
        self._http = http
        self._socket = socket
        self._calls = 0

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the debugging protocol."""
        self._calls += 1
        await self._socket.send_str(json.dumps({"id": self._calls, "method": method, "params": params}))
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._answer()
        except TimeoutError:
            raise AssertionError(f"the browser does not answer {method} {params}") from None

    async def _answer(self) -> dict[str, Any]:
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == self._calls:
                assert "result" in message, message
                return dict(message["result"])
            if message.get("method") in _TOLD:
                self.told.append(message)

    async def open(self, url: str) -> None:
        """Open an address."""
        for domain in ("Runtime", "Log", "Page"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    @asynccontextmanager
    async def beside(self) -> AsyncIterator["Page"]:
        """Another empty page of the same browser."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        async with _page(self._http, f"{self.address.rpartition('/')[0]}/{target}") as page:
            yield page

    async def value(self, expression: str) -> Any:
        """The value of an expression, as a click of the user may call it."""
        done = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        for _ in range(400):
            if await self.value(expression):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"in vain waited until {expression}")


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """A browser with one empty page; skipped, or failed where nothing may be missing, if there is none."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        told = "no Chromium is installed"
        pytest.fail(told) if os.environ.get("RTVOICE_REQUIRE_DEVICES") else pytest.skip(told)
    command = [program, *ARGUMENTS, f"--user-data-dir={folder}", "about:blank"]
    process = await asyncio.to_thread(_started, command)
    try:
        assert process.stderr is not None
        address = await asyncio.to_thread(_address, process)
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://{address}/json") as answer:
                pages = await answer.json()
            url = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
            async with _page(http, url.removeprefix("ws://")) as page:
                yield page
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


@asynccontextmanager
async def _page(http: aiohttp.ClientSession, address: str) -> AsyncIterator[Page]:
    async with http.ws_connect(f"ws://{address}", max_msg_size=0) as socket:
        yield Page(http, socket, address)


def _started(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"ws://([^/]+)/", line):
            return found[1]
    raise AssertionError("the browser has ended")
