"""The user's audio at the local agent: turn detection, committed turns, and their transcripts."""

import asyncio
import base64
import binascii
from typing import Any, Protocol

from rtvoice_tui.local_agent import limits
from rtvoice_tui.local_agent.conversation import Conversation
from rtvoice_tui.local_agent.events import new_id
from rtvoice_tui.local_agent.models import Models, SpeechInput
from rtvoice_tui.local_agent.speech import INSTALL_HINT, RATE
from rtvoice_tui.local_agent.turns import SpeechStarted, SpeechStopped, TurnDetector
from rtvoice_tui.local_agent.validation import Objection

PARTIAL_EVERY_S = 0.5
MIN_COMMIT_BYTES = RATE // 10 * 2


class Host(Protocol):
    """What the audio needs of its connection."""

    session: dict[str, Any]
    conversation: Conversation
    models: Models

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send a server event."""

    async def send_error(self, found: Objection, event_id: str = "") -> None:
        """Send an ``error`` event."""

    async def send_internal_error(self, error: Exception, event_id: str = "") -> None:
        """Log and send an internal error."""

    async def cancel_response(self, reason: str) -> None:
        """Cancel the active response, if there is one."""

    def respond_if_idle(self) -> None:
        """Start a response, unless one is active."""


class InputAudio:
    """The input audio buffer of one connection. For the connection's loop; recognition runs in threads.

    Args:
        host: the connection.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._detector: TurnDetector | None = None
        self._buffer = bytearray()
        self._odd = b""
        self._speech_item = ""
        self._ahead: tuple[float, asyncio.Task[str]] | None = None
        self._partials: asyncio.Task[None] | None = None
        self._waiting: dict[asyncio.Task[None], int] = {}  # turns being transcribed: task -> bytes of PCM
        self._transcription_lock = asyncio.Lock()
        self._no_speech_reported = False
        self._told: dict[str, str] = {}  # what the deltas of a turn have told so far

    @property
    def pending_transcriptions(self) -> frozenset[asyncio.Task[None]]:
        """Tasks that transcribe committed turns; each ends when its item has a transcript, or has failed."""
        return frozenset(self._waiting)

    def tasks(self) -> list[asyncio.Task[Any]]:
        """All tasks that run now."""
        running: list[asyncio.Task[Any]] = [task for task in (self._partials, *self._waiting) if task is not None]
        return [*running, self._ahead[1]] if self._ahead is not None else running

    @property
    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = self._host.session["audio"]["input"]
        return settings

    def tune_detector(self) -> None:
        """Apply the session's turn detection."""
        wanted = self._settings["turn_detection"]
        if wanted is None:
            self._detector = None
        elif self._detector is not None:
            self._detector.threshold = float(wanted.get("threshold", 0.5))
            self._detector.silence_ms = float(wanted.get("silence_duration_ms", 500))
            self._detector.prefix_ms = float(wanted.get("prefix_padding_ms", 300))

    async def append(self, event: dict[str, Any]) -> Objection | None:
        """Handle ``input_audio_buffer.append``."""
        try:
            data = base64.b64decode(event["audio"], validate=True)
        except (binascii.Error, ValueError):
            return Objection("invalid_value", "Invalid 'audio': expected base64.", "audio")
        pcm, self._odd = self._whole_samples(data)
        if len(pcm) > limits.APPEND_BYTES:
            return limits.TOO_LONG
        if self._settings["turn_detection"] is None:
            if len(self._buffer) + len(pcm) > limits.BUFFER_BYTES:
                return limits.BUFFER_FULL
            self._buffer += pcm
            return None
        speech_input = await self._host.models.speech_input()
        if speech_input is None:
            return self._cannot_hear()
        if self._detector is None:
            self._detector = TurnDetector(speech_input.new_vad())
            self.tune_detector()
        for decided in self._detector.process(pcm):
            if isinstance(decided, SpeechStarted):
                await self._speech_started(decided)
            else:
                await self._speech_stopped(decided)
        self._run_ahead(speech_input)
        return None

    def _whole_samples(self, data: bytes) -> tuple[bytes, bytes]:
        """Split audio into samples and an odd last byte: it is a stream, so that byte belongs to the next event."""
        stream = self._odd + data
        return stream[: len(stream) & ~1], stream[len(stream) & ~1 :]

    def _run_ahead(self, speech_input: SpeechInput) -> None:
        """Start recognition during a pause: if the pause ends the turn, the transcript is available sooner."""
        paused = self._detector.paused if self._detector is not None else None
        if self._ahead is not None and not self._ahead[1].done():
            return  # one at a time: recognition may take longer than the speech between two pauses
        if paused is not None and (self._ahead is None or self._ahead[0] != paused.speech_end_ms):
            task = asyncio.create_task(asyncio.to_thread(speech_input.recognise, paused.pcm))
            self._ahead = (paused.speech_end_ms, task)

    def _cannot_hear(self) -> Objection | None:
        if self._no_speech_reported:
            return None
        self._no_speech_reported = True
        message = f"The local agent cannot hear, because speech is not installed ({INSTALL_HINT}): type instead."
        return Objection("speech_not_installed", message, "")

    async def _speech_started(self, started: SpeechStarted) -> None:
        self._speech_item = new_id("item")
        await self._host.emit(
            "input_audio_buffer.speech_started", audio_start_ms=started.at_ms, item_id=self._speech_item
        )
        detection = self._settings["turn_detection"] or {}
        if detection.get("interrupt_response", True):
            await self._host.cancel_response("turn_detected")
        if self._settings["transcription"] is not None:
            self._partials = asyncio.create_task(self._transcribe_live(self._speech_item))

    async def _speech_stopped(self, stopped: SpeechStopped) -> None:
        item_id = self._end_speech()
        await self._host.emit("input_audio_buffer.speech_stopped", audio_end_ms=stopped.at_ms, item_id=item_id)
        ahead, self._ahead = self._ahead, None
        words = ahead[1] if ahead is not None and ahead[0] == stopped.speech_end_ms else None
        if refused := self._limit_error(stopped.pcm):
            await self._host.send_error(refused, "")
            return
        await self._commit(item_id, stopped.pcm, self._creates_response(), words)

    def _end_speech(self) -> str:
        """Stop the partial transcription of the turn that has ended; returns its item id."""
        item_id, self._speech_item = self._speech_item, ""
        if self._partials is not None:
            self._partials.cancel()
            self._partials = None
        return item_id

    def _creates_response(self) -> bool:
        detection = self._settings["turn_detection"] or {}
        return bool(detection.get("create_response", True))

    def _limit_error(self, pcm: bytes | bytearray) -> Objection | None:
        """The error if no further turn can be committed now, else ``None``."""
        waiting = sum(self._waiting.values())
        if len(self._waiting) >= limits.WAITING_TURNS or waiting + len(pcm) > limits.WAITING_BYTES:
            return limits.TOO_MANY_TURNS
        return self._host.conversation.limit_error(0)

    async def commit(self, event: dict[str, Any]) -> Objection | None:
        """Handle ``input_audio_buffer.commit``."""
        if refused := self._limit_error(self._buffer):
            return refused
        if self._detector is not None and self._detector.speaking:
            said = self._detector.end()
            self._ahead = None
            await self._commit(self._end_speech(), said.pcm, respond=False)
            return None
        if len(self._buffer) < MIN_COMMIT_BYTES:
            held = len(self._buffer) * 500 // RATE
            return Objection(
                "input_audio_buffer_commit_empty",
                f"Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but"
                f" buffer only has {held}ms of audio.",
                "",
            )
        if await self._host.models.speech_input() is None:
            return self._cannot_hear()
        pcm, self._buffer, self._odd = bytes(self._buffer), bytearray(), b""
        await self._commit(new_id("item"), pcm, respond=False)
        return None

    async def clear(self, event: dict[str, Any]) -> None:
        """Handle ``input_audio_buffer.clear``."""
        self._buffer.clear()
        self._odd = b""
        await self._host.emit("input_audio_buffer.cleared")

    async def _commit(self, item_id: str, pcm: bytes, respond: bool, ahead: asyncio.Task[str] | None = None) -> None:
        item = {
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        previous = self._host.conversation.add(item)
        await self._host.emit("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)
        await self._host.emit("conversation.item.added", item=item, previous_item_id=previous)
        await self._host.emit("conversation.item.done", item=item, previous_item_id=previous)
        task = asyncio.create_task(self._transcribe(item, pcm, respond, ahead))
        self._waiting[task] = len(pcm)
        task.add_done_callback(self._waiting.pop)

    async def _transcribe(
        self, item: dict[str, Any], pcm: bytes, respond: bool, ahead: asyncio.Task[str] | None
    ) -> None:
        told = self._told.pop(item["id"], "")
        async with self._transcription_lock:  # transcripts are sent in the order of the turns
            try:
                text = await self._recognise(pcm, ahead)
            except Exception as error:
                await self._host.send_internal_error(error)
                await self._transcription_failed(item)
                return
        item["content"][0]["transcript"] = text
        if self._settings["transcription"] is not None:
            if told and text.startswith(told) and text != told:  # some clients read nothing but the deltas
                await self._delta(item["id"], text[len(told) :])
            await self._host.emit(
                "conversation.item.input_audio_transcription.completed",
                item_id=item["id"],
                content_index=0,
                transcript=text,
                usage={"type": "duration", "seconds": round(len(pcm) / RATE / 2, 2)},
            )
        speaks_on = self._detector is not None and self._detector.speaking
        if respond and text and not speaks_on:
            self._host.respond_if_idle()

    async def _transcription_failed(self, item: dict[str, Any]) -> None:
        if self._settings["transcription"] is not None:
            message = "The speech could not be recognised."
            error = {"type": "transcription_error", "code": "internal_error", "message": message, "param": None}
            await self._host.emit(
                "conversation.item.input_audio_transcription.failed", item_id=item["id"], content_index=0, error=error
            )

    async def _recognise(self, pcm: bytes, ahead: asyncio.Task[str] | None) -> str:
        """The transcript of a turn, from the recognition that was started during its last pause if there was one.

        Args:
            pcm: PCM16 mono at 24 kHz.
            ahead: the recognition started by `_run_ahead`, or ``None``.
        """
        if ahead is not None:
            return await ahead
        speech_input = await self._host.models.speech_input()
        assert speech_input is not None
        return await asyncio.to_thread(speech_input.recognise, pcm)

    async def _transcribe_live(self, item_id: str) -> None:
        """Send transcription deltas while the user is speaking, without the last word, which may still change."""
        speech_input = await self._host.models.speech_input()
        assert speech_input is not None
        told: list[str] = []
        while True:
            await asyncio.sleep(PARTIAL_EVERY_S)
            if self._detector is None:
                return
            words = (await asyncio.to_thread(speech_input.recognise, self._detector.turn_audio)).split()[:-1]
            if words[: len(told)] == told and len(words) > len(told):
                delta = (" " if told else "") + " ".join(words[len(told) :])
                told = words
                self._told[item_id] = " ".join(words)
                await self._delta(item_id, delta)

    async def _delta(self, item_id: str, delta: str) -> None:
        await self._host.emit(
            "conversation.item.input_audio_transcription.delta", item_id=item_id, content_index=0, delta=delta
        )
