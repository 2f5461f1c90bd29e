"""What is in sight between the smallest and the largest terminal, and that nothing is cut without a mark."""

import pytest
from keyed import Cockpit, focus, opened, until
from rich.cells import cell_len
from textual.geometry import Size

from rtvoice_tui.ui.layout import Room, room_of
from rtvoice_tui.ui.panes.agent import AgentPane
from rtvoice_tui.ui.panes.pane import Pane
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
        ((200, 60), [1, 2, 3, 4]),
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
        for size, panes in (((80, 24), [4]), ((140, 25), [1, 4]), ((200, 60), [1, 2, 3, 4]), ((60, 20), [4])):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda panes=panes: in_sight(app) == panes)
            assert app.focused is view


@pytest.mark.parametrize(
    ("width", "height", "room"),
    [(99, 100, Room.ONE), (100, 27, Room.ROW), (100, 28, Room.ALL), (500, 5, Room.ROW), (1, 1, Room.ONE)],
)
def test_the_room_of_a_size(width: int, height: int, room: Room) -> None:
    assert room_of(Size(width, height)) is room
