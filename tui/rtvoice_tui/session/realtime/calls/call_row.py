"""Counts the calls in a row without the user, so that a model that calls tools for ever does not cost money unseen."""

MOST_IN_A_ROW = 20
"""Default number of calls in one turn of the user after which the next one needs approval."""


class CallRow:
    """The calls that were started since the user last spoke, typed or approved one.

    Args:
        most: number of calls after which the next one needs approval.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._turn = -1
        self._count = 0

    @property
    def question(self) -> str:
        """What the user is told beside a call that needs approval because of the row."""
        return f"{self._most} calls in a row without you: does the agent call tools for ever?"

    def started(self, turn: int) -> None:
        """A call of a turn starts."""
        self._follow(turn)
        self._count += 1

    def too_long(self, turn: int) -> bool:
        """Whether the next call of a turn needs approval."""
        self._follow(turn)
        return self._count >= self._most

    def approved(self, turn: int) -> None:
        """The user approved a call: counting starts again."""
        self._turn, self._count = turn, 0

    def _follow(self, turn: int) -> None:
        if turn > self._turn:
            self._turn, self._count = turn, 0

    def clear(self) -> None:
        """The session ended."""
        self._turn, self._count = -1, 0
