"""Answers a client as the server of a recording answered: turn by turn, whatever the client says."""

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from rtvoice_tui.audio.pcm.levels import measure
from rtvoice_tui.recording.segments import Cue, Segment

SPEECH_DB = -42.0
"""Microphone sound above this level is speech."""

SPEECH_S, SILENCE_S = 0.12, 0.5
"""Seconds of speech that begin a turn, and of silence that end it."""

BYTES_PER_S = 48_000
"""Of the usual microphone format."""


class Answerer:
    """The server's side of one connection.

    Args:
        segments: the recorded answers.
        session: the session object that updates are answered with.
        send: sends an event.
        speed: how much faster than the recording; 0: without any pause.
    """

    def __init__(
        self,
        segments: list[Segment],
        session: dict[str, Any],
        send: Callable[[dict[str, Any]], Awaitable[None]],
        speed: float,
    ) -> None:
        self._opening = segments[0]
        self._left = segments[1:]
        self._session = session
        self._send = send
        self._speed = speed
        self._speech_s = self._silence_s = 0.0
        self._speaks = False
        self._response = ""
        self._items = 0
        self._playing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Greet the client."""
        for _, event in self._opening.frames:
            await self._send(event)

    async def close(self) -> None:
        """The client is gone."""
        await self._stop()

    async def answered(self) -> None:
        """Wait until nothing more is being said."""
        while self._playing is not None and not self._playing.done():
            await asyncio.wait([self._playing])

    async def receive(self, text: str) -> None:
        """A frame of the client."""
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            await self._refuse("the frame is no JSON object", "")
            return
        match event.get("type"):
            case "session.update":
                await self._send({"type": "session.updated", "event_id": "replayed", "session": self._updated(event)})
            case "input_audio_buffer.append":
                await self._hear(event)
            case "input_audio_buffer.commit":
                self._answer(Cue.SPOKEN)
            case "conversation.item.create":
                await self._create(event.get("item"))
            case "conversation.item.truncate":
                told = {name: event.get(name) for name in ("item_id", "content_index", "audio_end_ms")}
                await self._send({"type": "conversation.item.truncated", "event_id": "replayed", **told})
            case "response.cancel":
                await self._cancel()

    async def _create(self, item: Any) -> None:
        """The client adds an item: it is told back, and answered."""
        if not isinstance(item, dict):
            await self._refuse("the item is no object", "")
            return
        self._items += 1
        item = {"id": f"item_of_client_{self._items}", **item, "status": "completed"}
        for kind in ("added", "done"):
            await self._send({"type": f"conversation.item.{kind}", "event_id": "replayed", "item": item})
        if item.get("type") == "function_call_output":
            self._answer(Cue.OUTPUT)
        elif item.get("role") == "user":
            self._answer(Cue.TYPED)

    def _updated(self, event: dict[str, Any]) -> dict[str, Any]:
        asked = event.get("session")
        return {**self._session, **(asked if isinstance(asked, dict) else {})}

    async def _hear(self, event: dict[str, Any]) -> None:
        """Detect turns in the microphone's sound, as server turn detection does."""
        with contextlib.suppress(ValueError, TypeError):
            pcm = base64.b64decode(event.get("audio") or "")
            seconds = len(pcm) / BYTES_PER_S
            if pcm and measure(pcm[: len(pcm) // 2 * 2]).rms_db > SPEECH_DB:
                self._speech_s, self._silence_s = self._speech_s + seconds, 0.0
            else:
                self._silence_s += seconds
        if not self._speaks and self._speech_s >= SPEECH_S:
            self._speaks = True
            await self._cancel()
        if self._silence_s >= SILENCE_S:
            if self._speaks:
                self._answer(Cue.SPOKEN)
            self._speaks, self._speech_s = False, 0.0

    def _answer(self, cue: Cue) -> None:
        """Begin the next segment with this cue and an answer; what comes before it in the recording is left out."""
        left = enumerate(self._left)
        place = next((number for number, segment in left if _fits(segment.cue, cue) and segment.answers), None)
        if place is None:
            self._playing = asyncio.ensure_future(self._over(self._playing))
            return
        segment = self._left[place]
        del self._left[: place + 1]
        asked = segment.asked_at
        frames = [
            (max(0.0, after - asked), event)
            for after, event in segment.frames
            if not _is_of_user(event, spoken=cue is Cue.SPOKEN)
        ]
        if cue is Cue.SPOKEN and segment.cue is not Cue.SPOKEN:
            frames = [*((0.0, event) for event in _SPEECH), *frames]
        before = self._playing
        self._playing = asyncio.ensure_future(self._play(frames, before))

    async def _play(self, frames: list[tuple[float, dict[str, Any]]], before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        loop = asyncio.get_running_loop()
        started = loop.time()
        for after, event in frames:
            if self._speed:
                await asyncio.sleep(max(0.0, started + after / self._speed - loop.time()))
            kind, response = event.get("type"), event.get("response")
            if kind in ("response.created", "response.done") and isinstance(response, dict):
                self._response = str(response.get("id", "")) if kind == "response.created" else ""
            await self._send(event)

    async def _over(self, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        await self._refuse("the recording has no further turn", "", "recording_over")

    async def _cancel(self) -> None:
        """End what is being said."""
        await self._stop()
        response, self._response = self._response, ""
        if response:
            details = {"type": "cancelled", "reason": "client_cancelled"}
            done = {"id": response, "status": "cancelled", "status_details": details, "output": []}
            await self._send({"type": "response.done", "event_id": "replayed", "response": done})

    async def _stop(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
            self._playing = None

    async def _refuse(self, message: str, event_id: str, code: str = "invalid_event") -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "event_id": event_id}
        await self._send({"type": "error", "event_id": "replayed", "error": error})


_SPEECH = tuple(
    {"type": f"input_audio_buffer.{kind}", "event_id": "replayed", "item_id": "item_spoken"}
    for kind in ("speech_started", "speech_stopped", "committed")
)
"""What a spoken turn begins with, where the recorded one was typed."""


def _is_of_user(event: dict[str, Any], spoken: bool) -> bool:
    """Whether a frame tells of the user's own item, which is another one now; ``spoken``: it is spoken again."""
    kind, item = str(event.get("type")), event.get("item")
    if kind.startswith("input_audio_buffer.") or ".input_audio_transcription." in kind:
        return not spoken
    item = item if isinstance(item, dict) else {}
    is_his = item.get("role") == "user" or item.get("type") == "function_call_output"
    return (
        kind in ("conversation.item.added", "conversation.item.created", "conversation.item.done")
        and is_his
        and (not spoken or item.get("type") != "message")
    )


def _fits(recorded: Cue, cue: Cue) -> bool:
    """Whether a recorded segment answers what the client did: a turn is a turn, spoken or typed."""
    return recorded is cue or (cue is not Cue.OUTPUT and recorded in (Cue.SPOKEN, Cue.TYPED))
