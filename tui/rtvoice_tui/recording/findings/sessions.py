"""Rules about the session as a whole."""

from collections.abc import Iterator

from rtvoice_tui.recording.findings.frames import Finding, Frame

ACKNOWLEDGED_S = 5.0
"""Seconds within which an update should be acknowledged."""

NEAR_S = 120.0
"""Seconds before the end of a session's time at which it is near."""


class NotAcknowledged:
    """`session.update` without `session.updated` or an error."""

    def __init__(self) -> None:
        self._waiting: list[float] = []

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Pair updates with answers, in order."""
        yield from self.end(frame.at)
        if frame.type == "session.update" and frame.up:
            self._waiting.append(frame.at)
        elif frame.type in ("session.updated", "error") and self._waiting:
            del self._waiting[0]

    def end(self, at: float) -> Iterator[Finding]:
        """Whether one waits for too long."""
        while self._waiting and at - self._waiting[0] > ACKNOWLEDGED_S:
            yield Finding(
                self._waiting.pop(0),
                "update not acknowledged",
                f"a session.update was not answered within {ACKNOWLEDGED_S:.0f} s: the old settings may be in force",
                "send it again, or begin a new session; voice and model often cannot change later",
            )


class NearCap:
    """The session's time is nearly over.

    Args:
        started: wall clock at the time 0, in seconds; ``None`` if it is not known.
    """

    def __init__(self, started: float | None) -> None:
        self._started = started
        self._expires: float | None = None

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Compare the time with the one that the server told."""
        if frame.type == "session.created":
            expires = frame.number("session", "expires_at")
            self._expires = expires - self._started if expires is not None and self._started is not None else None
        yield from self.end(frame.at)

    def end(self, at: float) -> Iterator[Finding]:
        """Whether it is near."""
        if self._expires is not None and 0 < self._expires - NEAR_S <= at:
            expires, self._expires = self._expires, None
            yield Finding(
                expires - NEAR_S,
                "near its cap",
                f"the server ends the session at {expires / 60:.0f} min",
                "begin a new session with the conversation so far before that",
            )
