"""How a connection is refused or ended, in a hostile server's words: told in the cockpit and by the doctor."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest
from hostile import COCKPIT, COMMAND_LINE, CONTROLS, ESCAPES, UNICODE, Author, profile_toml, strange
from hostile_commands import in_terminal
from hostile_profiles import put
from speaking import quit_cleanly

from realtime_server import Session, in_thread, plain
from terminal import COMMAND, Terminal

KINDS = ESCAPES | CONTROLS | UNICODE
REFUSALS = {
    "status line": "HTTP/1.1 403 {hostile}\r\nContent-Length: 0\r\n\r\n",
    "body": "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{hostile}",
    "redirect": "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/{hostile}\r\nContent-Length: 0\r\n\r\n",
    "protocol": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: {hostile}\r\nConnection: Upgrade\r\n\r\n",
}


@contextlib.contextmanager
def refusing(answer: bytes) -> Iterator[str]:
    """A server that answers every request with the same bytes; its address."""
    ready, until, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()
    address: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            address.append(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
            ready.set()
            await until.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield address[0]
    loop.call_soon_threadsafe(until.set)
    thread.join(10)
    loop.close()


def hostile(author: Author, without: str = "") -> str:
    """All kinds in one text."""
    text = "".join(author.text(f"kind {number}") for number in range(len(KINDS)))
    return "".join(sign for sign in text if sign not in without)


@pytest.mark.parametrize("place", REFUSALS)
def test_a_refused_connection_is_told_and_nothing_of_it_obeyed(environment: dict[str, str], place: str) -> None:
    author = Author(without="\ud800")
    answer = REFUSALS[place].format(hostile=hostile(author, without="" if place == "body" else "\r\n")).encode()
    with refusing(answer) as url:
        put(environment, "bench", profile_toml({"provider": "generic", "url": url}))
        with Terminal([COMMAND, "--profile", "bench", "--no-audio"], environment) as terminal:
            terminal.wait_for("press c")
            quit_cleanly(terminal)
            assert author.obeyed(terminal.raw) == []
            assert strange(terminal.raw, COCKPIT) == []
        done = in_terminal(environment, "doctor", "bench", "--live")
        assert "Traceback" not in done.text
        assert author.obeyed(done.raw) == []
        assert strange(done.raw, COMMAND_LINE) == []


def test_the_reasons_of_closed_sessions_are_shown_and_not_obeyed(environment: dict[str, str]) -> None:
    author = Author(without="\ud800")
    fields = [f"reason {number}" for number in range(0, len(KINDS), 2)]
    reasons = iter([author.text(field)[:40] + author.text(f"{field}, more")[:40] for field in fields])

    async def ends(session: Session) -> None:
        await session.close(4321, next(reasons))

    with (
        in_thread(plain(ends)) as server,
        Terminal([COMMAND, "--provider", "generic", "--url", server.url, "--no-audio"], environment) as terminal,
    ):
        terminal.wait_for(author.word(fields[0]))
        for field in fields[1:]:
            terminal.wait_for("○ OFFLINE")
            terminal.press("c").wait_for(author.word(field))
        quit_cleanly(terminal)
        assert author.obeyed(terminal.raw) == []
        assert strange(terminal.raw, COCKPIT) == []
