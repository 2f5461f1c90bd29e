"""One response of the local agent: sends its events until it is completed, cancelled or failed."""

import asyncio
import base64
import json
import logging
from typing import TYPE_CHECKING, Any

from rtvoice_tui.local_agent.brain import Call, Say
from rtvoice_tui.local_agent.conversation import last_words
from rtvoice_tui.local_agent.events import new_id
from rtvoice_tui.local_agent.speech import INSTALL_HINT, RATE, sentences

if TYPE_CHECKING:
    from rtvoice_tui.local_agent.connection import Connection

log = logging.getLogger(__name__)

DELTA_BYTES = RATE // 5 * 2
"""Bytes of PCM16 in one ``response.output_audio.delta`` (200 ms)."""


class Response:
    """A response in progress.

    Args:
        connection: the client's connection.
        overrides: the ``response`` object of the client's ``response.create``, or empty.

    Attributes:
        aside: whether it is an out-of-band response, whose items are not added to the conversation.
        response_id: its id.
        task: the task that runs it.
        cancel_reason: why it is being cancelled; empty unless it is. Must be set before the task is cancelled.
    """

    def __init__(self, connection: "Connection", overrides: dict[str, Any]) -> None:
        self._connection = connection
        self._session = connection.session
        self._overrides = overrides
        self.aside = overrides.get("conversation") == "none"
        self.response_id = new_id("resp")
        self.task: asyncio.Task[None] | None = None
        self.cancel_reason = ""
        self._items = frozenset(connection.conversation.items)
        self._recognising = connection.audio.pending_transcriptions
        self._begun = False
        self._failure = ""
        self._output: list[dict[str, Any]] = []
        self._open_part: _SpokenPart | None = None

    async def run(self) -> None:
        """Decide on the output and send it as speech, text or a function call.

        Cancelling the task after ``cancel_reason`` is set sends ``response.done`` with status cancelled.

        Raises:
            ConnectionError: the client is gone.
        """
        try:
            await self._send_created()
            decided = await self._decide()
            if isinstance(decided, Call):
                await self._call(decided)
            else:
                await self._say(decided.text)
            await self._done("completed")
        except asyncio.CancelledError:
            if not self.cancel_reason:
                raise
            if self._open_part is not None:
                await self._open_part.finish("incomplete")
            await self._done("cancelled")
        except ConnectionError:
            raise
        except Exception as error:
            log.exception("an answer failed")
            self._failure = f"{type(error).__name__}: {error}"
            if self._open_part is not None:
                await self._open_part.finish("incomplete")
            await self._done("failed")

    async def finish_unstarted(self) -> None:
        """Send the events of a response whose task was cancelled before it ran."""
        if not self._begun:
            await self._send_created()
            await self._done("cancelled")

    async def _send_created(self) -> None:
        self._begun = True
        await self._emit("response.created", response=self._response("in_progress"))

    async def _done(self, status: str) -> None:
        """Free the response slot before ``response.done``: the client may send ``response.create`` immediately."""
        self._connection.response_ended(self)
        await self._emit("response.done", response=self._response(status))

    async def _decide(self) -> Say | Call:
        conversation, brain = self._connection.conversation, self._connection.brain
        instructions = str(self._overrides.get("instructions") or self._session["instructions"] or "")
        if self.aside:
            return brain.aside(instructions, last_words(self._overrides.get("input") or []))
        if self._recognising:  # the client need not wait for the transcript before response.create
            await asyncio.wait(self._recognising)
        outputs = conversation.claim_outputs()
        if outputs:
            return brain.respond_to_outputs(outputs, instructions)
        said = conversation.last_user_text(self._items)
        if not said:
            return Say("Hello. Say or type something.")
        tools = [] if self._session["tool_choice"] == "none" else self._session["tools"]
        decided = brain.answer(said, tools, instructions)
        missing = self._connection.models.missing
        if isinstance(decided, Say) and missing and not self._connection.install_hint_sent:
            self._connection.install_hint_sent = True
            hint = f"I can only write here: for hearing and a voice, run {INSTALL_HINT}."
            return Say(f"{decided.text} {hint}")
        return decided

    # --- a function call

    async def _call(self, call: Call) -> None:
        item = {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "function_call",
            "status": "in_progress",
            "name": call.name,
            "call_id": new_id("call"),
            "arguments": "",
        }
        previous = self._connection.conversation.add(item)
        where = {"response_id": self.response_id, "output_index": 0}
        await self._emit("response.output_item.added", **where, item=dict(item))
        await self._emit("conversation.item.added", item=dict(item), previous_item_id=previous)
        about = {**where, "item_id": item["id"], "call_id": item["call_id"]}
        for start in range(0, len(call.arguments), 6):
            piece = call.arguments[start : start + 6]
            await self._emit("response.function_call_arguments.delta", **about, delta=piece)
        item |= {"arguments": call.arguments, "status": "completed"}
        await self._emit("response.function_call_arguments.done", **about, name=call.name, arguments=call.arguments)
        self._output.append(item)
        await self._emit("response.output_item.done", **where, item=item)
        await self._emit("conversation.item.done", item=item, previous_item_id=previous)

    # --- a message

    async def _say(self, text: str) -> None:
        modalities = self._overrides.get("output_modalities") or self._session["output_modalities"]
        voice = await self._connection.models.voice() if "audio" in modalities else None
        part = self._open_part = _SpokenPart(self, spoken=voice is not None)
        await part.start()
        output = self._session["audio"]["output"]
        for sentence in sentences(text):
            await part.words(sentence)
            if voice is not None:
                blocks = voice.say(sentence, output["voice"], float(output["speed"]))
                while (pcm := await asyncio.to_thread(next, blocks, None)) is not None:
                    await part.sound(pcm)
        await part.finish("completed")
        self._open_part = None

    async def _emit(self, kind: str, **fields: Any) -> None:
        await self._connection.emit(kind, **fields)

    def _response(self, status: str) -> dict[str, Any]:
        details: dict[str, Any] | None = None
        if status == "cancelled":
            details = {"type": "cancelled", "reason": self.cancel_reason}
        elif status == "failed":
            error = {"type": "server_error", "code": "server_error", "message": self._failure}
            details = {"type": "failed", "error": error}
        return {
            "id": self.response_id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": json.loads(json.dumps(self._output)),
            "output_modalities": self._session["output_modalities"],
            "conversation_id": None if self.aside else "conv_local",
            "metadata": self._overrides.get("metadata") or {},
            "usage": None,
        }


