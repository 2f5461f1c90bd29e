"""Client events that the user writes by hand."""

import json

from rtvoice_tui.protocol.realtime.client_events import ClientEvent, CreateItem, UpdateSession
from rtvoice_tui.protocol.realtime.codec import decode_sent
from rtvoice_tui.protocol.realtime.objects import ErrorInfo
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.server_errors import judge, sentence
from rtvoice_tui.session.realtime.turns.typed_turns import TypedTurns

_SHOWN = 80
"""Characters of an event that a notice quotes."""


class WrittenEvents:
    """Sends what the user wrote, without asking whether it fits the state of the session: that is what it is for.

    Args:
        out: collects the effects.
        typed: gets messages of the user, which are turns.
        edits: is told which settings an event asks for.
    """

    def __init__(self, out: Outbox, typed: TypedTurns, edits: Edits) -> None:
        self._out = out
        self._edits = edits
        self._typed = typed

    def send(self, text: str, live: bool) -> None:
        """Send an event.

        Args:
            text: the event as JSON. It gets an ``event_id`` if it has none, so that an error can name it.
            live: whether there is a connection; otherwise the user is warned.
        """
        if not live:
            self._out.warn(f"not connected, so this was not sent: {text[:_SHOWN]}", "press c to connect")
            return
        try:
            compact = self._compact(text)
            event = decode_sent(compact)
        except (ValueError, RecursionError):
            self._out.warn(f"this is no event, so it was not sent: {text[:_SHOWN]}", "send an object with a type")
            return
        if words := _message_of(event):
            self._typed.written(event.event_id, words)
        if isinstance(event, UpdateSession):
            self._edits.wrote(event.session)
        self._out.send_written(event, compact)

    def refused(self, error: ErrorInfo) -> None:
        """The server refuses one: the user is told, whatever it is, and nothing else depends on it."""
        words = sentence(error)
        self._typed.deliveries.refused(error.event_id, words)
        self._out.report(Notice(Level.ERROR, words, judge(error, None).remedy, error.event_id))

    def _compact(self, text: str) -> str:
        """The event in one line, with an id."""
        fields = json.loads(text)
        if isinstance(fields, dict) and not fields.get("event_id"):
            fields["event_id"] = self._out.new_id("e")
        compact = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return compact.encode("utf-8", "replace").decode()


def _message_of(event: ClientEvent) -> str:
    """The words of a message of the user; empty for all other events."""
    if not isinstance(event, CreateItem) or event.item.get("role") != "user":
        return ""
    content = event.item.get("content")
    parts = content if isinstance(content, list) else []
    return " ".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))
