"""What the conversation pane says while nothing is said: why, since when, and what to press."""

import pytest
from still import NOW, pulse, screen_text, still_app

from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    Phase,
    PhaseChanged,
    SessionEnded,
    TurnStarted,
    UserSaid,
)
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.transcript import TranscriptView


@pytest.fixture
def store():
    made = Store()
    yield made
    made.events.close()


def end(store: Store, wanted: bool = False) -> None:
    store.record(PhaseChanged(Phase.CONNECTING), 1.0)
    store.record(SessionEnded("the server refused the key (401)", "check the key, then press c", wanted), 2.0)
    store.record(PhaseChanged(Phase.OFFLINE), 2.0)


async def test_a_failed_start_says_why_and_what_to_press_and_nobody_is_asked_to_speak(store: Store):
    end(store)
    async with still_app(store) as pilot:
        await pulse(pilot)
        text = screen_text(pilot)
    assert "○ not connected: the server refused the key (401)" in text
    assert "check the key, then press c" in text
    assert "c connects   p profiles and keys" in text
    assert "Say something" not in text


async def test_a_lost_session_says_so_below_the_conversation(store: Store):
    store.record(TurnStarted(1), 0.5)
    store.record(AgentSaid(1, "a", "Hello.", final=True), 0.6)
    end(store)
    async with still_app(store) as pilot:
        await pulse(pilot)
        view = pilot.app.query_one(TranscriptView)
        shown = ["".join(text for text, _ in view.pieces(n)) for n in range(view.line_count)]
        assert shown[:2] == ["▌ AGENT  0:00", "▌ Hello."]
        assert shown[3].startswith("○ not connected: the server refused the key")
        await pilot.press("1", "up", "enter")
        assert view.turn_at(view.cursor or 0) == 1


async def test_the_user_s_own_end_needs_no_reason(store: Store):
    end(store, wanted=True)
    async with still_app(store) as pilot:
        await pulse(pilot)
        text = screen_text(pilot)
    assert "○ not connected   c connects   p profiles and keys" in text
    assert "401" not in text


@pytest.mark.parametrize(
    ("phase", "line"),
    [
        (Phase.CONNECTING, "◌ connecting to local agent  7 s   c cancels"),
        (Phase.CONFIGURING, "◌ connecting to local agent  7 s   c cancels"),
        (Phase.THINKING, "◌ the agent is thinking  7 s"),
        (Phase.TOOL, "◌ waiting for book_table  7 s"),
        (Phase.LISTENING, ""),
        (Phase.SPEAKING, ""),
    ],
)
async def test_what_is_waited_for_is_shown_with_its_seconds(store: Store, phase: Phase, line: str):
    store.record(TurnStarted(1), 1.0)
    store.record(UserSaid(1, "u", "A table for two", final=True), 1.0)
    call = {"call_id": "k", "item_id": "i", "name": "book_table", "arguments": "{}"}
    store.record(CallChanged(turn=1, key="k", state=CallState.RUNNING, **call), 2.0)
    store.record(PhaseChanged(phase), NOW - 7)
    async with still_app(store) as pilot:
        await pulse(pilot)
        shown = [row.split("│")[1].strip() for row in screen_text(pilot).splitlines() if "◌ " in row and "│" in row]
    assert shown == ([line] if line else [])


@pytest.mark.drawn
async def test_the_state_word_has_the_seconds_too(store: Store):
    store.record(PhaseChanged(Phase.THINKING), NOW - 7)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert "THINKING 7s" in screen_text(pilot).splitlines()[1]


async def test_a_short_wait_does_not_flicker(store: Store):
    store.record(TurnStarted(1), 1.0)
    store.record(UserSaid(1, "u", "Hello", final=True), 1.0)
    store.record(PhaseChanged(Phase.THINKING), NOW - 0.4)
    async with still_app(store) as pilot:
        await pulse(pilot)
        text = screen_text(pilot)
    assert "thinking" not in text
    assert "THINKING 0s" not in text
