"""The mouse: rows, tabs, questions, and text that is selected and copied."""

from collections.abc import Callable

import pytest
from dialogs import DIALOGS, Here
from keyed import TURNS, Cockpit, focus, opened, until
from textual.pilot import Pilot
from textual.widget import Widget
from tool_key_checks import BOOKING, ask

from rtvoice_tui.media import Direction
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.commands import UseDevice
from rtvoice_tui.session.facts import Level, Notice
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.log import LogView
from rtvoice_tui.ui.panes.timing import TimingView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.screens.ask import AskScreen
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.field_table import FieldTable
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.rows import TabRow
from screens import screen_text, toasts

pytestmark = pytest.mark.usefixtures("own_folders")


async def drag(pilot: Pilot[None], widget: Widget, start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.hover(widget, offset=start)
    await pilot.mouse_down(widget, offset=start)
    await pilot.hover(widget, offset=end)
    await pilot.mouse_up(widget, offset=end)
    await pilot.pause(0)


async def test_a_click_puts_the_cursor_on_a_line_and_a_double_click_opens_it() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = await focus(pilot, 2)
        await pilot.click(view, offset=(5, 3))
        await until(pilot, lambda: view.cursor == 3 + int(view.scroll_offset.y) and not view.follow)
        await pilot.click(view, offset=(5, 4), times=2)
        await until(pilot, lambda: isinstance(app.screen, DetailScreen))


async def test_a_click_in_another_pane_gives_it_the_keys() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 1)
        await pilot.click(EventsView, offset=(5, 3))
        await until(pilot, lambda: app.focused is app.query_one(EventsView) and app.panes.layout.active == 2)


async def test_a_click_on_a_tab_goes_to_its_pane() -> None:
    app = Cockpit()
    async with opened(app, (80, 24)) as pilot:
        app.pulse()
        words = app.query_one(TabRow).words
        await pilot.click(TabRow, offset=(words.index("Timing"), 0))
        await until(pilot, lambda: app.panes.layout.active == 3)
        await pilot.click(TabRow, offset=(app.query_one(TabRow).words.index("Talk"), 0))
        await until(pilot, lambda: app.panes.layout.active == 1)


@pytest.mark.parametrize("typing", [False, True])
async def test_a_question_is_answered_with_the_mouse(typing: bool) -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        if typing:
            await pilot.press("t", *"half")
        await ask(app, pilot)
        row = app.query_one(AskRow)
        words = "".join(text for text, _ in row._second)
        await pilot.click(AskRow, offset=(words.index(" yes"), 1))
        await until(pilot, lambda: app.told == [cmd.Decide(BOOKING.key, agree=True, always=False)])
        assert app.composer.text == ("half" if typing else "")


async def test_a_drag_selects_text_of_several_lines_and_copies_it() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = app.query_one(TranscriptView)
        await pilot.press("1", "g")
        lines = ["".join(text for text, _ in view.pieces(line)) for line in range(3)]
        await drag(pilot, view, (2, 0), (10, 1))
        await until(pilot, lambda: app.clipboard)
        assert app.clipboard == f"{lines[0][2:].rstrip()}\n{lines[1][:10]}"
        assert "sent to the terminal's clipboard" in toasts(app)[0]
        marked = {segment.style.bgcolor for segment in view.render_line(0) if segment.style is not None}
        assert len(marked) > 1, "it is marked"
        cursor = view.cursor
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.selections)
        assert view.cursor == cursor


async def test_a_selection_in_the_event_stream_reads_only_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = await focus(pilot, 2)
        await drag(pilot, view, (0, 1), (30, 2))
        await until(pilot, lambda: app.clipboard.count("\n") == 1)
        assert "response" in app.clipboard
        assert isinstance(view, EventsView)


async def test_a_click_on_a_call_shows_it_and_a_double_click_shows_its_turn_in_all_panes() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await focus(pilot, 4)
        pane = app.calls.pane
        for line in (2, 0, 1):
            await pilot.click(pane.calls, offset=(10, line))
            turn = TURNS - line
            await until(pilot, lambda turn=turn: pane.chosen is not None and pane.chosen.call.turn == turn)
            assert f'"n": {turn}' in pane.detail.copy_text().replace("\\", "")
        await pilot.click(pane.calls, offset=(10, 2), times=2)
        await until(pilot, lambda: app.panes.shown_turn == TURNS - 2)


