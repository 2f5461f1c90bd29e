"""One connection: frames from the socket into the machine, events of ours out, and a watch for silence."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from rtvoice_tui.engine.observers import FrameReceived, FrameSent, Observed
from rtvoice_tui.engine.taps import Taps
from rtvoice_tui.profiles import secrets
from rtvoice_tui.protocol.realtime.client_events import UpdateSession
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.protocol.wire import Endpoint, Wire, WireEvent
from rtvoice_tui.redaction import FrameRedactor
from rtvoice_tui.session import inputs
from rtvoice_tui.session.facts import Fact, FramesDropped, Level, Notice
from rtvoice_tui.transport import liveness
from rtvoice_tui.transport.outgoing import OutgoingQueue

if TYPE_CHECKING:
    from rtvoice_tui.transport.websocket import Socket


class Session(Protocol):
    """What a connection needs of the session that it belongs to."""

    @property
    def due(self) -> bool:
        """Whether the server owes an answer."""

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered now."""

    def step(self, happened: inputs.Input, *after_step: Observed) -> None:
        """Hand the machine an input; observers are told of what belongs to it before the effects are carried out."""

    def observe(self, observed: Observed) -> None:
        """Tell all observers."""

    def report(self, fact: Fact) -> None:
        """Report a fact that no server event led to."""

    def spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Run beside the session; a fault is reported."""

    def now(self) -> float:
        """Seconds of the session's clock."""


class Connection:
    """From the first try to connect until the socket is gone.

    Args:
        session: whose connection it is.
        wire: the family's codec.
        dropped: how many frames of the microphone earlier connections dropped.
        taps: get the speech that has left.
    """

    def __init__(self, session: Session, wire: Wire, dropped: int, taps: Taps) -> None:
        self._session = session
        self._wire = wire
        self._taps = taps
        self.outgoing = OutgoingQueue(wire)
        self._dropped_before = self.dropped = dropped
        self._endpoint = Endpoint("")
        self._redactor = FrameRedactor()

    def send(self, event: WireEvent) -> None:
        """Queue an event; old frames of the microphone are dropped when the connection is slow."""
        self.outgoing.put(event)
        dropped = self._dropped_before + self.outgoing.dropped
        if dropped != self.dropped:
            self.dropped = dropped
            self._session.report(FramesDropped(dropped))

    async def run(self, endpoint: Endpoint, heartbeat: float | None, received: Callable[[], None]) -> tuple[str, str]:
        """Connect, and serve until the other side ends it; why it ended, and the remedy.

        Args:
            endpoint: address and headers.
            heartbeat: seconds between pings, or ``None``.
            received: called after each frame.

        Raises:
            ConnectionFailed: it could not be opened.
        """
        from rtvoice_tui.transport.websocket import connect

        self._endpoint = endpoint
        self._redactor = FrameRedactor((endpoint.secret, *endpoint.secrets))
        async with connect(endpoint, heartbeat) as socket:
            self._session.step(inputs.Opened())
            sender = self._session.spawn(self._send_all(socket))
            watcher = self._session.spawn(self._watch_silence(socket, pongs=heartbeat is not None))
            try:
                async for frame in socket:
                    self._received(self._redactor.redacted(frame))
                    received()
            finally:
                sender.cancel()
                watcher.cancel()
            return socket.closed.sentence, socket.closed.remedy

    def without_secret(self, text: str) -> str:
        """A text in which no key can be read."""
        return self._endpoint.without_secret(text)

    def _received(self, frame: str) -> None:
        decoded = self._wire.decode(frame)
        if decoded.known:
            self._session.step(inputs.Received(decoded.event), FrameReceived(frame, decoded))
        else:
            self._session.observe(FrameReceived(frame, decoded))
        if decoded.problem:
            self._session.report(Notice(Level.WARNING, f"{decoded.wire_name}: {decoded.problem}"))

    async def _send_all(self, socket: "Socket") -> None:
        while True:
            event = await self.outgoing.next()
            text = self._wire.encode(event)
            try:
                await socket.send(self._wire.encode(filled) if (filled := self._with_keys(event)) else text)
            except ConnectionError:
                return
            self.outgoing.sent(event)
            if speech := self._wire.microphone_of(event):
                self._taps.give_sent(speech)
            self._session.observe(FrameSent(event, text))

    def _with_keys(self, event: WireEvent) -> WireEvent | None:
        """An update whose hosted servers need a key, with the key: only the wire ever sees it."""
        if not isinstance(event, UpdateSession):
            return None
        filled, keys, problems = secrets.with_authorizations(event.session, self._session.tools, os.environ)
        for problem in problems:
            self._session.report(Notice(Level.WARNING, problem, "press p, then T, or use an encrypted address"))
        if filled is None:
            return None
        self._endpoint = self._endpoint.with_secrets(keys)
        self._redactor.also(keys)
        return structs.replace(event, session=filled)

    async def _watch_silence(self, socket: "Socket", pongs: bool) -> None:
        """Notice a server that is gone, while it owes an answer."""
        silence = liveness.Liveness(pongs=pongs)
        socket.heard = lambda: silence.heard(self._session.now())
        while True:
            await asyncio.sleep(liveness.SILENCE_S / liveness.LOOKS)
            limit = f"{liveness.SILENCE_S:g} s"
            match silence.look(self._session.due, self._session.now()):
                case liveness.Verdict.PING:
                    await socket.ping()
                case liveness.Verdict.TELL:
                    sentence = f"no word from the server for {limit}"
                    self._session.report(Notice(Level.WARNING, sentence, "wait, or press c twice to connect again"))
                case liveness.Verdict.GIVE_UP:
                    sentence = f"no answer from the server for {limit}: it is gone"
                    await socket.give_up(sentence, "press c to connect again")
                    return
