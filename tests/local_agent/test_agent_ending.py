"""`rtvoice-tui serve` ends when it is told to, and says goodbye to who is connected."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest
from agent_support import WITHOUT_SPEECH, Served, message

from terminal import COMMAND, private_environment

SERVE = WITHOUT_SPEECH + "from rtvoice_tui.cli.main import main\nmain(['serve', '--port', '0'])\n"
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
LIMIT_S = 15.0
"""For a busy machine: it ends within a second or two."""


@asynccontextmanager
async def serving(folder, *command):
    """The command in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(command or ("-c", SERVE)),
        env=private_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background has it ignored
    )
    try:
        async with asyncio.timeout(60):
            url = re.fullmatch(r"listening on (\S+)\n", (await process.stdout.readline()).decode())
            token = re.fullmatch(r"token .*: (\S+)\n", (await process.stdout.readline()).decode())
        yield Served(url[1], token[1], process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def assert_ends_quietly(process):
    async with asyncio.timeout(LIMIT_S):
        _, errors = await process.communicate()
    assert errors.decode() == ""
    assert process.returncode == 0


async def how_it_ended(talker):
    """Read to the end; the code with which the server closed."""
    async with asyncio.timeout(LIMIT_S):
        while (got := await talker.socket.receive()).type is aiohttp.WSMsgType.TEXT:
            json.loads(got.data)
    return got.type, talker.socket.close_code


GOODBYE = (aiohttp.WSMsgType.CLOSE, 1001)


@SIGNALS
async def test_a_server_without_clients_ends_when_it_is_told_to(tmp_path, number):
    async with serving(tmp_path) as server:
        server.process.send_signal(number)

        await assert_ends_quietly(server.process)


@SIGNALS
async def test_clients_are_told_that_the_server_goes_away(tmp_path, number):
    async with serving(tmp_path) as server, server.client() as one, server.client() as two:
        server.process.send_signal(number)

        assert await asyncio.gather(how_it_ended(one), how_it_ended(two)) == [GOODBYE, GOODBYE]
        await assert_ends_quietly(server.process)


@SIGNALS
async def test_a_client_that_is_being_answered_is_told_too(tmp_path, number):
    async with serving(tmp_path) as server, server.client() as talker:
        for _ in range(200):
            await talker.send("conversation.item.create", item=message("Tell me a long story."))
            await talker.send("response.create")
        await talker.until("response.created")
        server.process.send_signal(number)

        assert await how_it_ended(talker) == GOODBYE
        await assert_ends_quietly(server.process)


@SIGNALS
async def test_a_client_that_does_not_read_does_not_keep_the_server(tmp_path, number):
    async with serving(tmp_path) as server, server.client() as stuck:
        await stuck.send("conversation.item.create", item=message("x" * 1_000_000, id="large"))
        for _ in range(200):
            await stuck.send("conversation.item.retrieve", item_id="large")
        server.process.send_signal(number)

        await assert_ends_quietly(server.process)


@SIGNALS
async def test_who_has_only_opened_a_line_does_not_keep_the_server(tmp_path, number):
    async with serving(tmp_path) as server:
        port = int(re.search(r":(\d+)/", server.url)[1])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/realtime HTTP/1.1\r\n")
        server.process.send_signal(number)

        await assert_ends_quietly(server.process)
        writer.close()


async def test_a_second_signal_does_no_harm(tmp_path):
    async with serving(tmp_path) as server, server.client() as talker:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            server.process.send_signal(number)

        assert (await how_it_ended(talker))[1] == 1001
        await assert_ends_quietly(server.process)


@SIGNALS
async def test_the_installed_command_ends_while_it_still_loads_its_models(tmp_path, number):
    async with serving(tmp_path, COMMAND, "serve", "--port", "0") as server, server.client() as talker:
        server.process.send_signal(number)

        assert await how_it_ended(talker) == GOODBYE
        await assert_ends_quietly(server.process)
