"""Lines that vanish, change or come while something is selected, drawn or typed."""

import asyncio

import pytest
from keyed import Cockpit, focus, opened, until
from still import pulse, still_app
from textual import events

from rtvoice_tui.session.facts import (
    AgentSaid,
    Level,
    Notice,
    Phase,
    PhaseChanged,
    ResponseCut,
    SpeechPlayed,
    TurnStarted,
    UserSaid,
)
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.calls import CallsView
from rtvoice_tui.ui.panes.event_rows import SHOWN_LINES
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.rows import NoticeRow
from screens import toasts

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def store():
    made = Store()
    made.record(PhaseChanged(Phase.SPEAKING), 0.0)
    yield made
    made.events.close()


# --- events


@pytest.mark.parametrize("key", ["enter", "y", "b"])
async def test_a_row_that_the_filter_drops_while_the_cursor_is_on_it_does_no_harm(key: str) -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        view = await focus(pilot, 2)
        assert isinstance(view, EventsView)
        view.set_filter("-secret response.text.delta")
        app.store.events.append(50.0, False, "response.text.delta", '{"delta":"a"}', fold_key="x")
        app.pulse()
        await pilot.press("up")
        assert (view.cursor, view.line_count) == (0, 1)
        app.store.events.append(50.1, False, "response.text.delta", '{"delta":"secret"}', fold_key="x")
        app.pulse()
        assert (view.cursor, view.line_count) == (None, 0)
        await pilot.press(key)
        await pilot.pause(0.02)
        assert app.return_code is None


async def test_the_cursor_stays_on_its_event_when_a_row_above_it_is_dropped(store: Store) -> None:
    async with still_app(store) as pilot:
        view = pilot.app.query_one(EventsView)
        view.set_filter("-secret a")
        store.events.append(1.0, False, "a.delta", '{"n": 1}', fold_key="x")
        store.events.append(2.0, False, "a.kept", '{"n": 2}', fold_key="y")
        await pulse(pilot)
        view.move_cursor(1)
        store.events.append(3.0, False, "a.delta", '{"n": "secret"}', fold_key="x")
        await pulse(pilot)
        assert view.line_count == 1
        assert view.cursor is not None
        assert view.row_at(view.cursor).name == "a.kept"


async def test_b_does_not_go_back_to_a_line_of_another_filter(store: Store) -> None:
    for number in range(40):
        store.events.append(float(number), True, f"kind.{number % 2}", {"event_id": f"e-{number}"})
    store.events.append(50.0, False, "error", {"type": "error", "error": {"event_id": "e-10"}}, error=True)
    async with still_app(store) as pilot:
        view = pilot.app.query_one(EventsView)
        await pulse(pilot)
        view.action_cause()
        assert view.cursor == 10
        view.set_filter("kind.1")
        view.move_cursor(10)
        view.action_cause()
        assert view.cursor == 10


def test_many_large_events_in_one_row_are_shown_up_to_a_limit(store: Store) -> None:
    event = {"type": "a.delta", "list": [{"n": number} for number in range(1000)]}
    for _ in range(50):
        store.events.append(1.0, False, "a.delta", event, fold_key="x")
    view = EventsView(store, lambda: (24_000, 24_000))
    _, lines = view.details(0)
    assert len(lines) <= SHOWN_LINES + 5_010
    assert lines[-1].startswith("— and ")


# --- the conversation


async def test_words_that_were_shortened_are_drawn_before_the_next_pulse(store: Store) -> None:
    store.record(TurnStarted(1), 1.0)
    store.record(UserSaid(1, "u", "word " * 400, final=False), 1.0)
    for number in range(2, 400):
        store.record(AgentSaid(number, f"a{number}", "word " * 300, final=True), float(number))
    async with still_app(store) as pilot:
        await pulse(pilot)
        view = pilot.app.query_one(TranscriptView)
        store.record(UserSaid(1, "u", "short", final=True), 1.0)
        for line in range(60):
            view.pieces(line)
        await pulse(pilot)
        assert "".join(text for text, _ in view.pieces(1)) == "▌ short"


@pytest.mark.parametrize("space", ["", "\n\n   ", " "])
async def test_white_space_before_the_first_word_moves_no_mark(store: Store, space: str) -> None:
    store.record(TurnStarted(1), 1.0)
    store.record(AgentSaid(1, "a", f"{space}Hello wonderful world of many words", final=True), 1.0)
    async with still_app(store, size=(160, 40)) as pilot:
        store.record(SpeechPlayed("a", 350, 1000), 1.0)
        await pulse(pilot)
        view = pilot.app.query_one(TranscriptView)
        assert [text for text, ink in view.pieces(1) if ink == "spoken"] == ["wonderful"]
        store.record(ResponseCut(1, "a", 350, 1000, "truncated"), 2.0)
        await pulse(pilot)
        assert "".join(text for text, _ in view.pieces(1)) == "▌ Hello wonderful"
        assert "Hello wonderful [cut" in view.copy_text()


async def test_a_cut_answer_without_words_has_no_unheard_lines(store: Store) -> None:
    store.record(TurnStarted(1), 1.0)
    store.record(ResponseCut(1, "a", 0, 1000, "truncated"), 2.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        view = pilot.app.query_one(TranscriptView)
        shown = ["".join(text for text, _ in view.pieces(line)) for line in range(view.line_count)]
    assert shown == ["▌ AGENT  0:02", "▌ ── cut: heard 0.0 of 1.0 s, truncated"]


# --- the message field


async def test_after_another_window_had_the_keys_what_is_typed_is_in_sight() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await pilot.press("t")
        app.post_message(events.AppBlur())
        await pilot.pause(0.02)
        app.post_message(events.AppFocus())
        await pilot.pause(0.02)
        await pilot.press(*"seen")
        assert app.composer.text == "seen"
        assert app.message.display


async def test_several_messages_that_cannot_be_sent_come_back_in_their_order() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.phase(Phase.OFFLINE)
        for key in ("t", "a", "enter", "b", "enter", "c"):
            app.post_message(events.Key(key, None if key == "enter" else key))
        await until(pilot, lambda: app.composer.text == "a\nbc")


# --- tools


@pytest.mark.parametrize("key", ["n", "N", "f"])
async def test_with_the_cursor_on_a_tool_no_key_acts_on_the_last_call_of_another(key: str) -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = await focus(pilot, 4)
        assert isinstance(view, CallsView)
        while view.chosen_tool is None or view.chosen_tool.name != "get_time":
            await pilot.press("down")
        await pilot.press(key)
        await until(pilot, lambda: toasts(app) == ["get_time is a tool: choose one of its calls, or h runs it by hand"])
        assert app.told == []
        assert len(app.screen_stack) == 1
        await pilot.press("y")
        await until(pilot, lambda: '"name": "get_time"' in app.clipboard)


# --- the mouse, notices


async def test_a_double_click_selects_nothing() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = app.query_one(TranscriptView)
        await pilot.click(view, offset=(5, 1), times=2)
        await asyncio.sleep(0.05)
        assert not app.screen.selections


async def test_a_notice_of_the_moment_in_which_the_others_were_hidden_is_shown(store: Store) -> None:
    store.record(Notice(Level.WARNING, "one"), 5.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert pilot.app.query_one(NoticeRow).hide()
        store.record(Notice(Level.ERROR, "two"), 5.0)
        await pulse(pilot)
        assert "two" in pilot.app.query_one(NoticeRow).words
