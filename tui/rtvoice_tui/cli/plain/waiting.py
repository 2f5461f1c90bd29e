"""The typed lines that have not acted yet, and which of them is next."""

from collections import deque

from rtvoice_tui.cli.plain.commands import Line, Message
from rtvoice_tui.cli.plain.pace import Pace


class WaitingLines:
    """Typed lines in their order. For the thread of the head's loop.

    At a terminal commands act at once and messages wait for the session. Lines of a pipe act one after the other, each
    when the answer to the one before is complete; a few overtake, see `Pace.overtakes`.

    Args:
        pace: says when a line may act.
        terminal: whether a user types them.

    Attributes:
        ended: whether no more lines come.
    """

    def __init__(self, pace: Pace, terminal: bool) -> None:
        self.ended = False
        self._pace = pace
        self._terminal = terminal
        self._lines: deque[Line] = deque()

    def add(self, line: Line) -> None:
        """Add a line that was typed."""
        self._lines.append(line)

    def put_back(self, line: Line) -> None:
        """Let a line act once more, before all others."""
        self._lines.appendleft(line)

    def take(self) -> Line | None:
        """Take the next line that may act now; ``None`` if none may."""
        for place, line in enumerate(self._lines):
            if self._may_act(line, first=place == 0):
                del self._lines[place]
                return line
        return None

    def _may_act(self, line: Line, first: bool) -> bool:
        if self._terminal:
            return self._pace.live or not isinstance(line, Message)
        return self._pace.allows(line) if first else self._pace.overtakes(line)

    @property
    def over(self) -> bool:
        """Whether the input has ended and nothing of it is left; messages of a terminal are not waited for."""
        return self.ended and (self._terminal or not self._lines)

    @property
    def unanswered(self) -> bool:
        """Whether nobody is left to answer the question that waits: what is left of a pipe waits for the agent."""
        return self.ended and not self._terminal and self._pace.asks
