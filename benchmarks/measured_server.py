"""The fake Realtime server with one client, for benchmarks: speech, pings, noise, and what arrived when."""

import asyncio
import time

import clients  # noqa: F401 - brings the checkout onto the path

from realtime_server import Event, FakeServer, Session

CUTS = ("conversation.item.truncate", "conversation.item.delete")


class Server:
    """One client at a time.

    Attributes:
        greeted: set when the client has configured its session.
        cuts: where the client has cut items, in ms of their audio; 0 for one that it deleted.
        pongs: seconds from each ping to its pong.
    """

    def __init__(self) -> None:
        self.greeted = asyncio.Event()
        self.cuts: dict[str, int] = {}
        self.pongs: list[float] = []
        self._pinged: dict[bytes, float] = {}
        self._noise: asyncio.Task[None] | None = None
        self._server = FakeServer(self._open, dialect="plain", on_event=self._note)

    async def start(self) -> str:
        """Listen on a free port; the address."""
        await self._server.__aenter__()
        return self._server.url

    async def stop(self) -> None:
        """End."""
        for session in self._server.sessions:
            await session.close()
        await self._server.__aexit__(None, None, None)

    @property
    def session(self) -> Session:
        """The client's session."""
        return self._server.session

    @property
    def heard(self) -> bytearray:
        """All microphone audio that arrived, PCM16."""
        return self.session.microphone

    @property
    def heard_at(self) -> list[tuple[float, int]]:
        """When audio arrived, and the size of all of it then."""
        return self.session.state.arrivals

    @property
    def outputs(self) -> list[str]:
        """Ids of the calls that got an output."""
        return list(self.session.outputs)

    async def _open(self, session: Session) -> None:
        session.on_pong = lambda payload: self.pongs.append(time.perf_counter() - self._pinged.pop(payload))
        await session.open()
        self.greeted.set()

    def _note(self, event: Event) -> None:
        if event["type"] in CUTS:
            self.cuts[event["item_id"]] = event.get("audio_end_ms", 0)

    # --- pings

    async def ping(self) -> None:
        """Ping the client; `pongs` gets the seconds it takes."""
        payload = str(len(self._pinged) + len(self.pongs)).encode()
        self._pinged[payload] = time.perf_counter()
        await self.session.ping(payload)

    @property
    def unanswered(self) -> int:
        """Pings without a pong so far."""
        return len(self._pinged)

    # --- the conversation

    async def call(self, name: str) -> None:
        """A response that calls a function; the name is its call id too."""
        await self.session.call(f"calls_{name}", [(name, name, "{}")])

    async def begin_response(self, number: int) -> None:
        """A response's opening events."""
        await self.session.begin(f"r{number}")
        item = {"id": f"a{number}", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        await self.session.say("response.output_item.added", response_id=f"r{number}", output_index=0, item=item)

    async def speech(self, number: int, pcm: bytes) -> None:
        """One delta of speech."""
        await self.session.audio(f"r{number}", f"a{number}", pcm)

    async def end_response(self, number: int, status: str = "completed") -> None:
        """A response's last events."""
        place = {"response_id": f"r{number}", "item_id": f"a{number}", "output_index": 0, "content_index": 0}
        await self.session.say("response.output_audio.done", **place)
        await self.session.end(f"r{number}", status)

    async def user_starts(self, number: int) -> None:
        """The server hears the user, which makes a client fall silent."""
        await self.session.speech_started(f"u{number}")

    async def user_stops(self, number: int) -> None:
        """The server hears the user no more."""
        await self.session.say("input_audio_buffer.speech_stopped", audio_end_ms=1, item_id=f"u{number}")

    async def make_noise(self, per_second: int) -> None:
        """Send so many small events a second from now on; 0 ends it."""
        if self._noise is not None:
            self._noise.cancel()
            self._noise = None
        if per_second:
            self._noise = asyncio.create_task(self._keep_noisy(per_second))

    async def _keep_noisy(self, per_second: int) -> None:
        loop = asyncio.get_running_loop()
        start, sent = loop.time(), 0
        while not self.session.ended.is_set():
            due = int((loop.time() - start) * per_second)
            while sent < due:
                await self.session.say("rate_limits.updated", rate_limits=[])
                sent += 1
            await asyncio.sleep(0.005)
