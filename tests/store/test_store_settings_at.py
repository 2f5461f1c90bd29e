"""The settings of a session at a time, from the events that told them."""

from typing import Any

from rtvoice_tui.store.event_log import EventLog
from rtvoice_tui.store.settings_at import settings_at, settings_compared


def log_of(*told: tuple[str, Any]) -> EventLog:
    log = EventLog()
    for number, (kind, session) in enumerate(told):
        log.append(float(number), kind == "session.update", kind, {"type": kind, "session": session})
    return log


def test_an_update_changes_what_it_names_and_leaves_the_rest() -> None:
    log = log_of(
        ("session.created", {"id": "s-1", "instructions": "be kind", "audio": {"output": {"voice": "a", "speed": 1}}}),
        ("session.update", {"instructions": "not yet in force"}),
        ("session.updated", {"audio": {"output": {"voice": "b"}}, "tools": [{"name": "t"}]}),
    )
    before = {"instructions": "be kind", "audio": {"output": {"voice": "a", "speed": 1}}}
    assert settings_at(log, 0) == before
    assert settings_at(log, 1) == before
    after = {"instructions": "be kind", "audio": {"output": {"voice": "b", "speed": 1}}, "tools": [{"name": "t"}]}
    assert settings_at(log, 2) == after


def test_a_new_session_begins_again() -> None:
    log = log_of(("session.created", {"instructions": "old", "voice": "a"}), ("session.created", {"voice": "b"}))
    assert settings_at(log, 1) == {"voice": "b"}


def test_before_a_server_told_any_there_are_none() -> None:
    log = log_of(("session.update", {"voice": "a"}), ("session.updated", "odd"), ("session.created", None))
    assert settings_at(log, 2) == {}


def test_two_times_are_compared_the_earlier_first() -> None:
    log = log_of(("session.created", {"voice": "a", "speed": 1}), ("session.updated", {"voice": "b\x1b"}))
    expected = ["  {", '    "speed": 1,', '-   "voice": "a"', '+   "voice": "b\\u001b"', "  }"]
    assert settings_compared(log, 0, 1) == expected
    assert settings_compared(log, 1, 0) == expected
    assert settings_compared(log, 0, 0)[0] == "both are the same"
