"""Latency of the turns. A wait ends when the first sample is played, not when it arrives at the socket."""

import threading
from bisect import bisect_left, insort
from dataclasses import dataclass, field

from rtvoice_tui.session.facts import Moment


@dataclass(slots=True)
class TurnTiming:
    """Time in seconds at which each moment of a turn was reached, on the store's clock."""

    turn: int
    moments: dict[Moment, float] = field(default_factory=dict)

    def between(self, start: Moment, end: Moment) -> float | None:
        """Return the time between two moments in ms; ``None`` unless both were reached in this order."""
        if start not in self.moments or end not in self.moments:
            return None
        gap = (self.moments[end] - self.moments[start]) * 1000
        return gap if gap >= 0 else None

    @property
    def origin(self) -> Moment:
        """Start of the wait: the typed message, or else the end of the user's speech."""
        return Moment.SENT if Moment.SENT in self.moments else Moment.SPEECH_STOPPED

    @property
    def waited_ms(self) -> float | None:
        """Time in ms from `origin` to the first audible sample of the response, or else to its first text."""
        heard = self.between(self.origin, Moment.FIRST_HEARD)
        return heard if heard is not None else self.between(self.origin, Moment.FIRST_TEXT)

    def stages(self) -> list[tuple[str, float]]:
        """Return the parts of the wait in order: name and duration in ms."""
        path = [
            ("hear", self.origin, Moment.ANSWERING),
            ("model", Moment.ANSWERING, Moment.FIRST_AUDIO),
            ("play", Moment.FIRST_AUDIO, Moment.FIRST_HEARD),
        ]
        if Moment.FIRST_AUDIO not in self.moments:
            path = [path[0], ("model", Moment.ANSWERING, Moment.FIRST_TEXT)]
        return [(name, gap) for name, start, end in path if (gap := self.between(start, end)) is not None]


class Timings:
    """The timing of every turn. Written by the session's thread, read by the screen's; a lock guards the statistics.

    Attributes:
        version: incremented on every change.
        turns: the timings in order.
    """

    def __init__(self) -> None:
        self.version = 0
        self.turns: list[TurnTiming] = []
        self._by_turn: dict[int, TurnTiming] = {}
        self._lock = threading.Lock()
        self._answered: list[int] = []  # turns with a known wait, ascending
        self._waits: list[tuple[float, int]] = []  # wait (ms) and negated turn: of equal waits the first is worst

    def start_turn(self, turn: int) -> None:
        """Add a turn, unless it is the last one already."""
        if not self.turns or self.turns[-1].turn != turn:
            timing = self._by_turn[turn] = TurnTiming(turn)
            self.turns.append(timing)
            self.version += 1

    def reached(self, turn: int, moment: Moment, at: float) -> None:
        """Record the time of a moment.

        The first time counts, except for ``HEARD``, ``GENERATED`` and ``SPEECH_STOPPED``: they can occur again within
        a turn, for example in a response after a tool call, and the last time counts.
        """
        timing = self.of(turn)
        if timing is not None:
            before = timing.waited_ms
            if moment in (Moment.HEARD, Moment.GENERATED, Moment.SPEECH_STOPPED):
                timing.moments[moment] = at
            else:
                timing.moments.setdefault(moment, at)
            self._sort_in(turn, before, timing.waited_ms)
            self.version += 1

    def _sort_in(self, turn: int, before: float | None, after: float | None) -> None:
        """Update the sorted waits after the wait of a turn changed."""
        if before == after:
            return
        with self._lock:
            if before is not None:
                del self._waits[bisect_left(self._waits, (before, -turn))]
            if after is not None:
                insort(self._waits, (after, -turn))
            if before is None:
                insort(self._answered, turn)
            elif after is None:
                del self._answered[bisect_left(self._answered, turn)]

    def of(self, turn: int) -> TurnTiming | None:
        """Return the timing of a turn; ``None`` if it is unknown."""
        return self._by_turn.get(turn)

    def last_answered(self) -> TurnTiming | None:
        """Return the newest turn whose wait is known."""
        with self._lock:
            return self._by_turn[self._answered[-1]] if self._answered else None

    def worst(self) -> tuple[int, float] | None:
        """Return the turn with the longest wait, and the wait in ms."""
        with self._lock:
            return (-self._waits[-1][1], self._waits[-1][0]) if self._waits else None

    def recent(self, count: int) -> list[float]:
        """Return the waits in ms of the last ``count`` turns with a response, newest last."""
        with self._lock:
            turns = self._answered[-count:]
        waits = [self._by_turn[turn].waited_ms for turn in turns]
        return [wait for wait in waits if wait is not None]

    def percentile(self, share: float) -> float | None:
        """Return a percentile of the waits in ms; ``share`` is between 0 and 1."""
        with self._lock:
            waits = self._waits
            return waits[min(len(waits) - 1, int(share * len(waits)))][0] if waits else None
