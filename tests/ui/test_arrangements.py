"""What is in sight between the smallest and the largest terminal, and that nothing is cut without a mark."""

import pytest
from keyed import Cockpit, focus, opened, until
from rich.cells import cell_len
from textual.events import MouseMove
from textual.geometry import Size
from textual.pilot import Pilot

from rtvoice_tui.ui.columns import LEAST
from rtvoice_tui.ui.layout import Room, room_of
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.panes.registry import Column
from rtvoice_tui.ui.panes.transcript import TranscriptView
from rtvoice_tui.ui.widgets.divider import Divider
from rtvoice_tui.ui.widgets.lines import FixedLine
from rtvoice_tui.ui.widgets.rows import TabRow
from screens import screen_text

pytestmark = pytest.mark.usefixtures("own_folders")


def in_sight(app: Cockpit) -> list[int]:
    panes = (*app.query(Pane), app.query_one(AgentPane))
    return sorted(pane.number for pane in panes if pane.display and pane.size.height)


@pytest.mark.parametrize(
    ("size", "panes"),
    [
        ((60, 20), [1]),
        ((80, 24), [1]),
        ((99, 50), [1]),
        ((100, 27), [1, 2]),
        ((140, 25), [1, 2]),
        ((100, 28), [1, 2, 3, 4]),
        ((120, 40), [1, 2, 3, 4]),
        ((195, 60), [1, 2, 3, 4]),
        ((196, 28), [1, 2, 3, 4, 5]),
        ((200, 60), [1, 2, 3, 4, 5]),
    ],
)
async def test_each_size_has_an_arrangement(size: tuple[int, int], panes: list[int]) -> None:
    app = Cockpit()
    async with opened(app, size) as pilot:
        await until(pilot, lambda: in_sight(app) == panes)
        app.pulse()
        assert bool(app.query_one(TabRow).display) is (len(panes) < 4)
        for line in screen_text(app).splitlines():
            assert cell_len(line) <= size[0]
        for row in app.query(FixedLine):
            assert cell_len(row.words.split("\n")[0]) <= size[0] or row.words.rstrip().endswith("…"), row.words


async def test_on_a_low_screen_a_pane_of_each_column_stands_beside_the_other() -> None:
    app = Cockpit()
    async with opened(app, (140, 25)) as pilot:
        await focus(pilot, 4)
        await until(pilot, lambda: in_sight(app) == [1, 4])
        await focus(pilot, 3)
        await until(pilot, lambda: in_sight(app) == [3, 4])
        await pilot.press("e")
        await until(pilot, lambda: in_sight(app) == [3, 5])
        await pilot.press("escape")
        await until(pilot, lambda: in_sight(app) == [1, 2] or in_sight(app) == [1, 4])
        await pilot.press("z")
        await until(pilot, lambda: len(in_sight(app)) == 1)


async def test_a_screen_that_grows_and_shrinks_rearranges_its_panes_and_keeps_the_focus() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        view = await focus(pilot, 4)
        for size, panes in (((80, 24), [4]), ((140, 25), [1, 4]), ((200, 60), [1, 2, 3, 4, 5]), ((60, 20), [4])):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda panes=panes: in_sight(app) == panes)
            assert app.focused is view


async def test_on_a_wide_screen_the_agent_has_a_column_of_its_own_that_stays() -> None:
    app = Cockpit()
    async with opened(app, (200, 60)) as pilot:
        agent = app.query_one(AgentPane)
        await until(pilot, lambda: agent.query("#instructions"))
        assert app.focused is app.query_one(TranscriptView), "it has not taken the focus"
        await pilot.press("e")
        await until(pilot, lambda: app.focused is agent.query_one("#instructions"))
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is app.query_one(TranscriptView))
        assert in_sight(app) == [1, 2, 3, 4, 5]


async def drag_to(pilot: Pilot[None], x: int, y: int) -> None:
    """Move the mouse with its button held."""
    await pilot._post_mouse_events([MouseMove], offset=(x, y), button=1)


def widths(app: Cockpit) -> list[int]:
    return [app.query_one(f"#{column}").region.width for column in Column if app.query_one(f"#{column}").display]


async def test_a_border_between_two_columns_is_dragged_and_the_widths_are_remembered() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        before = widths(app)
        divider = next(divider for divider in app.query(Divider) if divider.display)
        await pilot.mouse_down(divider, offset=(0, 5))
        await drag_to(pilot, 79, 12)
        await until(pilot, lambda: widths(app)[0] > before[0] + 10)
        await pilot.mouse_up(offset=(79, 12))
        await until(pilot, lambda: app.remembered.get("columns"))
        assert abs(widths(app)[0] - 79) <= 1
        kept, dragged = app.remembered["columns"], widths(app)
    again = Cockpit(columns=kept)
    async with opened(again, (120, 40)) as pilot:
        await until(pilot, lambda: widths(again) == dragged)
        await pilot.press("e")
        await until(pilot, lambda: 5 in in_sight(again))
        assert widths(again) == dragged, "the agent has the place of the right column"


async def test_no_column_is_made_too_narrow_to_be_read_and_a_double_click_puts_the_border_back() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        usual = widths(app)
        divider = next(divider for divider in app.query(Divider) if divider.display)
        for x in (0, 119):
            await pilot.mouse_down(divider, offset=(0, 5))
            await drag_to(pilot, x, 12)
            await pilot.mouse_up(offset=(x, 12))
            await until(pilot, lambda: widths(app) != usual)
            assert min(widths(app)) >= LEAST - 1
        await pilot.click(divider, times=2)
        await until(pilot, lambda: widths(app) == usual)


@pytest.mark.parametrize("key", ["z", "question_mark"])
async def test_a_border_that_goes_while_it_is_dragged_is_let_go(key: str) -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        divider = next(divider for divider in app.query(Divider) if divider.display)
        await pilot.mouse_down(divider, offset=(0, 5))
        await until(pilot, lambda: app.mouse_captured is divider)
        await pilot.press(key)
        await until(pilot, lambda: app.mouse_captured is None)
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1 and divider.display)
        usual = widths(app)
        await pilot.hover(offset=(90, 12))
        await pilot.pause(0)
        assert widths(app) == usual, "no button is held"


async def test_the_keys_move_the_border_as_well() -> None:
    app = Cockpit()
    async with opened(app, (120, 40)) as pilot:
        usual = widths(app)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: widths(app)[0] > usual[0])
        assert app.remembered["columns"]
        await pilot.press("less_than_sign", "less_than_sign")
        await until(pilot, lambda: widths(app)[0] < usual[0])


@pytest.mark.parametrize("kept", [(), (1, 2), (0, 0, 0), (50, 50, 10**9), (-5, 50, 50)])
async def test_widths_that_make_no_sense_are_not_used(kept: tuple[int, ...]) -> None:
    app = Cockpit(columns=kept)
    async with opened(app, (120, 40)) as pilot:
        await until(pilot, lambda: sum(widths(app)) == 119)
        assert min(widths(app)) > 50


@pytest.mark.parametrize(
    ("width", "height", "room"),
    [
        (99, 100, Room.ONE),
        (100, 27, Room.ROW),
        (100, 28, Room.ALL),
        (169, 60, Room.ALL),
        (196, 28, Room.THREE),
        (195, 28, Room.ALL),
        (500, 5, Room.ROW),
        (1, 1, Room.ONE),
    ],
)
def test_the_room_of_a_size(width: int, height: int, room: Room) -> None:
    assert room_of(Size(width, height)) is room
