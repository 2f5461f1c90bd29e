"""What one client does to the agent is no other client's trouble: frames and connections."""

import asyncio
import contextlib
import json
from urllib.parse import urlsplit

import aiohttp
import pytest
from agent_support import talking

from rtvoice_tui.local_agent import speech

MIB = 1024 * 1024
TOKEN = {"Authorization": "Bearer a-token"}
SUM = "What is twelve times seven?"


@pytest.fixture
def deaf(monkeypatch):
    """The server loads no models."""

    def absent():
        raise ImportError

    monkeypatch.setattr(speech, "missing", lambda: [])
    monkeypatch.setattr(speech, "Recogniser", absent)
    monkeypatch.setattr(speech, "Voice", absent)


# --- frames


async def test_a_frame_of_nearly_21_mib_is_read(deaf, address):
    async with talking(address, "a-token") as talker:
        await talker.answers(json.dumps({"type": "response.cancel", "event_id": "x" * (21 * MIB - 1000)}))

        assert (await talker.says(SUM)).startswith("12 times 7 is 84.")


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
async def test_a_frame_of_more_than_21_mib_closes_the_connection_and_says_so(deaf, address, binary):
    async with talking(address, "a-token") as talker, talking(address, "a-token") as other:
        big = bytes(21 * MIB + 1000)
        with contextlib.suppress(ConnectionError):  # the server need not read it to its end
            await (talker.socket.send_bytes(big) if binary else talker.socket.send_str(big.decode()))
        closed = await talker.socket.receive(10)

        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1009)
        assert "21 MiB" in closed.extra
        assert (await other.says(SUM)).startswith("12 times 7 is 84.")


# --- connections


@contextlib.asynccontextmanager
async def thirty_two(address):
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(talking(address, "a-token")) for _ in range(32)]


async def status_of_one_more(address, headers=TOKEN):
    """How the server answers one who asks for a connection: 101, or why not."""
    async with aiohttp.ClientSession() as http:
        try:
            async with http.ws_connect(address, headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


async def test_the_33rd_client_is_refused_until_one_has_left(deaf, address):
    async with thirty_two(address) as talkers:
        assert await status_of_one_more(address) == 503

        await talkers[7].socket.close()
        assert await status_of_one_more(address) == 101
        assert (await talkers[31].says(SUM)).startswith("12 times 7 is 84.")


async def test_of_many_clients_at_the_same_time_32_are_let_in(deaf, address):
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))

        async def connect():
            try:
                await stack.enter_async_context(http.ws_connect(address, headers=TOKEN))
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status
            return 101

        statuses = await asyncio.gather(*[connect() for _ in range(40)])

    assert sorted(statuses) == [101] * 32 + [503] * 8


async def test_a_client_that_vanishes_leaves_its_place(deaf, address):
    async with thirty_two(address) as talkers:
        talkers[3].vanish()

        async with asyncio.timeout(8):
            while await status_of_one_more(address) != 101:  # noqa: ASYNC110 - there is nothing that tells of it
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n", b"\x16\x03\x01"],
    ids=["nothing", "half a request", "no request"],
)
async def test_who_never_finishes_the_handshake_takes_nobody_s_place(deaf, address, said):
    where = urlsplit(address)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(50):
            _, writer = await asyncio.open_connection(where.hostname, where.port)
            stack.push_async_callback(writer.wait_closed)
            stack.callback(writer.close)
            writer.write(said)

        async with thirty_two(address):
            assert await status_of_one_more(address) == 503


async def test_who_does_not_know_the_token_takes_nobody_s_place(deaf, address):
    for _ in range(40):
        assert await status_of_one_more(address, {"Authorization": "Bearer wrong"}) == 401

    async with thirty_two(address):
        assert await status_of_one_more(address, {"Authorization": "Bearer wrong"}) == 401
