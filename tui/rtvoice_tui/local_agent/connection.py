"""One client connection of the local agent: handles client events, holds the session, and starts responses."""

import asyncio
import base64
import binascii
import copy
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rtvoice_tui.local_agent import events, limits
from rtvoice_tui.local_agent.answering import Response
from rtvoice_tui.local_agent.brain import Brain
from rtvoice_tui.local_agent.conversation import Conversation
from rtvoice_tui.local_agent.events import INTERNAL, error_event, new_id
from rtvoice_tui.local_agent.models import Models, SpeechInput
from rtvoice_tui.local_agent.reading import event_id_of, read_event
from rtvoice_tui.local_agent.speech import INSTALL_HINT, RATE
from rtvoice_tui.local_agent.turns import SpeechStarted, SpeechStopped, TurnDetector
from rtvoice_tui.local_agent.validation import Objection, objection

PARTIAL_EVERY_S = 0.5
MIN_COMMIT_BYTES = RATE // 10 * 2

log = logging.getLogger(__name__)


class Connection:
    """The server side of one session. For one event loop; speech recognition and synthesis run in threads.

    Args:
        send: sends one event.
        models: the speech models, shared by all clients.

    Attributes:
        session: the session object as clients see it.
        conversation: the history of items.
        brain: decides what each response says.
        hinted: whether the hint to install speech was given.
    """

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]], models: Models) -> None:
        self._send = send
        self.models = models
        self.session = events.default_session()
        self.conversation = Conversation()
        self.brain = Brain()
        self.install_hint_sent = False
        self._detector: TurnDetector | None = None
        self._buffer = bytearray()
        self._speech_item = ""
        self._ahead: tuple[float, asyncio.Task[str]] | None = None
        self._answer: Response | None = None
        self._partials: asyncio.Task[None] | None = None
        self._waiting: dict[asyncio.Task[None], int] = {}  # turns being transcribed: task -> bytes of PCM
        self._one_by_one = asyncio.Lock()
        self._deaf_told = False
        self._spoken = False

    async def open(self) -> None:
        """Send ``session.created``."""
        await self.emit("session.created", session=self.session)

    async def close(self) -> None:
        """Cancel all tasks after the client has disconnected."""
        tasks: list[asyncio.Task[Any]] = [t for t in (self._partials, *self._waiting) if t is not None]
        if self._ahead is not None:
            tasks.append(self._ahead[1])
        if self._answer is not None and self._answer.task is not None:
            tasks.append(self._answer.task)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def pending_transcriptions(self) -> frozenset[asyncio.Task[None]]:
        """Tasks that transcribe committed turns; each ends when its item has a transcript, or has failed."""
        return frozenset(self._waiting)

    async def emit(self, kind: str, **fields: Any) -> None:
        """Send a server event of type ``kind``, with a new event id.

        Raises:
            ConnectionError: the client is gone.
        """
        await self._send({"type": kind, "event_id": new_id("event"), **fields})

    async def receive(self, text: str) -> None:
        """Handle one text frame of the client. Errors of both sides are sent as ``error`` events.

        Raises:
            ConnectionError: the client is gone.
        """
        event = read_event(text)
        event_id = event_id_of(event)
        found = event if isinstance(event, Objection) else objection(event)
        if found is not None:
            await self._object(found, event_id)
            return
        handler = getattr(self, "_on_" + event["type"].replace(".", "_"))
        try:
            refused = await handler(event)
        except ConnectionError:
            raise
        except Exception as error:
            await self._fail(error, event_id)
        else:
            if refused is not None:
                await self._object(refused, event_id)

    async def receive_binary(self) -> None:
        """Send an error for a binary frame, which the protocol does not allow."""
        await self._object(Objection("invalid_value", "Events are text: a binary frame was ignored.", ""), "")

    async def _object(self, found: Objection, event_id: str) -> None:
        await self._send(error_event(found, event_id))

    async def _fail(self, error: Exception, event_id: str = "") -> None:
        """Log and send an internal error; the connection stays open."""
        log.error("an event could not be carried out", exc_info=error)
        message = f"The local agent failed: {type(error).__name__}."
        await self._send(error_event(Objection(INTERNAL, message, ""), event_id))

    # --- session

    async def _on_session_update(self, event: dict[str, Any]) -> Objection | None:
        wanted = event["session"]
        voice = wanted.get("audio", {}).get("output", {}).get("voice")
        if voice is not None and voice not in events.VOICES:
            known = ", ".join(events.VOICES)
            return Objection(
                "invalid_value", f"There is no voice '{voice}': known are {known}.", "session.audio.output.voice"
            )
        merged = copy.deepcopy(self.session)
        events.merge(merged, wanted)
        if len(json.dumps(merged)) > limits.SESSION_BYTES:
            return limits.SESSION_TOO_LARGE
        self.session = merged
        if "audio" in merged["output_modalities"]:  # a client with audio output will probably send audio too
            self.models.load()
        self._tune_detector()
        await self.emit("session.updated", session=self.session)
        return None

    def _tune_detector(self) -> None:
        wanted = self.session["audio"]["input"]["turn_detection"]
        if wanted is None:
            self._detector = None
        elif self._detector is not None:
            self._detector.threshold = float(wanted.get("threshold", 0.5))
            self._detector.silence_ms = float(wanted.get("silence_duration_ms", 500))
            self._detector.prefix_ms = float(wanted.get("prefix_padding_ms", 300))

    # --- the microphone

    async def _on_input_audio_buffer_append(self, event: dict[str, Any]) -> Objection | None:
        try:
            pcm = base64.b64decode(event["audio"], validate=True)
        except (binascii.Error, ValueError):
            return Objection("invalid_value", "Invalid 'audio': expected base64.", "audio")
        if len(pcm) % 2:
            return Objection("invalid_value", f"Invalid 'audio': {len(pcm)} bytes are no whole samples.", "audio")
        if len(pcm) > limits.APPEND_BYTES:
            return limits.TOO_LONG
        if self.session["audio"]["input"]["turn_detection"] is None:
            if len(self._buffer) + len(pcm) > limits.BUFFER_BYTES:
                return limits.BUFFER_FULL
            self._buffer += pcm
            return None
        speech_input = await self.models.speech_input()
        if speech_input is None:
            return self._cannot_hear()
        if self._detector is None:
            self._detector = TurnDetector(speech_input.new_vad())
            self._tune_detector()
        for decided in self._detector.process(pcm):
            if isinstance(decided, SpeechStarted):
                await self._speech_started(decided)
            else:
                await self._speech_stopped(decided)
        self._run_ahead(speech_input)
        return None

    def _run_ahead(self, speech_input: SpeechInput) -> None:
        """Start recognition during a pause: if the pause ends the turn, the transcript is available sooner."""
        paused = self._detector.paused if self._detector is not None else None
        if self._ahead is not None and not self._ahead[1].done():
            return  # one at a time: recognition may take longer than the speech between two pauses
        if paused is not None and (self._ahead is None or self._ahead[0] != paused.speech_end_ms):
            task = asyncio.create_task(asyncio.to_thread(speech_input.recognise, paused.pcm))
            self._ahead = (paused.speech_end_ms, task)

    def _cannot_hear(self) -> Objection | None:
        if self._deaf_told:
            return None
        self._deaf_told = True
        message = f"The local agent cannot hear, because speech is not installed ({INSTALL_HINT}): type instead."
        return Objection("speech_not_installed", message, "")

    async def _speech_started(self, started: SpeechStarted) -> None:
        self._speech_item = new_id("item")
        await self.emit("input_audio_buffer.speech_started", audio_start_ms=started.at_ms, item_id=self._speech_item)
        detection = self.session["audio"]["input"]["turn_detection"] or {}
        if detection.get("interrupt_response", True):
            await self._cancel("turn_detected")
        if self.session["audio"]["input"]["transcription"] is not None:
            self._partials = asyncio.create_task(self._transcribe_live(self._speech_item))

    async def _speech_stopped(self, stopped: SpeechStopped) -> None:
        item_id = self._end_speech()
        await self.emit("input_audio_buffer.speech_stopped", audio_end_ms=stopped.at_ms, item_id=item_id)
        ahead, self._ahead = self._ahead, None
        words = ahead[1] if ahead is not None and ahead[0] == stopped.speech_end_ms else None
        if refused := self._no_room(stopped.pcm):
            await self._object(refused, "")
            return
        await self._commit(item_id, stopped.pcm, self._answers_by_itself(), words)

    def _end_speech(self) -> str:
        """Stop the partial transcription of the turn that has ended; returns its item id."""
        item_id, self._speech_item = self._speech_item, ""
        if self._partials is not None:
            self._partials.cancel()
            self._partials = None
        return item_id

    def _answers_by_itself(self) -> bool:
        detection = self.session["audio"]["input"]["turn_detection"] or {}
        return bool(detection.get("create_response", True))

    def _no_room(self, pcm: bytes | bytearray) -> Objection | None:
        """The error if no further turn can be committed now, else ``None``."""
        waiting = sum(self._waiting.values())
        if len(self._waiting) >= limits.WAITING_TURNS or waiting + len(pcm) > limits.WAITING_BYTES:
            return limits.TOO_MANY_TURNS
        return self.conversation.limit_error(0)

    async def _on_input_audio_buffer_commit(self, event: dict[str, Any]) -> Objection | None:
        if refused := self._no_room(self._buffer):
            return refused
        if self._detector is not None and self._detector.speaking:
            said = self._detector.end()
            self._ahead = None
            await self._commit(self._end_speech(), said.pcm, answer=False)
            return None
        if len(self._buffer) < MIN_COMMIT_BYTES:
            held = len(self._buffer) * 500 // RATE
            return Objection(
                "input_audio_buffer_commit_empty",
                f"Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but"
                f" buffer only has {held}ms of audio.",
                "",
            )
        if await self.models.speech_input() is None:
            return self._cannot_hear()
        pcm, self._buffer = bytes(self._buffer), bytearray()
        await self._commit(new_id("item"), pcm, answer=False)
        return None

    async def _on_input_audio_buffer_clear(self, event: dict[str, Any]) -> None:
        self._buffer.clear()
        await self.emit("input_audio_buffer.cleared")

    async def _commit(self, item_id: str, pcm: bytes, answer: bool, ahead: asyncio.Task[str] | None = None) -> None:
        item = {
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        previous = self.conversation.add(item)
        await self.emit("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)
        await self.emit("conversation.item.added", item=item, previous_item_id=previous)
        await self.emit("conversation.item.done", item=item, previous_item_id=previous)
        task = asyncio.create_task(self._transcribe(item, pcm, answer, ahead))
        self._waiting[task] = len(pcm)
        task.add_done_callback(self._waiting.pop)

    async def _transcribe(
        self, item: dict[str, Any], pcm: bytes, answer: bool, ahead: asyncio.Task[str] | None
    ) -> None:
        async with self._one_by_one:  # transcripts are sent in the order of the turns
            try:
                text = await self._recognise(pcm, ahead)
            except Exception as error:
                await self._fail(error)
                return
        item["content"][0]["transcript"] = text
        if self.session["audio"]["input"]["transcription"] is not None:
            await self.emit(
                "conversation.item.input_audio_transcription.completed",
                item_id=item["id"],
                content_index=0,
                transcript=text,
                usage={"type": "duration", "seconds": round(len(pcm) / RATE / 2, 2)},
            )
        speaks_on = self._detector is not None and self._detector.speaking
        if answer and text and self._answer is None and not speaks_on:
            await self._start_answer({})

    async def _recognise(self, pcm: bytes, ahead: asyncio.Task[str] | None) -> str:
        """The transcript of a turn, from the recognition that was started during its last pause if there was one.

        Args:
            pcm: PCM16 mono at 24 kHz.
            ahead: the recognition started by `_run_ahead`, or ``None``.
        """
        if ahead is not None:
            return await ahead
        speech_input = await self.models.speech_input()
        assert speech_input is not None
        return await asyncio.to_thread(speech_input.recognise, pcm)

    async def _transcribe_live(self, item_id: str) -> None:
        """Send transcription deltas while the user is speaking, without the last word, which may still change."""
        speech_input = await self.models.speech_input()
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
                await self.emit(
                    "conversation.item.input_audio_transcription.delta", item_id=item_id, content_index=0, delta=delta
                )

    # --- history

    async def _on_conversation_item_create(self, event: dict[str, Any]) -> Objection | None:
        item = {"object": "realtime.item", "status": "completed", **event["item"]}
        item.setdefault("id", new_id("item"))
        if item["id"] in self.conversation.items:
            return Objection("item_create_duplicate_item_id", f"Item '{item['id']}' already exists.", "item.id")
        if item["type"] == "function_call_output" and not item.get("call_id"):
            return Objection(
                "missing_required_parameter", "Missing required parameter: 'item.call_id'.", "item.call_id"
            )
        size = len(json.dumps(item))
        if refused := self.conversation.limit_error(size):
            return refused
        previous = self.conversation.add(item, size)
        await self.emit("conversation.item.added", item=item, previous_item_id=previous)
        await self.emit("conversation.item.done", item=item, previous_item_id=previous)
        return None

    async def _on_conversation_item_retrieve(self, event: dict[str, Any]) -> Objection | None:
        held = self.conversation.items.get(event["item_id"])
        if held is None:
            return _no_item(event)
        await self.emit("conversation.item.retrieved", item=held.body)
        return None

    async def _on_conversation_item_delete(self, event: dict[str, Any]) -> Objection | None:
        if not self.conversation.remove(event["item_id"]):
            return _no_item(event)
        await self.emit("conversation.item.deleted", item_id=event["item_id"])
        return None

    async def _on_conversation_item_truncate(self, event: dict[str, Any]) -> Objection | None:
        held = self.conversation.items.get(event["item_id"])
        if held is None:
            return _no_item(event)
        wanted = event["audio_end_ms"]
        if not held.has_audio or wanted <= 0:
            return Objection(
                "unsupported_content_type", "Only model output audio messages can be truncated.", "item_id"
            )
        if wanted > held.audio_ms:
            message = f"Audio content of {held.audio_ms}ms is already shorter than {wanted}ms"
            return Objection("invalid_value", message, "audio_end_ms")
        held.audio_ms = wanted
        held.body["content"] = [{"type": "output_audio", "transcript": None}]
        await self.emit(
            "conversation.item.truncated",
            item_id=event["item_id"],
            content_index=event["content_index"],
            audio_end_ms=wanted,
        )
        return None

    # --- responses

    async def _on_response_create(self, event: dict[str, Any]) -> Objection | None:
        if self._answer is not None:
            message = f"Conversation already has an active response in progress: {self._answer.response_id}."
            return Objection("conversation_already_has_active_response", message, "")
        if refused := self.conversation.limit_error(0):
            return refused
        await self._start_answer(event.get("response") or {})
        return None

    async def _on_response_cancel(self, event: dict[str, Any]) -> Objection | None:
        if self._answer is None:
            return Objection("response_cancel_not_active", "Cancellation failed: no active response found", "")
        await self._cancel("client_cancelled")
        return None

    async def _start_answer(self, overrides: dict[str, Any]) -> None:
        self._answer = Response(self, overrides)
        self._answer.task = asyncio.create_task(self._run_answer(self._answer))

    async def _run_answer(self, answer: Response) -> None:
        try:
            await answer.run()
        finally:
            self.response_ended(answer)

    def response_ended(self, answer: Response) -> None:
        """Free the slot of the active response, if it is this one."""
        if self._answer is answer:
            self._answer = None

    async def _cancel(self, reason: str) -> None:
        answer = self._answer
        if answer is not None and answer.task is not None:
            answer.cancel_reason = reason
            answer.task.cancel()
            await asyncio.gather(answer.task, return_exceptions=True)
            await answer.finish_unstarted()


def _no_item(event: dict[str, Any]) -> Objection:
    return Objection("item_not_found", f"Item with item_id '{event['item_id']}' not found.", "item_id")
