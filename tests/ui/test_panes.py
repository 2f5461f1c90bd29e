"""What the panes show of a store, and how they behave while it grows."""

import re

import pytest
from still import pulse, screen_text, still_app
from textual.pilot import Pilot

from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    CutConfirmed,
    EditChanged,
    EditState,
    Level,
    Moment,
    Notice,
    Phase,
    PhaseChanged,
    Reached,
    ResponseCut,
    SessionOpened,
    TurnStarted,
    UserSaid,
)
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.log import LogView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.themes import load_themes

pytestmark = pytest.mark.drawn

HOSTILE = "[/b] [red]x[/red] \x1b[31m\x07\x9b2J {0} 漢字\u202e👍\ud800 %s"


def say(store: Store, turn: int, you: str, agent: str) -> None:
    store.record(TurnStarted(turn), float(turn))
    store.record(UserSaid(turn, f"u{turn}", you, final=True), float(turn))
    store.record(AgentSaid(turn, f"a{turn}", agent, final=True), float(turn))


def events(store: Store, count: int, name: str = "response.created") -> None:
    for index in range(count):
        store.events.append(index / 10, False, name, {"type": name, "n": index})


def transcript_lines(pilot: Pilot[None]) -> list[str]:
    """The lines of the transcript, without the bar."""
    view = pilot.app.query_one(TranscriptView)
    return ["".join(text for text, _ in view.pieces(line))[2:] for line in range(view.line_count)]


async def test_a_conversation_is_read_in_order_with_what_was_not_heard_marked():
    store = Store()
    say(store, 1, "How far is the moon?", "It is three hundred and eighty four thousand kilometres away.")
    store.record(ResponseCut(1, "a1", 1000, 4000, "truncated"), 3.0)
    store.record(CutConfirmed("a1"), 3.1)
    async with still_app(store) as pilot:
        await pulse(pilot)
        text = screen_text(pilot)
        assert text.index("How far is the moon?") < text.index("It is three hundred")
        words = " ".join(line.strip() for line in transcript_lines(pilot))
    assert "cut: heard 1.0 of 4.0 s ✓ · 2 lines unheard ▸" in words


