"""The server itself: accepts clients on loopback and plays a script for each."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Self

from aiohttp import web

from realtime_server.session import Session
from realtime_server.state import ServerState
from realtime_server.types import Event, Record

Script = Callable[[Session], Awaitable[None]]

PATHS = {"plain": "/"}
PATH = "/v1/realtime"


class FakeServer:
    """Serves scripts on loopback.

    Args:
        script: what every connection plays.
        dialect: ``yandex``, ``openai`` or ``plain``.
        key: the key that clients must present; ``plain`` accepts any.
        on_event: called with each event of any client, after the server has obeyed it.

    Attributes:
        sessions: every connection so far.
        received: all client events of all connections, in order.
        offences: what a strict server objects to, in words.
        reached: for a script to say that it has come to a certain point.
        refuse: while not 0, every upgrade is answered with this HTTP status.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        dialect: str = "yandex",
        key: str = "secret-key-1234",
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.script = script
        self.dialect = dialect
        self.key = key
        self.refuse = 0
        self.record = Record(on_event)
        self.received, self.offences, self.reached = self.record.received, self.record.offences, self.record.reached
        self.sessions: list[Session] = []
        self.upgrades: list[dict[str, str]] = []
        self.url = ""
        self._failures: list[BaseException] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        path = PATHS.get(self.dialect, PATH)
        app.router.add_get(path, self._upgrade)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}{path}"
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        for session in self.sessions:
            session.drop()
        assert self._runner is not None
        await self._runner.cleanup()
        if self._failures:
            if isinstance(self._failures[0], Exception) and error is not None:
                error.add_note(f"the server's script failed too: {self._failures[0]!r}")
            else:
                raise self._failures[0]

    @property
    def session(self) -> Session:
        """The newest connection."""
        return self.sessions[-1]

    def sent(self, *types: str) -> list[Event]:
        """All client events of these types, without their ids."""
        return [
            {name: value for name, value in event.items() if name != "event_id"}
            for event in self.received
            if event["type"] in types
        ]

    @property
    def authorizations(self) -> list[str]:
        """What each client presented."""
        return [headers.get("Authorization", "") for headers in self.upgrades]

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        self.upgrades.append(dict(request.headers))
        if self.refuse:
            return web.Response(status=self.refuse, text=f"refused: {request.headers.get('Authorization')}")
        if self.dialect != "plain" and request.headers.get("Authorization", "") != self._expected_authorization():
            return web.Response(status=401, text="UNAUTHENTICATED")
        if "OpenAI-Beta" in request.headers:
            self.offences.append("beta header")
        socket = web.WebSocketResponse(max_msg_size=0, compress=False, timeout=0.2, autoping=False)
        await socket.prepare(request)
        session = Session(ServerState(self.dialect), socket, request, self.record)
        self.sessions.append(session)
        await self._serve(session, request.query.get("model", ""))
        return socket

    def _expected_authorization(self) -> str:
        bearer = self.dialect == "openai" or self.key.startswith("t1.")
        return f"{'Bearer' if bearer else 'Api-Key'} {self.key}"

    async def _serve(self, session: Session, model: str) -> None:
        if self.dialect == "yandex" and not re.fullmatch(r"gpt://[^/]+/.+", model):
            self.offences.append(f"model {model!r}")
            await session.send({"type": "error", "error": {"type": "invalid_request_error", "message": "Invalid URI"}})
            await session.close(1008, "Invalid model URI")
            return
        script = asyncio.create_task(self._run(session))
        try:
            await session.serve()
        finally:
            script.cancel()
            await asyncio.gather(script, return_exceptions=True)

    async def _run(self, session: Session) -> None:
        try:
            if self.script is not None:
                await self.script(session)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client left: what a script should have seen by then is for the test to judge
        except BaseException as error:
            self._failures.append(error)
            session.drop()


@contextmanager
def in_thread(server: FakeServer) -> Iterator[FakeServer]:
    """Run a server on a thread and a loop of its own, for tests that block."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stopped = asyncio.Event()
    failures: list[BaseException] = []

    async def serve() -> None:
        try:
            async with server:
                ready.set()
                await stopped.wait()
        except Exception as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    error: Exception | None = None
    try:
        assert ready.wait(10)
        yield server
    except Exception as raised:
        error = raised
        raise
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
        loop.close()
        if error is not None and failures:
            error.add_note(f"the server's script failed too: {failures[0]!r}")
    if failures:
        raise failures[0]


def plain(
    script: Script, greeting: Event | None = None, on_event: Callable[[Event], None] = lambda event: None
) -> FakeServer:
    """A server that accepts every client and plays the script once the session is configured."""

    async def opened(session: Session) -> None:
        await session.open(greeting)
        await script(session)

    return FakeServer(opened, dialect="plain", on_event=on_event)
