"""One connection: text goes both ways unchanged, and every end of it is explained."""

import asyncio
import json

import pytest

from realtime_server import FakeServer, Session
from rtvoice_tui.errors import ConnectionFailed
from rtvoice_tui.protocol.wire import Endpoint
from rtvoice_tui.transport.websocket import Socket, connect

LIMIT_S = 10


def endpoint(server: FakeServer) -> Endpoint:
    return Endpoint(f"{server.url}?model=gpt://f/m", {"Authorization": f"Api-Key {server.key}"})


async def frames(socket: Socket, count: int) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(LIMIT_S):
        async for frame in socket:
            found.append(frame)
            if len(found) == count:
                break
    return found


async def test_text_goes_both_ways_unchanged():
    text = json.dumps({"type": "response.create", "event_id": "e1", "note": "ещё [/b] 👩‍🚀"}, ensure_ascii=False)

    async def script(session: Session) -> None:
        await session.send_raw(text)

    async with FakeServer(script) as server, connect(endpoint(server)) as socket:
        assert await frames(socket, 1) == [text]
        await socket.send('{"type": "response.cancel", "event_id": "e2"}')
        await frames(socket, 1)
        assert server.received == [{"type": "response.cancel", "event_id": "e2"}]


async def test_key_and_model_reach_the_server_and_no_compression_is_asked_for():
    async with FakeServer() as server, connect(endpoint(server)):
        (headers,) = server.upgrades
        assert headers["Authorization"] == f"Api-Key {server.key}"
        assert "Sec-WebSocket-Extensions" not in headers
        assert "OpenAI-Beta" not in headers


async def test_a_message_of_sixteen_mebibytes_is_received_whole():
    text = "x" * 16 * 1024 * 1024

    async def script(session: Session) -> None:
        await session.send_raw(text)

    async with FakeServer(script) as server, connect(endpoint(server)) as socket:
        (frame,) = await frames(socket, 1)
        assert frame == text


async def test_binary_frames_are_read_as_text():
    async def script(session: Session) -> None:
        await session.send_bytes('{"type": "ещё"}'.encode())
        await session.send_bytes(b"\xff")

    async with FakeServer(script) as server, connect(endpoint(server)) as socket:
        assert await frames(socket, 2) == ['{"type": "ещё"}', "\ufffd"]


async def test_pings_are_answered_and_are_no_frames():
    async def script(session: Session) -> None:
        await session.ping(b"are you there")
        await session.send_raw("after the ping")

    async with FakeServer(script) as server, connect(endpoint(server)) as socket:
        assert await frames(socket, 1) == ["after the ping"]


async def test_all_frames_before_a_close_are_received_and_the_close_is_explained():
    async def script(session: Session) -> None:
        for number in range(3):
            await session.send_raw(str(number))
        await session.close(1011, "tired")

    async with FakeServer(script) as server, connect(endpoint(server)) as socket:
        assert await frames(socket, 99) == ["0", "1", "2"]
        assert socket.closed.code == 1011
        assert socket.closed.sentence == "the server failed (1011: tired)"
        assert socket.closed.remedy


async def test_a_connection_that_breaks_is_explained():
    async def script(session: Session) -> None:
        session.drop()

    async with FakeServer(script) as server, connect(endpoint(server)) as socket:
        assert await frames(socket, 99) == []
        assert (socket.closed.code, socket.closed.sentence) == (1006, "the connection was lost (1006)")


async def test_sending_into_a_connection_that_ended_is_a_connection_error():
    async def script(session: Session) -> None:
        await session.close()

    async with FakeServer(script) as server, connect(endpoint(server)) as socket:
        await frames(socket, 99)
        with pytest.raises(ConnectionError):
            await socket.send("too late")


async def test_leaving_the_block_says_goodbye():
    ended = asyncio.Event()

    async def script(session: Session) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with FakeServer(script) as server:
        async with connect(endpoint(server)):
            pass
        async with asyncio.timeout(LIMIT_S):
            await ended.wait()
        assert server.session.close_code == 1000


async def test_an_exception_inside_the_block_is_passed_on_and_the_connection_closed():
    async with FakeServer() as server:
        with pytest.raises(LookupError):
            async with connect(endpoint(server)):
                raise LookupError
        async with asyncio.timeout(LIMIT_S):
            await server.session.ended.wait()


async def test_a_server_that_does_not_answer_pings_is_noticed():
    async def script(session: Session) -> None:
        session.answers_pings = False

    async with FakeServer(script) as server, connect(endpoint(server), heartbeat=0.2) as socket:
        assert await frames(socket, 99) == []
        assert socket.closed.code == 1006
        assert "lost" in socket.closed.sentence


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_a_refusal_carries_the_status_and_a_remedy_and_not_the_key(status):
    async with FakeServer() as server:
        server.refuse = status
        with pytest.raises(ConnectionFailed) as caught:
            async with connect(endpoint(server)):
                pass
        assert f"HTTP {status}" in caught.value.sentence
        assert caught.value.remedy
        assert server.key not in caught.value.sentence + caught.value.remedy


async def test_giving_up_while_connecting_leaves_nothing_open():
    """Unclosed sessions are warnings, and warnings are errors here."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        asked.set()

    asked, writers = asyncio.Event(), []
    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"

    async def use() -> None:
        async with connect(Endpoint(url)):
            raise AssertionError("nobody answered")

    task = asyncio.create_task(use())
    async with asyncio.timeout(LIMIT_S):
        await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    silent.close()
    for writer in writers:
        writer.transport.abort()
    await silent.wait_closed()
