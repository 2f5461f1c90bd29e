"""A connection that we end because of what the server sent is told as ended by us, with what was wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from realtime_server import FakeServer, Session
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.transport.websocket import Socket, connect

LIMIT_S = 20
OURS = "we closed the connection: "
FRAMES = {
    "text that is not UTF-8": b"\x81\x02\xff\xfe",
    "text that ends in half a character": b"\x81\x03a\xe2\x82",
    "text in pieces that is not UTF-8": b"\x01\x01\xff\x80\x01\xfe",
    "half of a surrogate pair": b"\x81\x03\xed\xa0\x80",
    "first reserved bit": b"\xc1\x01a",
    "second reserved bit": b"\xa1\x01a",
    "all reserved bits": b"\xf1\x01a",
    "unknown opcode": b"\x83\x00",
    "unknown control opcode": b"\x8b\x00",
    "ping in pieces": b"\x09\x00",
    "close in pieces": b"\x08\x02\x03\xe8",
    "large ping": b"\x89\x7e\x00\x80" + b"x" * 128,
    "large pong": b"\x8a\x7e\x00\x7e" + b"x" * 126,
    "large close": b"\x88\x7e\x00\x80\x03\xe8" + b"x" * 126,
    "nothing to continue": b"\x80\x01a",
    "a message inside another": b"\x01\x01a\x81\x01b",
    "half a code": b"\x88\x01\x00",
    "a code that is none": b"\x88\x02\x00\x01",
    "a reason that is not UTF-8": b"\x88\x04\x03\xe8\xff\xfe",
}


@asynccontextmanager
async def ended(wire: bytes) -> AsyncIterator[Socket]:
    """A connection that has ended after a server wrote these bytes."""

    async def script(session: Session) -> None:
        await session.send_raw("before")
        await session.send_wire(wire)

    async with FakeServer(script) as server:
        endpoint = Endpoint(f"{server.url}?model=gpt://f/m", {"Authorization": f"Api-Key {server.key}"})
        async with connect(endpoint) as socket, asyncio.timeout(LIMIT_S):
            assert [frame async for frame in socket] == ["before"]
            yield socket


@pytest.mark.parametrize("kind", FRAMES)
async def test_a_frame_that_no_server_may_send_is_told_as_our_reason_to_close(kind: str):
    async with ended(FRAMES[kind]) as socket:
        sentence = socket.closed.sentence
        assert sentence.startswith(OURS)
        assert len(sentence) > len(OURS) + 10, "it says what was wrong"
        assert "\n" not in sentence
        assert socket.closed.remedy


@pytest.mark.parametrize("kind", [kind for kind in FRAMES if "UTF-8" in kind])
async def test_text_that_is_no_utf_8_is_named_as_such(kind: str):
    async with ended(FRAMES[kind]) as socket:
        assert "UTF-8" in socket.closed.sentence


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (b"\x88\x02\x03\xef", "the server could not read what was sent (1007)"),
        (b"\x88\x02\x03\xea", "the server closed the connection (1002)"),
        (b"\x88\x05\x03\xeawhy", "the server closed the connection (1002: why)"),
        (b"\x88\x02\x03\xf1", "the server found a message too large (1009)"),
        (b"\x88\x00", "the connection was closed without a reason (1005)"),
    ],
)
async def test_a_close_of_the_server_s_own_is_told_as_its_own(wire: bytes, words: str):
    async with ended(wire) as socket:
        assert socket.closed.sentence == words
