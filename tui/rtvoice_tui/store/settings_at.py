"""The settings of a session at a time, and how they differ between two times."""

import json
from typing import Any

from rtvoice_tui.store.differing import differing_lines
from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.json_text import object_of
from rtvoice_tui.store.plain import visible

_TELLING = frozenset(("session.created", "session.updated"))
"""Types of received events that hold the session, whole or in part."""

_PASSING = frozenset(("id", "object", "type", "expires_at", "client_secret"))
"""Parts of a session that are no settings."""


def settings_at(log: EventLog, row: int) -> dict[str, Any]:
    """The settings as the server last told them, up to and with a row; empty before it told any.

    An update that names a part of the settings leaves the others; a new session begins again.
    """
    settings: dict[str, Any] = {}
    for number in log.rows_named(_TELLING, row + 1):
        event = object_of(log.text(number))
        session = event.get("session")
        if log.row(number).sent or not isinstance(session, dict):
            continue
        if event.get("type") == "session.created":
            settings = {}
        _merge(settings, {name: value for name, value in session.items() if name not in _PASSING})
    return settings


def settings_compared(log: EventLog, first: int, second: int) -> list[str]:
    """The settings at two rows, line by line: lines of the first alone begin with ``-``, of the second with ``+``."""
    one, other = (settings_lines(settings_at(log, row)) for row in sorted((first, second)))
    return differing_lines(one, other)


def settings_lines(settings: dict[str, Any]) -> list[str]:
    """Settings as JSON, line by line, in the order of their names; a sentence if there are none."""
    if not settings:
        return ["the server told no settings before"]
    return visible(json.dumps(settings, indent=2, ensure_ascii=False, sort_keys=True)).split("\n")


def _merge(settings: dict[str, Any], told: dict[str, Any]) -> None:
    for name, value in told.items():
        known = settings.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            settings[name] = value
