"""The widths of the columns of panes, which the user changes and the app remembers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rtvoice_tui.ui.panes.registry import Column
from rtvoice_tui.ui.widgets.divider import Divider

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp

USUAL = (52, 48, 48)
"""Shares of the columns, from left to right."""

LEAST = 26
"""Minimum width of a column in cells."""

STEP = 4
"""By how many cells a key moves a border."""


class Columns:
    """Shows columns and their borders, and shares the width among them.

    Args:
        app: the app that holds the columns.
        kept: shares of the columns, as they were remembered; anything else than three sensible numbers is ignored.
        remember: stores shares.
    """

    def __init__(self, app: "RtvoiceApp", kept: Sequence[int], remember: Callable[[tuple[int, ...]], None]) -> None:
        self._app = app
        self._remember = remember
        self._shares = dict(zip(Column, kept if _sensible(kept) else USUAL, strict=True))

    def show(self, columns: set[Column]) -> None:
        """Show these columns, with a border between each two of them."""
        screen = self._app.screen_stack[0]
        left = False
        for column in Column:
            screen.query_one(f"#{column}").display = column in columns
            for divider in screen.query(Divider):
                if divider.right is column:
                    divider.display = left and column in columns
            left = left or column in columns
        self._apply()

    def move(self, right: Column, x: int) -> None:
        """Move the border to the left of a column to a column of the screen, as far as both sides have room."""
        shown = self._shown
        place = shown.index(right) if right in shown else 0
        if not place:
            return
        left = shown[place - 1]
        regions = [self._app.screen_stack[0].query_one(f"#{column}").region for column in (left, right)]
        room = regions[0].width + regions[1].width
        if room < 2 * LEAST:
            return
        width = max(LEAST, min(room - LEAST, x - regions[0].x))
        both = self._share(left) + self._share(right)
        self._set(left, max(1, round(both * width / room)))
        self._set(right, max(1, both - self._share(left)))
        self._apply()

    def step(self, steps: int) -> None:
        """Move the border at the right of the left column by some steps, and remember it."""
        shown = self._shown
        if len(shown) > 1:
            region = self._app.screen_stack[0].query_one(f"#{shown[0]}").region
            self.move(shown[1], region.right + steps * STEP)
            self.keep()

    def reset(self) -> None:
        """The usual shares again."""
        self._shares = dict(zip(Column, USUAL, strict=True))
        self._apply()
        self.keep()

    def keep(self) -> None:
        """Remember the shares."""
        self._remember(tuple(self._shares.values()))

    @property
    def _shown(self) -> list[Column]:
        return [column for column in Column if self._app.screen_stack[0].query_one(f"#{column}").display]

    def _share(self, column: Column) -> int:
        return self._shares[self._standing_for(column)]

    def _set(self, column: Column, share: int) -> None:
        self._shares[self._standing_for(column)] = share

    def _standing_for(self, column: Column) -> Column:
        """The far column has the right one's width where it is in its place."""
        return Column.RIGHT if column is Column.FAR and Column.RIGHT not in self._shown else column

    def _apply(self) -> None:
        for column in self._shown:
            self._app.screen_stack[0].query_one(f"#{column}").styles.width = f"{self._share(column)}fr"


def _sensible(kept: Sequence[int]) -> bool:
    return len(kept) == len(Column) and all(5 <= share <= 500 for share in kept)
