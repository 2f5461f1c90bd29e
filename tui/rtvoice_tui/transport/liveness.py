"""Whether the other side is still there, while something is due from it.

A peer that vanishes without a goodbye leaves a connection that looks open. While an answer is due and nothing is
heard, the server is pinged; one that does not answer the ping either is gone.
"""

from dataclasses import dataclass
from enum import Enum

SILENCE_S = 10.0
"""Silence after which something is said or done, while something is due."""

PING_SHARE = 0.5
"""The server is pinged after this share of it."""

LOOKS = 10
"""How often within that time it is looked."""


class Verdict(Enum):
    """What is to be done."""

    WAIT = "wait"
    PING = "ping"
    TELL = "tell"
    GIVE_UP = "give up"


@dataclass
class Liveness:
    """Judges one connection's silence. Times are seconds of any steady clock.

    Attributes:
        pongs: whether the server answers pings.
    """

    pongs: bool
    _heard_at: float = 0.0
    _due_since: float | None = None
    _pinged: bool = False
    _told: bool = False

    def heard(self, at: float) -> None:
        """Something came from the server, if only a pong."""
        self._heard_at = at
        self._pinged = self._told = False

    def look(self, due: bool, at: float) -> Verdict:
        """What to do now; to be asked several times within `SILENCE_S`.

        Args:
            due: whether the server owes something.
            at: the time.
        """
        if not due:
            self._due_since = None
            self._pinged = self._told = False
            return Verdict.WAIT
        if self._due_since is None:
            self._due_since = at
        silent_s = at - max(self._heard_at, self._due_since)
        if silent_s >= SILENCE_S and self.pongs:
            return Verdict.GIVE_UP if self._pinged else self._ping()
        if silent_s >= SILENCE_S and not self._told:
            self._told = True
            return Verdict.TELL
        if silent_s >= SILENCE_S * PING_SHARE and self.pongs and not self._pinged:
            return self._ping()
        return Verdict.WAIT

    def _ping(self) -> Verdict:
        self._pinged = True
        return Verdict.PING
