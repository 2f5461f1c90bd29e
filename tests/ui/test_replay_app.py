"""The cockpit of a replay: its keys do what the footer says, the time line is clicked, and a jump shows that time."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from keyed import until
from textual.pilot import Pilot
from textual.widgets import Input

from recording.talk import recorded_talk, weather
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replay_session import ReplaySession
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import KEYS, REPLAYED
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.replay_app import ReplayApp
from rtvoice_tui.ui.screens.findings import FindingList, FindingsScreen
from rtvoice_tui.ui.screens.go_to import HINT, GoToScreen
from rtvoice_tui.ui.screens.help import HelpScreen
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.rows import KeyRow
from rtvoice_tui.ui.widgets.time_line import HEAD, TimeLine
from screens import toasts

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return recorded_talk(tmp_path_factory.mktemp("recorded") / "talk")


@pytest.fixture
def app(recording: Recording) -> Iterator[ReplayApp]:
    store = Store()
    yield ReplayApp(ReplaySession(recording, store, lambda: 0.0), store, "talk")
    store.events.close()


@asynccontextmanager
async def opened(app: ReplayApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """The app, with the whole recording indexed. Time stands still unless it is moved."""
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.replay.timeline.ended)
        app.pulse()
        yield pilot
        app.replay.stop()


def words(app: ReplayApp) -> list[str]:
    return [entry.text.strip() for entry in app.store.transcript.entries]


async def go(app: ReplayApp, pilot: Pilot[None], at: float) -> None:
    app.replay.seek(at)
    await until(pilot, lambda: app.replay.shown_at == pytest.approx(app.replay.clock, abs=1e-6))
    app.pulse()
    await pilot.pause(0)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)], ids=str)
async def test_the_footer_shows_only_keys_of_a_replay_and_the_way_out(app: ReplayApp, size: tuple[int, int]) -> None:
    async with opened(app, size):
        keys = app.query_one(KeyRow).keys
        assert {"space", "q", "question_mark"} <= {key.press for key in keys}
        assert not {"i", "m", "t", "c", "p", "e", "d"} & {key.press for key in keys}
        assert sum(key.width for key in keys) <= size[0]


def test_each_key_of_a_replay_has_an_effect_below() -> None:
    own = {name for key in KEYS if key.where == "replay" for name in key.names}
    assert own - {"equals_sign"} <= EFFECTS.keys()


Effect = Callable[[ReplayApp], object]
EFFECTS: dict[str, tuple[float, Effect]] = {
    "space": (1.0, lambda app: not app.replay.playing),
    "comma": (6.0, lambda app: app.replay.clock == pytest.approx(1.0)),
    "full_stop": (1.0, lambda app: app.replay.clock == pytest.approx(6.0)),
    "left_square_bracket": (7.0, lambda app: app.replay.clock == app.replay.timeline.turns[3]),
    "right_square_bracket": (1.0, lambda app: app.replay.clock == app.replay.timeline.turns[2]),
    "plus": (1.0, lambda app: app.replay.speed == 2.0),
    "minus": (1.0, lambda app: app.replay.speed == 0.5),
    "colon": (1.0, lambda app: isinstance(app.screen, GoToScreen)),
    "J": (1.0, lambda app: "choose a line" in " ".join(toasts(app))),
    "question_mark": (1.0, lambda app: isinstance(app.screen, HelpScreen)),
    "F": (1.0, lambda app: isinstance(app.screen, FindingsScreen)),
    "z": (1.0, lambda app: sum(pane.display for pane in app.query(Pane)) == 1),
    "q": (1.0, lambda app: not app.is_running),
}


@pytest.mark.parametrize("key", EFFECTS)
async def test_each_key_of_the_footer_does_what_it_says(app: ReplayApp, key: str) -> None:
    start, holds = EFFECTS[key]
    async with opened(app, (200, 60)) as pilot:
        shown = [shown.press for shown in app.query_one(KeyRow).keys if shown.press]
        assert set(shown) - {"ctrl+p"} <= EFFECTS.keys()
        await go(app, pilot, start)
        await pilot.press(key)
        await until(pilot, lambda: holds(app))


async def test_keys_of_a_session_do_nothing(app: ReplayApp) -> None:
    async with opened(app) as pilot:
        before = app.replay.clock
        for key in ("i", "m", "t", "c", "p", "e", "d", "r", "S", "T", "a", "x", "s", "f2", "f4", "f5", "f6", "f7", "5"):
            await pilot.press(key)
        assert (len(app.screen_stack), app.replay.clock, toasts(app)) == (1, before, [])
        assert not app.store.notices


async def test_a_jump_shows_that_time_in_every_pane(app: ReplayApp) -> None:
    async with opened(app) as pilot:
        await go(app, pilot, app.replay.timeline.ends)
        assert words(app)[-1] == "You are welcome."
        rows = app.query_one(EventsView).line_count
        await go(app, pilot, 2.6)
        assert words(app) == [
            "What is the weather in Berlin?",
            "get_weather(city=Berlin)",
            "Eleven degrees and cloudy.",
        ]
        assert "Eleven" in app.query_one(TranscriptView).copy_text()
        assert 0 < app.query_one(EventsView).line_count < rows
        await go(app, pilot, 0.0)
        assert app.query_one(TranscriptView).copy_text() == ""


async def test_a_jump_keeps_the_filter_of_the_events(app: ReplayApp) -> None:
    async with opened(app) as pilot:
        await go(app, pilot, app.replay.timeline.ends)
        view = app.query_one(EventsView)
        view.set_filter("truncate")
        assert view.line_count == 2
        await go(app, pilot, 1.0)
        assert (view.filter, view.line_count) == ("truncate", 0)
        await go(app, pilot, app.replay.timeline.ends)
        assert view.line_count == 2


async def test_a_click_on_the_time_line_goes_there(app: ReplayApp) -> None:
    async with opened(app) as pilot:
        line = app.query_one(TimeLine)
        cells = line.size.width - HEAD - 1
        await pilot.click(TimeLine, offset=(HEAD + cells // 2, 1))
        ends = app.replay.timeline.ends
        await until(pilot, lambda: app.replay.clock == pytest.approx(ends / 2, abs=ends / cells))
        app.pulse()
        turn = line.words.splitlines()[3]
        assert re.search(r"1 .*2 .*3 ", turn), turn


async def test_the_line_under_the_cursor_is_gone_to(app: ReplayApp) -> None:
    async with opened(app) as pilot:
        await go(app, pilot, app.replay.timeline.ends)
        view = app.query_one(EventsView)
        view.focus()
        view.move_cursor(3)
        at = view.row_at(3).at
        await pilot.press("J")
        await until(pilot, lambda: app.replay.clock == at)


PLACES: dict[str, Callable[[ReplayApp], float]] = {
    "0:03": lambda app: 3.0,
    "3.5 s": lambda app: 3.5,
    "turn 2": lambda app: app.replay.timeline.turns[2],
    "#1": lambda app: 0.0,
}


@pytest.mark.parametrize("typed", PLACES)
async def test_a_typed_place_is_gone_to(app: ReplayApp, typed: str) -> None:
    async with opened(app) as pilot:
        await go(app, pilot, 5.0)
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, GoToScreen) and app.screen.query(Input))
        app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.replay.clock == pytest.approx(PLACES[typed](app))


@pytest.mark.parametrize("typed", ["turn 9", "#99999", "soon", ""])
async def test_a_place_that_is_none_is_said_and_the_field_stays(app: ReplayApp, typed: str) -> None:
    async with opened(app) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, GoToScreen) and app.screen.query(Input))
        app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        said = app.screen.query_one("#place-said", FixedLine)
        await until(pilot, lambda: said.words != HINT)
        assert said.words.startswith(("there is no", "type a time"))
        assert len(app.screen_stack) == 2


async def test_findings_are_listed_and_gone_to(tmp_path: Path) -> None:
    talk = weather().after(1.0)
    talk.up("conversation.item.truncate", item_id=talk.last_item, content_index=0, audio_end_ms=9_999)
    at = talk.now
    store = Store()
    app = ReplayApp(ReplaySession(recorded_talk(tmp_path / "talk", talk.after(1.0)), store, lambda: 0.0), store, "talk")
    async with opened(app, (80, 24)) as pilot:
        await pilot.press("F")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))
        view = app.screen.query_one(FindingList)
        await until(pilot, lambda: "truncation beyond audio" in view.copy_text())
        assert "count what the speaker has played" in view.copy_text()
        await pilot.press("enter")
        await until(pilot, lambda: app.replay.clock == pytest.approx(at))
    store.events.close()


async def test_the_help_of_a_replay_has_only_its_own_keys(app: ReplayApp) -> None:
    async with opened(app) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        lines = ["".join(text for text, _ in line) for line in app.screen._lines()]  # type: ignore[attr-defined]
        assert any("Go to the next turn" in line for line in lines)
        assert not any("Interrupt the agent" in line or "Type a message" in line for line in lines)
        assert "quit" in REPLAYED


@pytest.mark.drawn
async def test_the_same_time_gives_the_same_picture_however_it_was_reached(recording: Recording) -> None:
    pictures = []
    for way in ([7.0, 5.2], [5.2], [0.5, 2.0, 5.2]):
        store = Store()
        app = ReplayApp(ReplaySession(recording, store, lambda: 0.0), store, "talk")
        async with opened(app) as pilot:
            app.replay.pause()
            for at in way:
                await go(app, pilot, at)
            for _ in range(8):
                app.pulse()
            await pilot.pause(0)
            pictures.append(re.sub(r"terminal-\d+", "terminal", app.export_screenshot()))
        store.events.close()
    assert pictures[0] == pictures[1] == pictures[2]
    assert "Tomorrow" in pictures[0]
