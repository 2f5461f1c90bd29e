"""One client connection of the local agent: handles client events, holds the session, and starts responses."""

import asyncio
import copy
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rtvoice_tui.local_agent import events, limits
from rtvoice_tui.local_agent.brain import Brain
from rtvoice_tui.local_agent.conversation import Conversation
from rtvoice_tui.local_agent.events import INTERNAL, error_event, new_id
from rtvoice_tui.local_agent.input_audio import InputAudio
from rtvoice_tui.local_agent.models import Models
from rtvoice_tui.local_agent.reading import event_id_of, read_event
from rtvoice_tui.local_agent.response import Response
from rtvoice_tui.local_agent.validation import Objection, objection, without_nulls

Handler = Callable[[dict[str, Any]], Awaitable[Objection | None]]

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
        audio: the input audio buffer.
        install_hint_sent: whether the hint to install speech was given.
    """

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]], models: Models) -> None:
        self._send = send
        self.models = models
        self.session = events.default_session()
        self.conversation = Conversation()
        self.brain = Brain()
        self.install_hint_sent = False
        self.audio = InputAudio(self)
        self._response: Response | None = None
        self._handlers: dict[str, Handler] = {
            "session.update": self._update_session,
            "input_audio_buffer.append": self.audio.append,
            "input_audio_buffer.commit": self.audio.commit,
            "input_audio_buffer.clear": self.audio.clear,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.delete": self._delete_item,
            "conversation.item.truncate": self._truncate_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }

    async def open(self) -> None:
        """Send ``session.created``."""
        await self.emit("session.created", session=self.session)

    async def close(self) -> None:
        """Cancel all tasks after the client has disconnected."""
        tasks = self.audio.tasks()
        if self._response is not None and self._response.task is not None:
            tasks.append(self._response.task)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
        event = without_nulls(read_event(text))
        event_id = event_id_of(event)
        found = event if isinstance(event, Objection) else objection(event)
        if found is not None:
            await self.send_error(found, event_id)
            return
        try:
            refused = await self._handlers[event["type"]](event)
        except ConnectionError:
            raise
        except Exception as error:
            await self.send_internal_error(error, event_id)
        else:
            if refused is not None:
                await self.send_error(refused, event_id)

    async def receive_binary(self) -> None:
        """Send an error for a binary frame, which the protocol does not allow."""
        await self.send_error(Objection("invalid_value", "Events are text: a binary frame was ignored.", ""), "")

    async def send_error(self, found: Objection, event_id: str = "") -> None:
        """Send an ``error`` event; ``event_id``: the client event that caused it."""
        await self._send(error_event(found, event_id))

    async def send_internal_error(self, error: Exception, event_id: str = "") -> None:
        """Log and send an internal error; the connection stays open."""
        log.error("an event could not be carried out", exc_info=error)
        message = f"The local agent failed: {type(error).__name__}."
        await self._send(error_event(Objection(INTERNAL, message, ""), event_id))

    # --- session

    async def _update_session(self, event: dict[str, Any]) -> Objection | None:
        wanted = event["session"]
        voice = wanted.get("audio", {}).get("output", {}).get("voice")
        if voice is not None and not events.is_voice(voice):
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
        self.audio.tune_detector()
        await self.emit("session.updated", session=self.session)
        return None

    # --- history

    async def _create_item(self, event: dict[str, Any]) -> Objection | None:
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

    async def _retrieve_item(self, event: dict[str, Any]) -> Objection | None:
        held = self.conversation.items.get(event["item_id"])
        if held is None:
            return _no_item(event)
        await self.emit("conversation.item.retrieved", item=held.body)
        return None

    async def _delete_item(self, event: dict[str, Any]) -> Objection | None:
        if not self.conversation.remove(event["item_id"]):
            return _no_item(event)
        await self.emit("conversation.item.deleted", item_id=event["item_id"])
        return None

    async def _truncate_item(self, event: dict[str, Any]) -> Objection | None:
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

    async def _create_response(self, event: dict[str, Any]) -> Objection | None:
        if self._response is not None:
            message = f"Conversation already has an active response in progress: {self._response.response_id}."
            return Objection("conversation_already_has_active_response", message, "")
        if refused := self.conversation.limit_error(0):
            return refused
        self._start_response(event.get("response") or {})
        return None

    async def _cancel_response(self, event: dict[str, Any]) -> Objection | None:
        if self._response is None:
            return Objection("response_cancel_not_active", "Cancellation failed: no active response found", "")
        await self.cancel_response("client_cancelled")
        return None

    def respond_if_idle(self) -> None:
        """Start a response, unless one is active."""
        if self._response is None:
            self._start_response({})

    def _start_response(self, overrides: dict[str, Any]) -> None:
        self._response = Response(self, overrides)
        self._response.task = asyncio.create_task(self._run_response(self._response))

    async def _run_response(self, response: Response) -> None:
        try:
            await response.run()
        finally:
            self.response_ended(response)

    def response_ended(self, response: Response) -> None:
        """Free the slot of the active response, if it is this one."""
        if self._response is response:
            self._response = None

    async def cancel_response(self, reason: str) -> None:
        """Cancel the active response, if there is one, and wait until it has ended."""
        response = self._response
        if response is not None and response.task is not None:
            response.cancel_reason = reason
            response.task.cancel()
            await asyncio.gather(response.task, return_exceptions=True)
            await response.finish_unstarted()


def _no_item(event: dict[str, Any]) -> Objection:
    return Objection("item_not_found", f"Item with item_id '{event['item_id']}' not found.", "item_id")
