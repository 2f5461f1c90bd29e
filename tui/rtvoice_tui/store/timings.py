"""Where the milliseconds of a turn went. The clock stops when the device takes the first sample, not at the socket."""

import threading
from bisect import bisect_left, insort
from dataclasses import dataclass, field

from rtvoice_tui.session.facts import Moment


@dataclass(slots=True)
class TurnTiming:
    """The first time each moment of a turn was reached, in seconds."""

    turn: int
    moments: dict[Moment, float] = field(default_factory=dict)

    def between(self, start: Moment, end: Moment) -> float | None:
        """Milliseconds from one moment to another, if both were reached in this order."""
        if start not in self.moments or end not in self.moments:
            return None
        gap = (self.moments[end] - self.moments[start]) * 1000
        return gap if gap >= 0 else None

    @property
    def origin(self) -> Moment:
        """What the user waited from: the end of their speech, or the typed message."""
        return Moment.SENT if Moment.SENT in self.moments else Moment.SPEECH_STOPPED

    @property
    def waited_ms(self) -> float | None:
        """From the user's last word, as the server saw it, to the first sound of the answer."""
        heard = self.between(self.origin, Moment.FIRST_HEARD)
        return heard if heard is not None else self.between(self.origin, Moment.FIRST_TEXT)

    def stages(self) -> list[tuple[str, float]]:
        """The wait cut into its parts: name and milliseconds, in order."""
        path = [
            ("hear", self.origin, Moment.ANSWERING),
            ("model", Moment.ANSWERING, Moment.FIRST_AUDIO),
            ("play", Moment.FIRST_AUDIO, Moment.FIRST_HEARD),
        ]
        if Moment.FIRST_AUDIO not in self.moments:
            path = [path[0], ("model", Moment.ANSWERING, Moment.FIRST_TEXT)]
        return [(name, gap) for name, start, end in path if (gap := self.between(start, end)) is not None]


class Timings:
    """The timing of every turn.

    Attributes:
        version: grows with every change.
    """

    def __init__(self) -> None:
        self.version = 0
        self.turns: list[TurnTiming] = []
        self._by_turn: dict[int, TurnTiming] = {}
        self._lock = threading.Lock()
        self._answered: list[int] = []  # turns, in their order
        self._waits: list[tuple[float, int]] = []  # wait and turn (negative: of two that are as long the first counts)

    def begin(self, turn: int) -> None:
        """A turn began."""
        if not self.turns or self.turns[-1].turn != turn:
            timing = self._by_turn[turn] = TurnTiming(turn)
            self.turns.append(timing)
            self.version += 1

    def reached(self, turn: int, moment: Moment, at: float) -> None:
        """A turn reached a moment; only the first time counts, but an answer after a tool call speaks again."""
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
        """The wait of a turn is another."""
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
        """The timing of a turn."""
        return self._by_turn.get(turn)

    def last_answered(self) -> TurnTiming | None:
        """The newest turn whose wait is known."""
        with self._lock:
            return self._by_turn[self._answered[-1]] if self._answered else None

    def worst(self) -> tuple[int, float] | None:
        """The turn with the longest wait, and that."""
        with self._lock:
            return (-self._waits[-1][1], self._waits[-1][0]) if self._waits else None

    def recent(self, count: int) -> list[float]:
        """The waits of the last turns that were answered, the newest last."""
        with self._lock:
            turns = self._answered[-count:]
        waits = [self._by_turn[turn].waited_ms for turn in turns]
        return [wait for wait in waits if wait is not None]

    def percentile(self, share: float) -> float | None:
        """The wait that ``share`` of the turns stayed within, in ms."""
        with self._lock:
            waits = self._waits
            return waits[min(len(waits) - 1, int(share * len(waits)))][0] if waits else None
