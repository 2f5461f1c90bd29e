"""One connection: received frames to the machine, client events to the socket, and detection of a dead server."""

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
    """The part of `SessionDriver` that a connection uses."""

    @property
    def due(self) -> bool:
        """Whether a reply of the server is pending."""

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The current tools."""

    def step(self, happened: inputs.Input, *after_step: Observed) -> None:
        """Step the machine; observers get ``after_step`` before the effects are carried out."""

    def observe(self, observed: Observed) -> None:
        """Notify all observers."""

    def report(self, fact: Fact) -> None:
        """Report a fact that does not come from the machine."""

    def spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Run a coroutine as a task of the session; an exception in it is logged and reported."""

    def now(self) -> float:
        """Current time in seconds on the session's clock."""


class Connection:
    """One connection, from the connection attempt until the socket is closed. Runs on the session's loop.

    Args:
        session: the session that it belongs to.
        wire: codec of the wire family.
        dropped: number of microphone frames that earlier connections dropped.
        taps: get the microphone audio that was sent.

    Attributes:
        outgoing: events that wait to be sent.
        dropped: number of dropped microphone frames, those of earlier connections included.
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
        """Queue a client event; the oldest microphone frames are dropped if the connection is too slow."""
        self.outgoing.put(event)
        dropped = self._dropped_before + self.outgoing.dropped
        if dropped != self.dropped:
            self.dropped = dropped
            self._session.report(FramesDropped(dropped))

    async def run(self, endpoint: Endpoint, heartbeat: float | None, received: Callable[[], None]) -> tuple[str, str]:
        """Connect, and process frames until the socket is closed.

        Args:
            endpoint: address and headers.
            heartbeat: seconds between pings; ``None`` for no pings.
            received: called after each frame.

        Returns:
            The reason why the connection ended, and the remedy.

        Raises:
            ConnectionFailed: the connection could not be opened.
        """
        from rtvoice_tui.transport.websocket import connect

        self._endpoint = endpoint
        self._redactor = FrameRedactor((endpoint.secret, *endpoint.secrets))
        async with connect(endpoint, heartbeat) as socket:
            self._session.step(inputs.Opened())
            sender = self._session.spawn(self._sending(socket))
            watcher = self._session.spawn(self._watch_silence(socket, pongs=heartbeat is not None))
            try:
                async for frame in socket:
                    self._received(self._redactor.redacted(frame))
                    received()
            finally:
                sender.cancel()
                watcher.cancel()
            return socket.closed.sentence, socket.closed.remedy

    def redacted(self, text: str) -> str:
        """The text with all keys redacted."""
        return self._endpoint.redacted(text)

    def _received(self, frame: str) -> None:
        decoded = self._wire.decode(frame)
        if decoded.known:
            self._session.step(inputs.Received(decoded.event), FrameReceived(frame, decoded))
        else:
            self._session.observe(FrameReceived(frame, decoded))
        if decoded.problem:
            self._session.report(Notice(Level.WARNING, f"{decoded.wire_name}: {decoded.problem}"))

    async def _sending(self, socket: "Socket") -> None:
        """Send what waits; a fault of ours ends the connection: it would look alive, and say nothing."""
        try:
            await self._send_all(socket)
        except Exception:
            await socket.give_up("nothing more could be sent after an internal error", "press c to connect again")
            raise

    async def _send_all(self, socket: "Socket") -> None:
        while True:
            event = await self.outgoing.next()
            text = self._wire.encode(event)
            try:
                await socket.send(self._wire.encode(filled) if (filled := self._with_keys(event)) else text)
            except ConnectionError:
                return
            self.outgoing.sent(event)
            if speech := self._wire.input_audio(event):
                self._taps.notify_sent(speech)
            self._session.observe(FrameSent(event, text))

    def _with_keys(self, event: WireEvent) -> WireEvent | None:
        """The update with the keys of its hosted MCP servers filled in; ``None`` if it needs none.

        Keys are added only for sending: observers and the log get the event without them.
        """
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
        """Ping a silent server while a reply is pending, then warn or give the connection up."""
        silence = liveness.Liveness(pongs=pongs)
        socket.heard = lambda: silence.heard(self._session.now())
        while True:
            await asyncio.sleep(liveness.SILENCE_S / liveness.CHECKS_PER_SILENCE)
            limit = f"{liveness.SILENCE_S:g} s"
            match silence.check(self._session.due, self._session.now()):
                case liveness.Verdict.PING:
                    await socket.ping()
                case liveness.Verdict.TELL:
                    sentence = f"no word from the server for {limit}"
                    self._session.report(Notice(Level.WARNING, sentence, "wait, or press c twice to connect again"))
                case liveness.Verdict.GIVE_UP:
                    sentence = f"no answer from the server for {limit}: the connection was given up"
                    await socket.give_up(sentence, "press c to connect again, or check the path of the url")
                    return
