"""The time line of a replay: where it is, both voices, and where the turns begin. A click goes there."""

from textual import events
from textual.message import Message
from textual.strip import Strip

from rtvoice_tui.media import FLOOR_DB
from rtvoice_tui.recording.replay_session import ReplaySession
from rtvoice_tui.recording.timeline import COLUMN_S
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.widgets.bars import rising
from rtvoice_tui.ui.widgets.lines import Inked, Piece

HEAD = 7
"""Cells for the names at the left of the voices."""


class TimeLine(Inked):
    """Four lines: position and speed, the voices of both sides, and the turns.

    Args:
        replay: the replay.
    """

    class Sought(Message):
        """Posted when a time was clicked.

        Attributes:
            at: the time, in seconds.
        """

        def __init__(self, at: float) -> None:
            super().__init__()
            self.at = at

    def __init__(self, replay: ReplaySession) -> None:
        super().__init__(id="time-line")
        self._replay = replay
        self._rows: list[list[Piece]] = []
        self._voices: tuple[tuple[object, ...], list[list[float]]] = ((), [])

    def sync(self) -> None:
        """Show the current position; repaints if a line changed."""
        width = self.size.width
        if not width:
            return
        cells = max(1, width - HEAD - 1)
        here = self._cell_of(self._replay.clock, cells)
        microphone, agent = self._levels(cells)
        rows = [
            self._position(),
            [("   you ", "you"), *self._voice(microphone, here, "you")],
            [(" agent ", "agent"), *self._voice(agent, here, "agent")],
            [(" turns ", "dim"), *self._turns(cells, here)],
        ]
        if rows != self._rows:
            self._rows = rows
            self.refresh()

    def _position(self) -> list[Piece]:
        replay, line = self._replay, self._replay.timeline
        at, whole = replay.clock, line.ends
        turn = sum(begins <= replay.clock for begins in line.turns.values())
        sign = "▸" if replay.playing else "‖"
        pieces: list[Piece] = [(f" {sign} ", "key"), (f"{minutes(at)}.{int(at * 10) % 10}", "title")]
        pieces.append((f" / {minutes(whole)}   {replay.speed:g}×   turn {turn} of {len(line.turns)}", "plain"))
        if not line.ended:
            pieces.append((f"   reading {100 * (line.at - line.begins) / (whole - line.begins or 1.0):.0f} %", "dim"))
        return pieces

    def _levels(self, cells: int) -> list[list[float]]:
        """The maximum level of each cell, of both sides; computed again as more is known."""
        line = self._replay.timeline
        state = (cells, line.at, line.ends)
        if self._voices[0] != state:
            found = [[FLOOR_DB] * cells for _ in range(2)]
            for side, levels in zip(found, (line.microphone, line.agent), strict=True):
                for column, level_db in list(levels.items()):
                    cell = self._cell_of((column + 0.5) * COLUMN_S, cells)
                    side[cell] = max(side[cell], level_db)
            self._voices = (state, found)
        return self._voices[1]

    def _cell_of(self, at: float, cells: int) -> int:
        line = self._replay.timeline
        whole = line.ends - line.begins or 1.0
        return max(0, min(cells - 1, int((at - line.begins) / whole * cells)))

    def _voice(self, levels: list[float], here: int, ink: str) -> list[Piece]:
        return _with_cursor([rising(level, self.ascii_only) for level in levels], here, ink)

    def _turns(self, cells: int, here: int) -> list[Piece]:
        signs = [" "] * cells
        taken = -1
        for turn, begins in sorted(self._replay.timeline.turns.items()):
            cell, number = self._cell_of(begins, cells), str(turn)
            if cell > taken and cell + len(number) <= cells:
                signs[cell : cell + len(number)] = number
                taken = cell + len(number)
        return _with_cursor(signs, here, "dim")

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        return self.strip(self._rows[y] if y < len(self._rows) else [], self.size.width)

    @property
    def words(self) -> str:
        """What is shown, without colour."""
        return "\n".join("".join(text for text, _ in row) for row in self._rows)

    def on_click(self, event: events.Click) -> None:
        """Go to the time that was clicked."""
        cells = max(1, self.size.width - HEAD - 1)
        if HEAD <= event.x < HEAD + cells:
            line = self._replay.timeline
            self.post_message(self.Sought(line.begins + (event.x - HEAD) / cells * (line.ends - line.begins)))


def _with_cursor(signs: list[str], here: int, ink: str) -> list[Piece]:
    """The signs of a row, with the position marked."""
    before, at, after = "".join(signs[:here]), signs[here], "".join(signs[here + 1 :])
    return [(before, ink), (at if at.strip() else "│", "title"), (after, ink)]
