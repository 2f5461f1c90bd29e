"""Client events that the user writes by hand."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.protocol.realtime.by_hand import Checked, Ids, checked, templates
from rtvoice_tui.session.commands import SendEvent
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.store import Store

_SEARCHED = 400
"""Number of rows of the event log, from its end, in which ids for templates are looked for."""

_NO_SESSION = "not connected, so it cannot be sent: the text stays, F5 connects"
_IDS = {
    "item": re.compile(r'"item_id": ?"([^"\\]+)"'),
    "response": re.compile(r'"response_id": ?"([^"\\]+)"'),
    "call": re.compile(r'"call_id": ?"([^"\\]+)"'),
}


class Written:
    """Templates of client events, the check before one is sent, and the sending.

    Args:
        session: gets the events.
        store: its event log has the ids for templates.
    """

    def __init__(self, session: SessionHandle, store: Store) -> None:
        self._session = session
        self._store = store

    def templates(self) -> dict[str, str]:
        """An event of each type as indented JSON, by a name, with ids of this session."""
        found = templates(self._session.plan.dialect, Ids(**self._ids()))
        return {name: indented(event) for name, event in found.items()}

    def again(self, text: str) -> str:
        """The template for an event that was sent before: without its own id. Empty if it is none."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(fields, dict):
            return ""
        fields.pop("event_id", None)
        return indented(fields)

    def check(self, text: str) -> Checked:
        """Check an event against what the provider documents."""
        return checked(text, self._session.plan.dialect)

    def send(self, text: str) -> str:
        """Send an event. Returns why it is not sent, in a sentence; empty if it is."""
        found = self.check(text)
        if found.refused:
            return found.refused
        if self._store.session.phase in (Phase.OFFLINE, Phase.CONNECTING):
            return _NO_SESSION
        self._session.post(SendEvent(text))
        return ""

    def _ids(self) -> dict[str, str]:
        log = self._store.events
        found: dict[str, str] = {}
        for number in range(len(log) - 1, max(-1, len(log) - 1 - _SEARCHED), -1):
            if len(found) == len(_IDS):
                break
            found = {**_ids_in(log.text(number), set(_IDS) - set(found)), **found}
        return found


def _ids_in(text: str, wanted: Iterable[str]) -> dict[str, str]:
    found = {name: _IDS[name].search(text) for name in wanted}
    return {name: match[1] for name, match in found.items() if match is not None}


def indented(event: Mapping[str, Any]) -> str:
    """An event as JSON to be edited."""
    return json.dumps(event, ensure_ascii=False, indent=2)