class _SpokenPart:
    """The message item of a response, with its added, delta and done events."""

    def __init__(self, answer: Response, spoken: bool) -> None:
        self._answer = answer
        self._connection = answer._connection
        self._spoken = spoken
        self._item: dict[str, Any] = {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        self._text = ""
        self._sent_bytes = 0
        self._where = {"response_id": answer.response_id, "output_index": 0}
        self._about = {**self._where, "item_id": self._item["id"], "content_index": 0}
        self._name = "output_audio_transcript" if spoken else "output_text"

    async def start(self) -> None:
        self._previous = None if self._answer.aside else self._connection.conversation.add(self._item)
        await self._emit("response.output_item.added", **self._where, item=dict(self._item))
        await self._of_conversation("conversation.item.added", item=dict(self._item))
        await self._emit("response.content_part.added", **self._about, part=self._part())

    async def words(self, sentence: str) -> None:
        for word in sentence.split():
            delta = f" {word}" if self._text else word
            self._text += delta
            await self._emit(f"response.{self._name}.delta", **self._about, delta=delta)

    async def sound(self, pcm: bytes) -> None:
        held = self._connection.conversation.items.get(self._item["id"])
        for start in range(0, len(pcm), DELTA_BYTES):
            piece = pcm[start : start + DELTA_BYTES]
            self._sent_bytes += len(piece)
            if held is not None:
                held.has_audio, held.audio_ms = True, self._sent_bytes * 500 // RATE
            encoded = base64.b64encode(piece).decode()
            await self._emit("response.output_audio.delta", **self._about, delta=encoded)

    async def finish(self, status: str) -> None:
        self._item["status"] = status
        key = "transcript" if self._spoken else "text"
        self._item["content"] = [{"type": "output_audio" if self._spoken else "output_text", key: self._text}]
        self._answer._output.append(self._item)
        if self._spoken:
            await self._emit("response.output_audio.done", **self._about)
        await self._emit(f"response.{self._name}.done", **self._about, **{key: self._text})
        await self._emit("response.content_part.done", **self._about, part=self._part())
        await self._emit("response.output_item.done", **self._where, item=self._item)
        await self._of_conversation("conversation.item.done", item=self._item)

    async def _of_conversation(self, kind: str, **fields: Any) -> None:
        if not self._answer.aside:
            await self._emit(kind, **fields, previous_item_id=self._previous)

    def _part(self) -> dict[str, Any]:
        return {"type": "audio", "transcript": self._text} if self._spoken else {"type": "text", "text": self._text}

    async def _emit(self, kind: str, **fields: Any) -> None:
        await self._connection.emit(kind, **fields)
