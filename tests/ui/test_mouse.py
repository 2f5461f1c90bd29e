"""The mouse: rows, tabs, questions, and text that is selected and copied."""

import pytest
from keyed import Cockpit, focus, opened, until
from textual.pilot import Pilot
from textual.widget import Widget
from tool_key_checks import BOOKING, ask

from rtvoice_tui.session import commands as cmd
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.screens.detail import DetailScreen
from rtvoice_tui.ui.widgets.ask_row import AskRow
from rtvoice_tui.ui.widgets.rows import TabRow
from screens import toasts

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
