"""What the server keeps of a session: items, calls, audio. Obeys the client's events and acknowledges them."""

import base64
import binascii
import time
from typing import Any

from realtime_server.descriptions import described
from realtime_server.rules import Raced, Refused, judge
from realtime_server.types import RATE, REQUESTED, Event

MIN_COMMIT_BYTES = RATE * 2 // 10
MAX_APPEND = 15 * 1024 * 1024


class ServerState:
    """One session as the server knows it. Pure: no socket.

    Args:
        dialect: ``openai``, ``yandex`` or ``plain``.

    Attributes:
        active: id of the running response; empty when there is none.
        items: items of the conversation by id; of spoken ones also the number of ``bytes``.
        calls: ids of all function calls so far.
        outputs: how often each call got an output.
        microphone: all audio that arrived, PCM16.
        arrivals: when audio arrived (`time.perf_counter`), and the size of `microphone` then.
        rate: Hz of the agent's audio.
        uncommitted: bytes of audio since the last commit.
        confirms: whether settings are acknowledged with ``session.updated``.
    """

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.active = ""
        self.items: dict[str, Event] = {}
        self.calls: set[str] = set()
        self.outputs: dict[str, int] = {}
        self.microphone = bytearray()
        self.arrivals: list[tuple[float, int]] = []
        self.rate = RATE
        self.confirms = True
        self._updates = 0
        self.uncommitted = 0

    @property
    def audio_index(self) -> int:
        """The ``content_index`` of spoken parts."""
        return 1 if self.dialect == "yandex" else 0

    def accept(self, event: Event) -> list[Event]:
        """Obey a client's event; returns the acknowledgements.

        Raises:
            Refused: the event is not accepted.
        """
        if self.dialect == "plain":
            return self._obey_plain(event)
        judge(self.dialect, event, first_update=not self._updates)
        return self._obey(event)

    def item_events(self, item: Event) -> list[Event]:
        """How the server announces an item."""
        if self.dialect == "yandex":
            return [{"type": "conversation.item.created", "item": item}]
        added = {"previous_item_id": None, "item": item}
        return [{"type": "conversation.item.added", **added}, {"type": "conversation.item.done", **added}]

    def _obey_plain(self, event: Event) -> list[Event]:
        """Keep audio and outputs, acknowledge settings, and accept everything."""
        kind = event.get("type")
        if kind == "session.update" and self.confirms:
            return [{"type": "session.updated", "session": event["session"]}]
        if kind == "input_audio_buffer.append":
            self._keep_audio(base64.b64decode(event["audio"]))
        elif kind == "conversation.item.create" and "call_id" in event["item"]:
            call_id = event["item"]["call_id"]
            self.outputs[call_id] = self.outputs.get(call_id, 0) + 1
        return []

    def _obey(self, event: Event) -> list[Event]:
        """Do what an event asks for; returns the acknowledgements."""
        match event.get("type"):
            case "session.update":
                return self._updated(event["session"])
            case "input_audio_buffer.append":
                return self._appended(event["audio"])
            case "input_audio_buffer.commit":
                return self._committed()
            case "input_audio_buffer.clear":
                self.uncommitted = 0
                return [{"type": "input_audio_buffer.cleared"}]
            case "conversation.item.create":
                return self._created(event["item"])
            case "conversation.item.truncate":
                return self._truncated(event)
            case "conversation.item.delete":
                if self.items.pop(event["item_id"], None) is None:
                    raise Refused(f"no item {event['item_id']}", "item_delete_invalid_item_id", "item_id")
                return [{"type": "conversation.item.deleted", "item_id": event["item_id"]}]
            case "response.create":
                if self.active:
                    code = "conversation_already_has_active_response"
                    raise Refused(f"Conversation already has an active response: {self.active}", code)
                self.active = REQUESTED
            case "response.cancel" if not self.active:
                raise Raced("Cancellation failed: no active response found", "response_cancel_not_active")
        return []

    def _updated(self, session: Event) -> list[Event]:
        self._updates += 1
        self.rate = session.get("audio", {}).get("output", {}).get("format", {}).get("rate", self.rate)
        description = {**described(self.dialect), **session}
        updated = {"type": "session.updated", "session": description}
        if not self.confirms:
            return []
        return [updated, updated] if self.dialect == "yandex" else [updated]

    def _appended(self, audio: Any) -> list[Event]:
        if not self._updates:
            raise Refused("audio before the session was configured")
        try:
            pcm = base64.b64decode(audio, validate=True)
        except (TypeError, binascii.Error):
            raise Refused("audio is not base64", "invalid_value", "audio") from None
        if len(pcm) > MAX_APPEND or len(pcm) % 2:
            raise Refused(f"{len(pcm)} bytes of audio", "invalid_value", "audio")
        self._keep_audio(pcm)
        self.uncommitted += len(pcm)
        return []

    def _keep_audio(self, pcm: bytes) -> None:
        self.microphone += pcm
        self.arrivals.append((time.perf_counter(), len(self.microphone)))

    def _committed(self) -> list[Event]:
        if self.uncommitted < MIN_COMMIT_BYTES:
            raise Refused("buffer too small", "input_audio_buffer_commit_empty")
        self.uncommitted = 0
        item_id = f"item_user_{len(self.items) + 1}"
        item: Event = {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": []}
        self.items[item_id] = item
        committed = {"type": "input_audio_buffer.committed", "item_id": item_id}
        return [committed, *self.item_events(item)]

    def _created(self, item: Event) -> list[Event]:
        if item["type"] == "function_call_output":
            call_id = item["call_id"]
            if call_id not in self.calls:
                raise Refused(f"no call {call_id}", "invalid_tool_call_id", "item.call_id")
            self.outputs[call_id] = self.outputs.get(call_id, 0) + 1
            if self.outputs[call_id] > 1:
                raise Refused(f"call {call_id} is answered already", "duplicate_output", "item.call_id")
        if self.dialect == "yandex" and item.get("role") == "assistant":
            raise Refused("MessageContentItemOutputText is not supported yet", "unsupported", "item.content")
        full = {"id": f"item_made_{len(self.items) + 1}", "object": "realtime.item", "status": "completed", **item}
        self.items[full["id"]] = full
        return self.item_events(full)

    def _truncated(self, event: Event) -> list[Event]:
        item, end = self.items.get(event["item_id"]), event["audio_end_ms"]
        if item is None:
            raise Refused(f"no item {event['item_id']}", "item_truncate_invalid_item_id", "item_id")
        if item.get("role") != "assistant" or not item.get("bytes") or end <= 0:
            raise Refused("Only model output audio messages can be truncated", "unsupported_content_type")
        if event["content_index"] != self.audio_index:
            raise Refused(f"part {event['content_index']} is not audio", "invalid_value", "content_index")
        length = item["bytes"] * 500 / self.rate
        if end > length:
            raise Refused(f"Audio content of {length:.0f}ms is already shorter than {end}ms", "invalid_value")
        item["bytes"] = end * self.rate // 500
        about = {name: event[name] for name in ("item_id", "content_index", "audio_end_ms")}
        return [{"type": "conversation.item.truncated", **about}]