async def test_late_words_of_the_user_take_the_place_where_they_began_to_speak():
    store = Store()
    store.record(TurnStarted(1), 1.0)
    store.record(UserSaid(1, "u1", "", final=False), 1.0)
    store.record(AgentSaid(1, "a1", "Good evening.", final=True), 2.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert "(listening)" in screen_text(pilot)
        store.record(UserSaid(1, "u1", "Good evening to you", final=True), 3.0)
        await pulse(pilot)
        text = screen_text(pilot)
    assert text.index("Good evening to you") < text.index("Good evening.")


async def test_an_answer_that_grows_word_by_word_is_shown_whole():
    store = Store()
    store.record(PhaseChanged(Phase.SPEAKING), 0.0)
    words = "Once upon a time there was a lighthouse on a rock in the northern sea and every evening it shone".split()
    async with still_app(store) as pilot:
        for word in words:
            store.record(AgentSaid(1, "a1", f"{word} "), 1.0)
            await pulse(pilot)
        assert "Once upon a time" in screen_text(pilot)
        _, *whole = transcript_lines(pilot)
    assert " ".join(whole).replace("…", "").split() == words


async def test_scrolling_up_freezes_the_events_and_counts_what_is_new():
    store = Store()
    events(store, 100)
    async with still_app(store) as pilot:
        await pulse(pilot)
        pane = pilot.app.query_one("#events-pane", Pane)
        assert "follow" in str(pane.border_title)
        await pilot.press("2", "up")
        shown = pilot.app.query_one(EventsView).scroll_offset.y
        events(store, 7)
        await pulse(pilot)
        assert "7 new below" in str(pane.border_title)
        assert pilot.app.query_one(EventsView).scroll_offset.y == shown
        await pilot.press("G")
        await pulse(pilot)
        assert "follow" in str(pane.border_title)


async def test_a_filter_shows_only_what_holds_its_words_and_goes_on_as_events_come():
    store = Store()
    events(store, 5, "response.created")
    events(store, 3, "error")
    async with still_app(store) as pilot:
        await pilot.press("2", "f")
        await pilot.pause(0)
        await pilot.press(*"-created")
        await pulse(pilot)
        view = pilot.app.query_one(EventsView)
        assert [view.row_at(i).name for i in range(view.line_count)] == ["error"] * 3
        events(store, 2, "response.done")
        events(store, 2, "response.created")
        await pulse(pilot)
        assert view.line_count == 5
        assert "5 of 12" in str(pilot.app.query_one("#events-pane", Pane).border_title)
        await pilot.press("enter", "f")
        await pilot.pause(0)
        await pilot.press(*(["backspace"] * 8))
        await pulse(pilot)
        assert view.line_count == 12


async def test_an_event_opens_as_its_json():
    store = Store()
    store.events.append(1.0, True, "response.create", '{"type":"response.create","event_id":"e-7"}')
    async with still_app(store) as pilot:
        await pulse(pilot)
        await pilot.press("2", "up", "enter")
        await pilot.pause(0)
        text = screen_text(pilot)
    assert "response.create · event 1 · sent" in text
    assert '"event_id": "e-7"' in text


async def test_hostile_text_is_shown_and_obeyed_nowhere():
    store = Store()
    say(store, 1, HOSTILE, HOSTILE * 50)
    store.record(CallChanged(1, "k", "c", "i", HOSTILE, HOSTILE, CallState.FAILED, HOSTILE, HOSTILE), 1.0)
    store.record(Notice(Level.ERROR, HOSTILE, HOSTILE), 2.0)
    store.record(EditChanged("e", (HOSTILE,), EditState.REFUSED, HOSTILE), 2.0)
    store.record(SessionOpened(HOSTILE, {}), 0.5)
    store.record(PhaseChanged(Phase.LISTENING), 0.6)
    store.events.append(1.0, False, HOSTILE, HOSTILE, error=True)
    store.events.append(1.0, False, "error", "x" * 1_000_000, error=True)
    async with still_app(store) as pilot:
        for keys in (["1"], ["2", "up", "enter"], ["escape", "4"], ["6"], ["5"], ["escape", "3"]):
            await pilot.press(*keys)
            await pulse(pilot)
            text = screen_text(pilot)
            assert not [c for c in text if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0)]
        await pilot.press("1")
        await pulse(pilot)
        assert "[/b] [red]x[/red]" in screen_text(pilot)


async def test_the_inspector_shows_arguments_while_they_stream_and_then_the_result():
    store = Store()
    async with still_app(store) as pilot:
        store.record(CallChanged(1, "k", "c", "i", "get_weather", '{"city": "Ber', CallState.STREAMING), 1.0)
        await pulse(pilot)
        assert '{"city": "Ber' in screen_text(pilot)
        whole = '{"city": "Berlin"}'
        store.record(CallChanged(1, "k", "c", "i", "get_weather", whole, CallState.RUNNING), 1.0)
        store.record(CallChanged(1, "k", "c", "i", "get_weather", whole, CallState.OK, '{"sky": "grey"}'), 1.25)
        await pulse(pilot)
        text = screen_text(pilot)
    assert re.search(r"sky +grey", text)
    assert "250 ms" in text


async def test_the_timing_of_a_turn_ends_at_the_speaker():
    store = Store()
    store.record(TurnStarted(1), 1.0)
    for moment, at in (
        (Moment.SPEECH_STOPPED, 1.0),
        (Moment.ANSWERING, 1.1),
        (Moment.FIRST_AUDIO, 1.4),
        (Moment.FIRST_HEARD, 1.45),
    ):
        store.record(Reached(1, moment), at)
    async with still_app(store) as pilot:
        await pulse(pilot)
        text = screen_text(pilot)
    assert "you waited 450 ms" in text
    assert "p50 450 ms" in text


