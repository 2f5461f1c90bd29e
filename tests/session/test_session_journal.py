"""A journal of inputs is a whole session: a fresh machine makes the same of it, step by step."""

import pickle
from pathlib import Path

from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession
from session.conversation import CLOCK, WEATHER, Conversation, function_call
from session.remembered import remembered


def held() -> Conversation:
    """Speech, an interruption, parallel calls, an edit, an error, a lost connection and a new one."""
    c = Conversation()
    c.user_turn("u1")
    c.words("What is the weather?", "u1")
    c.calls(function_call("c1"), function_call("c2", "get_time"), response_id="R1")
    c.tool_done("c2", '{"time": 5}')
    c.tool_done("c1", '{"rain": true}')
    c.begin("R2")
    c.audio("a2", 1_000, "R2")
    c.do(
        EditSession(SessionSettings(turn_detection={"type": "server_vad"}, instructions="Be brief."), (WEATHER, CLOCK))
    )
    c.server("session.updated", session={"id": "sess"})
    c.interrupt()
    c.flushed(a2=200.0)
    c.end("R2", "cancelled")
    c.error("invalid_value")
    c.type("And tomorrow?")
    for timer in list(c.all().timers):
        c.timer(timer)
    c.close()
    c.open()
    return c


def test_a_fresh_machine_makes_the_same_of_a_journal_that_was_written_to_a_file(tmp_path: Path) -> None:
    c = held()
    file = tmp_path / "journal"
    file.write_bytes(pickle.dumps(c.journal))
    assert sum(map(len, c.effects)) > 60
    journal = pickle.loads(file.read_bytes())
    effects = c.replayed(journal)
    assert effects == c.effects
    kept = remembered(c.journal, c.effects)
    assert len(kept) > 2_000
    assert remembered(journal, effects) == kept