async def test_a_double_click_on_a_row_of_the_agent_s_table_edits_it() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await app.panes.layout.go(5)
        table = app.query_one(FieldTable)
        await until(pilot, lambda: app.focused is table and table.size.height)
        app.pulse()
        line = [row.path for row in table._rows].index("voice")
        await pilot.click(table, offset=(4, line - int(table.scroll_offset.y)), times=2)
        await until(pilot, lambda: app.focused is app.query_one("#field-value"))


SELECTED: dict[str, Callable[[Cockpit], FollowView]] = {
    "timing": lambda app: app.query_one(TimingView),
    "calls": lambda app: app.calls.pane.calls,
    "a call": lambda app: app.calls.pane.detail,
    "log": lambda app: app.query_one(LogView),
    "the agent's table": lambda app: app.query_one(FieldTable),
}


@pytest.mark.parametrize("name", SELECTED)
async def test_text_of_every_pane_is_selected_and_copied(name: str) -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        app.store.record(Notice(Level.WARNING, "something is wrong here"), 1.0)
        await app.panes.layout.go({"log": 6, "the agent's table": 5}.get(name, 4))
        view = SELECTED[name](app)
        await until(pilot, lambda: (app.pulse(), view.size.height and view.line_count)[1])
        await _selects(app, pilot, view)


@pytest.mark.parametrize(
    "name", ["help", "keys", "profiles", "devices", "history", "detail", "themes", "a question of trust"]
)
async def test_text_of_every_list_in_a_dialog_is_selected_and_copied(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtvoice_tui.audio.backends.listing.list_in_subprocess", list)
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        await DIALOGS[name].open(Here(app, pilot))
        view = app.screen.focused
        assert isinstance(view, FollowView)
        app.copy_to_clipboard("")
        await _selects(app, pilot, view)


async def _selects(app: Cockpit, pilot: Pilot[None], view: FollowView) -> None:
    top = int(view.scroll_offset.y)
    texts = ["".join(text for text, _ in view.pieces(line)) for line in range(top, view.line_count)]
    row, text = next((row, text) for row, text in enumerate(texts) if text[2:13].strip())
    await drag(pilot, view, (2, row), (12, row))
    await until(pilot, lambda: app.clipboard)
    assert app.clipboard == text[2:13].rstrip()


async def test_in_the_lists_of_dialogs_a_click_chooses_and_a_double_click_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rtvoice_tui.audio.backends.listing.list_in_subprocess", list)
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        here = Here(app, pilot)

        async def opens(name: str, opened: Callable[[], object]) -> FollowView:
            await DIALOGS[name].open(here)
            view = app.screen.focused
            assert isinstance(view, FollowView)
            await pilot.click(view, offset=(5, 0))
            await until(pilot, lambda: view.cursor == int(view.scroll_offset.y))
            await pilot.click(view, offset=(5, 0), times=2)
            await until(pilot, opened, f"a double click opens a line of {name}")
            return view

        await opens("keys", lambda: app.screen.captures)  # type: ignore[attr-defined]
        await pilot.press("escape", "escape")
        await opens("history", lambda: len(app.screen_stack) == 1)
        await opens("detail", lambda: "lines …" in screen_text(app))
        await pilot.press("escape")
        themes = await opens("themes", lambda: len(app.screen_stack) == 1)
        assert app.theme == app.remembered["theme"] == themes.names[0]  # type: ignore[attr-defined]
        await opens("devices", lambda: UseDevice(Direction.INPUT, "") in app.told)
        await pilot.press("escape")
        await opens("profiles", lambda: isinstance(app.screen, AskScreen) or len(app.screen_stack) == 1)


async def test_a_question_in_a_dialog_is_answered_with_a_click() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        here = Here(app, pilot)
        for number, answer in enumerate(("k", "o", "")):
            await DIALOGS["another question"].open(here)
            await pilot.click(f"#answer-{number}", offset=(8, 0))
            await until(pilot, lambda answer=answer: here.results == [answer])


async def test_y_copies_what_is_selected() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = app.query_one(TranscriptView)
        await pilot.press("1", "g")
        await drag(pilot, view, (2, 0), (5, 0))
        await until(pilot, lambda: app.clipboard == "YOU")
        app.copy_to_clipboard("")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == "YOU")