async def test_a_failure_to_connect_is_shown_until_a_session_is_open():
    store = Store()
    store.record(Notice(Level.ERROR, "the key was not accepted", "check the key"), 1.0)
    async with still_app(store) as pilot:
        await pulse(pilot)
        assert "the key was not accepted — check the key" in screen_text(pilot)
        store.record(PhaseChanged(Phase.CONNECTING), 1.5)
        store.record(SessionOpened("s", {}), 2.0)
        await pulse(pilot)
        assert "the key was not accepted" not in screen_text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_remedy_of_a_notice_is_never_cut_off(size: tuple[int, int]):
    store = Store()
    reason = "ai.api.cloud.yandex.net: the key was not accepted (HTTP 401)"
    store.record(Notice(Level.ERROR, reason, "check the key, then press c to connect again"), 1.0)
    async with still_app(store, size=size) as pilot:
        await pulse(pilot)
        await pulse(pilot)
        text = screen_text(pilot)
        assert reason in text
        assert "check the key, then press c to connect again" in text
        await pilot.press("escape")
        await pulse(pilot)
        assert "check the key" not in screen_text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_log_shows_and_copies_a_long_remedy_whole(size: tuple[int, int]):
    store = Store()
    reason = "the input device Headset is gone: the system's default is used meanwhile"
    remedy = "unplug it and plug it in again, then press r in the screen of devices until its name is there"
    store.record(Notice(Level.WARNING, reason, remedy), 1.0)
    async with still_app(store, size=size) as pilot:
        await pilot.press("6")
        await pulse(pilot)
        await pulse(pilot)
        shown = " ".join(line.split("││")[0].strip("│ ") for line in screen_text(pilot).splitlines())
        assert f"{reason} — {remedy}" in " ".join(shown.split())
        assert f"{reason} — {remedy}" in pilot.app.query_one(LogView).copy_text().splitlines()[1]


async def test_on_a_small_screen_one_pane_has_room_and_the_others_are_tabs():
    store = Store()
    events(store, 12)
    async with still_app(store, size=(80, 24)) as pilot:
        await pulse(pilot)
        text = screen_text(pilot)
        assert "[1 Talk]" in text
        assert "2 Events 12" in text
        assert [pane.number for pane in pilot.app.query(Pane) if pane.display] == [1]
        await pilot.press("2")
        await pulse(pilot)
        assert "[2 Events 12]" in screen_text(pilot)
        await pilot.resize_terminal(120, 40)
        await pulse(pilot)
        assert {pane.number for pane in pilot.app.query(Pane) if pane.display} == {1, 2, 3, 4}


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 120, 200])
async def test_help_and_the_way_out_are_the_last_hints_to_go(width: int):
    store = Store()
    store.record(PhaseChanged(Phase.LISTENING), 1.0)
    async with still_app(store, size=(width, 24)) as pilot:
        await pulse(pilot)
        last_line = screen_text(pilot).split("\n")[-1]
    assert "? help" in last_line
    assert "q quit" in last_line
    assert ("^p commands" in last_line) is (width >= 120)
    assert ("p profiles" in last_line) is (width >= 80)


@pytest.mark.parametrize("theme", [theme.name for theme in load_themes()[0]])
async def test_every_theme_that_is_shipped_draws_the_dashboard(theme: str):
    store = Store()
    say(store, 1, "Hello", "Good day")
    async with still_app(store, theme_name=theme) as pilot:
        await pulse(pilot)
        assert pilot.app.theme == theme
        assert "Good day" in screen_text(pilot)


def test_a_theme_of_the_user_replaces_a_shipped_one_and_a_bad_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "rtvoice-tui" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('name = "rtvoice-dark"\nprimary = "#010203"\n')
    (folder / "bad.toml").write_text('name = "bad"\nprimary = "no colour"\n')
    themes, problems = load_themes()
    assert {theme.name: theme.primary for theme in themes}["rtvoice-dark"] == "#010203"
    assert len(problems) == 1
    assert "bad.toml" in problems[0]
    assert "primary" in problems[0]
