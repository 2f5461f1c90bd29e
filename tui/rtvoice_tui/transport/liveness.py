"""Detects a server that has vanished, while an event from it is due.

A peer that vanishes without closing leaves a connection that seems open. While an event is due and nothing arrives,
the server is pinged; if no pong arrives either, the connection is given up.
"""

from dataclasses import dataclass
from enum import Enum

SILENCE_S = 10.0
"""Seconds without a frame, while an event is due, after which the user is warned or the connection given up."""

PING_SHARE = 0.5
"""The share of SILENCE_S after which the server is pinged."""

CHECKS_PER_SILENCE = 10
"""How many times `Liveness.check` is called within SILENCE_S."""


class Verdict(Enum):
    """The action for the caller: TELL means warn the user, GIVE_UP means end the connection."""

    WAIT = "wait"
    PING = "ping"
    TELL = "tell"
    GIVE_UP = "give up"


@dataclass
class Liveness:
    """Silence timer of one connection. Times are seconds of any monotonic clock.

    Attributes:
        pongs: whether the server replies to pings; if not, it is never given up.
    """

    pongs: bool
    _heard_at: float = 0.0
    _due_since: float | None = None
    _pinged: bool = False
    _told: bool = False

    def heard(self, at: float) -> None:
        """Record that a frame arrived from the server; a pong counts."""
        self._heard_at = at
        self._pinged = self._told = False

    def check(self, due: bool, at: float) -> Verdict:
        """Return the action that is due now. Call it LOOKS times within SILENCE_S.

        Args:
            due: whether an event from the server is due.
            at: the current time.
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
